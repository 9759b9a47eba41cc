//! What the cases covered: each requirement by minor and release, and the truth table of preconditions.

use std::collections::{BTreeMap, BTreeSet};

use kube_simulator::Minor;

use crate::{case::Case, verdict::Status};

/// What a run says of the requirements.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Each requirement by its id, those without a case included.
    pub requirements: BTreeMap<String, RequirementCoverage>,
    /// Each combination of the documented preconditions, all sixteen of them.
    pub preconditions: BTreeMap<Preconditions, PreconditionCoverage>,
}

impl Coverage {
    /// Nothing covered yet.
    pub(crate) fn new(requirements: &BTreeMap<String, String>) -> Self {
        let requirement = |(id, text): (&String, &String)| {
            (id.clone(), RequirementCoverage { text: text.clone(), states: BTreeMap::new() })
        };
        Self {
            requirements: requirements.iter().map(requirement).collect(),
            preconditions: Preconditions::all().map(|row| (row, PreconditionCoverage::default())).collect(),
        }
    }

    /// Adds a case, and the Pods that it created: which preconditions each met, and whether the webhook changed it.
    pub(crate) fn add(&mut self, case: &Case, creations: &[(Preconditions, bool)], status: Status) {
        for id in &case.requirements {
            let states = &mut self.requirements.entry(id.clone()).or_default().states;
            let state = states.entry((case.minor, case.gardener.clone())).or_insert(status);
            *state = status.max(*state);
        }
        for (row, is_changed) in creations {
            let row = self.preconditions.entry(*row).or_default();
            row.creations += 1;
            row.mutated += usize::from(*is_changed);
            row.scenarios.insert(case.scenario.clone());
            row.status = Some(row.status.map_or(status, |before| before.max(status)));
        }
    }

    /// The requirements that no case was about.
    pub fn uncovered(&self) -> impl Iterator<Item = &str> {
        self.requirements.iter().filter(|(_, coverage)| coverage.states.is_empty()).map(|(id, _)| id.as_str())
    }
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
#[expect(clippy::struct_excessive_bools, reason = "a row of a truth table is that many truth values")]
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
