//! What is known of a run so far.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use camino::Utf8PathBuf;
use seccomp_conformance::{
    Case, CaseFinished, ClusterDescription, EndedEarly, Event, Failure, Minor, Observations, Outcome, Shard, Status,
    Summary,
};

use crate::document::{Problem, ProblemKind};

/// What is known of a run so far: its events, folded.
///
/// Of a case that passed, only its name and status are kept; of one that did not, all that was seen.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What was run on, once the run has started.
    pub cluster: Option<ClusterDescription>,
    /// The webhook under test, `reference` or `mutant:NAME`; empty until the run has started.
    pub webhook: String,
    /// How the clusters and the webhook were reached: flags that are repeated where a case is to be run again.
    pub flags: Vec<String>,
    /// How many cases the plan has.
    pub planned: usize,
    /// The minors that the plan has cases for.
    pub minors: Vec<Minor>,
    /// The Gardener releases that the plan has cases for.
    pub gardener: Vec<String>,
    /// Which shard of a larger run it is.
    pub shard: Option<Shard>,
    /// What ended the run that is none of its cases' doing.
    pub problem: Option<Problem>,
    /// Each scenario that has a finished case, by its id.
    pub scenarios: BTreeMap<String, ScenarioFold>,
    /// Everything that does not hold, cases alike together.
    pub findings: Vec<Finding>,
    /// Every finished case, in the order in which they finished.
    pub cases: Vec<RanCase>,
    /// What the run came to; nothing as long as it goes on, and where it was aborted.
    pub summary: Option<Arc<Summary>>,
}

/// A case that finished.
#[derive(Clone, Debug)]
pub struct RanCase {
    /// The case.
    pub case: Arc<Case>,
    /// What it came to.
    pub status: Status,
    /// The time that it took.
    pub elapsed: Duration,
}

/// What is known of one scenario.
#[derive(Clone, Debug, Default)]
pub struct ScenarioFold {
    /// The scenario's title.
    pub title: String,
    /// The scenario's file, as it was named when it was read.
    pub file: Utf8PathBuf,
    /// The requirements that it names.
    pub requirements: Vec<String>,
    /// How many of its cases came to which status, by minor.
    pub minors: BTreeMap<Minor, BTreeMap<Status, usize>>,
}

/// Cases of one scenario in which the very same things do not hold.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The cases; the first is the one that `outcome` is of.
    pub cases: Vec<Arc<Case>>,
    /// What does not hold.
    pub failures: Vec<Failure>,
    /// What was seen in the first case.
    pub outcome: Arc<Outcome>,
}

/// A run in one word, from best to worst.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RunVerdict {
    /// Every case passed, and nothing else is wrong.
    Passed,
    /// There was no case.
    NothingSelected,
    /// Every expectation holds, and snapshots wait for review.
    Pending,
    /// A case failed, or a snapshot has no scenario.
    Failed,
    /// A case could not be run to its end.
    Broken,
    /// The run ended before it came to its end.
    Cancelled,
}

impl Run {
    /// A run that was asked for and has not begun: its reports tell which one it would have been.
    ///
    /// `flags` are those that reach its clusters and its webhook, but for `--cluster` and `--webhook` themselves.
    pub fn requested(cluster: &str, webhook: &str, minors: Vec<Minor>, flags: Vec<String>) -> Self {
        let observations = Observations { api: false, kernel: false };
        let cluster = ClusterDescription { name: cluster.to_owned(), observations, is_real: false, verified: None };
        Self { cluster: Some(cluster), webhook: webhook.to_owned(), minors, flags, ..Self::default() }
    }

    /// Takes one more event in.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { cluster, webhook, cases, minors, gardener, shard, .. } => {
                self.cluster = Some(cluster.clone());
                self.webhook.clone_from(webhook);
                self.planned = *cases;
                self.minors.clone_from(minors);
                self.gardener.clone_from(gardener);
                self.shard.clone_from(shard);
            }
            Event::CaseFinished(finished) => self.finish_case(finished),
            Event::ScenarioFinished { .. } => {}
            Event::RunFinished(summary) => self.summary = Some(Arc::clone(summary)),
        }
    }

    fn finish_case(&mut self, finished: &CaseFinished) {
        let case = &finished.case;
        let status = finished.verdict.status();
        let scenario = self.scenarios.entry(case.scenario.clone()).or_insert_with(|| ScenarioFold {
            title: case.title.clone(),
            file: case.file.clone(),
            requirements: case.requirements.clone(),
            minors: BTreeMap::new(),
        });
        *scenario.minors.entry(case.minor).or_default().entry(status).or_default() += 1;
        self.cases.push(RanCase { case: Arc::clone(case), status, elapsed: finished.elapsed });
        if finished.verdict.is_passed() {
            return;
        }
        let alike = self.findings.iter_mut().find(|finding| {
            finding.scenario() == case.scenario && are_alike(&finding.failures, &finished.verdict.failures)
        });
        match alike {
            // The oldest case is shown, so that a report does not depend on which one finished first.
            Some(finding) if finding.cases.first().is_some_and(|first| order(case) < order(first)) => {
                finding.cases.insert(0, Arc::clone(case));
                finding.failures.clone_from(&finished.verdict.failures);
                finding.outcome = Arc::clone(&finished.outcome);
            }
            Some(finding) => finding.cases.push(Arc::clone(case)),
            None => self.findings.push(Finding {
                cases: vec![Arc::clone(case)],
                failures: finished.verdict.failures.clone(),
                outcome: Arc::clone(&finished.outcome),
            }),
        }
    }

    /// How many cases came to `status`.
    pub fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|ran| ran.status == status).count()
    }

    /// The findings in the order of their first cases.
    pub fn sorted_findings(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_cached_key(|finding| finding.cases.first().map(|case| order(case)));
        findings
    }

    /// The run in one word.
    pub fn verdict(&self) -> RunVerdict {
        let worst = self.cases.iter().map(|ran| ran.status).max();
        let summary = self.summary.as_deref();
        let cancelled = match summary {
            Some(summary) => summary.ended_early == Some(EndedEarly::Cancelled),
            // A run that never had a plan was not interrupted either.
            None => self.planned > 0,
        };
        let orphans = summary.is_some_and(|summary| !summary.orphan_snapshots.is_empty());
        let pending = summary.is_some_and(|summary| !summary.pending_snapshots.is_empty());
        match self.problem.as_ref().map(|problem| problem.kind) {
            Some(ProblemKind::Incomplete) => return RunVerdict::Cancelled,
            Some(ProblemKind::Usage | ProblemKind::Infrastructure) => return RunVerdict::Broken,
            None => {}
        }
        match worst {
            _ if cancelled => RunVerdict::Cancelled,
            Some(Status::Broken) => RunVerdict::Broken,
            Some(Status::Failed) => RunVerdict::Failed,
            _ if orphans => RunVerdict::Failed,
            Some(Status::Pending) => RunVerdict::Pending,
            _ if pending => RunVerdict::Pending,
            Some(Status::Passed) => RunVerdict::Passed,
            None => RunVerdict::NothingSelected,
        }
    }
}

impl ScenarioFold {
    /// Minors with the worst status that the scenario has there, worst first.
    pub fn by_status(&self) -> Vec<(Status, BTreeSet<Minor>)> {
        let mut folded: BTreeMap<Status, BTreeSet<Minor>> = BTreeMap::new();
        for (minor, statuses) in &self.minors {
            if let Some((worst, _)) = statuses.last_key_value() {
                folded.entry(*worst).or_default().insert(*minor);
            }
        }
        folded.into_iter().rev().collect()
    }

    /// How many cases it had on `minors`, and how many of them came to `status`.
    pub fn counts(&self, minors: &BTreeSet<Minor>, status: Status) -> (usize, usize) {
        let of = self.minors.iter().filter(|(minor, _)| minors.contains(minor));
        of.fold((0, 0), |(all, with), (_, statuses)| {
            (all + statuses.values().sum::<usize>(), with + statuses.get(&status).copied().unwrap_or(0))
        })
    }
}

impl Finding {
    /// The scenario's id.
    pub fn scenario(&self) -> &str {
        self.cases.first().map_or("", |case| case.scenario.as_str())
    }

    /// The worst of what does not hold.
    pub fn status(&self) -> Status {
        self.failures.iter().map(Failure::status).max().unwrap_or(Status::Passed)
    }
}

/// Whether two cases have the same thing wrong with them.
///
/// The same difference to two sections of a snapshot, or to two snapshots, is one finding.
fn are_alike(left: &[Failure], right: &[Failure]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Failure::SnapshotDiffered { diff: left, .. }, Failure::SnapshotDiffered { diff: right, .. }) => {
                left == right
            }
            (Failure::SnapshotMissing { .. }, Failure::SnapshotMissing { .. }) => true,
            (left, right) => left == right,
        })
}

/// By what cases are ordered in every report: which of them finishes first is chance.
pub(crate) fn order(case: &Case) -> impl Ord + use<> {
    (case.scenario.clone(), case.minor, case.gardener.clone(), case.parameters_label(), case.node)
}
