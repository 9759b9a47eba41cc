//! The kind cluster that scenarios run on: one request, whoever makes the cluster and whoever finds it again.

use std::time::Duration;

use kind_cluster::{ClusterRequest, KubernetesVersion, NodeRequest, Owner};

use crate::cluster::NODE_LABEL;

/// Whose our clusters are, as their mark says.
const OWNER: &str = "seccomp-harness";
/// The first minor whose kubelet can be told to default to the runtime's profile.
///
/// # Source
/// kubernetes v1.22 `pkg/features/kube_features.go` `SeccompDefault`
const FIRST_WITH_SECCOMP_DEFAULT: u16 = 22;

/// What may be said about a cluster beyond its Kubernetes version.
///
/// Image and nodes make a cluster what it is: one that is retained is found again by a request that says the same of
/// them. The rest does not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KindOptions {
    /// The node image; without it the one that is on the machine, else the pinned public one.
    pub node_image: Option<String>,
    /// The kubelet's `seccompDefault`, one worker for each; without any, a worker for each setting that the minor knows.
    pub workers: Vec<bool>,
    /// After what time the cluster is nobody's; two hours without it.
    pub lifetime: Option<Duration>,
    /// Whether it outlives this process, to be found again.
    pub is_retained: bool,
}

/// The label's value by which Pods find a worker whose kubelet has `seccompDefault` as told.
pub const fn node_of(seccomp_default: bool) -> &'static str {
    if seccomp_default { "seccomp-default-on" } else { "seccomp-default-off" }
}

/// The owner of all clusters that the harness makes.
pub(crate) fn owner() -> Owner {
    // The name is one that can be an owner's, as a test shows.
    OWNER.parse().unwrap_or_default()
}

/// The request for a cluster of `version`: a control plane that runs no Pods of cases, and the workers.
pub fn kind_request(version: KubernetesVersion, options: &KindOptions) -> ClusterRequest {
    let mut request = ClusterRequest::new(version).with_owner(owner()).with_retain(options.is_retained);
    for seccomp_default in workers(version, &options.workers) {
        let node = NodeRequest::worker().with_label(NODE_LABEL, node_of(seccomp_default));
        request = request.with_node(node.with_seccomp_default(seccomp_default));
    }
    if let Some(image) = &options.node_image {
        request = request.with_image(image);
    }
    if let Some(lifetime) = options.lifetime {
        request = request.with_lifetime(lifetime);
    }
    request
}

/// The workers' settings. One of each at most: two that are alike would share a label, by which neither is found.
fn workers(version: KubernetesVersion, asked: &[bool]) -> Vec<bool> {
    let knows_setting = version.minor() >= FIRST_WITH_SECCOMP_DEFAULT;
    let is_wanted = |setting: &bool| if asked.is_empty() { !setting || knows_setting } else { asked.contains(setting) };
    [true, false].into_iter().filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn is_ours() {
        assert_eq!(owner().as_str(), OWNER);
    }

    #[rstest]
    #[case::before_the_setting(21, &[], &[false])]
    #[case::alpha(22, &[], &[true, false])]
    #[case::newest(37, &[], &[true, false])]
    #[case::one_asked_for(36, &[true], &[true])]
    #[case::order_and_number_do_not_matter(36, &[false, true, false], &[true, false])]
    #[case::refused_by_the_request_itself(21, &[true], &[true])]
    fn has_a_worker_for_each_setting(#[case] minor: u16, #[case] asked: &[bool], #[case] expected: &[bool]) {
        assert_eq!(workers(KubernetesVersion::new(minor), asked), expected);
    }
}
