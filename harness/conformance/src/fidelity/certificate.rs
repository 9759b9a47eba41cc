//! The certificate: what was compared, with which versions, and what came of it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::case::Stage;

/// The certificate that the simulator has at this commit.
const SHIPPED: &str = include_str!("../../../../ci/fidelity.json");

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
    /// The one that the simulator has, which reports of simulated clusters show; nothing where it cannot be read.
    pub fn shipped() -> Option<Self> {
        serde_json::from_str(SHIPPED).ok()
    }

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

impl fmt::Display for Certificate {
    /// `21719 requests to v1.24.17, v1.31.14 on 2026-11-27, 279 cases with 3 known differences`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<&str> = self.kubernetes.iter().map(|proven| proven.git_version.as_str()).collect();
        let stages = self.kubernetes.iter().flat_map(|proven| proven.stages.values());
        let cases: usize = stages.flat_map(|stage| stage.listed.values()).sum();
        let (requests, versions, date) = (self.requests(), versions.join(", "), &self.date);
        write!(formatter, "{requests} requests to {versions} on {date}")?;
        match self.listed.len() {
            0 => {}
            1 => write!(formatter, ", {cases} cases with 1 known difference")?,
            known => write!(formatter, ", {cases} cases with {known} known differences")?,
        }
        match self.unlisted_differences {
            0 => Ok(()),
            others => write!(formatter, ", {others} WITH OTHERS"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the simulator is said to be compared with: at least 5,000 drawn requests a version, and no surprise.
    #[test]
    fn the_shipped_certificate_proves_what_is_said_of_it() {
        let shipped = Certificate::shipped().unwrap();
        assert_eq!(shipped.minors().collect::<Vec<_>>(), ["1.24", "1.25", "1.31", "1.36"]);
        assert_eq!(shipped.unlisted_differences, 0);
        for proven in &shipped.kubernetes {
            let of_scenarios = &proven.stages[&Stage::Scenarios];
            assert!(of_scenarios.listed.is_empty(), "{}: a scenario differs", proven.minor);
            assert!(proven.requests() - of_scenarios.requests >= 5_000, "{}: too few requests", proven.minor);
        }
        let text = shipped.to_string();
        assert!(text.contains(" requests to v1.24.17, v1.25.16, v1.31.14, v1.36.3 on 2026-"), "{text}");
        assert!(!text.contains("OTHERS"), "{text}");
    }
}
