//! Cases in which the simulator once differed, with what real API servers answered: replayed offline by tests.

use camino::Utf8Path;
use kube_simulator::Minor;
use seccomp_webhook::ServingCertificate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    FidelityError,
    case::Case,
    compare::{Difference, compare},
    side::{Exchange, Side},
    webhooks::{Asked, Webhooks},
};

/// The namespace in which recorded cases are replayed, as in which they were recorded.
pub(super) const NAMESPACE: &str = "fidelity-0";

/// A case, and what real API servers answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recorded {
    /// The difference that it once showed.
    pub(super) difference: String,
    /// What was asked.
    pub(super) case: Case,
    /// What was answered: the versions that answered the same, together.
    pub(super) answers: Vec<Group>,
}

/// Versions that answered the same.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) minors: Vec<String>,
    pub(super) exchanges: Vec<RecordedExchange>,
}

/// An exchange as it is written down.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedExchange {
    pub(super) id: String,
    pub(super) code: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
    pub(super) body: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<RecordedAsked>,
}

/// What a webhook was asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedAsked {
    pub(super) path: String,
    pub(super) body: Value,
}

impl From<&Exchange> for RecordedExchange {
    fn from(exchange: &Exchange) -> Self {
        let Exchange { id, code, warnings, body, asked } = exchange.clone();
        let asked = asked.into_iter().map(|Asked { path, body }| RecordedAsked { path, body }).collect();
        Self { id, code, warnings, body, asked }
    }
}

impl From<&RecordedExchange> for Exchange {
    fn from(exchange: &RecordedExchange) -> Self {
        let RecordedExchange { id, code, warnings, body, asked } = exchange.clone();
        let asked = asked.into_iter().map(|RecordedAsked { path, body }| Asked { path, body }).collect();
        Self { id, code, warnings, body, asked }
    }
}

/// A recorded case that cannot be replayed, or that the simulator does not answer as was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedError {
    /// The file cannot be read.
    #[error("read the recorded case")]
    Read(#[source] std::io::Error),
    /// The file is no recorded case.
    #[error("decode the recorded case")]
    Decode(#[source] serde_json::Error),
    /// A minor that the simulator does not know.
    #[error("unknown minor `{0}`")]
    Minor(String),
    /// The replay broke.
    #[error("replay the recorded case")]
    Replay(#[from] FidelityError),
    /// The simulator differs.
    #[error("on Kubernetes {minor}: {difference}")]
    Differs {
        /// On which minor.
        minor: String,
        /// In which way.
        difference: Difference,
    },
}

/// Replays a recorded case on the simulator, on every minor that it was recorded on.
///
/// # Errors
/// [`RecordedError::Differs`]: the simulator answers something else; and what keeps it from being replayed.
pub async fn replay(file: &Utf8Path) -> Result<(), RecordedError> {
    let text = std::fs::read_to_string(file).map_err(RecordedError::Read)?;
    let recorded: Recorded = serde_json::from_str(&text).map_err(RecordedError::Decode)?;
    let certificate = ServingCertificate::for_run(["127.0.0.1"]).map_err(FidelityError::from)?;
    let webhooks = Webhooks::start(&certificate).await?;
    let case = &recorded.case;
    for group in &recorded.answers {
        for minor in &group.minors {
            let simulated: Minor = minor.parse().map_err(|_| RecordedError::Minor(minor.clone()))?;
            let exchanges = Side::Simulated { minor: simulated }.run(case, NAMESPACE, &webhooks).await?;
            let real: Vec<Exchange> = group.exchanges.iter().map(Exchange::from).collect();
            if let Some(difference) = compare(&real, &exchanges, &case.verbs()) {
                return Err(RecordedError::Differs { minor: minor.clone(), difference });
            }
        }
    }
    Ok(())
}
