//! The names by which what is ours is known in a cluster.

/// The label by which Pods find the node that their case is about.
pub(crate) const NODE_LABEL: &str = "seccomp-harness/node";
/// The Node object that Pods are bound to where no node is; masked in snapshots, so unlike any other text.
pub(crate) const NODE: &str = "node-of-the-case";
/// What the names of our namespaces begin with.
pub(crate) const PREFIX: &str = "seccomp-harness-";
/// The label of every namespace that is made for a case.
pub(crate) const MARK: &str = "seccomp-harness/owned";
/// The annotation of a webhook's objects that are of ours.
pub(crate) const OURS: &str = "seccomp-harness/webhook";
/// The annotation of a Node that keeps what was measured on it.
pub(super) const BASELINE: &str = "seccomp-harness/baseline";
/// The webhook's registration.
pub(super) const CONFIGURATION: &str =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/gardener-resource-manager";
