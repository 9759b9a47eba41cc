//! The clusters of a run.

use std::{collections::BTreeMap, sync::Arc};

use kube_simulator::Minor;
use seccomp_scenario::Node;
use tokio::sync::Mutex;

use super::{ClusterKind, RunError};
use crate::{
    api::Call,
    case::NodeSetting,
    cluster::{Cluster, ClusterError, control_plane::ControlPlane, simulated::SimulatedCluster},
    event::{ClusterDescription, Observations},
    plan::Planned,
    probe::PROBE_IMAGE,
    snapshot::{Masks, Moment, PlatformParts},
};

/// The clusters of a run.
#[derive(Debug)]
pub(super) enum Clusters {
    /// One for each case, started with it.
    Simulated,
    /// One for each minor; a case has it for itself.
    ControlPlanes(BTreeMap<Minor, Arc<Mutex<ControlPlane>>>),
}

impl Clusters {
    /// Starts what cases share.
    pub(super) async fn start(kind: &ClusterKind) -> Result<Self, RunError> {
        let ClusterKind::ControlPlane { assets } = kind else {
            return Ok(Self::Simulated);
        };
        let started = assets.iter().map(|folder| async move {
            let plane = ControlPlane::start(folder).await;
            plane.map_err(|source| RunError::Infrastructure {
                what: format!("control plane of `{folder}`"),
                source: Box::new(source),
            })
        });
        let started = futures::future::try_join_all(started).await?;
        let by_minor = started.into_iter().map(|plane| (plane.minor(), Arc::new(Mutex::new(plane))));
        Ok(Self::ControlPlanes(by_minor.collect()))
    }

    /// The minors that there are, oldest first.
    pub(super) fn minors(&self) -> Vec<Minor> {
        match self {
            Self::Simulated => Minor::all().collect(),
            Self::ControlPlanes(planes) => planes.keys().copied().collect(),
        }
    }

    pub(super) fn observations(&self) -> Observations {
        Observations { api: true, kernel: matches!(self, Self::Simulated) }
    }

    pub(super) fn description(&self) -> ClusterDescription {
        let name = match self {
            Self::Simulated => "simulated",
            Self::ControlPlanes(_) => "control-plane",
        };
        let is_real = !matches!(self, Self::Simulated);
        ClusterDescription { name: name.to_owned(), observations: self.observations(), is_real }
    }

    /// The simulated cluster of a case.
    pub(super) fn simulated(planned: &Planned) -> SimulatedCluster {
        SimulatedCluster::start(planned.case.minor, &planned.instance().given.node, planned.case.node)
    }

    /// What `minor` gives a Pod that asks for nothing.
    pub(super) async fn platform(&self, minor: Minor) -> Result<PlatformParts, RunError> {
        let parts = match self {
            Self::Simulated => {
                let node = Node { seccomp_default: vec![false], localhost_profiles: std::collections::BTreeSet::new() };
                platform_parts(&SimulatedCluster::start(minor, &node, NodeSetting::default())).await
            }
            Self::ControlPlanes(planes) => match planes.get(&minor) {
                Some(plane) => platform_parts(&plane.lock().await.for_case()).await,
                None => Ok(PlatformParts::default()),
            },
        };
        parts.map_err(|source| RunError::Infrastructure {
            what: format!("platform of Kubernetes {minor}"),
            source: Box::new(source),
        })
    }

    /// Ends what was started.
    pub(super) async fn shutdown(&self) {
        if let Self::ControlPlanes(planes) = self {
            for plane in planes.values() {
                plane.lock().await.shutdown().await;
            }
        }
    }
}

async fn platform_parts<C: Cluster>(cluster: &C) -> Result<PlatformParts, ClusterError> {
    let namespace = cluster.namespace();
    let object = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    create(cluster, "/api/v1/namespaces".to_owned(), object).await?;
    cluster.namespace_created(namespace).await?;
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asks-for-nothing"},
        "spec": {"containers": [{"name": "main", "image": PROBE_IMAGE}]},
    });
    let stored = create(cluster, format!("/api/v1/namespaces/{namespace}/pods"), pod).await?;
    cluster.remove_namespace(namespace).await?;
    let masks = Masks::of_case(namespace, cluster.node(), "");
    Ok(PlatformParts::of(&masks.apply(&stored, Moment::Creation)))
}

async fn create<C: Cluster>(
    cluster: &C,
    path: String,
    object: serde_json::Value,
) -> Result<serde_json::Value, ClusterError> {
    let answer = cluster.api().call(Call::post(path.as_str(), object)).await?;
    if answer.is_success() {
        return Ok(answer.body);
    }
    let message = answer.message().unwrap_or_default().to_owned();
    Err(ClusterError::Refused { what: format!("create in `{path}`"), code: answer.code, message })
}
