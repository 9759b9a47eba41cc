//! What differs by minor in scheduler, kubelet and controllers.
//!
//! The patch that stands for a minor is the last one that was released, see [`KUBELET_VERSION`].

use super::ByMinor;

/// The version that a kubelet gives as its own.
pub(crate) static KUBELET_VERSION: ByMinor<&str> = ByMinor::new(&[
    (20, "v1.20.15", "the last patch of the minor"),
    (21, "v1.21.14", "the last patch of the minor"),
    (22, "v1.22.17", "the last patch of the minor"),
    (23, "v1.23.17", "the last patch of the minor"),
    (24, "v1.24.17", "the last patch of the minor"),
    (25, "v1.25.16", "the last patch of the minor"),
    (26, "v1.26.15", "the last patch of the minor"),
    (27, "v1.27.16", "the last patch of the minor"),
    (28, "v1.28.15", "the last patch of the minor"),
    (29, "v1.29.15", "the last patch of the minor"),
    (30, "v1.30.14", "the last patch of the minor"),
    (31, "v1.31.14", "the last patch of the minor"),
    (32, "v1.32.13", "the last patch of the minor"),
    (33, "v1.33.13", "the last patch of the minor"),
    (34, "v1.34.9", "the newest patch of the minor"),
    (35, "v1.35.6", "the newest patch of the minor"),
    (36, "v1.36.3", "the newest patch of the minor"),
    (37, "v1.37.2", "the newest patch of the minor"),
]);

/// The container runtime beside that kubelet, as kind's node images pair them.
pub(crate) static CONTAINER_RUNTIME: ByMinor<&str> = ByMinor::new(&[
    (20, "containerd://1.4.0", "kind v0.10.0 node image"),
    (21, "containerd://1.5.2", "kind v0.11.1 node image"),
    (23, "containerd://1.5.10", "kind v0.12.0 node image"),
    (24, "containerd://1.6.4", "kind v0.14.0 node image"),
    (25, "containerd://1.6.9", "kind v0.17.0 node image"),
    (26, "containerd://1.6.19", "kind v0.18.0 node image"),
    (27, "containerd://1.7.1", "kind v0.20.0 node image"),
    (29, "containerd://1.7.13", "kind v0.21.0 node image"),
    (30, "containerd://1.7.15", "kind v0.23.0 node image"),
    (31, "containerd://1.7.18", "kind v0.24.0 node image"),
    (32, "containerd://1.7.24", "kind v0.26.0 node image"),
    (33, "containerd://2.1.1", "kind v0.29.0 node image"),
    (34, "containerd://2.1.4", "kind v0.30.0 node image"),
    (35, "containerd://2.2.0", "kind v0.31.0 node image"),
    (36, "containerd://2.3.1", "kind v0.32.0 node image"),
]);

/// Whether the kubelet knows `seccompDefault`; where it is behind an alpha gate, a node that sets it sets the gate too,
/// because the kubelet does not start otherwise.
pub(crate) static SECCOMP_DEFAULT: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.21 pkg/kubelet/apis/config/types.go has no seccompDefault; v1beta1 is decoded leniently"),
    (22, true, "v1.22 pkg/features/kube_features.go SeccompDefault: alpha; v1.25 beta; v1.27 GA"),
]);

/// Whether a Localhost profile without a name is an error; before (CVE-2023-2431), the container ran unconfined.
pub(crate) static EMPTY_LOCALHOST_IS_ERROR: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.23.17 pkg/kubelet/kuberuntime/helpers.go fieldProfile"),
    (24, true, "v1.24.14, v1.25.10, v1.26.5, v1.27.2 pkg/kubelet/kuberuntime/helpers.go fieldSeccompProfile"),
]);

/// Whether init containers with `restartPolicy: Always` are sidecars.
pub(crate) static SIDECARS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.28 pkg/features/kube_features.go SidecarContainers: alpha, off"),
    (29, true, "v1.29 pkg/features/kube_features.go SidecarContainers: beta, on"),
]);

/// Whether the statuses of init containers say `started`.
pub(crate) static INIT_STARTED: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.27 pkg/kubelet/prober/prober_manager.go UpdatePodStatus"),
    (28, true, "v1.28 pkg/kubelet/prober/prober_manager.go UpdatePodStatus"),
]);

/// Whether there is a condition `PodReadyToStartContainers`.
pub(crate) static READY_TO_START_CONDITION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.28 pkg/features/kube_features.go PodReadyToStartContainersCondition: alpha, off"),
    (29, true, "v1.29 pkg/features/kube_features.go PodReadyToStartContainersCondition: beta, on"),
]);

/// Whether a Pod's status lists the addresses of its host.
pub(crate) static HOST_IPS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.28 pkg/features/kube_features.go PodHostIPs: alpha, off"),
    (29, true, "v1.29 pkg/features/kube_features.go PodHostIPs: beta, on"),
]);

/// Whether a Pod's status and its conditions name the generation that they speak of.
pub(crate) static OBSERVED_GENERATION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.33 pkg/features/kube_features.go PodObservedGenerationTracking: alpha, off"),
    (34, true, "v1.34 pkg/features/kube_features.go PodObservedGenerationTracking: beta, on"),
]);

/// Whether the statuses of containers say what mounts they have.
pub(crate) static STATUS_VOLUME_MOUNTS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.30 pkg/features/kube_features.go RecursiveReadOnlyMounts: alpha, off"),
    (31, true, "v1.31 pkg/features/kube_features.go RecursiveReadOnlyMounts: beta, on"),
]);

/// Whether the statuses of containers say what resources they have.
pub(crate) static STATUS_RESOURCES: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.32 pkg/features/kube_features.go InPlacePodVerticalScaling: alpha, off"),
    (33, true, "v1.33 pkg/features/kube_features.go InPlacePodVerticalScaling: beta, on"),
]);

/// Whether the statuses of containers say as which user they run.
pub(crate) static STATUS_USER: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.32 pkg/features/kube_features.go SupplementalGroupsPolicy: alpha, off"),
    (33, true, "v1.33 pkg/features/kube_features.go SupplementalGroupsPolicy: beta, on"),
]);

/// Whether the kubelet rejects Pods for another operating system.
pub(crate) static REJECTS_OTHER_SYSTEMS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.22 pkg/kubelet/lifecycle/predicate.go Admit"),
    (23, true, "v1.23 pkg/kubelet/lifecycle/predicate.go rejectPodAdmissionBasedOnOSField"),
]);

/// How the message of a Pod begins that the kubelet rejects.
pub(crate) static REJECTION_PREFIX: ByMinor<&str> = ByMinor::new(&[
    (20, "Pod ", "v1.25 pkg/kubelet/kubelet.go rejectPod"),
    (26, "Pod was rejected: ", "v1.26 pkg/kubelet/kubelet.go rejectPod"),
]);

/// Why a node does not suit a Pod's node selector.
pub(crate) static NODE_AFFINITY_REASON: ByMinor<&str> = ByMinor::new(&[
    (
        20,
        "node(s) didn't match Pod's node affinity",
        "v1.20 pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go ErrReasonPod",
    ),
    (
        21,
        "node(s) didn't match Pod's node affinity/selector",
        "v1.21 pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go ErrReasonPod",
    ),
]);

/// Why a node's taint keeps a Pod away: what stands before and after `{key: value}`.
pub(crate) static TAINT_REASON: ByMinor<(&str, &str)> = ByMinor::new(&[
    (
        20,
        ("node(s) had taint ", ", that the pod didn't tolerate"),
        "v1.23 pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go Filter",
    ),
    (
        24,
        ("node(s) had untolerated taint ", ""),
        "v1.24 pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go Filter",
    ),
]);

/// What the scheduler says of its attempts to make room; nothing where it does not speak of them.
pub(crate) static PREEMPTION_NOTE: ByMinor<Option<&str>> = ByMinor::new(&[
    (20, None, "v1.23 pkg/scheduler/framework/types.go FitError.Error"),
    (24, Some("preemption: "), "v1.24 pkg/scheduler/framework/types.go FitError.Error"),
    (
        34,
        Some("no new claims to deallocate, preemption: "),
        "v1.34 pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go PostFilter",
    ),
]);

/// Whether each service account gets a token Secret.
pub(crate) static TOKEN_SECRETS: ByMinor<bool> = ByMinor::new(&[
    (20, true, "v1.23 pkg/controller/serviceaccount/tokens_controller.go ensureReferencedToken"),
    (24, false, "v1.24 pkg/features/kube_features.go LegacyServiceAccountTokenNoAutoGeneration: beta, on"),
]);

/// Whether the root CA's config map says what it is for.
pub(crate) static ROOT_CA_DESCRIPTION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.21 pkg/controller/certificates/rootcacertpublisher/publisher.go syncNamespace"),
    (22, true, "v1.22 pkg/controller/certificates/rootcacertpublisher/publisher.go DescriptionAnnotation"),
]);

/// Whether ReplicaSets and Deployments say how many of their Pods are on their way out.
pub(crate) static TERMINATING_REPLICAS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.34 pkg/features/kube_features.go DeploymentReplicaSetTerminatingReplicas: alpha, off"),
    (35, true, "v1.35 pkg/features/kube_features.go DeploymentReplicaSetTerminatingReplicas: beta, on; 1.36.3"),
]);
