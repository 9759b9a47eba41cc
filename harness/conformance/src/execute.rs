//! A case becomes an outcome: the cluster is prepared, the steps are made, and what came of them is read.

mod ledger;
mod looks;
mod namespace;
mod node;
mod object;
mod observe;
mod registration;
mod step;
mod workload;

use std::future::Future;

use seccomp_scenario::{Action, Instance};
use seccomp_webhook::Labels;
use tokio_util::sync::CancellationToken;

pub(crate) use self::ledger::NotUndone;
use self::{ledger::Ledger, object::Made};
use crate::{
    api::{ApiError, Refused, is_cluster_scoped},
    cluster::{Cluster, ClusterError, control_plane::logs::Bookmark},
    coverage::Preconditions,
    error::chain,
    outcome::{Outcome, Review},
    plan::Planned,
    snapshot::Masks,
    verdict::Failure,
    webhook::{HostError, Lease, RegisterError, Registrar},
};

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Executed {
    /// What was seen, as far as it came.
    pub(crate) outcome: Outcome,
    /// The names of this case that snapshots do not show.
    pub(crate) masks: Masks,
    /// What is wrong whatever the scenario expects: contradictions, steps that had to succeed, a broken case.
    pub(crate) failures: Vec<Failure>,
    /// What the cluster tells of the case beyond that, by the names of files.
    pub(crate) evidence: Vec<(&'static str, String)>,
    /// Each Pod that was created: which preconditions it met, and whether the webhook changed it.
    pub(crate) creations: Vec<(Preconditions, bool)>,
    /// Where the cluster's logs stood when the case began, where it has some.
    pub(crate) logs: Option<Bookmark>,
    /// What the case could not undo; it is among the failures too.
    pub(crate) not_undone: Vec<NotUndone>,
}

/// What keeps a case from running to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExecuteError {
    #[error("call the API server")]
    Api(#[from] ApiError),
    #[error("use the cluster")]
    Cluster(#[from] ClusterError),
    #[error("register the webhook")]
    Registration(#[from] RegisterError),
    #[error("use the webhook")]
    Webhook(#[from] HostError),
    #[error("come to the end before the run is cancelled")]
    Cancelled,
    #[error("leave the cluster as it was: {}", what.join("; "))]
    LeftBehind { what: Vec<String> },
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Runs one case on `cluster`, which is left as it was found.
///
/// When `cancellation` is cancelled, it stops where it is and cleans up.
pub(crate) async fn execute<C: Cluster>(
    cluster: &C,
    planned: &Planned,
    registrar: &Registrar,
    cancellation: &CancellationToken,
) -> Executed {
    let instance = planned.instance();
    // Before anything is prepared: a case that waits for its registration stands in nobody's way.
    let lease = registrar.lease(planned.release, instance.given.is_gate_on(), is_exclusive(instance));
    let lease = match until(cancellation, lease).await {
        Ok(lease) => lease,
        Err(error) => return Executed { failures: vec![broken(&error)], ..Executed::default() },
    };
    let mut execution = Execution::new(cluster, planned, lease);
    if let Err(error) = until(cancellation, execution.run()).await {
        execution.executed.failures.push(broken(&error));
    }
    execution.executed.evidence = cluster.evidence(&execution.namespace).await;
    if let Err(error) = execution.clean_up().await {
        execution.executed.failures.push(broken(&error));
    }
    execution.executed
}

/// What `future` comes to, unless it is cancelled before.
async fn until<T, E: Into<ExecuteError>>(
    cancellation: &CancellationToken,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, ExecuteError> {
    tokio::select! {
        biased;
        () = cancellation.cancelled() => Err(ExecuteError::Cancelled),
        result = future => result.map_err(Into::into),
    }
}

/// Whether a case needs the cluster for itself: it changes what other cases see.
pub(crate) fn is_exclusive(instance: &Instance) -> bool {
    // A namespace with a name of its own is there once, and so is an object that stands in none.
    instance.given.namespace.name.is_some()
        || instance.when.iter().any(|step| match &step.action {
            // The first changes the registration, the second every Pod on the node.
            Action::FeatureGates(_) | Action::Kubelet { .. } => true,
            Action::Create(object) => object.get("kind").and_then(|kind| kind.as_str()).is_some_and(is_cluster_scoped),
            _ => false,
        })
}

fn broken(error: &ExecuteError) -> Failure {
    Failure::Infrastructure { message: chain(error) }
}

/// A case on its way.
struct Execution<'a, C> {
    cluster: &'a C,
    planned: &'a Planned,
    lease: Lease<'a>,
    gate: bool,
    /// The namespace of objects that name none.
    namespace: String,
    /// The namespace whose labels were asked for last, and those labels, until a step is about a namespace.
    namespace_labels: Option<(String, Labels)>,
    made: Vec<Made>,
    ledger: Ledger,
    /// What the webhook was asked about objects that no step is about yet.
    waiting_reviews: Vec<Review>,
    executed: Executed,
}

impl<'a, C: Cluster> Execution<'a, C> {
    fn new(cluster: &'a C, planned: &'a Planned, lease: Lease<'a>) -> Self {
        let given = &planned.instance().given;
        let masks = Masks::of_case(cluster.namespace(), cluster.node(), lease.url())
            .with_node_label(cluster.node_label())
            .with_image(cluster.image());
        Self {
            cluster,
            planned,
            lease,
            gate: given.is_gate_on(),
            namespace: given.namespace.name.clone().unwrap_or_else(|| cluster.namespace().to_owned()),
            namespace_labels: None,
            made: Vec::new(),
            ledger: Ledger::default(),
            waiting_reviews: Vec::new(),
            executed: Executed { masks, ..Executed::default() },
        }
    }

    async fn run(&mut self) -> Result<(), ExecuteError> {
        self.prepare_namespace().await?;
        let planned = self.planned;
        for step in &planned.instance().when {
            self.step(step).await?;
        }
        self.observe().await
    }

    /// Takes everything away again, where the cluster outlives the case.
    async fn clean_up(&mut self) -> Result<(), ExecuteError> {
        if !self.cluster.outlives_case() {
            return Ok(());
        }
        let not_undone = std::mem::take(&mut self.ledger).undo(self.cluster).await;
        if not_undone.is_empty() {
            return Ok(());
        }
        let what = not_undone.iter().map(|one| one.what.clone()).collect();
        self.executed.not_undone = not_undone;
        Err(ExecuteError::LeftBehind { what })
    }
}
