//! Scheduler, kubelet and container runtime, modelled: where a Pod runs, what state its containers reach, which seccomp
//! mode the kernel would enforce, and what the containers print.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Simulator;

/// A node and its kubelet's settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeProfile {
    /// The Node object's name.
    pub name: String,
    /// Labels besides those that the kubelet sets itself.
    pub labels: BTreeMap<String, String>,
    /// The kubelet's `seccompDefault`; without the minor's feature it has no effect.
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

/// Schedules what waits, and brings every container to the state that it would reach.
pub(crate) fn react(_cluster: &Simulator) {}
