//! What is asked for: a cluster, its nodes and their settings.

use std::{collections::BTreeMap, time::Duration};

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use crate::{
    engine::Engine,
    mark::{Owner, is_word},
    version::KubernetesVersion,
};

/// How long a cluster may live when nobody says otherwise.
const LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a cluster may take to be ready: a pull of an image of a gigabyte is in it.
const START_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The minor whose kubelet first knows `seccompDefault`.
const SECCOMP_DEFAULT_SINCE: u16 = 22;

/// A cluster as it is asked for; [`ClusterRequest::start`] makes it.
///
/// A cluster has one control-plane node, which need not be named, and the workers that are named.
#[derive(Clone, Debug)]
#[must_use = "a request makes no cluster until it is started"]
pub struct ClusterRequest {
    pub(crate) version: KubernetesVersion,
    pub(crate) image: Option<String>,
    pub(crate) nodes: Vec<NodeRequest>,
    pub(crate) feature_gates: BTreeMap<String, bool>,
    pub(crate) runtime_config: BTreeMap<String, String>,
    pub(crate) api_server_arguments: BTreeMap<String, String>,
    pub(crate) kubelet_configuration: Map<String, Value>,
    pub(crate) owner: Owner,
    pub(crate) run: Option<String>,
    pub(crate) lifetime: Duration,
    pub(crate) start_limit: Duration,
    pub(crate) is_retained: bool,
    pub(crate) kubeconfig: Option<Utf8PathBuf>,
    pub(crate) engine: Option<Engine>,
    pub(crate) kind_program: Utf8PathBuf,
}

/// What a node is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Runs etcd and the API server.
    ControlPlane,
    /// Runs Pods.
    Worker,
}

/// A node as it is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct NodeRequest {
    pub(crate) role: Role,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) seccomp_default: bool,
    pub(crate) kubelet_arguments: BTreeMap<String, String>,
    pub(crate) kubelet_feature_gates: BTreeMap<String, bool>,
}

/// A request that no cluster can meet; nothing has been started.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A kubelet that does not know `seccompDefault` is asked to have it on.
    #[error("node {node} asks for seccompDefault, which the kubelet knows from 1.22 on, not in {version}")]
    NoSeccompDefault {
        /// The node's place in the request.
        node: usize,
        /// What it runs.
        version: KubernetesVersion,
    },
    /// More than one control-plane node: kind then adds a load balancer, which cannot carry our mark.
    #[error(
        "{count} control-plane nodes are asked for; a cluster has one, for a load balancer could not be told to be ours"
    )]
    SeveralControlPlanes {
        /// How many.
        count: usize,
    },
    /// The seccomp gate of a node with `seccompDefault` is switched off.
    #[error(
        "node {node} asks for seccompDefault and switches the feature gate SeccompDefault off, so that its kubelet would refuse to start"
    )]
    SeccompDefaultGateOff {
        /// The node's place in the request.
        node: usize,
    },
    /// Neither a pinned image nor one on the machine is of this version.
    #[error("no node image of Kubernetes {version} is pinned or on this machine; name one, or ask for its minor alone")]
    UnknownVersion {
        /// What was asked for.
        version: KubernetesVersion,
    },
    /// The image's tag names another version than the request.
    #[error("node image `{image}` is of Kubernetes {version}, and {wanted} is asked for")]
    OtherVersion {
        /// The image named.
        image: String,
        /// What its tag says.
        version: KubernetesVersion,
        /// What the request says.
        wanted: KubernetesVersion,
    },
    /// A run id that cannot stand in a mark.
    #[error("`{run}` is no run id: lower-case letters, digits and hyphens, no hyphen first or last")]
    InvalidRun {
        /// The run id given.
        run: String,
    },
}

impl ClusterRequest {
    /// Asks for a cluster of one control-plane node.
    pub fn new(version: KubernetesVersion) -> Self {
        Self {
            version,
            image: None,
            nodes: Vec::new(),
            feature_gates: BTreeMap::new(),
            runtime_config: BTreeMap::new(),
            api_server_arguments: BTreeMap::new(),
            kubelet_configuration: Map::new(),
            owner: Owner::default(),
            run: None,
            lifetime: LIFETIME,
            start_limit: START_LIMIT,
            is_retained: false,
            kubeconfig: None,
            engine: None,
            kind_program: "kind".into(),
        }
    }

    /// Uses this node image instead of the pinned one, which [`crate::NODE_IMAGES`] lists.
    pub fn with_image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Adds a node. A control-plane node named here replaces the one that is there by itself.
    pub fn with_node(mut self, node: NodeRequest) -> Self {
        self.nodes.push(node);
        self
    }

    /// Switches a feature gate in every component of the cluster.
    pub fn with_feature_gate(mut self, name: impl Into<String>, is_on: bool) -> Self {
        self.feature_gates.insert(name.into(), is_on);
        self
    }

    /// Switches an API on or off: `api/alpha` and `true`, as kube-apiserver's `--runtime-config` takes it.
    pub fn with_runtime_config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.runtime_config.insert(name.into(), value.into());
        self
    }

    /// Gives kube-apiserver an argument, without its dashes.
    pub fn with_api_server_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.api_server_arguments.insert(name.into(), value.into());
        self
    }

    /// Sets a field of every kubelet's `KubeletConfiguration`.
    pub fn with_kubelet_setting(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.kubelet_configuration.insert(field.into(), value.into());
        self
    }

    /// Says whose the cluster is; an [`crate::Inventory`] of the same owner sees it.
    pub fn with_owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// Names the run that makes the cluster; without it, one is drawn.
    pub fn with_run(mut self, run: impl Into<String>) -> Self {
        self.run = Some(run.into());
        self
    }

    /// Sets after what time [`crate::Inventory::gc`] removes the cluster, counted from its start; two hours without it.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets how long the cluster may take to be ready; 15 minutes without it, for an image may have to be pulled.
    pub fn with_start_limit(mut self, limit: Duration) -> Self {
        self.start_limit = limit;
        self
    }

    /// Lets the cluster outlive its process, until it expires, and takes one that was so left behind where version,
    /// image, nodes and settings are the same.
    ///
    /// A cluster that another living process uses is not taken; another one is made beside it.
    pub fn with_retain(mut self, is_retained: bool) -> Self {
        self.is_retained = is_retained;
        self
    }

    /// Writes the kubeconfig to this file too, which must not exist, or be such a file of an earlier cluster.
    pub fn with_kubeconfig(mut self, file: impl Into<Utf8PathBuf>) -> Self {
        self.kubeconfig = Some(file.into());
        self
    }

    /// Names the container engine; without it, it is found as kind finds it ([`Engine::detect`]).
    pub fn with_engine(mut self, engine: Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Names the program `kind`; without it, it is looked for in the path.
    pub fn with_kind_program(mut self, program: impl Into<Utf8PathBuf>) -> Self {
        self.kind_program = program.into();
        self
    }

    /// The nodes in kind's order of names: the control plane, then the workers as they were added.
    pub(crate) fn all_nodes(&self) -> Vec<NodeRequest> {
        let (mut all, workers): (Vec<_>, Vec<_>) =
            self.nodes.iter().cloned().partition(|node| node.role == Role::ControlPlane);
        if all.is_empty() {
            all.push(NodeRequest::control_plane());
        }
        all.extend(workers);
        all
    }

    /// Whether a cluster of `version` can meet it.
    pub(crate) fn check(&self, version: KubernetesVersion) -> Result<(), RequestError> {
        let nodes = self.all_nodes();
        let count = nodes.iter().filter(|node| node.role == Role::ControlPlane).count();
        if count > 1 {
            return Err(RequestError::SeveralControlPlanes { count });
        }
        for (index, node) in nodes.iter().enumerate().filter(|(_, node)| node.seccomp_default) {
            if version.minor() < SECCOMP_DEFAULT_SINCE {
                return Err(RequestError::NoSeccompDefault { node: index, version });
            }
            let gate = node.kubelet_feature_gates.get("SeccompDefault").or(self.feature_gates.get("SeccompDefault"));
            if gate == Some(&false) {
                return Err(RequestError::SeccompDefaultGateOff { node: index });
            }
        }
        match &self.run {
            Some(run) if !is_word(run) => Err(RequestError::InvalidRun { run: run.clone() }),
            _ => Ok(()),
        }
    }
}

impl NodeRequest {
    /// A node for the control plane.
    pub fn control_plane() -> Self {
        Self::new(Role::ControlPlane)
    }

    /// A node for Pods.
    pub fn worker() -> Self {
        Self::new(Role::Worker)
    }

    fn new(role: Role) -> Self {
        Self {
            role,
            labels: BTreeMap::new(),
            seccomp_default: false,
            kubelet_arguments: BTreeMap::new(),
            kubelet_feature_gates: BTreeMap::new(),
        }
    }

    /// Labels the Node object.
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Lets this node's kubelet run containers that name no seccomp profile with the runtime's default.
    pub fn with_seccomp_default(mut self, is_on: bool) -> Self {
        self.seccomp_default = is_on;
        self
    }

    /// Gives this node's kubelet an argument, without its dashes.
    pub fn with_kubelet_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.kubelet_arguments.insert(name.into(), value.into());
        self
    }

    /// Switches a feature gate in this node's kubelet alone.
    pub fn with_kubelet_feature_gate(mut self, name: impl Into<String>, is_on: bool) -> Self {
        self.kubelet_feature_gates.insert(name.into(), is_on);
        self
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn with_seccomp_default() -> ClusterRequest {
        ClusterRequest::new(KubernetesVersion::new(24)).with_node(NodeRequest::worker().with_seccomp_default(true))
    }

    #[rstest]
    #[case::not_yet_known(21, Err(RequestError::NoSeccompDefault { node: 1, version: KubernetesVersion::new(21) }))]
    #[case::alpha(22, Ok(()))]
    #[case::ga(36, Ok(()))]
    fn accepts_seccomp_default_from_1_22_on(#[case] minor: u16, #[case] outcome: Result<(), RequestError>) {
        assert_eq!(with_seccomp_default().check(KubernetesVersion::new(minor)), outcome);
    }

    #[test]
    fn rejects_a_kubelet_that_would_not_start() {
        let request = with_seccomp_default().with_feature_gate("SeccompDefault", false);
        let outcome = request.check(KubernetesVersion::new(24));
        assert_eq!(outcome, Err(RequestError::SeccompDefaultGateOff { node: 1 }));
    }

    #[test]
    fn rejects_a_second_control_plane() {
        let node = NodeRequest::control_plane;
        let request = ClusterRequest::new(KubernetesVersion::new(36)).with_node(node()).with_node(node());
        let outcome = request.check(KubernetesVersion::new(36));
        assert_eq!(outcome, Err(RequestError::SeveralControlPlanes { count: 2 }));
    }

    #[test]
    fn rejects_a_run_that_fits_no_path() {
        let outcome = with_seccomp_default().with_run("a/b").check(KubernetesVersion::new(24));
        assert_eq!(outcome, Err(RequestError::InvalidRun { run: "a/b".to_owned() }));
    }
}
