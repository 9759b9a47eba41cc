//! A run: plan, execution of all cases in parallel, verdicts, events.

use std::{collections::BTreeMap, fmt, num::NonZeroUsize, sync::Arc};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use seccomp_scenario::Scenario;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::{
    case::Case,
    event::{Event, Summary},
};

/// The scenarios of a run, and the requirements that they are to test.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// The scenarios, in the order of their files.
    pub scenarios: Vec<Arc<Scenario>>,
    /// What each requirement says, by its id.
    pub requirements: BTreeMap<String, String>,
}

/// A run that could not be: nothing was run, or its surroundings failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The selection leaves no case.
    #[error("no case is selected")]
    NothingSelected,
    /// A Gardener release that is not known was selected.
    #[error("unknown Gardener release `{release}`: {oldest} to {newest} are known")]
    UnknownRelease {
        /// What was selected.
        release: String,
        /// The oldest that is known.
        oldest: String,
        /// The newest that is known.
        newest: String,
    },
    /// A mutant that is not known was selected.
    #[error("unknown mutant `{name}`")]
    UnknownMutant {
        /// What was selected.
        name: String,
    },
    /// What all cases share could not be set up or taken down.
    #[error("set up {what}")]
    Infrastructure {
        /// What was to be set up.
        what: String,
        /// Why it was not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Runs the selected cases and says what happens in `events`.
///
/// # Errors
/// See [`RunError`]; a case that fails or breaks is no error but an event.
///
/// # Cancel safety
/// Dropping the future ends everything that it started; cancelling [`RunOptions::cancellation`] does so too and still
/// gives a summary of what was done.
pub async fn run(
    suite: &Suite,
    options: &RunOptions,
    events: UnboundedSender<Event>,
) -> Result<Arc<Summary>, RunError> {
    let _ = (suite, options, events);
    Err(RunError::NothingSelected)
}

/// What shall be run, where and how.
#[derive(Clone, Debug)]
#[must_use]
pub struct RunOptions {
    /// The folder of the snapshots.
    pub snapshots: Utf8PathBuf,
    /// Which cases.
    pub selection: Selection,
    /// On what.
    pub cluster: ClusterKind,
    /// The webhook under test.
    pub webhook: WebhookKind,
    /// What happens to snapshots that differ or lack.
    pub snapshot_mode: SnapshotMode,
    /// How many cases run at the same time; by default as many as the machine has processors, and a few more.
    pub parallel: Option<NonZeroUsize>,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Ends the run when it is cancelled: cases that run are dropped, events and summary say what was done.
    pub cancellation: CancellationToken,
}

/// Which cases of all scenarios run; an empty list selects all.
#[derive(Clone, Default)]
pub struct Selection {
    /// Files or folders below the scenarios' folder.
    pub paths: Vec<Utf8PathBuf>,
    /// Requirement ids; a scenario is selected when it names one of them.
    pub requirements: Vec<String>,
    /// Kubernetes minors.
    pub minors: Vec<Minor>,
    /// Gardener releases, `1.149`; without any, each scenario runs on the releases that it is about.
    pub gardener: Vec<String>,
    /// What else must hold of a case.
    pub predicate: Option<Predicate>,
}

/// Says of a case whether it is wanted.
pub type Predicate = Arc<dyn Fn(&Case) -> bool + Send + Sync>;

impl fmt::Debug for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Selection")
            .field("paths", &self.paths)
            .field("requirements", &self.requirements)
            .field("minors", &self.minors)
            .field("gardener", &self.gardener)
            .field("predicate", &self.predicate.is_some())
            .finish()
    }
}

/// What the cases run on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClusterKind {
    /// Kubernetes in this process.
    Simulated,
    /// A real etcd and kube-apiserver for each minor.
    ControlPlane {
        /// Folders as `KUBEBUILDER_ASSETS` names them, one for each minor.
        assets: Vec<Utf8PathBuf>,
    },
}

/// The webhook under test.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum WebhookKind {
    /// Our own, with the documented behaviour.
    #[default]
    Reference,
    /// Our own, broken in one way.
    Mutant(String),
}

/// What happens to snapshots that differ or lack.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SnapshotMode {
    /// They fail the run, and no file is touched.
    #[default]
    Check,
    /// They fail the run, and what was seen is written beside them as `.snap.new`, for review.
    WritePending,
    /// What was seen becomes the snapshot.
    Accept,
}
