//! Scheduler, kubelet and container runtime, modelled: where a Pod runs, what state its containers reach, which seccomp
//! mode the kernel would enforce, and what the containers print.

mod affinity;
mod containers;
mod kubelet;
mod kubelets;
mod log;
mod object;
mod runtime;
mod scheduler;
mod static_pod;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use self::static_pod::NodeError;
pub(crate) use self::{kubelets::Kubelets, log::log, object::register, static_pod::create_mirror};
use crate::{cluster::Simulator, store::Key};

/// A node and its kubelet's settings.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NodeProfile {
    /// The Node object's name.
    pub name: String,
    /// Labels besides those that the kubelet sets itself.
    pub labels: BTreeMap<String, String>,
    /// The kubelet's `seccompDefault`.
    ///
    /// Before 1.22 the kubelet does not know it. From 1.22 to 1.24 it stands behind an alpha gate without which a kubelet
    /// that sets it does not start; such a node sets the gate as well.
    pub seccomp_default: bool,
    /// The files below the kubelet's seccomp folder that a Localhost profile may name.
    pub localhost_profiles: BTreeSet<String>,
}

/// The seccomp mode that the kernel enforces for a container.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SeccompMode {
    /// No filter: `Seccomp: 0`.
    Unconfined,
    /// The runtime's default filter: `Seccomp: 2`.
    RuntimeDefault,
    /// A filter from a file on the node: `Seccomp: 2`.
    Localhost(String),
}

/// Which part a container has in its Pod.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ContainerKind {
    /// One of `initContainers` that must end before the next begins.
    Init,
    /// One of `initContainers` with `restartPolicy: Always`, where the minor knows it.
    Sidecar,
    /// One of `containers`.
    Main,
    /// One of `ephemeralContainers`.
    Ephemeral,
}

/// What a running container sees of itself.
#[derive(Clone, Debug)]
pub struct ContainerView<'a> {
    /// The container's name.
    pub name: &'a str,
    /// Its part in the Pod.
    pub kind: ContainerKind,
    /// The container's command line, `command` and `args` one after the other.
    pub arguments: &'a [String],
    /// The variables whose value the Pod spells out, in its order.
    pub environment: &'a [(String, String)],
    /// What the kernel enforces.
    pub mode: &'a SeccompMode,
    /// Whether it runs privileged.
    pub privileged: bool,
}

/// What an image's program prints when it runs, and whether it comes to an end.
pub trait Program: Send + Sync + std::fmt::Debug {
    /// The container's log.
    fn output(&self, container: &ContainerView<'_>) -> String;

    /// The code with which it exits at once; nothing while it keeps running.
    ///
    /// Init containers end well and all others keep running, unless a program knows better.
    fn exit_code(&self, container: &ContainerView<'_>) -> Option<i32> {
        (container.kind == ContainerKind::Init).then_some(0)
    }
}

/// The addresses that were given out, so that no Pod gets another's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    pods: u16,
}

/// Where a stored Pod is kept.
pub(crate) fn key_of(pod: &Value) -> Key {
    Key::new("pods", crate::object::namespace(pod), crate::object::name(pod))
}

/// Schedules a Pod that waits, and brings its containers to the state that they would reach.
pub(crate) fn sync(cluster: &Simulator, addresses: &mut Addresses, key: &Key) {
    let Some(mut pod) = cluster.store().get(key) else {
        return;
    };
    if pod.pointer("/spec/nodeName").is_none() {
        match scheduler::schedule(cluster, key, &pod) {
            Some(bound) => pod = bound,
            None => return,
        }
    }
    kubelet::sync(cluster, addresses, key, &pod);
}

#[cfg(test)]
mod tests;
