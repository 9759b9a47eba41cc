//! The certificate: what was compared, with which versions, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::Stage;

/// The result of a verification, as a file that reports show.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificate {
    /// The version of this layout.
    pub schema_version: u32,
    /// The day, `2026-11-27`.
    pub date: String,
    /// What the generated requests were drawn from.
    pub seed: u64,
    /// The version of the simulator.
    pub simulator: String,
    /// Each version that was compared, oldest first.
    pub kubernetes: Vec<Proven>,
    /// Why each listed difference is none of the simulator's, by its name; only those that were met.
    pub listed: BTreeMap<String, String>,
    /// How many requests differed without being listed: 0, or the certificate proves the opposite.
    pub unlisted_differences: usize,
}

/// One version that was compared.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proven {
    /// The simulator's minor, `1.31`.
    pub minor: String,
    /// What the real API server says it is, `v1.31.14`.
    pub git_version: String,
    /// What was compared, by stage.
    pub stages: BTreeMap<Stage, StageCounts>,
}

/// What was compared in one stage.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StageCounts {
    /// Sequences of requests that began from the same.
    pub cases: usize,
    /// Requests.
    pub requests: usize,
    /// Cases with a listed difference, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub listed: BTreeMap<String, usize>,
    /// Cases with another difference.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub differences: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Certificate {
    /// All requests of the stages that are drawn or of scenarios.
    pub fn requests(&self) -> usize {
        self.kubernetes.iter().map(Proven::requests).sum()
    }

    /// The minors, oldest first.
    pub fn minors(&self) -> impl Iterator<Item = &str> {
        self.kubernetes.iter().map(|proven| proven.minor.as_str())
    }
}

impl Proven {
    /// All requests.
    pub fn requests(&self) -> usize {
        self.stages.values().map(|counts| counts.requests).sum()
    }
}
