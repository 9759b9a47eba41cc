//! Admission webhooks: which are called, how, and what their answers do.
//!
//! ```text
//! configurations in the store -> configuration (parsed once) -> matching -> call (review -> client -> response)
//!                                                                   |                                |
//!                                                                   +---- mutating: one by one, patches applied
//!                                                                   +---- validating: all at once
//! ```

mod call;
mod client;
mod configuration;
mod error;
mod matching;
mod mutating;
mod response;
mod review;
mod validating;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

pub(crate) use self::mutating::{Reinvocation, mutate};
pub(crate) use self::validating::validate;
use self::{
    client::WebhookClient,
    configuration::{ClientConfig, Webhook},
};
use super::Attributes;
use crate::{cluster::Simulator, minor, store::Store};

/// Where a Service's Pods would be reached; the simulator has no network of its own.
#[derive(Clone, Debug)]
pub(crate) struct ServiceEndpoint {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) address: SocketAddr,
}

/// What a cluster keeps for calling webhooks: the configurations as read last, and the connections.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    mutating: Mutex<Configurations>,
    validating: Mutex<Configurations>,
    clients: Mutex<HashMap<ClientConfig, Arc<WebhookClient>>>,
    endpoints: Vec<ServiceEndpoint>,
}

/// The webhooks of some versions of the configurations.
#[derive(Debug, Default)]
struct Configurations {
    objects: Vec<Arc<Value>>,
    webhooks: Arc<[Webhook]>,
}

impl Webhooks {
    pub(crate) fn new(endpoints: Vec<ServiceEndpoint>) -> Self {
        Self { endpoints, ..Self::default() }
    }

    fn mutating(&self, store: &Store) -> Arc<[Webhook]> {
        current(&self.mutating, store, "mutatingwebhookconfigurations.admissionregistration.k8s.io")
    }

    fn validating(&self, store: &Store) -> Arc<[Webhook]> {
        current(&self.validating, store, "validatingwebhookconfigurations.admissionregistration.k8s.io")
    }

    /// The client of a configuration; the same one for as long as the cluster lives, as its connections are kept.
    fn client(&self, config: &ClientConfig) -> Arc<WebhookClient> {
        let mut clients = lock(&self.clients);
        if let Some(client) = clients.get(config) {
            return Arc::clone(client);
        }
        let client = Arc::new(WebhookClient::new(config, &self.endpoints));
        clients.insert(config.clone(), Arc::clone(&client));
        client
    }
}

/// Reads the configurations again only if one of them is another object than before.
fn current(cache: &Mutex<Configurations>, store: &Store, resource: &str) -> Arc<[Webhook]> {
    let objects = store.list(resource, None);
    let mut cached = lock(cache);
    let is_current = cached.objects.len() == objects.len()
        && cached.objects.iter().zip(&objects).all(|(cached, object)| Arc::ptr_eq(cached, object));
    if !is_current {
        cached.webhooks = configuration::parse_all(&objects).into();
        cached.objects = objects;
    }
    Arc::clone(&cached.webhooks)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Objects that no webhook may see, or none could ever be repaired.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/predicates/rules/rules.go` `IsExemptAdmissionConfigurationResource`
fn is_exempt(cluster: &Simulator, attributes: &Attributes) -> bool {
    attributes.group == "admissionregistration.k8s.io"
        && minor::admission::EXEMPT_KINDS.at(cluster.minor()).contains(&attributes.kind.as_str())
}
