//! Cases in which the simulator once differed, with what real API servers answered: replayed offline by tests.

use std::collections::BTreeMap;

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
///
/// Refusals stand there as they were said. Of an object that was answered only the parts stand there that once differed, so
/// that a file shows what it is about; the whole objects are compared where the case came from, by a verification.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recorded {
    /// The difference that it once showed.
    pub(super) difference: String,
    /// What was asked.
    pub(super) case: Case,
    /// Which parts of the answer to a request are compared, as JSON pointers, where it is no refusal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) parts: BTreeMap<String, Vec<String>>,
    /// Which parts of what webhooks were asked are compared, as JSON pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) reviews: Vec<String>,
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
    /// A refusal, or an object of the compared parts by their pointers.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) body: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<RecordedAsked>,
}

/// What a webhook was asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedAsked {
    pub(super) path: String,
    /// An object of the compared parts by their pointers.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) body: Value,
}

/// The parts of a value by their pointers; null where there are none.
fn parts_of<'a>(value: &Value, pointers: impl IntoIterator<Item = &'a String>) -> Value {
    let part = |pointer: &String| (pointer.clone(), value.pointer(pointer).cloned().unwrap_or_default());
    let parts: serde_json::Map<_, _> = pointers.into_iter().map(part).collect();
    if parts.is_empty() { Value::Null } else { Value::Object(parts) }
}

impl Recorded {
    /// A case that shows `difference`, before anything is recorded.
    pub(super) fn of(case: Case, difference: &Difference) -> Self {
        let place: Vec<String> = difference.place.iter().cloned().collect();
        let is_of_review = difference.kind.contains(": review at ");
        let (parts, reviews) = match (place.is_empty(), is_of_review) {
            (true, _) => (BTreeMap::new(), Vec::new()),
            (false, true) => (BTreeMap::new(), place),
            (false, false) => (BTreeMap::from([(difference.request.clone(), place)]), Vec::new()),
        };
        Self { difference: difference.kind.clone(), case, parts, reviews, answers: Vec::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no recorded case.
    pub(super) fn read(file: &Utf8Path) -> Result<Self, RecordedError> {
        let text = std::fs::read_to_string(file).map_err(RecordedError::Read)?;
        serde_json::from_str(&text).map_err(RecordedError::Decode)
    }

    /// Takes note of what a version answers, in the place of what it answered before.
    pub(super) fn add(&mut self, minor: Minor, exchanges: Vec<Exchange>) {
        self.answers.iter_mut().for_each(|group| group.minors.retain(|known| *known != minor.to_string()));
        self.answers.retain(|group| !group.minors.is_empty());
        let exchanges = exchanges.into_iter().map(|exchange| RecordedExchange::from(self.shown(exchange)));
        let exchanges: Vec<_> = exchanges.collect();
        match self.answers.iter_mut().find(|group| group.exchanges == exchanges) {
            Some(group) => {
                group.minors.push(minor.to_string());
                group.minors.sort();
            }
            None => self.answers.push(Group { minors: vec![minor.to_string()], exchanges }),
        }
        // Two digits each, so that texts are in the versions' order.
        self.answers.sort_by(|one, other| one.minors.cmp(&other.minors));
    }

    /// What of an exchange is compared.
    fn shown(&self, mut exchange: Exchange) -> Exchange {
        if exchange.code < 400 {
            exchange.body = parts_of(&exchange.body, self.parts.get(&exchange.id).into_iter().flatten());
        }
        for asked in &mut exchange.asked {
            asked.body = parts_of(&asked.body, &self.reviews);
        }
        exchange
    }
}

impl From<Exchange> for RecordedExchange {
    fn from(exchange: Exchange) -> Self {
        let Exchange { id, code, warnings, body, asked } = exchange;
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
        difference: Box<Difference>,
    },
}

/// Replays a recorded case on the simulator, on every minor that it was recorded on.
///
/// # Errors
/// [`RecordedError::Differs`]: the simulator answers something else; and what keeps it from being replayed.
pub async fn replay(file: &Utf8Path) -> Result<(), RecordedError> {
    let recorded = Recorded::read(file)?;
    let certificate = ServingCertificate::for_run(["127.0.0.1"]).map_err(FidelityError::from)?;
    let webhooks = Webhooks::start(&certificate).await?;
    let case = &recorded.case;
    for group in &recorded.answers {
        for minor in &group.minors {
            let simulated: Minor = minor.parse().map_err(|_| RecordedError::Minor(minor.clone()))?;
            let exchanges = Side::Simulated { minor: simulated }.run(case, NAMESPACE, &webhooks).await?;
            let exchanges: Vec<_> = exchanges.into_iter().map(|exchange| recorded.shown(exchange)).collect();
            let real: Vec<Exchange> = group.exchanges.iter().map(Exchange::from).collect();
            if let Some(difference) = compare(&real, &exchanges, &case.verbs()) {
                return Err(RecordedError::Differs { minor: minor.clone(), difference: Box::new(difference) });
            }
        }
    }
    Ok(())
}
