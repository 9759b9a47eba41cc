//! A real cluster that many cases share, with its one registration.

use std::sync::{Arc, PoisonError};

use camino::Utf8Path;
use tokio::sync::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use super::clusters::platform_parts;
use crate::{
    artifacts::write_all,
    cluster::{Cluster, ClusterError, control_plane::ControlPlane, kubeconfig::Existing, live::LiveCluster},
    error::chain,
    execute::{Executed, execute},
    plan::Planned,
    snapshot::PlatformParts,
    verdict::Failure,
    webhook::{InForce, Registrar, Webhooks},
};

/// A real cluster that many cases share.
#[derive(Debug)]
pub(super) struct Stage {
    cluster: RealCluster,
    registrar: Registrar,
    /// What was done to a cluster that was there before.
    existing: Option<Arc<Existing>>,
    /// The nodes that the machine filters themselves, in words.
    filtered_nodes: Vec<String>,
    /// What cases could not undo, where the cluster is there after the run.
    not_undone: std::sync::Mutex<Vec<String>>,
}

/// What it is.
#[derive(Debug)]
pub(super) enum RealCluster {
    /// An API server by itself.
    ControlPlane(Mutex<ControlPlane>),
    /// One with nodes, nothing once it has ended; it goes with all that is in it, unless it is kept for the next run.
    Live { cluster: RwLock<Option<LiveCluster>>, is_kept: bool },
}

impl Stage {
    /// Prepares `cluster` for cases, whose webhook is one of `webhooks`.
    pub(super) async fn new(cluster: RealCluster, webhooks: Webhooks) -> Result<Self, ClusterError> {
        let (api, in_force, within, filtered_nodes) = match &cluster {
            RealCluster::ControlPlane(plane) => {
                let case = plane.lock().await.for_case();
                (case.api().clone(), InForce::prepare(&case).await?, case.namespace_label(), Vec::new())
            }
            RealCluster::Live { cluster, .. } => {
                let cluster = cluster.read().await;
                let cluster = running(cluster.as_ref())?;
                let case = cluster.for_any_node()?;
                (case.api().clone(), InForce::prepare(&case).await?, case.namespace_label(), cluster.filtered_nodes())
            }
        };
        let registrar = Registrar::new(api, webhooks, Some(in_force)).within(within);
        Ok(Self { cluster, registrar, existing: None, filtered_nodes, not_undone: std::sync::Mutex::default() })
    }

    /// The same in a cluster that was there before, which it gives back in the end.
    pub(super) fn in_existing(mut self, existing: Arc<Existing>) -> Self {
        self.existing = Some(existing);
        self
    }

    /// The nodes that the machine filters themselves, in words.
    pub(super) fn filtered_nodes(&self) -> &[String] {
        &self.filtered_nodes
    }

    /// Runs one case, beside others.
    pub(super) async fn execute(&self, planned: &Planned, cancellation: &CancellationToken) -> Executed {
        let executed = self.execute_case(planned, cancellation).await;
        if self.outlives_run() {
            // The namespaces of cases are looked after once more in the end.
            let lasting = executed.not_undone.iter().filter(|one| !one.is_own_namespace);
            self.not_undone().extend(lasting.map(|one| one.what.clone()));
        }
        executed
    }

    fn outlives_run(&self) -> bool {
        self.existing.is_some() || matches!(&self.cluster, RealCluster::Live { is_kept: true, .. })
    }

    fn not_undone(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.not_undone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn execute_case(&self, planned: &Planned, cancellation: &CancellationToken) -> Executed {
        match &self.cluster {
            RealCluster::ControlPlane(plane) => {
                let plane = plane.lock().await;
                let (case, mut logs) = (plane.for_case(), plane.bookmark());
                // Other cases run beside this one.
                drop(plane);
                logs.note(self.registrar.log_files().await);
                let executed = execute(&case, planned, &self.registrar, cancellation).await;
                // The first case starts its webhook.
                logs.note_new(self.registrar.log_files().await);
                Executed { logs: Some(logs), ..executed }
            }
            RealCluster::Live { cluster, .. } => {
                let cluster = cluster.read().await;
                match running(cluster.as_ref()).and_then(|cluster| cluster.for_case(planned.case.node)) {
                    Ok(case) => execute(&case, planned, &self.registrar, cancellation).await,
                    Err(error) => {
                        let failures = vec![Failure::Infrastructure { message: chain(&error) }];
                        Executed { failures, ..Executed::default() }
                    }
                }
            }
        }
    }

    /// What a Pod that asks for nothing is given here.
    pub(super) async fn platform(&self) -> Result<PlatformParts, ClusterError> {
        match &self.cluster {
            RealCluster::ControlPlane(plane) => {
                let case = plane.lock().await.for_case();
                platform_parts(&case).await
            }
            RealCluster::Live { cluster, .. } => {
                let cluster = cluster.read().await;
                platform_parts(&running(cluster.as_ref())?.for_any_node()?).await
            }
        }
    }

    /// Ends it, and says what is left behind; its logs go to the folder before.
    pub(super) async fn shutdown(&self, logs: Option<&Utf8Path>) -> Vec<String> {
        let mut left = std::mem::take(&mut *self.not_undone());
        left.extend(self.end(logs).await);
        left
    }

    async fn end(&self, logs: Option<&Utf8Path>) -> Vec<String> {
        if let Some(existing) = &self.existing {
            return self.give_back(existing, logs).await;
        }
        match &self.cluster {
            RealCluster::ControlPlane(plane) => {
                // With the control plane everything in it is gone.
                plane.lock().await.shutdown().await;
                self.registrar.forget().await;
                Vec::new()
            }
            RealCluster::Live { cluster, is_kept } => match cluster.write().await.take() {
                Some(cluster) => {
                    if let Some(folder) = logs {
                        self.collect(&cluster, folder).await;
                    }
                    self.end_live(cluster, *is_kept).await
                }
                None => Vec::new(),
            },
        }
    }

    /// Takes everything of ours away: first the registration, for nothing else in the cluster may wait for a webhook that ends.
    async fn give_back(&self, existing: &Existing, logs: Option<&Utf8Path>) -> Vec<String> {
        if let RealCluster::Live { cluster, .. } = &self.cluster
            && let Some(cluster) = cluster.write().await.take()
            && let Some(folder) = logs
        {
            self.collect(&cluster, folder).await;
        }
        let mut left = Vec::new();
        left.extend(self.registrar.unregister().await.err().map(|error| chain(&error)));
        self.registrar.forget().await;
        left.extend(existing.remove(&self.registrar.created()).await);
        left.extend(existing.restore().await);
        left
    }

    /// Writes the logs of webhooks, kubelets and API server; what cannot be had makes a failure no worse.
    async fn collect(&self, cluster: &LiveCluster, folder: &Utf8Path) {
        let logs = self.registrar.logs().await;
        let logs: Vec<_> = logs.into_iter().map(|(name, log)| (format!("{name}.log"), log)).collect();
        if let Err(error) = write_all(folder, &logs) {
            tracing::warn!(%error, %folder, "could not write the webhooks' logs");
        }
        if let Some(kind) = &cluster.kind
            && let Err(error) = kind.export_logs(folder).await
        {
            tracing::warn!(%error, %folder, "could not export all logs of the nodes");
        }
    }

    async fn end_live(&self, cluster: LiveCluster, is_kept: bool) -> Vec<String> {
        let mut left = Vec::new();
        if is_kept {
            // Before the webhook ends: nothing else in the cluster may wait for it.
            left.extend(self.registrar.unregister().await.err().map(|error| chain(&error)));
            match cluster.remove_namespaces(false).await {
                Ok(namespaces) => left.extend(namespaces.into_iter().map(|name| format!("namespace `{name}`"))),
                Err(error) => left.push(format!("namespaces: {}", chain(&error))),
            }
        }
        if let Some(kind) = cluster.kind {
            let name = kind.name().to_owned();
            left.extend(kind.shutdown().await.err().map(|error| format!("cluster `{name}`: {}", chain(&error))));
        }
        left
    }
}

fn running(cluster: Option<&LiveCluster>) -> Result<&LiveCluster, ClusterError> {
    cluster.ok_or_else(|| ClusterError::Unable { what: "run on a cluster that has ended".to_owned() })
}
