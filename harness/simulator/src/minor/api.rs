//! What differs by minor in requests, responses, discovery and metadata.

use super::ByMinor;

/// What `fieldValidation` is where a request does not name it; nothing: the parameter has no effect.
pub(crate) static FIELD_VALIDATION: ByMinor<Option<FieldValidation>> = ByMinor::new(&[
    (20, None, "kubernetes v1.24 `pkg/features/kube_features.go` ServerSideFieldValidation: alpha, off"),
    (25, Some(FieldValidation::Warn), "kubernetes v1.25 ServerSideFieldValidation: beta, on"),
]);

/// What happens with fields that the types do not know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Whether uid, timestamps and the like are taken off the object before admission.
pub(crate) static WIPES_SYSTEM_METADATA: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.24 `apiserver/pkg/endpoints/handlers/create.go` `createHandler`"),
    (
        25,
        true,
        "kubernetes v1.25 `apiserver/pkg/endpoints/handlers/create.go` `createHandler` `WipeObjectMetaSystemFields`",
    ),
]);

/// Whether `metadata.namespace` is set before admission; else only when the object is stored.
pub(crate) static NAMESPACE_BEFORE_ADMISSION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.23 `apiserver/pkg/registry/rest/create.go` `BeforeCreate`"),
    (
        24,
        true,
        "kubernetes v1.24 `apiserver/pkg/endpoints/handlers/create.go` `EnsureObjectNamespaceMatchesRequestNamespace`",
    ),
]);

/// Whether uid and creation time are drawn before the object is prepared, and not after.
pub(crate) static UID_BEFORE_PREPARE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.24 `apiserver/pkg/registry/rest/create.go` `BeforeCreate`"),
    (25, true, "kubernetes v1.25 `apiserver/pkg/registry/generic/registry/store.go` `Create`"),
]);

/// Whether a generated name is drawn before the object is prepared, and not after.
pub(crate) static NAME_BEFORE_PREPARE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.25 `apiserver/pkg/registry/rest/create.go` `BeforeCreate`"),
    (26, true, "kubernetes v1.26 `apiserver/pkg/registry/generic/registry/store.go` `Create`"),
]);

/// How often a generated name that is taken is drawn anew.
pub(crate) static GENERATED_NAME_ATTEMPTS: ByMinor<u8> = ByMinor::new(&[
    (20, 1, "kubernetes v1.30 RetryGenerateName: alpha, off"),
    (
        31,
        8,
        "kubernetes v1.31 RetryGenerateName: beta, on; v1.36 `registry/store.go` `maxNameGenerationCreateAttempts`",
    ),
]);

/// Whether a taken generated name is answered with 409; else with 500 `ServerTimeout`.
pub(crate) static GENERATED_NAME_CONFLICTS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.21 `apiserver/pkg/registry/rest/create.go` `CheckGeneratedNameError`"),
    (22, true, "kubernetes v1.22 `apiserver/pkg/registry/rest/create.go` `CheckGeneratedNameError`"),
]);

/// Where the API server's scheme is made, which some messages name.
pub(crate) static SCHEME: ByMinor<&str> = ByMinor::new(&[
    (20, "pkg/runtime/scheme.go:100", "kube-apiserver 1.24.17, 1.25.16, 1.31.14"),
    (33, "pkg/runtime/scheme.go:110", "kubernetes v1.33 `apimachinery/pkg/runtime/scheme.go` `NewScheme`"),
    (
        35,
        "pkg/runtime/scheme.go:111",
        "kubernetes v1.35 `apimachinery/pkg/runtime/scheme.go` `NewScheme`; kube-apiserver 1.36.3",
    ),
]);

/// Whether values that a list refuses stand as JSON in messages, and not as Go writes them.
pub(crate) static VALUES_AS_JSON: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.33 `apimachinery/pkg/util/validation/field/errors.go` `ErrorBody`"),
    (34, true, "kubernetes v1.34 `apimachinery/pkg/util/validation/field/errors.go` `ErrorDetail`"),
]);

/// Whether an unset `metadata.creationTimestamp` is written as null.
pub(crate) static NULL_CREATION_TIMESTAMP: ByMinor<bool> = ByMinor::new(&[
    (20, true, "kubernetes v1.33 `apimachinery/pkg/apis/meta/v1/types.go` `ObjectMeta`"),
    (34, false, "kubernetes v1.34 `apimachinery/pkg/apis/meta/v1/types.go` `ObjectMeta`: omitzero"),
]);

/// Whether a 406 lists what could be had.
pub(crate) static NOT_ACCEPTABLE_NAMES_FORMS: ByMinor<bool> =
    ByMinor::new(&[(20, false, "kube-apiserver 1.24.17"), (25, true, "kube-apiserver 1.25.16, 1.31.14, 1.36.3")]);

/// Whether `fieldValidation` is a parameter at all.
pub(crate) static KNOWS_FIELD_VALIDATION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.22 `apimachinery/pkg/apis/meta/v1/types.go` `CreateOptions`"),
    (23, true, "kubernetes v1.23 `apimachinery/pkg/apis/meta/v1/types.go` `CreateOptions`"),
]);

/// Whether Services have `spec.internalTrafficPolicy`.
pub(crate) static SERVICE_INTERNAL_TRAFFIC_POLICY: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.21 ServiceInternalTrafficPolicy: alpha, off"),
    (22, true, "kubernetes v1.22 ServiceInternalTrafficPolicy: beta, on"),
]);

/// Whether Pods can be selected by `spec.hostNetwork`.
pub(crate) static SELECTS_BY_HOST_NETWORK: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.27 `pkg/apis/core/v1/conversion.go` `addConversionFuncs`"),
    (28, true, "kubernetes v1.28 `pkg/apis/core/v1/conversion.go` `addConversionFuncs`"),
]);

/// Whether Services can be selected by `spec.clusterIP` and `spec.type`.
pub(crate) static SELECTS_SERVICES_BY_TYPE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.30 `pkg/apis/core/v1/conversion.go` `addConversionFuncs`"),
    (31, true, "kubernetes v1.31 `pkg/apis/core/v1/conversion.go` `AddFieldLabelConversionsForService`"),
]);

/// Whether a watch can begin with the present objects and say where they end.
pub(crate) static SENDS_INITIAL_EVENTS: ByMinor<InitialEvents> = ByMinor::new(&[
    (20, InitialEvents::Unknown, "kubernetes v1.26 `apimachinery/pkg/apis/meta/v1/types.go` `ListOptions`"),
    (27, InitialEvents::Forbidden, "kubernetes v1.27 WatchList: alpha, off"),
    (32, InitialEvents::Sent, "kubernetes v1.32 WatchList: beta, on"),
    (33, InitialEvents::Forbidden, "kubernetes v1.33 WatchList: beta, off"),
    (34, InitialEvents::Sent, "kubernetes v1.34 WatchList: beta, on"),
]);

/// What becomes of `sendInitialEvents`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum InitialEvents {
    /// The parameter is not there yet, and has no effect.
    Unknown,
    Forbidden,
    Sent,
}

/// Whether a Pod's restarts say when the last one was.
pub(crate) static RESTARTS_TELL_WHEN: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.21 `pkg/printers/internalversion/printers.go` `printPod`"),
    (22, true, "kubernetes v1.22 `pkg/printers/internalversion/printers.go` `printPod`"),
]);

/// Whether the table of service accounts counts their secrets.
pub(crate) static SERVICE_ACCOUNTS_SHOW_SECRETS: ByMinor<bool> = ByMinor::new(&[
    (20, true, "kubernetes v1.34 `pkg/printers/internalversion/printers.go` `serviceAccountColumnDefinitions`"),
    (35, false, "kubernetes v1.35 `pkg/printers/internalversion/printers.go` `serviceAccountColumnDefinitions`"),
]);

/// Whether the table of priority classes has their preemption policy.
pub(crate) static PRIORITY_CLASSES_SHOW_PREEMPTION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.31 `pkg/printers/internalversion/printers.go` `priorityClassColumnDefinitions`"),
    (32, true, "kubernetes v1.32 `pkg/printers/internalversion/printers.go` `priorityClassColumnDefinitions`"),
]);

/// Whether a Pod that has ended keeps its status in the table while it is being deleted.
pub(crate) static ENDED_PODS_KEEP_THEIR_STATUS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.30 `pkg/printers/internalversion/printers.go` `printPod`"),
    (31, true, "kubernetes v1.31 `pkg/printers/internalversion/printers.go` `printPod`"),
]);

/// Whether a container that failed shows in the status of a Pod whose first container has completed.
pub(crate) static COMPLETED_PODS_SHOW_ERRORS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.34 `pkg/printers/internalversion/printers.go` `printPod`"),
    (35, true, "kubernetes v1.35 `pkg/printers/internalversion/printers.go` `printPod`"),
]);

/// Whether a node's kernel version is followed by its architecture in the table.
pub(crate) static KERNELS_SHOW_ARCHITECTURE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.35 `pkg/printers/internalversion/printers.go` `printNode`"),
    (36, true, "kubernetes v1.36 `pkg/printers/internalversion/printers.go` `printNode`"),
]);

/// Whether discovery names the singular of each resource.
pub(crate) static SINGULAR_NAMES: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16"),
    (27, true, "kubernetes v1.27 `apiserver/pkg/endpoints/installer.go` `SingularNameProvider`"),
]);

/// In which versions discovery can be had as one document.
pub(crate) static AGGREGATED_DISCOVERY: ByMinor<&[AggregatedDiscovery]> = ByMinor::new(&[
    (20, &[], "kubernetes v1.26 AggregatedDiscoveryEndpoint: alpha, off"),
    (27, &[AggregatedDiscovery::V2Beta1], "kubernetes v1.27 AggregatedDiscoveryEndpoint: beta, on"),
    (
        30,
        &[AggregatedDiscovery::V2, AggregatedDiscovery::V2Beta1],
        "kubernetes v1.30 AggregatedDiscoveryEndpoint: GA; kube-apiserver 1.31.14",
    ),
    (36, &[AggregatedDiscovery::V2], "kube-apiserver 1.36.3"),
]);

/// A version of the aggregated discovery document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AggregatedDiscovery {
    V2,
    V2Beta1,
}

impl AggregatedDiscovery {
    /// The version that a client asks for.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "v2" => Some(Self::V2),
            "v2beta1" => Some(Self::V2Beta1),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V2Beta1 => "v2beta1",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::V2 => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            Self::V2Beta1 => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        }
    }
}

/// Whether `/version` tells which version is emulated.
pub(crate) static VERSION_TELLS_EMULATION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.32 `apimachinery/pkg/version/types.go` `Info`"),
    (33, true, "kubernetes v1.33 `apimachinery/pkg/version/types.go` `Info`"),
]);

/// Whether `/openapi/v3` is there.
pub(crate) static SERVES_OPENAPI_V3: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.23 OpenAPIV3: alpha, off"),
    (24, true, "kubernetes v1.24 OpenAPIV3: beta, on"),
]);

/// Whether a resource version that is no number is the client's fault, and not the server's.
pub(crate) static REFUSES_UNREADABLE_VERSIONS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16, 1.31.14"),
    (33, true, "kubernetes v1.33 `apiserver/pkg/storage/interfaces.go` `ValidateListOptions`; kube-apiserver 1.36.3"),
]);

/// Whether a Pod that is evicted has a condition that says so.
pub(crate) static EVICTION_CONDITION: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16"),
    (26, true, "kubernetes v1.26 PodDisruptionConditions: beta, on; `pkg/registry/core/pod/storage/eviction.go`"),
]);

/// Whether what was deleted is told with the version of its removal, and not with its last own one.
pub(crate) static TELLS_THE_REMOVAL: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16"),
    (31, true, "kube-apiserver 1.31.14, 1.36.3; the first of the minors that were asked"),
]);

/// Whether an update of what is not there compares uids first, and so conflicts where the client names one.
pub(crate) static UID_BEFORE_PRESENCE: ByMinor<bool> =
    ByMinor::new(&[(20, true, "kube-apiserver 1.24.17, 1.25.16, 1.31.14"), (36, false, "kube-apiserver 1.36.3")]);
