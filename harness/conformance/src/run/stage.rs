//! A real cluster that many cases share, with its one registration.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use serde_json::json;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    ClusterKind, RunError,
    clusters::{create, platform_parts},
};
use crate::{
    cluster::{Cluster, ClusterError, control_plane::ControlPlane},
    execute::{Executed, chain, execute},
    plan::Planned,
    snapshot::PlatformParts,
    webhook::{InForce, LocalWebhooks, Registrar},
};

/// How long a registration may take until the API server acts on it: it learns of it by a watch.
const IN_FORCE_LIMIT: Duration = Duration::from_secs(30);

/// What a cluster is started from.
#[derive(Debug)]
pub(super) struct Source {
    kind: SourceKind,
    webhooks: Arc<LocalWebhooks>,
}

#[derive(Debug)]
enum SourceKind {
    /// A folder with the programs.
    ControlPlane(Utf8PathBuf),
}

impl Source {
    /// What there is, by minor.
    pub(super) async fn all(
        kind: &ClusterKind,
        webhooks: &Arc<LocalWebhooks>,
    ) -> Result<BTreeMap<Minor, Self>, RunError> {
        let mut sources = BTreeMap::new();
        let source = |kind| Self { kind, webhooks: Arc::clone(webhooks) };
        match kind {
            ClusterKind::Simulated => {}
            ClusterKind::ControlPlane { assets } => {
                for folder in assets {
                    let minor = ControlPlane::minor_in(folder).await.map_err(|source| RunError::Infrastructure {
                        what: format!("control plane of `{folder}`"),
                        source: Box::new(source),
                    })?;
                    sources.insert(minor, source(SourceKind::ControlPlane(folder.clone())));
                }
            }
        }
        Ok(sources)
    }

    pub(super) async fn start(&self) -> Result<Stage, ClusterError> {
        let cluster = match &self.kind {
            SourceKind::ControlPlane(folder) => {
                RealCluster::ControlPlane(Mutex::new(ControlPlane::start(folder).await?))
            }
        };
        let (api, in_force) = match &cluster {
            RealCluster::ControlPlane(plane) => {
                let case = plane.lock().await.for_case();
                (case.api().clone(), readiness(&case).await?)
            }
        };
        let registrar = Registrar::new(api, Arc::clone(&self.webhooks), Some(in_force));
        Ok(Stage { cluster, registrar })
    }
}

/// Makes the namespace in which it is seen that a registration is in force.
async fn readiness<C: Cluster>(cluster: &C) -> Result<InForce, ClusterError> {
    let namespace = cluster.namespace().to_owned();
    // Selected by Gardener's registrations of every release.
    let labels = json!({"gardener.cloud/role": "shoot"});
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}});
    create(cluster, "/api/v1/namespaces".to_owned(), object).await?;
    cluster.namespace_created(&namespace).await?;
    Ok(InForce { namespace, limit: IN_FORCE_LIMIT })
}

#[derive(Debug)]
enum RealCluster {
    ControlPlane(Mutex<ControlPlane>),
}

/// A real cluster that many cases share.
#[derive(Debug)]
pub(super) struct Stage {
    cluster: RealCluster,
    registrar: Registrar,
}

impl Stage {
    /// Runs one case, beside others.
    pub(super) async fn execute(&self, planned: &Planned, cancellation: &CancellationToken) -> Executed {
        match &self.cluster {
            RealCluster::ControlPlane(plane) => {
                let case = plane.lock().await.for_case();
                execute(&case, planned, &self.registrar, cancellation).await
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
        }
    }

    /// Ends it, and says what is left behind.
    pub(super) async fn shutdown(&self) -> Vec<String> {
        let mut left = Vec::new();
        // Before the webhook ends: nothing else in the cluster may wait for it.
        if let Err(error) = self.registrar.shutdown().await {
            left.push(format!("the webhook's registration: {}", chain(&error)));
        }
        match &self.cluster {
            RealCluster::ControlPlane(plane) => {
                plane.lock().await.shutdown().await;
                // With the control plane everything in it is gone.
                left.clear();
            }
        }
        left
    }
}
