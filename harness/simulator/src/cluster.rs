//! One simulated cluster: how it is asked for, and the handle to it.

mod bootstrap;
mod prototype;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use jiff::Timestamp;

use self::prototype::{Origin, Parts};
use crate::{
    admission::webhook::{ServiceEndpoint, Webhooks},
    api::ApiService,
    clock::{Clock, ManualClock},
    controllers::Controllers,
    identity::Identities,
    minor::Minor,
    node::{Kubelets, NodeProfile, Program},
    store::Store,
};

/// What a cluster shall be; [`SimulatorRequest::start`] makes it.
#[derive(Debug)]
#[must_use]
pub struct SimulatorRequest {
    minor: Minor,
    seed: u64,
    clock: Option<Arc<dyn Clock>>,
    nodes: Vec<NodeProfile>,
    programs: Vec<(String, Arc<dyn Program>)>,
    endpoints: Vec<ServiceEndpoint>,
    acts: bool,
}

impl SimulatorRequest {
    /// A cluster of `minor` with one node whose kubelet has its default settings.
    pub fn new(minor: Minor) -> Self {
        Self { minor, seed: 0, clock: None, nodes: Vec::new(), programs: Vec::new(), endpoints: Vec::new(), acts: true }
    }

    /// The seed of names, uids and suffixes; the same seed gives the same cluster.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where time comes from; without it, a clock that stands still.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// One more node; without any, the cluster has one with default settings.
    pub fn with_node(mut self, node: NodeProfile) -> Self {
        self.nodes.push(node);
        self
    }

    /// What containers of `image` print; all others print nothing.
    pub fn with_program(mut self, image: impl Into<String>, program: Arc<dyn Program>) -> Self {
        self.programs.push((image.into(), program));
        self
    }

    /// Where the Pods behind a port of a Service are reached.
    ///
    /// The cluster has no network: a webhook that is registered by Service is called at this address, or not at all.
    pub fn with_service_endpoint(
        mut self,
        namespace: impl Into<String>,
        name: impl Into<String>,
        port: u16,
        address: SocketAddr,
    ) -> Self {
        self.endpoints.push(ServiceEndpoint { namespace: namespace.into(), name: name.into(), port, address });
        self
    }

    /// An API server alone, as envtest starts it: nothing acts on what is written, neither controllers nor scheduler nor
    /// kubelets, so that not even the default ServiceAccounts are there.
    pub fn without_controllers(mut self) -> Self {
        self.acts = false;
        self
    }

    /// Starts the cluster: its own namespaces, service accounts and nodes are there when this returns.
    pub fn start(mut self) -> Simulator {
        if self.nodes.is_empty() {
            self.nodes.push(NodeProfile {
                name: "node".to_owned(),
                labels: BTreeMap::new(),
                seccomp_default: false,
                localhost_profiles: BTreeSet::new(),
            });
        }
        let clock = self.clock.unwrap_or_else(|| Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH)));
        let now = as_timestamp(clock.as_ref());
        let origin = Origin { minor: self.minor, seed: self.seed, now, nodes: self.nodes.clone(), acts: self.acts };
        let started = prototype::find(&origin);
        let is_new = started.is_none();
        let parts = started.unwrap_or_else(|| Parts {
            store: Store::default(),
            identities: Identities::new(self.seed),
            controllers: Controllers::default(),
        });
        let cluster = Simulator {
            inner: Arc::new(Inner {
                minor: self.minor,
                store: parts.store,
                identities: parts.identities,
                clock,
                nodes: self.nodes,
                programs: self.programs,
                controllers: parts.controllers,
                kubelets: Kubelets::default(),
                webhooks: Webhooks::new(self.endpoints),
                acts: self.acts,
            }),
        };
        if is_new {
            bootstrap::run(&cluster);
            crate::node::register(&cluster);
            crate::controllers::react(&cluster);
            prototype::keep(origin, Parts::fork(cluster.store(), cluster.identities(), cluster.controllers()));
        }
        cluster
    }
}

/// A clock's time as `metadata.creationTimestamp` shows it: whole seconds, UTC.
fn as_timestamp(clock: &dyn Clock) -> String {
    clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A running simulated cluster; clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Simulator {
    inner: Arc<Inner>,
}

/// What all of a cluster's parts share.
#[derive(Debug)]
struct Inner {
    minor: Minor,
    store: Store,
    identities: Identities,
    clock: Arc<dyn Clock>,
    nodes: Vec<NodeProfile>,
    programs: Vec<(String, Arc<dyn Program>)>,
    controllers: Controllers,
    kubelets: Kubelets,
    webhooks: Webhooks,
    acts: bool,
}

impl Simulator {
    /// The Kubernetes minor that this cluster is.
    pub fn minor(&self) -> Minor {
        self.inner.minor
    }

    /// The API server as a `tower::Service`; `kube::Client::new` takes it as it is.
    pub fn service(&self) -> ApiService {
        ApiService::new(self.clone())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn identities(&self) -> &Identities {
        &self.inner.identities
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.inner.webhooks
    }

    /// Now, as `metadata.creationTimestamp` shows it: whole seconds, UTC.
    pub(crate) fn now(&self) -> String {
        as_timestamp(self.inner.clock.as_ref())
    }

    pub(crate) fn controllers(&self) -> &Controllers {
        &self.inner.controllers
    }

    /// Whether controllers, scheduler and kubelets act on what is written.
    pub(crate) fn acts(&self) -> bool {
        self.inner.acts
    }

    pub(crate) fn kubelets(&self) -> &Kubelets {
        &self.inner.kubelets
    }

    /// Now.
    pub(crate) fn timestamp(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn nodes(&self) -> &[NodeProfile] {
        &self.inner.nodes
    }

    pub(crate) fn program(&self, image: &str) -> Option<&Arc<dyn Program>> {
        self.inner.programs.iter().find(|(name, _)| name == image).map(|(_, program)| program)
    }
}
