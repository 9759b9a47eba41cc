//! A cluster that exists: everything of ours in it is taken away again, and its kubeconfig is only read.
//!
//! Three things keep the harness from the cluster's other users. It makes Pods in namespaces of its own alone. The webhook is
//! registered for namespaces with [`MARK`] alone, on top of what Gardener's registration says. And one run at a time has the
//! cluster, by a namespace that is its lock.

mod access;
mod leftover;
mod lock;
mod nodes;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use camino::Utf8PathBuf;
use kube_simulator::Minor;
use serde_json::json;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    ClusterError,
    control_plane::ControlPlane,
    kind::request::node_of,
    live::{LiveCluster, LiveNode},
    names::{NODE, NODE_LABEL},
    wait_until,
};
use crate::{
    api::{Api, Call, MERGE_PATCH, expect_success},
    error::chain,
    outcome::Answer,
};

/// How often it is looked whether something is gone.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long that may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Which cluster, and what it may be given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KubeconfigSettings {
    /// The file; without it as kubectl finds it.
    pub file: Option<Utf8PathBuf>,
    /// The context in it; without it the current one.
    pub context: Option<String>,
    /// An image with the harness's executable that the nodes have or can pull; without it no container is observed, and no
    /// webhook deployed.
    pub image: Option<String>,
    /// The address of this machine at which the API server finds webhooks that are not deployed.
    pub listen: IpAddr,
}

impl Default for KubeconfigSettings {
    fn default() -> Self {
        Self { file: None, context: None, image: None, listen: Ipv4Addr::LOCALHOST.into() }
    }
}

/// A cluster that exists, locked for this run, and what was changed in it.
#[derive(Debug)]
pub(crate) struct Existing {
    api: Api,
    minor: Minor,
    run: String,
    kubeconfig: String,
    /// The image that nodes have; nothing where there are no nodes.
    image: Option<String>,
    /// A node for each setting of the kubelet's `seccompDefault` that was seen; one for both where none was looked at; none
    /// where there are no nodes.
    nodes: BTreeMap<bool, LiveNode>,
    changes: Mutex<Changes>,
}

/// What was changed in the cluster.
#[derive(Debug, Default)]
struct Changes {
    is_locked: bool,
    labelled: Vec<String>,
}

impl Existing {
    /// Reaches the cluster, locks it, and looks at its version and nodes; where our image is named, it is run on them.
    ///
    /// When `cancellation` is cancelled it looks no further, and gives the cluster back.
    pub(crate) async fn find(
        settings: &KubeconfigSettings,
        run: &str,
        cancellation: &CancellationToken,
    ) -> Result<Self, ClusterError> {
        let (client, kubeconfig) = access::client(settings).await?;
        let api = Api::new(client);
        let minor = access::minor(&api).await?;
        let candidates = nodes::candidates(&api).await?;
        lock::take(&api, candidates.is_empty()).await?;
        let changes = Mutex::new(Changes { is_locked: true, ..Changes::default() });
        let image = settings.image.clone().filter(|_| !candidates.is_empty());
        let mut existing = Self { api, minor, run: run.to_owned(), kubeconfig, image, nodes: BTreeMap::new(), changes };
        let looked = tokio::select! {
            biased;
            () = cancellation.cancelled() => Err(ClusterError::Cancelled),
            looked = existing.look(&candidates) => looked,
        };
        match looked {
            Ok(nodes) => {
                existing.nodes = nodes;
                Ok(existing)
            }
            Err(error) => {
                for left in existing.restore().await {
                    tracing::warn!(left, "left behind");
                }
                Err(error)
            }
        }
    }

    async fn look(&self, candidates: &[String]) -> Result<BTreeMap<bool, LiveNode>, ClusterError> {
        lock::refuse_registered(&self.api).await?;
        // Namespaces of its own: those of cases are counted anew.
        let live = self.live(BTreeMap::new(), &format!("{}-nodes", self.run));
        let named = |name: &String| LiveNode { name: name.clone(), label: name.clone(), baseline: None };
        match (candidates, &self.image) {
            (candidates, Some(_)) => nodes::measure(&live, candidates).await,
            ([first, ..], None) => Ok([false, true].map(|setting| (setting, named(first))).into()),
            ([], None) => Ok(BTreeMap::new()),
        }
    }

    pub(crate) fn minor(&self) -> Minor {
        self.minor
    }

    /// The API server.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The kubeconfig for a program of this machine: the one context of the user's.
    pub(crate) fn kubeconfig(&self) -> &str {
        &self.kubeconfig
    }

    /// The image with our executable that its nodes have.
    pub(crate) fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    pub(crate) fn has_nodes(&self) -> bool {
        !self.nodes.is_empty()
    }

    /// Whether cases about a kubelet with this `seccompDefault` can be run: on a node that has it, or where no container is
    /// observed.
    pub(crate) fn serves(&self, seccomp_default: bool) -> bool {
        self.image.is_none() || self.nodes.contains_key(&seccomp_default)
    }

    fn live(&self, nodes: BTreeMap<bool, LiveNode>, run: &str) -> LiveCluster {
        LiveCluster::new(self.api.clone(), self.minor, nodes, run).of_others(self.image.as_deref())
    }

    /// The cluster with nodes for cases, labelled so that Pods find them.
    pub(crate) async fn with_nodes(&self) -> Result<LiveCluster, ClusterError> {
        let mut nodes = self.nodes.clone();
        for (setting, node) in &mut nodes {
            // Unlike the label of any other run; one node may have to serve for both settings.
            let label = if self.image.is_some() { node_of(*setting) } else { "any" };
            node.label = format!("{label}-{}", self.run);
            // Before it is changed: one change too many is undone by nothing.
            self.changes.lock().await.labelled.push(node.name.clone());
            let patch = json!({"metadata": {"labels": {NODE_LABEL: node.label}}});
            let call = Call::patch(format!("/api/v1/nodes/{}", node.name), MERGE_PATCH, patch);
            expect_success(|| format!("label node `{}`", node.name), self.api.call(call).await?)?;
        }
        Ok(self.live(nodes, &self.run))
    }

    /// The API server without nodes for cases, with a Node object that Pods are bound to.
    pub(crate) async fn without_nodes(&self) -> Result<ControlPlane, ClusterError> {
        self.changes.lock().await.labelled.push(NODE.to_owned());
        ControlPlane::existing(self.api.clone(), self.minor, &self.run).await
    }

    /// Takes away what was put into the cluster by these paths, the last one first; gives what is left of it.
    pub(crate) async fn remove(&self, paths: &[String]) -> Vec<String> {
        let mut left = Vec::new();
        for path in paths.iter().rev() {
            let removed = leftover::remove(&self.api, path, !self.has_nodes()).await;
            left.extend(removed.err().map(|error| format!("`{path}`: {}", chain(&error))));
        }
        for path in paths {
            let is_gone = |answer: &Answer| answer.code == 404;
            let what = format!("see `{path}` gone");
            let gone = wait_until(&self.api, what, Call::get(path.as_str()), (INTERVAL, LIMIT), is_gone).await;
            left.extend(gone.err().map(|error| chain(&error)));
        }
        left
    }

    /// Makes the cluster what it was before this run, but for its webhooks; gives what is left. A second time it does nothing.
    pub(crate) async fn restore(&self) -> Vec<String> {
        let mut changes = self.changes.lock().await;
        let Changes { is_locked, labelled } = std::mem::take(&mut *changes);
        if !is_locked {
            return Vec::new();
        }
        let mut left = match leftover::namespaces(&self.api, Some(&self.run)).await {
            Ok(paths) => self.remove(&paths).await,
            Err(error) => vec![format!("namespaces: {}", chain(&error))],
        };
        for name in labelled {
            let restored = leftover::restore_node(&self.api, &name).await;
            left.extend(restored.err().map(|error| format!("node `{name}`: {}", chain(&error))));
        }
        // Last of all: until then nobody else shall have the cluster.
        left.extend(self.remove(&[lock::path()]).await);
        left
    }
}
