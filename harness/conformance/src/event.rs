//! All that a reporter may know of a run, as it happens.

use std::{sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use kube_simulator::Minor;

use crate::{
    case::Case,
    cluster::Observations,
    coverage::Coverage,
    needs::LeftOut,
    outcome::Outcome,
    partition::Shard,
    verdict::{Status, Verdict},
};

/// Something that happened in a run.
///
/// The first is [`Event::RunStarted`], the last [`Event::RunFinished`], in every run, also in one that was cancelled.
/// A case's event comes as soon as it is done, in no fixed order; each scenario's after its last case's.
#[derive(Clone, Debug)]
pub enum Event {
    /// The plan stands.
    RunStarted {
        /// What is run on.
        cluster: ClusterDescription,
        /// The webhook under test: `reference`, `gardener-resource-manager`, `url` or `mutant:NAME`.
        webhook: String,
        /// How many scenarios have at least one case.
        scenarios: usize,
        /// How many cases there are.
        cases: usize,
        /// How many cases were selected besides, and are not run since the cluster has not what they need.
        left_out: usize,
        /// The minors that the cases are for, oldest first.
        minors: Vec<Minor>,
        /// The Gardener releases that the cases are for, oldest first.
        gardener: Vec<String>,
        /// Which shard of a larger run this is.
        shard: Option<Shard>,
    },
    /// A case ran, or broke on its way.
    CaseFinished(CaseFinished),
    /// Every case of a scenario is done.
    ScenarioFinished {
        /// The scenario's id.
        scenario: String,
        /// The scenario's file, as it was named when it was read.
        file: Utf8PathBuf,
        /// The scenario's title.
        title: String,
        /// The requirements that the scenario names.
        requirements: Vec<String>,
        /// How many cases it had.
        cases: usize,
        /// The worst status of its cases.
        status: Status,
    },
    /// Nothing more comes.
    RunFinished(Arc<Summary>),
}

/// A case, what was seen of it, and the verdict.
#[derive(Clone, Debug)]
pub struct CaseFinished {
    /// The case.
    pub case: Arc<Case>,
    /// What was seen; as far as it came when the verdict is [`Status::Broken`].
    pub outcome: Arc<Outcome>,
    /// Whether everything holds.
    pub verdict: Verdict,
    /// The time from the start of its cluster to its verdict.
    pub elapsed: Duration,
}

/// The cluster that a run is on, for readers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClusterDescription {
    /// `simulated`, `control-plane`, `kind` or `kubeconfig`.
    pub name: String,
    /// What can be seen there.
    pub observations: Observations,
    /// Whether what is seen is Kubernetes' own doing; else it is modelled.
    pub is_real: bool,
    /// How far what is modelled was compared with real API servers, in words.
    pub verified: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How many cases were planned.
    pub planned: usize,
    /// The cases that were selected and not planned, since the cluster has not what they need.
    pub left_out: Vec<LeftOut>,
    /// How many cases passed.
    pub passed: usize,
    /// How many cases failed.
    pub failed: usize,
    /// How many cases only lack a reviewed snapshot.
    pub pending: usize,
    /// How many cases could not be run to their end.
    pub broken: usize,
    /// Whether the run ended before its last case, and why.
    pub ended_early: Option<EndedEarly>,
    /// Snapshots that no scenario has any more, below the snapshots' folder.
    pub orphan_snapshots: Vec<Utf8PathBuf>,
    /// Snapshots that wait for review (`.snap.new`), below the snapshots' folder.
    pub pending_snapshots: Vec<Utf8PathBuf>,
    /// Snapshots that this run wrote, below the snapshots' folder.
    pub written_snapshots: Vec<Utf8PathBuf>,
    /// What could not be taken away again from clusters, in words.
    pub left_behind: Vec<String>,
    /// Nodes that the machine filters themselves, so that modes are what comes to it, in words: which node, and what a
    /// container sees there that is explicitly Unconfined.
    pub filtered_nodes: Vec<String>,
    /// Requirements by minor and release, and the truth table of preconditions.
    pub coverage: Coverage,
    /// The time from plan to end.
    pub elapsed: Duration,
}

/// Why a run ended before its last case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EndedEarly {
    /// It was cancelled from outside.
    Cancelled,
    /// A case failed and the run was asked to stop at the first one.
    FailedFast,
}

impl Summary {
    /// How many cases ran.
    pub const fn finished(&self) -> usize {
        self.passed + self.failed + self.pending + self.broken
    }
}
