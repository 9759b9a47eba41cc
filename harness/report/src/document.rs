//! The report for programs.

use std::collections::BTreeMap;

use seccomp_conformance::{Case, EndedEarly, Failure, Invocation, Minor, Outcome, Status};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    fold::{Finding, Run, RunVerdict, order},
    ranges::minor_ranges,
};

/// The version of [`Document`]'s shape: raised when a field is removed or means something else, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// A run as one JSON document.
///
/// # Shape
/// Field names are in camel case. Statuses are `passed`, `pending`, `failed` and `broken`; `result` also knows
/// `nothingSelected` and `interrupted`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    schema_version: u32,
    result: &'static str,
    cluster: Option<Cluster>,
    webhook: String,
    kubernetes: Vec<String>,
    gardener: Vec<String>,
    elapsed_seconds: Option<f64>,
    counts: Counts,
    ended_early: Option<&'static str>,
    scenarios: Vec<Scenario>,
    findings: Vec<FindingDocument>,
    requirements: Vec<Requirement>,
    preconditions: Vec<Precondition>,
    snapshots: Snapshots,
    cases: Vec<CaseDocument>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    name: String,
    observes_api: bool,
    observes_kernel: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Counts {
    planned: usize,
    finished: usize,
    passed: usize,
    pending: usize,
    failed: usize,
    broken: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Scenario {
    #[serde(rename = "scenario")]
    id: String,
    title: String,
    requirements: Vec<String>,
    /// Worst status first.
    outcomes: Vec<ScenarioOutcome>,
}

#[derive(Clone, Debug, Serialize)]
struct ScenarioOutcome {
    status: &'static str,
    kubernetes: Vec<String>,
    /// The same, as people write it.
    range: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingDocument {
    status: &'static str,
    /// Every case in which the same things do not hold; `evidence` is of the first.
    cases: Vec<CaseName>,
    failures: Vec<Value>,
    evidence: Value,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CaseName {
    scenario: String,
    kubernetes: String,
    gardener: String,
    seccomp_default: bool,
    parameters: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Serialize)]
struct CaseDocument {
    #[serde(flatten)]
    name: CaseName,
    status: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Requirement {
    id: String,
    text: String,
    states: Vec<State>,
}

#[derive(Clone, Debug, Serialize)]
struct State {
    kubernetes: String,
    gardener: String,
    status: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "a row of a truth table is made of them")]
struct Precondition {
    feature_gate: bool,
    managed_namespace: bool,
    skip_label: bool,
    own_profile: bool,
    creations: usize,
    mutated: usize,
    status: Option<&'static str>,
    scenarios: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Snapshots {
    written: Vec<String>,
    pending: Vec<String>,
    orphans: Vec<String>,
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Pending => "pending",
        Status::Failed => "failed",
        Status::Broken => "broken",
    }
}

fn verdict_word(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Passed => "passed",
        RunVerdict::NothingSelected => "nothingSelected",
        RunVerdict::Pending => "pending",
        RunVerdict::Failed => "failed",
        RunVerdict::Broken => "broken",
        RunVerdict::Cancelled => "interrupted",
    }
}

impl From<&Run> for Document {
    fn from(run: &Run) -> Self {
        let summary = run.summary.as_deref();
        let mut cases: Vec<_> = run.cases.iter().collect();
        cases.sort_by_cached_key(|(case, _)| order(case));
        Self {
            schema_version: SCHEMA_VERSION,
            result: verdict_word(run.verdict()),
            webhook: run.webhook.clone(),
            cluster: run.cluster.as_ref().map(|cluster| Cluster {
                name: cluster.name.clone(),
                observes_api: cluster.observations.api,
                observes_kernel: cluster.observations.kernel,
            }),
            kubernetes: run.minors.iter().map(Minor::to_string).collect(),
            gardener: run.gardener.clone(),
            elapsed_seconds: summary.map(|summary| summary.elapsed.as_secs_f64()),
            counts: Counts {
                planned: run.planned,
                finished: run.cases.len(),
                passed: run.count(Status::Passed),
                pending: run.count(Status::Pending),
                failed: run.count(Status::Failed),
                broken: run.count(Status::Broken),
            },
            ended_early: summary.and_then(|summary| summary.ended_early).map(|why| match why {
                EndedEarly::Cancelled => "interrupted",
                EndedEarly::FailedFast => "failFast",
            }),
            scenarios: scenarios(run),
            findings: run.sorted_findings().into_iter().map(FindingDocument::from).collect(),
            requirements: requirements(run),
            preconditions: preconditions(run),
            snapshots: summary.map_or_else(Snapshots::default, |summary| {
                let texts = |files: &[camino::Utf8PathBuf]| files.iter().map(ToString::to_string).collect();
                Snapshots {
                    written: texts(&summary.written_snapshots),
                    pending: texts(&summary.pending_snapshots),
                    orphans: texts(&summary.orphan_snapshots),
                }
            }),
            cases: cases
                .into_iter()
                .map(|(case, status)| CaseDocument {
                    name: CaseName::from(case.as_ref()),
                    status: status_word(*status),
                })
                .collect(),
        }
    }
}

fn scenarios(run: &Run) -> Vec<Scenario> {
    let scenarios = run.scenarios.iter().map(|(file, scenario)| Scenario {
        id: file.clone(),
        title: scenario.title.clone(),
        requirements: scenario.requirements.clone(),
        outcomes: scenario
            .by_status()
            .into_iter()
            .map(|(status, minors)| ScenarioOutcome {
                status: status_word(status),
                kubernetes: minors.iter().map(Minor::to_string).collect(),
                range: minor_ranges(minors),
            })
            .collect(),
    });
    scenarios.collect()
}

fn requirements(run: &Run) -> Vec<Requirement> {
    let requirements = run.summary.iter().flat_map(|summary| &summary.coverage.requirements);
    let requirements = requirements.map(|(id, requirement)| Requirement {
        id: id.clone(),
        text: requirement.text.clone(),
        states: requirement
            .states
            .iter()
            .map(|((minor, gardener), status)| State {
                kubernetes: minor.to_string(),
                gardener: gardener.clone(),
                status: status_word(*status),
            })
            .collect(),
    });
    requirements.collect()
}

fn preconditions(run: &Run) -> Vec<Precondition> {
    let rows = run.summary.iter().flat_map(|summary| &summary.coverage.preconditions);
    let rows = rows.map(|(row, coverage)| Precondition {
        feature_gate: row.gate,
        managed_namespace: row.managed_namespace,
        skip_label: !row.unlabelled,
        own_profile: !row.profile_unset,
        creations: coverage.creations,
        mutated: coverage.mutated,
        status: coverage.status.map(status_word),
        scenarios: coverage.scenarios.iter().cloned().collect(),
    });
    rows.collect()
}

impl From<&Case> for CaseName {
    fn from(case: &Case) -> Self {
        Self {
            scenario: case.scenario.clone(),
            kubernetes: case.minor.to_string(),
            gardener: case.gardener.clone(),
            seccomp_default: case.node.seccomp_default,
            parameters: case.parameters.clone(),
        }
    }
}

impl From<&Finding> for FindingDocument {
    fn from(finding: &Finding) -> Self {
        let mut cases: Vec<_> = finding.cases.iter().collect();
        // The first stays first, as the least of all: the evidence is of it.
        cases.sort_by_cached_key(|case| order(case));
        Self {
            status: status_word(finding.status()),
            cases: cases.into_iter().map(|case| CaseName::from(case.as_ref())).collect(),
            failures: finding.failures.iter().map(failure).collect(),
            evidence: evidence(&finding.outcome),
        }
    }
}

fn failure(failure: &Failure) -> Value {
    match failure {
        Failure::Expectation { file, line, of, subject, expected, actual } => json!({
            "kind": "expectation",
            "file": file.as_str(), "line": line, "of": of, "subject": subject, "expected": expected, "actual": actual,
        }),
        Failure::SnapshotDiffered { file, section, diff } => {
            json!({ "kind": "snapshotDiffered", "file": file.as_str(), "section": section, "diff": diff })
        }
        Failure::SnapshotMissing { file, section } => {
            json!({ "kind": "snapshotMissing", "file": file.as_str(), "section": section })
        }
        Failure::InvocationContradicted { step, registration, recorded } => json!({
            "kind": "invocationContradicted",
            "step": step, "registration": registration, "recorded": recorded,
        }),
        Failure::Infrastructure { message } => json!({ "kind": "infrastructure", "message": message }),
    }
}

fn evidence(outcome: &Outcome) -> Value {
    let steps = outcome.steps.iter().map(|step| {
        json!({
            "verb": step.verb.as_str(),
            "name": step.name,
            "line": step.line,
            "object": step.object,
            "submitted": step.submitted,
            "answer": { "code": step.answer.code, "warnings": step.answer.warnings, "body": step.answer.body },
            "webhook": step.invocation.as_ref().map(invocation),
        })
    });
    let objects = outcome.objects.iter().map(|object| {
        let containers = object.containers.iter().flatten().map(|container| {
            json!({
                "name": container.name,
                "list": container.list.field(),
                "state": container.state,
                "mode": container.mode,
            })
        });
        json!({
            "name": object.name,
            "stored": object.stored,
            "containers": object.containers.as_ref().map(|_| containers.collect::<Vec<_>>()),
        })
    });
    json!({ "steps": steps.collect::<Vec<_>>(), "objects": objects.collect::<Vec<_>>() })
}

fn invocation(invocation: &Invocation) -> Value {
    match invocation {
        Invocation::NotCalled { reason, why } => {
            json!({ "called": false, "reason": reason, "why": why })
        }
        Invocation::Called { reviews } => {
            let reviews = reviews.iter().map(|review| {
                json!({
                    "version": review.version,
                    "request": review.request,
                    "allowed": review.allowed,
                    "patch": review.patch,
                    "response": review.response,
                })
            });
            json!({ "called": true, "reviews": reviews.collect::<Vec<_>>() })
        }
    }
}
