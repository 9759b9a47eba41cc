//! What kubelets are told from outside the API: static Pods in their folders, and settings that change while Pods run.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{NodeProfile, static_pod};
use crate::object;

/// The kubelets of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Kubelets {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `seccompDefault` where it is no longer what the node started with.
    switched: BTreeMap<String, bool>,
    /// What it was when those containers started that ran while it was switched.
    started_with: HashMap<Started, bool>,
    /// By node and file.
    static_pods: BTreeMap<(String, String), Arc<Value>>,
}

/// A container that was started: another image means another container.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Started {
    pod: String,
    container: String,
    image: String,
}

impl Started {
    pub(super) fn of(pod: &Value, container: &Value) -> Self {
        let text = |field: &str| container.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { pod: object::metadata(pod, "uid").to_owned(), container: text("name"), image: text("image") }
    }
}

impl Kubelets {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `seccompDefault` that holds for a container: that of its start.
    pub(super) fn seccomp_default(&self, node: &NodeProfile, pod: &Value, container: &Value) -> bool {
        let state = self.state();
        if state.switched.is_empty() {
            return node.seccomp_default;
        }
        let at_start = state.started_with.get(&Started::of(pod, container)).copied();
        at_start.unwrap_or_else(|| state.now(node))
    }

    /// Switches a kubelet's `seccompDefault`; the containers that run keep what they were started with.
    pub(super) fn switch(&self, node: &NodeProfile, value: bool, running: Vec<Started>) {
        let mut state = self.state();
        let before = state.now(node);
        if before == value {
            return;
        }
        for container in running {
            state.started_with.entry(container).or_insert(before);
        }
        state.switched.insert(node.name.clone(), value);
    }

    /// Puts a static Pod in the place of what `file` held before, and gives that.
    pub(super) fn put(&self, node: &str, file: &str, pod: Value) -> Option<Arc<Value>> {
        self.state().static_pods.insert((node.to_owned(), file.to_owned()), Arc::new(pod))
    }

    pub(super) fn take(&self, node: &str, file: &str) -> Option<Arc<Value>> {
        self.state().static_pods.remove(&(node.to_owned(), file.to_owned()))
    }

    /// The static Pods of a node.
    pub(super) fn static_pods(&self, node: &str) -> Vec<Arc<Value>> {
        let state = self.state();
        state.static_pods.iter().filter(|((on, _), _)| on == node).map(|(_, pod)| Arc::clone(pod)).collect()
    }

    /// The static Pod that a Pod is the mirror of.
    pub(crate) fn mirrored(&self, mirror: &Value) -> Option<Arc<Value>> {
        let hash = static_pod::mirror_hash(mirror)?;
        let is_it = |pod: &&Arc<Value>| {
            object::metadata(pod, "uid") == hash
                && object::name(pod) == object::name(mirror)
                && object::namespace(pod) == object::namespace(mirror)
        };
        self.state().static_pods.values().find(is_it).cloned()
    }
}

impl State {
    fn now(&self, node: &NodeProfile) -> bool {
        self.switched.get(&node.name).copied().unwrap_or(node.seccomp_default)
    }
}
