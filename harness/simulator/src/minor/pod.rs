//! What differs by minor in a Pod: defaults, preparation, validation, warnings.

use super::ByMinor;

/// Whether each namespace carries its name as a label.
pub(crate) static NAMESPACE_NAME_LABEL: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.20 pkg/apis/core/v1/defaults.go has no SetDefaults_Namespace"),
    (21, true, "v1.21 pkg/features/kube_features.go NamespaceDefaultLabelName: beta, on"),
]);

/// Whether `spec.resources` of a Pod is known to the API server and filled from its containers.
pub(crate) static POD_LEVEL_RESOURCES: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.32 pkg/features/kube_features.go PodLevelResources: alpha, off"),
    (34, true, "v1.34 pkg/features/kube_features.go PodLevelResources: beta, on"),
]);

/// Whether a `fileKeyRef` gets `optional: false`.
pub(crate) static FILE_KEY_OPTIONAL_DEFAULT: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.33 pkg/apis/core/v1/zz_generated.defaults.go has no FileKeyRef"),
    (34, true, "v1.34 pkg/apis/core/v1/zz_generated.defaults.go FileKeyRef.Optional"),
]);

/// Whether a Service gets an internal traffic policy.
pub(crate) static SERVICE_INTERNAL_TRAFFIC_POLICY: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.21 pkg/features/kube_features.go ServiceInternalTrafficPolicy: alpha, off"),
    (22, true, "v1.22 pkg/features/kube_features.go ServiceInternalTrafficPolicy: beta, on"),
]);

/// Whether a `ClusterIP` Service with external IPs gets an external traffic policy.
pub(crate) static EXTERNAL_IPS_TRAFFIC_POLICY: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.28 pkg/apis/core/v1/defaults.go SetDefaults_Service: NodePort and LoadBalancer alone"),
    (29, true, "v1.29 pkg/apis/core/v1/defaults.go SetDefaults_Service: service.ExternallyAccessible"),
]);

/// Whether a `LoadBalancer` Service gets `allocateLoadBalancerNodePorts`.
pub(crate) static LOAD_BALANCER_NODE_PORTS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.20 pkg/features/kube_features.go ServiceLBNodePortControl: alpha, off"),
    (22, true, "v1.22 pkg/features/kube_features.go ServiceLBNodePortControl: beta, on"),
]);

/// Whether a load balancer's address gets `ipMode`.
pub(crate) static LOAD_BALANCER_IP_MODE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.29 pkg/features/kube_features.go LoadBalancerIPMode: alpha, off"),
    (30, true, "v1.30 pkg/features/kube_features.go LoadBalancerIPMode: beta, on"),
]);

/// Whether an unusual `procMount` may be set; before, it is reset to its default.
pub(crate) static PROC_MOUNT: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.20 pkg/features/kube_features.go ProcMountType: alpha, off; v1.31: beta, off"),
    (33, true, "v1.33 pkg/features/kube_features.go ProcMountType: beta, on"),
]);

/// Whether the restart rules of containers are known, but off.
pub(crate) static CONTAINER_RESTART_RULES_OFF: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.33 has no ContainerRestartRules; validation refuses a container's restart policy"),
    (34, true, "v1.34 pkg/features/kube_features.go ContainerRestartRules: alpha, off"),
    (35, false, "v1.35 pkg/features/kube_features.go ContainerRestartRules: beta, on"),
]);

/// Whether image volumes may be used.
pub(crate) static IMAGE_VOLUMES: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.31 pkg/features/kube_features.go ImageVolume: alpha, off; v1.33: beta, off"),
    (35, true, "v1.35 pkg/features/kube_features.go ImageVolume: beta, on"),
]);

/// Whether a negative grace period is read as one second.
pub(crate) static NEGATIVE_GRACE_IS_ONE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16"),
    (31, true, "kube-apiserver 1.31.14, 1.36.3; the first of the minors that were asked"),
]);
