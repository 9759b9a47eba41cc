//! A run becomes a document.

use seccomp_conformance::{Case, ClusterDescription, EndedEarly, Minor, ScenarioCoverage, Shard, Status};

use super::{
    Applies, CaseDocument, CaseName, CaseStatus, ClusterDocument, Counts, Document, EndedEarlyDocument,
    FailureDocument, FindingDocument, LeftOutDocument, PartitionDocument, PreconditionDocument, RequirementDocument,
    RunResult, SCHEMA_VERSION, ScenarioDocument, Snapshots, SuiteScenario, Truth, evidence,
};
use crate::fold::{Finding, Run, order};

impl From<&Run> for Document {
    fn from(run: &Run) -> Self {
        let summary = run.summary.as_deref();
        let mut cases: Vec<_> = run.cases.iter().collect();
        cases.sort_by_cached_key(|ran| order(&ran.case));
        let ended_early = match summary {
            Some(summary) => summary.ended_early,
            // A run that never had a plan was not interrupted either.
            None => (run.planned > 0).then_some(EndedEarly::Cancelled),
        };
        let mut document = Self {
            schema_version: SCHEMA_VERSION,
            harness: env!("CARGO_PKG_VERSION").to_owned(),
            // What can be told from the cases is added up below, as it is for merged shards.
            result: RunResult::NothingSelected,
            problem: run.problem.clone(),
            cluster: run.cluster.as_ref().map(ClusterDocument::from),
            webhook: run.webhook.clone(),
            flags: run.flags.clone(),
            kubernetes: run.minors.iter().map(Minor::to_string).collect(),
            gardener: run.gardener.clone(),
            partitions: run.shard.iter().map(PartitionDocument::from).collect(),
            elapsed_seconds: summary.map(|summary| summary.elapsed.as_secs_f64()),
            counts: Counts { planned: run.planned, ..Counts::default() },
            left_out: left_out(run),
            ended_early: ended_early.map(|why| match why {
                EndedEarly::Cancelled => EndedEarlyDocument::Interrupted,
                EndedEarly::FailedFast => EndedEarlyDocument::FailFast,
            }),
            scenarios: scenarios(run),
            findings: run.sorted_findings().into_iter().map(FindingDocument::from).collect(),
            requirements: requirements(run),
            preconditions: preconditions(run),
            snapshots: snapshots(run),
            left_behind: summary.map(|summary| summary.left_behind.clone()).unwrap_or_default(),
            filtered_nodes: summary.map(|summary| summary.filtered_nodes.clone()).unwrap_or_default(),
            suite: suite(run),
            cases: cases
                .into_iter()
                .map(|ran| CaseDocument {
                    name: CaseName::from(ran.case.as_ref()),
                    status: ran.status.into(),
                    elapsed_seconds: (ran.elapsed.as_secs_f64() * 1e6).round() / 1e6,
                })
                .collect(),
        };
        document.tally();
        document
    }
}

fn left_out(run: &Run) -> Vec<LeftOutDocument> {
    let left_out = run.summary.iter().flat_map(|summary| &summary.left_out);
    let documents = left_out.map(|left_out| LeftOutDocument {
        name: CaseName::from(left_out.case.as_ref()),
        lacking: left_out.lacking.as_str().to_owned(),
        reason: left_out.lacking.to_string(),
    });
    documents.collect()
}

impl From<Status> for CaseStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Passed => Self::Passed,
            Status::Pending => Self::Pending,
            Status::Failed => Self::Failed,
            Status::Broken => Self::Broken,
        }
    }
}

impl From<&ClusterDescription> for ClusterDocument {
    fn from(cluster: &ClusterDescription) -> Self {
        let truth = |is_observed| match (is_observed, cluster.is_real) {
            (false, _) => Truth::NotObserved,
            (true, false) => Truth::Modelled,
            (true, true) => Truth::Real,
        };
        Self {
            name: cluster.name.clone(),
            api: truth(cluster.observations.api),
            kernel: truth(cluster.observations.kernel),
            verified: cluster.verified.clone(),
        }
    }
}

impl From<&Shard> for PartitionDocument {
    fn from(shard: &Shard) -> Self {
        Self {
            by: shard.partition.kind().as_str().to_owned(),
            shards: shard.partition.shards(),
            whole: shard.whole.clone(),
            cases: shard.cases,
            ran: vec![shard.partition.shard()],
        }
    }
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
            status: finding.status().into(),
            cases: cases.into_iter().map(|case| CaseName::from(case.as_ref())).collect(),
            failures: finding.failures.iter().map(FailureDocument::from).collect(),
            evidence: evidence::of(&finding.outcome),
        }
    }
}

fn scenarios(run: &Run) -> Vec<ScenarioDocument> {
    let scenarios = run.scenarios.iter().map(|(id, scenario)| ScenarioDocument {
        id: id.clone(),
        title: scenario.title.clone(),
        file: scenario.file.to_string(),
        requirements: scenario.requirements.clone(),
        outcomes: Vec::new(),
    });
    scenarios.collect()
}

fn requirements(run: &Run) -> Vec<RequirementDocument> {
    let requirements = run.summary.iter().flat_map(|summary| &summary.coverage.requirements);
    let requirements = requirements.map(|(id, requirement)| RequirementDocument {
        id: id.clone(),
        text: requirement.text.clone(),
        kernel: requirement.is_about_kernel,
        states: Vec::new(),
    });
    requirements.collect()
}

fn preconditions(run: &Run) -> Vec<PreconditionDocument> {
    let rows = run.summary.iter().flat_map(|summary| &summary.coverage.preconditions);
    let rows = rows.map(|(row, coverage)| PreconditionDocument {
        feature_gate: row.gate,
        managed_namespace: row.managed_namespace,
        skip_label: !row.unlabelled,
        own_profile: !row.profile_unset,
        creations: coverage.creations,
        mutated: coverage.mutated,
        status: coverage.status.map(CaseStatus::from),
        scenarios: coverage.scenarios.iter().cloned().collect(),
    });
    rows.collect()
}

fn snapshots(run: &Run) -> Snapshots {
    let texts = |files: &[camino::Utf8PathBuf]| files.iter().map(ToString::to_string).collect();
    run.summary.as_ref().map_or_else(Snapshots::default, |summary| Snapshots {
        written: texts(&summary.written_snapshots),
        pending: texts(&summary.pending_snapshots),
        orphans: texts(&summary.orphan_snapshots),
    })
}

fn suite(run: &Run) -> Vec<SuiteScenario> {
    let scenarios = run.summary.iter().flat_map(|summary| &summary.coverage.scenarios);
    let scenario = |(id, scenario): (&String, &ScenarioCoverage)| SuiteScenario {
        scenario: id.clone(),
        requirements: scenario.requirements.clone(),
        applies: scenario
            .applies
            .iter()
            .map(|(kubernetes, gardener)| Applies {
                kubernetes: kubernetes.to_string(),
                gardener: gardener.to_string(),
            })
            .collect(),
    };
    scenarios.map(scenario).collect()
}
