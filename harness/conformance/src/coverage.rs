//! What the cases covered: each requirement by minor and release, and the truth table of preconditions.

use std::collections::{BTreeMap, BTreeSet};

use kube_simulator::Minor;

use crate::verdict::Status;

/// What a run says of the requirements.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Each requirement by its id, those without a case included.
    pub requirements: BTreeMap<String, RequirementCoverage>,
    /// Each combination of the documented preconditions, all sixteen of them.
    pub preconditions: BTreeMap<Preconditions, PreconditionCoverage>,
}

/// A requirement's state.
#[derive(Clone, Debug, Default)]
pub struct RequirementCoverage {
    /// What is required, in one sentence.
    pub text: String,
    /// The worst status of its cases, by Kubernetes minor and Gardener release.
    pub states: BTreeMap<(Minor, String), Status>,
}

/// One row of the truth table: the feature gate and the three documented preconditions.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Preconditions {
    /// The gardenlet's feature gate `DefaultSeccompProfile` is on.
    pub gate: bool,
    /// The Pod is created in a namespace that Gardener manages.
    pub managed_namespace: bool,
    /// The Pod does not carry the skip label.
    pub unlabelled: bool,
    /// The Pod does not itself set `spec.securityContext.seccompProfile.type`.
    pub profile_unset: bool,
}

impl Preconditions {
    /// All sixteen rows.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..16_u8).map(|bits| Self {
            gate: bits & 8 != 0,
            managed_namespace: bits & 4 != 0,
            unlabelled: bits & 2 != 0,
            profile_unset: bits & 1 != 0,
        })
    }

    /// Whether the documentation says that such a Pod is given the profile.
    pub const fn are_met(self) -> bool {
        self.gate && self.managed_namespace && self.unlabelled && self.profile_unset
    }
}

/// What the cases say of one row of the truth table.
#[derive(Clone, Debug, Default)]
pub struct PreconditionCoverage {
    /// How many Pod creations had just these preconditions.
    pub creations: usize,
    /// In how many of them the webhook gave the Pod the profile.
    pub mutated: usize,
    /// The scenarios that had them.
    pub scenarios: BTreeSet<String>,
    /// The worst status of the cases that had them.
    pub status: Option<Status>,
}
