//! Differences that are known and stay, each with a name and a reason.

use serde::{Deserialize, Serialize};

use super::compare::Difference;

/// The file of listed differences.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedDifferences {
    /// Each of them.
    pub differences: Vec<Listed>,
}

/// A listed difference.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Why the simulator does not do what a real API server does.
    pub reason: String,
    /// What `kind` of difference it is: all of these texts stand in it.
    pub kind: Vec<String>,
}

impl ListedDifferences {
    /// The one that a difference is.
    pub(super) fn find(&self, difference: &Difference) -> Option<&Listed> {
        self.differences
            .iter()
            .find(|listed| !listed.kind.is_empty() && listed.kind.iter().all(|text| difference.kind.contains(text)))
    }
}
