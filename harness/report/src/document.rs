//! The report for programs: one JSON document, which the other reports and the gate are made of.

mod evidence;
mod failure;
mod of_run;
mod tally;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use failure::FailureDocument;

use crate::version;

/// The version of [`Document`]'s shape: raised when a field is removed or means something else, not when one is added.
pub const SCHEMA_VERSION: u32 = 2;

/// A run, or several shards of one, as one JSON document.
///
/// Field names are in camel case. What is not known is null or empty, and never left out.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The version of this document's shape.
    pub(crate) schema_version: u32,
    /// The version of the harness that wrote it.
    pub(crate) harness: String,
    /// The run in one word.
    pub(crate) result: RunResult,
    /// Why there is no more than this, where something ended the run that is none of its cases' doing.
    pub(crate) problem: Option<Problem>,
    /// What was run on.
    pub(crate) cluster: Option<ClusterDocument>,
    /// The webhook under test.
    pub(crate) webhook: String,
    /// How clusters and webhook were reached: the flags that were given for it, for a command that runs a case again.
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    /// The Kubernetes minors that there are cases for.
    pub(crate) kubernetes: Vec<String>,
    /// The Gardener releases that there are cases for.
    pub(crate) gardener: Vec<String>,
    /// Of what wholes this is only a part; empty for a whole.
    pub(crate) partitions: Vec<PartitionDocument>,
    /// The time that the run took; of merged shards, of all of them together.
    pub(crate) elapsed_seconds: Option<f64>,
    /// How many cases came to what.
    pub(crate) counts: Counts,
    /// Cases that were selected and not run, since the cluster has not what they need.
    pub(crate) left_out: Vec<LeftOutDocument>,
    /// Why the run ended before its last case.
    pub(crate) ended_early: Option<EndedEarlyDocument>,
    /// Each scenario that has a case.
    pub(crate) scenarios: Vec<ScenarioDocument>,
    /// Everything that does not hold, cases alike together.
    pub(crate) findings: Vec<FindingDocument>,
    /// Each requirement, those without a case included.
    pub(crate) requirements: Vec<RequirementDocument>,
    /// The truth table of preconditions.
    pub(crate) preconditions: Vec<PreconditionDocument>,
    /// Snapshots that need a decision.
    pub(crate) snapshots: Snapshots,
    /// What could not be taken away again from clusters.
    pub(crate) left_behind: Vec<String>,
    /// Nodes that the machine filters themselves, so that modes are what comes to it: which, and what an Unconfined container
    /// sees there.
    #[serde(default)]
    pub(crate) filtered_nodes: Vec<String>,
    /// Every scenario that there is, selected or not: what a run of everything would have shown.
    pub(crate) suite: Vec<SuiteScenario>,
    /// Every case that ran.
    pub(crate) cases: Vec<CaseDocument>,
}

/// A run in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunResult {
    /// Every case passed, and nothing else is wrong.
    Passed,
    /// There was no case.
    NothingSelected,
    /// Every expectation holds, and snapshots wait for review.
    Pending,
    /// A case failed, or a snapshot has no scenario.
    Failed,
    /// A case could not be run to its end, or the run could not.
    Broken,
    /// The run ended before it came to its end.
    Interrupted,
}

/// A case in one word, from best to worst.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CaseStatus {
    /// All expectations and the snapshot hold.
    Passed,
    /// All expectations hold, and there is no reviewed snapshot yet.
    Pending,
    /// An expectation or the snapshot does not hold.
    Failed,
    /// The case could not be run to its end.
    Broken,
}

/// What ended a run that is none of its cases' doing.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Whose doing it is.
    pub kind: ProblemKind,
    /// What happened, with its causes.
    pub message: String,
}

/// Whose doing a problem is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// A wrong command line or scenario file.
    Usage,
    /// Something that the run needs was not there or broke; a fault of the harness itself, too.
    Infrastructure,
    /// The run had not come to its end when this was written: it was killed, or goes on.
    Incomplete,
}

/// What was run on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterDocument {
    /// The kind of cluster: `simulated`, `control-plane`, ...
    pub(crate) name: String,
    /// Whether answers, stored objects and webhook calls are Kubernetes' own.
    pub(crate) api: Truth,
    /// Whether container states and seccomp modes are a kernel's own.
    pub(crate) kernel: Truth,
    /// How far what is modelled was compared with real API servers, in words.
    #[serde(default)]
    pub(crate) verified: Option<String>,
}

/// How much an observation is worth.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Truth {
    /// It cannot be seen there, so nothing about it was compared.
    NotObserved,
    /// What the model does.
    Modelled,
    /// What the real thing does.
    Real,
}

/// Shards of a whole that is not all here.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartitionDocument {
    /// How the whole was cut: `slice` or `hash`.
    pub(crate) by: String,
    /// Into how many shards.
    pub(crate) shards: u32,
    /// A digest of what the whole consists of.
    pub(crate) whole: String,
    /// How many cases the whole has.
    pub(crate) cases: usize,
    /// The shards that are here, from 1.
    pub(crate) ran: Vec<u32>,
}

/// How many cases came to what.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// How many were to be run.
    pub(crate) planned: usize,
    /// What was selected and not planned, since the cluster has not what it needs.
    pub(crate) left_out: usize,
    /// How many ran.
    pub(crate) finished: usize,
    /// How many of them passed.
    pub(crate) passed: usize,
    /// How many only lack a reviewed snapshot.
    pub(crate) pending: usize,
    /// How many failed.
    pub(crate) failed: usize,
    /// How many could not be run to their end.
    pub(crate) broken: usize,
}

/// Why a run ended before its last case.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EndedEarlyDocument {
    /// It was interrupted from outside.
    Interrupted,
    /// It was asked to stop at the first failure.
    FailFast,
}

/// A case that was selected and not run.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct LeftOutDocument {
    /// The case.
    #[serde(flatten)]
    pub(crate) name: CaseName,
    /// What the cluster lacks.
    pub(crate) lacking: String,
    /// The same, for people.
    pub(crate) reason: String,
}

/// A scenario that has a case.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub(crate) struct ScenarioDocument {
    /// `<area>/<behaviour>`.
    #[serde(rename = "scenario")]
    pub(crate) id: String,
    /// Its title.
    pub(crate) title: String,
    /// Its file.
    pub(crate) file: String,
    /// The requirements that it names.
    pub(crate) requirements: Vec<String>,
    /// What it came to, worst status first.
    pub(crate) outcomes: Vec<ScenarioOutcome>,
}

/// What a scenario came to on some minors.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub(crate) struct ScenarioOutcome {
    /// The worst status of its cases there.
    pub(crate) status: CaseStatus,
    /// The minors.
    pub(crate) kubernetes: Vec<String>,
    /// The same, as people write it.
    pub(crate) range: String,
}

/// Cases in which the very same things do not hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingDocument {
    /// The worst of what does not hold.
    pub(crate) status: CaseStatus,
    /// Every case in which it is so; `evidence` is of the first.
    pub(crate) cases: Vec<CaseName>,
    /// What does not hold.
    pub(crate) failures: Vec<FailureDocument>,
    /// What was seen: each call, its answer, what the webhook was asked and said, each object and its containers.
    pub(crate) evidence: Value,
}

/// A scenario with everything that is varied, fixed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaseName {
    /// The scenario's id.
    pub(crate) scenario: String,
    /// The Kubernetes minor.
    pub(crate) kubernetes: String,
    /// The Gardener release.
    pub(crate) gardener: String,
    /// The kubelet's `seccompDefault`.
    pub(crate) seccomp_default: bool,
    /// The value of each parameter.
    pub(crate) parameters: BTreeMap<String, Value>,
}

/// A case that ran.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaseDocument {
    /// The case.
    #[serde(flatten)]
    pub(crate) name: CaseName,
    /// What it came to.
    pub(crate) status: CaseStatus,
    /// The time that it took.
    pub(crate) elapsed_seconds: f64,
}

/// A requirement.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub(crate) struct RequirementDocument {
    /// Its id.
    pub(crate) id: String,
    /// What is required.
    pub(crate) text: String,
    /// Whether it is about what the kernel enforces.
    pub(crate) kernel: bool,
    /// The worst status of its cases, where there is one.
    pub(crate) states: Vec<State>,
}

/// A requirement's state on one minor with one release.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub(crate) struct State {
    /// The Kubernetes minor.
    pub(crate) kubernetes: String,
    /// The Gardener release.
    pub(crate) gardener: String,
    /// The worst status.
    pub(crate) status: CaseStatus,
}

/// One row of the truth table.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "a row of a truth table is made of them")]
pub(crate) struct PreconditionDocument {
    /// The gardenlet's feature gate is on.
    pub(crate) feature_gate: bool,
    /// The namespace is one that Gardener manages.
    pub(crate) managed_namespace: bool,
    /// The Pod carries the skip label.
    pub(crate) skip_label: bool,
    /// The Pod names its own profile.
    pub(crate) own_profile: bool,
    /// How many Pods were created so.
    pub(crate) creations: usize,
    /// How many of them the webhook changed.
    pub(crate) mutated: usize,
    /// The worst status of the cases that did so.
    pub(crate) status: Option<CaseStatus>,
    /// The scenarios that did so.
    pub(crate) scenarios: Vec<String>,
}

/// Snapshots that a run is not through with.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Snapshots {
    /// Written by this run.
    pub(crate) written: Vec<String>,
    /// Waiting for review.
    pub(crate) pending: Vec<String>,
    /// Without a scenario.
    pub(crate) orphans: Vec<String>,
}

/// A scenario that there is, whether it was run or not.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct SuiteScenario {
    /// Its id.
    pub(crate) scenario: String,
    /// The requirements that it names.
    pub(crate) requirements: Vec<String>,
    /// The versions that it is about.
    pub(crate) applies: Vec<Applies>,
}

/// Versions that a scenario is about: each of the one with each of the other.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Applies {
    /// A range of Kubernetes minors, `1.20..1.24`.
    pub(crate) kubernetes: String,
    /// A range of Gardener releases, `1.54..1.149`.
    pub(crate) gardener: String,
}

/// Why a text is no report of a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is no JSON document of a run.
    #[error("read the report of a run: {problem}")]
    NoReport {
        /// What is wrong with it.
        problem: String,
    },
    /// It is one of another version.
    #[error(
        "read a report of schema version {found}: this harness reads version {SCHEMA_VERSION}; write it again with the \
         same harness"
    )]
    OtherVersion {
        /// Its version.
        found: u64,
    },
}

impl Document {
    /// Reads a report that `run --report json=PATH` wrote.
    ///
    /// # Errors
    /// `DocumentError::OtherVersion`, `DocumentError::NoReport`.
    pub fn read(text: &str) -> Result<Self, DocumentError> {
        let no_report = |error: serde_json::Error| DocumentError::NoReport { problem: error.to_string() };
        let value: Value = serde_json::from_str(text).map_err(no_report)?;
        match value.get("schemaVersion").and_then(Value::as_u64) {
            Some(version) if version == u64::from(SCHEMA_VERSION) => {}
            Some(found) => return Err(DocumentError::OtherVersion { found }),
            None => return Err(DocumentError::NoReport { problem: "it has no schemaVersion".to_owned() }),
        }
        serde_json::from_value(value).map_err(no_report)
    }

    /// The document as JSON, for people's eyes too.
    ///
    /// # Errors
    /// It cannot be written as JSON, which is a fault of the harness.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| format!("{text}\n"))
    }

    /// The JSON schema of this document.
    pub fn schema() -> Value {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }

    /// The run in one word.
    pub const fn result(&self) -> RunResult {
        self.result
    }

    /// The kind of cluster, or nothing where the run did not come so far.
    pub(crate) fn cluster_name(&self) -> &str {
        self.cluster.as_ref().map_or("", |cluster| cluster.name.as_str())
    }

    /// The finding that a case is of.
    pub(crate) fn finding_of(&self, case: &CaseName) -> Option<&FindingDocument> {
        self.findings.iter().find(|finding| finding.cases.contains(case))
    }

    /// What is known of a scenario that has a case.
    pub(crate) fn scenario(&self, id: &str) -> Option<&ScenarioDocument> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }

    /// How many cases were to be run and were not.
    pub(crate) const fn not_run(&self) -> usize {
        self.counts.planned.saturating_sub(self.counts.finished)
    }
}

impl CaseName {
    /// Everything but scenario and minor: `value="true", Gardener 1.149, node seccompDefault=false`.
    pub(crate) fn variation(&self) -> String {
        let parameters = self.parameters.iter().map(|(name, value)| match value.get("case").and_then(Value::as_str) {
            Some(case) => format!("{name}: {case}"),
            None => format!("{name}={value}"),
        });
        let rest = [format!("Gardener {}", self.gardener), format!("node seccompDefault={}", self.seccomp_default)];
        parameters.chain(rest).collect::<Vec<_>>().join(", ")
    }

    /// By what cases are ordered in every report.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let versions = (version::number(&self.kubernetes), version::number(&self.gardener));
        (self.scenario.clone(), versions, self.variation(), self.parameters_text())
    }

    /// What tells this case from all others.
    pub(crate) fn key(&self) -> String {
        format!("{} on Kubernetes {}: {} {}", self.scenario, self.kubernetes, self.variation(), self.parameters_text())
    }

    fn parameters_text(&self) -> String {
        let pairs = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(", ")
    }
}

impl RunResult {
    /// As people say it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NothingSelected => "nothing selected",
            Self::Pending => "snapshots pending",
            Self::Failed => "failed",
            Self::Broken => "broken",
            Self::Interrupted => "interrupted",
        }
    }
}

impl CaseStatus {
    /// As people say it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Broken => "broken",
        }
    }
}
