//! Kubernetes in this process: fresh for each case.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kube_simulator::{Minor, NodeError, NodeProfile, Simulator, SimulatorRequest};
use seccomp_scenario::Node;
use serde_json::Value;

use super::{
    Cluster, ClusterError, Observations,
    names::{NODE, NODE_LABEL},
};
use crate::{
    api::Api,
    case::NodeSetting,
    probe::{PROBE_IMAGE, SimulatedProbe},
};

/// The namespace that is made for the case; masked in snapshots as well.
const NAMESPACE: &str = "namespace-of-the-case";

/// A simulated cluster of one case.
pub(crate) struct SimulatedCluster {
    simulator: Simulator,
    api: Api,
}

impl SimulatedCluster {
    /// Starts a cluster whose one node is as the case wants it.
    pub(crate) fn start(minor: Minor, node: &Node, setting: NodeSetting) -> Self {
        let profile = NodeProfile {
            name: NODE.to_owned(),
            labels: BTreeMap::from([(NODE_LABEL.to_owned(), NODE.to_owned())]),
            seccomp_default: setting.seccomp_default,
            localhost_profiles: node.localhost_profiles.clone(),
        };
        let simulator =
            SimulatorRequest::new(minor).with_node(profile).with_program(PROBE_IMAGE, Arc::new(SimulatedProbe)).start();
        let api = Api::new(kube::Client::new(simulator.service(), "default"));
        Self { simulator, api }
    }
}

fn failed(what: impl FnOnce() -> String) -> impl FnOnce(NodeError) -> ClusterError {
    |source| ClusterError::Start { what: what(), source: Box::new(source) }
}

impl Cluster for SimulatedCluster {
    fn api(&self) -> &Api {
        &self.api
    }

    fn observations(&self) -> Observations {
        Observations { api: true, kernel: true }
    }

    fn node(&self) -> &str {
        NODE
    }

    fn namespace(&self) -> &str {
        NAMESPACE
    }

    fn outlives_case(&self) -> bool {
        false
    }

    /// A simulated cluster has done what it does of itself when a request is answered.
    fn reaction_limit(&self) -> Duration {
        Duration::ZERO
    }

    async fn write_static_pod(&self, file: &str, manifest: &Value) -> Result<(), ClusterError> {
        let written = self.simulator.write_static_pod(NODE, file, manifest).await;
        written.map_err(failed(|| format!("write static Pod `{file}`")))
    }

    async fn remove_static_pod(&self, file: &str) -> Result<(), ClusterError> {
        let removed = self.simulator.remove_static_pod(NODE, file).await;
        removed.map_err(failed(|| format!("remove static Pod `{file}`")))
    }

    async fn set_seccomp_default(&self, seccomp_default: bool) -> Result<(), ClusterError> {
        let set = self.simulator.set_seccomp_default(NODE, seccomp_default);
        set.map_err(failed(|| "set the kubelet's seccompDefault".to_owned()))
    }

    async fn namespace_created(&self, _namespace: &str) -> Result<(), ClusterError> {
        Ok(())
    }

    /// A simulated cluster is at rest between two requests.
    async fn settle(&self, _namespace: &str) -> Result<(), ClusterError> {
        Ok(())
    }

    /// The cluster goes with the case.
    async fn remove_namespace(&self, _namespace: &str) -> Result<(), ClusterError> {
        Ok(())
    }
}
