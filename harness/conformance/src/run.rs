//! A run: plan, execution of all cases in parallel, verdicts, events.

mod clusters;
mod driver;
mod order;
mod recording;
mod shared;
mod source;
mod stage;
mod webhook;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher as _, RandomState},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use seccomp_scenario::VersionRange;
use tokio::sync::{OnceCell, mpsc::UnboundedSender};
use tokio_util::sync::CancellationToken;

pub use self::webhook::WebhookKind;
use self::{
    clusters::Clusters,
    driver::{Driven, Driver},
    recording::Recording,
    shared::Shared,
};
use crate::{
    case::Case,
    cluster::{control_plane::settings::ControlPlaneSettings, kubeconfig::KubeconfigSettings},
    coverage::Coverage,
    event::{Event, Summary},
    image::{Archive, HarnessImage},
    needs::Abilities,
    plan::{Plan, PlanError},
    snapshot::{SnapshotBook, SnapshotMode},
    suite::{Selection, Suite},
    verdict::Failure,
    webhook::LocalWebhooks,
};

/// A run that could not be: nothing was run, or its surroundings failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The selection is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A mutant that is not known was selected.
    #[error("unknown mutant `{name}`")]
    UnknownMutant {
        /// What was selected.
        name: String,
    },
    /// A webhook that these clusters cannot run, or that is not told what it must be told.
    #[error("test webhook `{webhook}`: {problem}")]
    UnfitWebhook {
        /// The webhook.
        webhook: String,
        /// What is wrong, and what to do about it.
        problem: String,
    },
    /// A node image whose minor nobody can tell.
    #[error("node image `{image}`: its tag names no Kubernetes version that is known; select one minor for it")]
    UnknownNodeImage {
        /// The image.
        image: String,
    },
    /// Two things of which there is to be one a minor.
    #[error("both `{one}` and `{other}` are of Kubernetes {minor}; name one of them")]
    SameMinor {
        /// The minor.
        minor: Minor,
        /// What was named first.
        one: String,
        /// What was named after it.
        other: String,
    },
    /// Minors were selected that there is no cluster of: that they were not run shall not pass for a run.
    #[error("run on Kubernetes {range}: there is no cluster of it, but of {}", there.iter().map(Minor::to_string).collect::<Vec<_>>().join(", "))]
    NoCluster {
        /// What was selected.
        range: VersionRange,
        /// The minors that there are clusters of.
        there: Vec<Minor>,
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
    let mode = options.snapshot_mode;
    let prepared = Prepared::new(suite, options, mode != SnapshotMode::Accept, mode != SnapshotMode::Check).await?;
    let finished = prepared.run(suite, options, events.clone()).await;
    let left_behind = prepared.shared.clusters.shutdown().await;
    let (driven, plan) = finished;
    let mut summary = driven.summary;
    summary.filtered_nodes = prepared.shared.clusters.filtered_nodes();
    summary.left_behind.extend(left_behind);
    summary.left_out.clone_from(&plan.left_out);
    if let Err(error) = keep_snapshots(&mut summary, &driven.recording, &prepared, options) {
        // There is no summary to tell it.
        for left in &summary.left_behind {
            tracing::warn!(left, "left behind");
        }
        return Err(error);
    }
    let summary = Arc::new(summary);
    // Who does not listen does not want to know.
    let _ = events.send(Event::RunFinished(Arc::clone(&summary)));
    Ok(summary)
}

/// Writes snapshots as far as they are to be written, and notes in `summary` which need a decision.
fn keep_snapshots(
    summary: &mut Summary,
    recording: &Recording,
    prepared: &Prepared,
    options: &RunOptions,
) -> Result<(), RunError> {
    let (book, universes) = (&prepared.shared.book, &prepared.plan.universes);
    if options.snapshot_mode != SnapshotMode::Check {
        let snapshots = recording.snapshots(book, universes, &prepared.shared.seen_platform());
        summary.written_snapshots =
            recording::write(book, &snapshots, options.snapshot_mode).map_err(infrastructure("written snapshots"))?;
    }
    let book = SnapshotBook::read(&options.snapshots).map_err(infrastructure("snapshots"))?;
    summary.orphan_snapshots = book.orphans(universes);
    summary.pending_snapshots = book.pending().to_vec();
    Ok(())
}

/// What a run saw, without a comparison with snapshots.
#[derive(Debug)]
pub struct Observed {
    /// Everything that does not hold, by case.
    pub failures: Vec<(Arc<Case>, Vec<Failure>)>,
    /// The snapshots as they would be after this run, the platform's included: by name, and by the minor from which on
    /// each holds.
    pub snapshots: BTreeMap<String, BTreeMap<Minor, String>>,
}

/// Runs the selected cases and says what their snapshots would be, for whoever compares them otherwise.
///
/// The platform's parts are seen anew, so that they can be compared too; snapshots of what was not selected are not
/// among the result.
///
/// # Errors
/// See [`RunError`].
pub async fn observe(suite: &Suite, options: &RunOptions) -> Result<Observed, RunError> {
    let prepared = Prepared::new(suite, options, false, true).await?;
    let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (driven, plan) = prepared.run(suite, options, events).await;
    prepared.shared.clusters.shutdown().await;
    let mut failures = Vec::new();
    while let Some(event) = told.recv().await {
        if let Event::CaseFinished(finished) = event
            && !finished.verdict.is_passed()
        {
            failures.push((finished.case, finished.verdict.failures));
        }
    }
    let snapshots =
        driven.recording.snapshots(&prepared.shared.book, &plan.universes, &prepared.shared.seen_platform());
    Ok(Observed { failures, snapshots })
}

/// A run that can begin.
struct Prepared {
    shared: Arc<Shared>,
    plan: Plan,
}

impl Prepared {
    async fn new(suite: &Suite, options: &RunOptions, is_compared: bool, is_kept: bool) -> Result<Self, RunError> {
        options.webhook.check_fit(&options.cluster)?;
        options.webhook.check_reachable(&options.cluster).await?;
        let mutant = options.webhook.mutant()?;
        let selection = options.webhook.selection(&options.selection).await?;
        let upstream = options.webhook.upstream()?;
        let local = match &options.cluster {
            ClusterKind::Kubeconfig(settings) => LocalWebhooks::at(settings.listen, mutant, upstream),
            _ => LocalWebhooks::new(mutant, upstream),
        };
        let local = local.map_err(infrastructure("certificate"))?;
        let book = SnapshotBook::read(&options.snapshots).map_err(infrastructure("snapshots"))?;
        let supplies = source::Supplies {
            run: draw_run(),
            local: Arc::new(local),
            mutant,
            webhook: options.webhook.clone(),
            archive: Archive::new(options.image.clone()),
            keeps_evidence: options.artifacts.is_some(),
            webhook_images: options.webhook.images(&selection),
            profiles: localhost_profiles(suite),
        };
        let clusters = Clusters::prepare(options, supplies).await?;
        let minors = clusters.minors();
        let plan = check_minors(&selection, &minors)
            .and_then(|()| Ok(Plan::new(suite, &selection, &minors, clusters.abilities())?));
        let mut plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                // A cluster that exists is given back by whoever has it.
                for left in clusters.shutdown().await {
                    tracing::warn!(left, "left behind");
                }
                return Err(error);
            }
        };
        clusters.plan(&mut plan.cases).await;
        let minors: BTreeSet<Minor> = plan.cases.iter().map(|planned| planned.case.minor).collect();
        let recorded = book.platform();
        // What is recorded anew is compared with nothing older.
        // A cluster that exists may give any Pod more than its minor does, which is no matter of a scenario.
        let is_seen = is_kept || matches!(options.cluster, ClusterKind::Kubeconfig(_));
        let parts = |minor: Minor| if is_seen { OnceCell::new() } else { OnceCell::new_with(Some(recorded.at(minor))) };
        let platform = minors.into_iter().map(|minor| (minor, parts(minor))).collect();
        Ok(Self {
            shared: Arc::new(Shared {
                clusters,
                book,
                platform,
                is_compared,
                is_kept,
                artifacts: options.artifacts.clone(),
                cancellation: options.cancellation.child_token(),
            }),
            plan,
        })
    }

    async fn run(&self, suite: &Suite, options: &RunOptions, events: UnboundedSender<Event>) -> (Driven, &Plan) {
        let cases = self.plan.cases.clone();
        let releases: BTreeSet<_> = cases.iter().map(|planned| planned.release).collect();
        let scenarios: BTreeSet<_> = cases.iter().map(|planned| &planned.case.scenario).collect();
        let minors: BTreeSet<_> = cases.iter().map(|planned| planned.case.minor).collect();
        // Who does not listen does not want to know.
        let _ = events.send(Event::RunStarted {
            cluster: self.shared.clusters.description(),
            webhook: options.webhook.to_string(),
            scenarios: scenarios.len(),
            cases: cases.len(),
            left_out: self.plan.left_out.len(),
            minors: minors.into_iter().collect(),
            gardener: releases.iter().map(ToString::to_string).collect(),
            shard: self.plan.shard.clone(),
        });
        let driver = Driver {
            parallel: options.parallel.map_or_else(|| default_parallel(&options.cluster), NonZeroUsize::get),
            fail_fast: options.fail_fast,
            cancellation: options.cancellation.clone(),
            events,
        };
        (driver.run(&self.shared, cases, Coverage::new(suite)).await, &self.plan)
    }
}

/// Twice the processors: while one case waits for its webhook, another one runs. Where it waits for kubelets, four times.
fn default_parallel(cluster: &ClusterKind) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    match cluster {
        ClusterKind::Simulated | ClusterKind::ControlPlane { .. } => 2 * processors,
        ClusterKind::Kind(_) | ClusterKind::Kubeconfig(_) => 4 * processors,
    }
}

/// Eight letters that hardly any other run draws.
fn draw_run() -> String {
    format!("{:08x}", RandomState::new().hash_one(std::process::id()) >> 32)
}

/// The files below the kubelets' seccomp folder that any scenario asks for.
fn localhost_profiles(suite: &Suite) -> BTreeSet<String> {
    let instances = suite.scenarios.iter().flat_map(|scenario| &scenario.instances);
    instances.flat_map(|instance| instance.given.node.localhost_profiles.iter().cloned()).collect()
}

fn infrastructure<E: std::error::Error + Send + Sync + 'static>(what: &str) -> impl FnOnce(E) -> RunError {
    let what = what.to_owned();
    move |source| RunError::Infrastructure { what, source: Box::new(source) }
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
    /// Where the image of probe and webhook comes from.
    pub image: HarnessImage,
    /// What happens to snapshots that differ or lack.
    pub snapshot_mode: SnapshotMode,
    /// How many cases run at the same time; by default twice as many as the machine has processors, and four times as many
    /// where kubelets are waited for.
    pub parallel: Option<NonZeroUsize>,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// The folder for what helps to understand a failure on a real cluster: logs of it and of its API server.
    pub artifacts: Option<Utf8PathBuf>,
    /// How control planes are run.
    pub control_plane: ControlPlaneSettings,
    /// Ends the run when it is cancelled: cases that run are dropped, events and summary say what was done.
    pub cancellation: CancellationToken,
}

impl RunOptions {
    /// A run of every scenario on simulated clusters, with the reference webhook, compared with the snapshots below
    /// `snapshots`.
    pub fn new(snapshots: impl Into<Utf8PathBuf>) -> Self {
        Self {
            snapshots: snapshots.into(),
            selection: Selection::default(),
            cluster: ClusterKind::Simulated,
            webhook: WebhookKind::Reference,
            image: HarnessImage::default(),
            snapshot_mode: SnapshotMode::Check,
            parallel: None,
            fail_fast: false,
            artifacts: None,
            control_plane: ControlPlaneSettings::default(),
            cancellation: CancellationToken::new(),
        }
    }
}

/// That each range of minors has one that there is.
fn check_minors(selection: &Selection, there: &[Minor]) -> Result<(), RunError> {
    let has_cluster = |range: &VersionRange| there.iter().any(|minor| range.contains(minor.number().into()));
    match selection.ranges.iter().find(|range| !has_cluster(range)) {
        Some(range) => Err(RunError::NoCluster { range: *range, there: there.to_vec() }),
        None => Ok(()),
    }
}

/// The cases that a run of `selection` on simulated clusters has, in their order.
///
/// # Errors
/// See [`PlanError`].
pub fn cases(suite: &Suite, selection: &Selection) -> Result<Vec<Arc<Case>>, PlanError> {
    let plan = Plan::new(suite, selection, &Minor::all().collect::<Vec<_>>(), Abilities::ALL)?;
    Ok(plan.cases.into_iter().map(|planned| planned.case).collect())
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
    /// A kind cluster for each minor.
    Kind(KindSettings),
    /// A cluster that exists.
    Kubeconfig(KubeconfigSettings),
}

/// How kind clusters are made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KindSettings {
    /// Node images that are used instead of the public ones, each for the minor that its tag names.
    pub node_images: Vec<String>,
    /// Whether the clusters stay for the next run.
    pub is_kept: bool,
    /// After what time a cluster is nobody's.
    pub lifetime: Option<Duration>,
}
