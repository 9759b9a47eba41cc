//! The controllers without which an API server would be no cluster: default service accounts, the root CA's config map,
//! token secrets where that minor has them, and the end of a namespace; and those that make Pods: Deployments,
//! ReplicaSets, and the garbage collector that takes what they leave.

mod acting;
mod deployment;
mod garbage;
mod namespace;
mod replica_set;
mod service_account;

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use self::acting::Tasks;
pub(crate) use self::acting::{Component, Task, act};
use crate::{
    cluster::Simulator,
    node, object,
    registry::read::Read,
    store::{Event, EventKind, Key, Store},
};

/// How far the controllers have read, and what the kubelets remember.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    state: Mutex<State>,
    tasks: Tasks,
}

impl Controllers {
    /// The same memory once more.
    pub(crate) fn fork(&self) -> Self {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { state: Mutex::new(state), tasks: Tasks::default() }
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    /// The newest write that was reacted to.
    seen: u64,
    addresses: node::Addresses,
}

/// Lets the controllers and then the nodes act on what was written, until nothing changes any more.
///
/// Called by the API after each write, before its answer is sent: a cluster that is always at rest between two requests
/// gives the same objects in every run. Only what was written since the last call is looked at, however large the
/// cluster is.
pub(crate) fn react(cluster: &Simulator) {
    if !cluster.acts() {
        return;
    }
    let mut state = cluster.controllers().state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let work = Work::since(cluster.store(), state.seen);
        if work.revision == state.seen {
            return;
        }
        state.seen = work.revision;
        for task in work.tasks {
            cluster.controllers().add(task);
        }
        for name in &work.namespaces {
            namespace::sync(cluster, name);
        }
        for (namespace, name) in &work.service_accounts {
            service_account::sync_token(cluster, namespace, name);
        }
        for key in &work.pods {
            node::sync(cluster, &mut state.addresses, key);
        }
    }
}

/// What has to be looked at.
#[derive(Debug, Default)]
struct Work {
    /// The newest write that this covers.
    revision: u64,
    namespaces: BTreeSet<String>,
    service_accounts: BTreeSet<(String, String)>,
    pods: BTreeSet<Key>,
    tasks: BTreeSet<Task>,
}

impl Work {
    fn since(store: &Store, seen: u64) -> Self {
        let (revision, events) = store.events_since(seen);
        let mut work = Self { revision, ..Self::default() };
        match events {
            Some(events) => {
                for event in events {
                    work.add(store, &event);
                }
            }
            None => work.add_everything(store),
        }
        work
    }

    fn add(&mut self, store: &Store, event: &Event) {
        let key = &event.key;
        self.add_tasks(event);
        match key.resource.as_str() {
            "namespaces" => drop(self.namespaces.insert(key.name.clone())),
            "pods" if event.kind != EventKind::Deleted => drop(self.pods.insert(key.clone())),
            "nodes" => self.add_waiting_pods(store),
            "serviceaccounts" => {
                self.service_accounts.insert((key.namespace.clone(), key.name.clone()));
            }
            "secrets" => {
                let account = event.object.pointer("/metadata/annotations/kubernetes.io~1service-account.name");
                if let Some(account) = account.and_then(Value::as_str) {
                    self.service_accounts.insert((key.namespace.clone(), account.to_owned()));
                }
            }
            _ => {}
        }
        // What is taken away may have to be made anew, or may have been the last that kept a namespace.
        let is_free = event.object.pointer("/metadata/deletionTimestamp").is_some()
            && object::metadata_list(&event.object, "finalizers").next().is_none();
        if !key.namespace.is_empty() && (event.kind == EventKind::Deleted || is_free) {
            self.namespaces.insert(key.namespace.clone());
        }
    }

    /// What components have to look at that act by requests of their own.
    fn add_tasks(&mut self, event: &Event) {
        let Key { resource, namespace, name } = event.key.clone();
        let is_gone = event.kind == EventKind::Deleted;
        if is_gone && matches!(resource.as_str(), "deployments.apps" | "replicasets.apps") {
            let owner = object::metadata(&event.object, "uid").to_owned();
            self.tasks.insert(Task::Orphans { namespace: namespace.clone(), owner });
        }
        match resource.as_str() {
            "deployments.apps" if !is_gone => drop(self.tasks.insert(Task::Deployment { namespace, name })),
            "replicasets.apps" => {
                if let Some(deployment) = owner(&event.object, "Deployment") {
                    let name = deployment.text("name").to_owned();
                    self.tasks.insert(Task::Deployment { namespace: namespace.clone(), name });
                }
                if !is_gone {
                    self.tasks.insert(Task::ReplicaSet { namespace, name });
                }
            }
            "pods" => {
                if let Some(set) = owner(&event.object, "ReplicaSet") {
                    let name = set.text("name").to_owned();
                    self.tasks.insert(Task::ReplicaSet { namespace, name });
                } else if let Some(node) = owner(&event.object, "Node").filter(|_| is_gone) {
                    let node = node.text("name").to_owned();
                    self.tasks.insert(Task::Mirror { node, namespace, name });
                }
            }
            _ => {}
        }
    }

    fn add_waiting_pods(&mut self, store: &Store) {
        let waiting = store.list("pods", None);
        let waiting = waiting.iter().filter(|pod| pod.pointer("/spec/nodeName").is_none());
        self.pods.extend(waiting.map(|pod| node::key_of(pod)));
    }

    /// After a time so long that the history has forgotten its beginning.
    fn add_everything(&mut self, store: &Store) {
        let name = |object: &Value| object::name(object).to_owned();
        self.namespaces.extend(store.list("namespaces", None).iter().map(|namespace| name(namespace)));
        let accounts = store.list("serviceaccounts", None);
        let accounts = accounts.iter().map(|account| (object::namespace(account).to_owned(), name(account)));
        self.service_accounts.extend(accounts);
        self.pods.extend(store.list("pods", None).iter().map(|pod| node::key_of(pod)));
        let workload = |object: &Value| (object::namespace(object).to_owned(), name(object));
        for deployment in store.list("deployments.apps", None) {
            let (namespace, name) = workload(&deployment);
            self.tasks.insert(Task::Deployment { namespace, name });
        }
        for set in store.list("replicasets.apps", None) {
            let (namespace, name) = workload(&set);
            self.tasks.insert(Task::ReplicaSet { namespace, name });
        }
    }
}

/// The references of what is made for a workload.
fn controlled_by(kind: &str, workload: &Value) -> Value {
    json!([{
        "apiVersion": "apps/v1", "kind": kind, "name": object::name(workload), "uid": object::metadata(workload, "uid"),
        "controller": true, "blockOwnerDeletion": true,
    }])
}

/// The controller of an object, where that is of this kind.
fn owner<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let owners = object.field("metadata").list("ownerReferences");
    owners.iter().find(|owner| owner.flag("controller") == Some(true) && owner.text("kind") == kind)
}

#[cfg(test)]
mod tests;
