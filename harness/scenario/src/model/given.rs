//! What holds before the first step.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::range::VersionRange;

/// What holds before the first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The namespace in which each object without a `metadata.namespace` is created.
    pub namespace: Namespace,
    /// The gardenlet's feature gates; `DefaultSeccompProfile` is always named, and true unless the file says otherwise.
    pub feature_gates: BTreeMap<String, bool>,
    /// The Gardener releases for which the scenario holds; nothing: the newest known.
    pub gardener: Option<VersionRange>,
    /// The Kubernetes minors for which the scenario holds.
    pub kubernetes: VersionRange,
    /// The nodes on which the scenario is run, one after the other.
    pub node: Node,
}

impl Given {
    /// Whether the gate `DefaultSeccompProfile` is on.
    pub fn is_gate_on(&self) -> bool {
        self.feature_gates.get(DEFAULT_SECCOMP_PROFILE).copied().unwrap_or(true)
    }
}

/// The gardenlet's feature gate for the webhook.
pub(crate) const DEFAULT_SECCOMP_PROFILE: &str = "DefaultSeccompProfile";

/// A namespace.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Namespace {
    /// Its name; nothing: one that is made for the run. One that exists (`default`, `kube-system`) is taken as it is and
    /// given the labels.
    pub name: Option<String>,
    /// Labels besides what the API server sets itself.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The kinds of node on which a scenario is run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Values of the kubelet's `seccompDefault`, one run each; never empty, `[false, true]` unless the file says otherwise.
    pub seccomp_default: Vec<bool>,
    /// Files below the kubelet's seccomp folder.
    pub localhost_profiles: BTreeSet<String>,
}
