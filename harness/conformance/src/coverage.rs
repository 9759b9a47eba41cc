//! What the cases covered: each requirement by minor and release, and the truth table of preconditions.

use std::collections::{BTreeMap, BTreeSet};

use kube_simulator::Minor;
use seccomp_scenario::{GARDENER, KUBERNETES, Scenario, VersionRange};

use crate::{case::Case, suite::Suite, verdict::Status};

/// What a run says of the requirements.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Each requirement by its id, those without a case included.
    pub requirements: BTreeMap<String, RequirementCoverage>,
    /// Each combination of the documented preconditions, all sixteen of them.
    pub preconditions: BTreeMap<Preconditions, PreconditionCoverage>,
    /// Each scenario that there is by its id, selected or not: what a run of everything would have shown.
    pub scenarios: BTreeMap<String, ScenarioCoverage>,
}

impl Coverage {
    /// Nothing covered yet.
    pub(crate) fn new(suite: &Suite) -> Self {
        let requirement = |(id, text): (&String, &String)| {
            let is_about_kernel = suite.kernel_requirements.contains(id);
            (id.clone(), RequirementCoverage { text: text.clone(), is_about_kernel, states: BTreeMap::new() })
        };
        let scenarios = suite.scenarios.iter();
        Self {
            requirements: suite.requirements.iter().map(requirement).collect(),
            preconditions: Preconditions::all().map(|row| (row, PreconditionCoverage::default())).collect(),
            scenarios: scenarios.map(|scenario| (scenario.id.clone(), ScenarioCoverage::of(scenario))).collect(),
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
    /// Whether it is about what the kernel enforces.
    pub is_about_kernel: bool,
    /// The worst status of its cases, by Kubernetes minor and Gardener release.
    pub states: BTreeMap<(Minor, String), Status>,
}

/// What a scenario is about, whether it was run or not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScenarioCoverage {
    /// The requirements that it names.
    pub requirements: Vec<String>,
    /// The Kubernetes minors and Gardener releases that its instances are for, each pair once.
    pub applies: Vec<(VersionRange, VersionRange)>,
}

impl ScenarioCoverage {
    fn of(scenario: &Scenario) -> Self {
        // An open end is written out, so that a report means the same to a harness that knows more versions.
        let within = |range: VersionRange, known: VersionRange| VersionRange {
            from: range.from.or(known.from),
            until: range.until.or(known.until),
        };
        let mut applies = Vec::new();
        for given in scenario.instances.iter().map(|instance| &instance.given) {
            let pair = (within(given.kubernetes, KUBERNETES), within(given.gardener.unwrap_or_default(), GARDENER));
            if !applies.contains(&pair) {
                applies.push(pair);
            }
        }
        Self { requirements: scenario.requirements.clone(), applies }
    }
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
