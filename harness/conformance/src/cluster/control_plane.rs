//! A real etcd and a real kube-apiserver, as envtest starts them: no nodes, no controllers.
//!
//! Where a case needs what a controller, the scheduler or a kubelet would write (a default ServiceAccount, a Pod's node,
//! the end of a deletion), the harness writes it. Containers are not observed.

mod arguments;
mod controllers;
mod credentials;
pub(crate) mod leftover;
pub(crate) mod logs;
mod processes;
pub(crate) mod program;
pub(crate) mod settings;
pub(crate) mod supervise;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use camino::Utf8Path;
use kube_simulator::{Minor, NodeProfile, SimulatorRequest};
use serde_json::{Value, json};

use self::{
    logs::Bookmark,
    processes::{Processes, Started},
    settings::{ControlPlaneSettings, Programs},
};
use super::{
    Cluster, ClusterError, Observations,
    names::{MARK, NODE, NODE_LABEL, PREFIX},
};
use crate::{
    api::{Api, Call, Refused},
    outcome::Answer,
};

/// How long the API server may take to show what it has done, or will do of itself.
const LIMIT: Duration = Duration::from_secs(30);
/// The namespaces that a Pod can be created in without one being made.
const OWN_NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

/// A running control plane; what it consists of ends when it is dropped.
pub(crate) struct ControlPlane {
    minor: Minor,
    api: Api,
    authority: Arc<str>,
    kubeconfig: String,
    /// Nothing where somebody else runs it.
    processes: Option<Processes>,
    /// What the names of its cases' namespaces begin with.
    prefix: String,
    cases: Arc<AtomicUsize>,
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ControlPlane").field("minor", &self.minor).finish_non_exhaustive()
    }
}

impl ControlPlane {
    /// The minor of the programs in `assets`, laid out as `KUBEBUILDER_ASSETS` expects.
    pub(crate) async fn minor_in(assets: &Utf8Path, settings: &ControlPlaneSettings) -> Result<Minor, ClusterError> {
        processes::version(&Programs::find(assets, settings)?).await
    }

    /// Starts the programs in `assets` and waits until they are ready.
    pub(crate) async fn start(assets: &Utf8Path, settings: &ControlPlaneSettings) -> Result<Self, ClusterError> {
        let programs = Programs::find(assets, settings)?;
        let minor = processes::version(&programs).await?;
        let Started { processes, client, authority, kubeconfig } = Processes::start(&programs, settings).await?;
        let plane = Self {
            minor,
            api: Api::new(client),
            authority: Arc::from(authority),
            kubeconfig,
            processes: Some(processes),
            prefix: "namespace-of-case-".to_owned(),
            cases: Arc::default(),
        };
        futures::future::try_join_all(OWN_NAMESPACES.map(|namespace| plane.prepare(namespace))).await?;
        create_node(&plane.api).await?;
        Ok(plane)
    }

    /// An API server without nodes that somebody else runs, for `run`; its own namespaces are left alone.
    pub(crate) async fn existing(api: Api, minor: Minor, run: &str) -> Result<Self, ClusterError> {
        create_node(&api).await?;
        let (authority, kubeconfig) = (Arc::from(""), String::new());
        let prefix = format!("{PREFIX}{run}-");
        Ok(Self { minor, api, authority, kubeconfig, processes: None, prefix, cases: Arc::default() })
    }

    /// Waits until the API server has made `namespace`, and fills it.
    async fn prepare(&self, namespace: &str) -> Result<(), ClusterError> {
        let call = Call::get(format!("/api/v1/namespaces/{namespace}"));
        wait_until(&self.api, format!("see namespace `{namespace}`"), call, Answer::is_success).await?;
        controllers::fill_namespace(&self.api, self.minor, namespace, &self.authority).await
    }

    /// Its own minor.
    pub(crate) fn minor(&self) -> Minor {
        self.minor
    }

    /// The control plane as the next case sees it, in a namespace of its own.
    pub(crate) fn for_case(&self) -> ControlPlaneCase {
        let number = self.cases.fetch_add(1, Ordering::Relaxed);
        ControlPlaneCase {
            minor: self.minor,
            api: self.api.clone(),
            authority: Arc::clone(&self.authority),
            namespace: format!("{}{number}", self.prefix),
            namespace_label: self.processes.is_none().then_some(MARK),
        }
    }

    /// The API server itself.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The kubeconfig for a program beside it.
    pub(crate) fn kubeconfig(&self) -> &str {
        &self.kubeconfig
    }

    /// Where its logs stand now.
    pub(crate) fn bookmark(&self) -> Bookmark {
        self.processes.as_ref().map(Processes::bookmark).unwrap_or_default()
    }

    /// Ends both programs, where they are its own.
    pub(crate) async fn shutdown(&mut self) {
        if let Some(processes) = &mut self.processes {
            processes.shutdown().await;
        }
    }
}

/// Makes the Node object that Pods are bound to.
async fn create_node(api: &Api) -> Result<(), ClusterError> {
    let metadata = json!({"name": NODE, "labels": {NODE_LABEL: NODE}});
    create(api, "/api/v1/nodes", json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata})).await
}

/// Does what the namespace controller does: empties a namespace, then ends it.
pub(crate) async fn empty_and_end(api: &Api, namespace: &str) -> Result<(), ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}");
    for resource in ["pods", "serviceaccounts", "secrets", "configmaps", "services"] {
        let collection = Call::delete(format!("{path}/{resource}")).with("gracePeriodSeconds", "0");
        api.call(collection).await?;
    }
    let deleted = api.call(Call::delete(path.as_str())).await?;
    if deleted.is_success() && deleted.body.pointer("/spec/finalizers").is_some() {
        let mut namespace = deleted.body;
        namespace["spec"]["finalizers"] = json!([]);
        api.call(Call::put(format!("{path}/finalize"), namespace)).await?;
    }
    Ok(())
}

/// Makes `call` until its answer is as `is_so` wants it.
async fn wait_until(api: &Api, what: String, call: Call, is_so: impl Fn(&Answer) -> bool) -> Result<(), ClusterError> {
    super::wait_until(api, what, call, (processes::INTERVAL, LIMIT), is_so).await.map(drop)
}

/// A control plane, as one case sees it.
pub(crate) struct ControlPlaneCase {
    minor: Minor,
    api: Api,
    authority: Arc<str>,
    namespace: String,
    namespace_label: Option<&'static str>,
}

impl ControlPlaneCase {
    /// The same, of a simulated API server on which nothing acts either.
    pub(crate) async fn simulated(minor: Minor, namespace: &str) -> Result<Self, ClusterError> {
        let authority: Arc<str> = Arc::from("");
        let node = NodeProfile {
            name: NODE.to_owned(),
            labels: BTreeMap::from([(NODE_LABEL.to_owned(), NODE.to_owned())]),
            seccomp_default: false,
            localhost_profiles: BTreeSet::new(),
        };
        let simulator = SimulatorRequest::new(minor).with_node(node).without_controllers().start();
        let api = Api::new(kube::Client::new(simulator.service(), "default"));
        for namespace in OWN_NAMESPACES {
            controllers::fill_namespace(&api, minor, namespace, &authority).await?;
        }
        Ok(Self { minor, api, namespace: namespace.to_owned(), authority, namespace_label: None })
    }

    async fn pods(&self, namespace: &str) -> Result<Vec<Value>, ClusterError> {
        let mut list = self.api.call(Call::get(format!("/api/v1/namespaces/{namespace}/pods"))).await?.body;
        Ok(list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default())
    }

    /// Binds `pod` to the node, as the scheduler does.
    async fn bind(&self, namespace: &str, pod: &str) -> Result<(), ClusterError> {
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        });
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
        create(&self.api, &format!("{path}/binding"), binding).await?;
        // A deletion starts from the API server's cache. While that does not know the node yet, the Pod counts as one
        // that no kubelet has to stop, and is granted no time.
        let call = Call::get(path).with("resourceVersion", "0");
        let is_bound = |answer: &Answer| answer.body.pointer("/spec/nodeName").is_some();
        wait_until(&self.api, format!("see Pod `{pod}` bound"), call, is_bound).await
    }

    /// Ends the deletion of `pod`, as the kubelet does.
    async fn end(&self, namespace: &str, pod: &str) -> Result<(), ClusterError> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
        self.api.call(Call::delete(path).with("gracePeriodSeconds", "0")).await?;
        Ok(())
    }
}

impl Cluster for ControlPlaneCase {
    fn api(&self) -> &Api {
        &self.api
    }

    fn observations(&self) -> Observations {
        Observations { api: true, kernel: false }
    }

    fn node(&self) -> &str {
        NODE
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn namespace_label(&self) -> Option<&'static str> {
        self.namespace_label
    }

    fn outlives_case(&self) -> bool {
        true
    }

    async fn namespace_created(&self, namespace: &str) -> Result<(), ClusterError> {
        controllers::fill_namespace(&self.api, self.minor, namespace, &self.authority).await
    }

    /// Binds the Pods that would run on the node, and ends those that are being deleted.
    async fn settle(&self, namespace: &str) -> Result<(), ClusterError> {
        for pod in self.pods(namespace).await? {
            let text = |pointer| pod.pointer(pointer).and_then(Value::as_str);
            let name = text("/metadata/name").unwrap_or_default();
            if text("/metadata/deletionTimestamp").is_some() {
                self.end(namespace, name).await?;
            } else if text("/spec/nodeName").is_none()
                && pod.pointer("/spec/nodeSelector").is_some_and(|selector| *selector == json!({NODE_LABEL: NODE}))
            {
                self.bind(namespace, name).await?;
            }
        }
        Ok(())
    }

    fn reaction_limit(&self) -> Duration {
        LIMIT
    }

    async fn remove_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        empty_and_end(&self.api, namespace).await
    }
}

/// Creates an object; one that is there already is as good.
async fn create(api: &Api, path: &str, object: Value) -> Result<(), ClusterError> {
    match super::create(api, path, object).await {
        Err(ClusterError::Refused(Refused { code: 409, .. })) => Ok(()),
        created => created.map(drop),
    }
}
