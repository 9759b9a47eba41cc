//! Kubernetes in this process: fresh for each case.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kube_simulator::{Minor, NodeProfile, SimulatorRequest};
use seccomp_scenario::Node;

use super::{Cluster, ClusterError, NODE_LABEL};
use crate::{
    api::Api,
    case::NodeSetting,
    event::Observations,
    probe::{PROBE_IMAGE, SimulatedProbe},
};

/// The node that the case is about; masked in snapshots, so unlike any other text.
const NODE: &str = "node-of-the-case";
/// The namespace that is made for the case; masked in snapshots as well.
const NAMESPACE: &str = "namespace-of-the-case";

/// A simulated cluster of one case.
pub(crate) struct SimulatedCluster {
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
        Self { api }
    }
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
