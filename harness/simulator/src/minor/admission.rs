//! What differs by minor in the admission chain and in webhook calls.

use super::ByMinor;

/// Whether a Pod's token comes from a projected volume rather than from the ServiceAccount's own Secret.
pub(crate) static BOUND_SERVICE_ACCOUNT_TOKEN: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.20.15 `pkg/features/kube_features.go` `BoundServiceAccountTokenVolume`: alpha, off"),
    (21, true, "kubernetes v1.21.1 `BoundServiceAccountTokenVolume`: beta, on"),
]);

/// Whether the ServiceAccount plug-in writes the token volume's `defaultMode` itself.
pub(crate) static TOKEN_VOLUME_DEFAULT_MODE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.21.1 `plugin/pkg/admission/serviceaccount/admission.go` `TokenVolumeSource`"),
    (23, true, "kubernetes v1.23 the same, issue 104464"),
]);

/// Whether the ServiceAccount plug-in looks at updates, that is at ephemeral containers, too.
pub(crate) static SERVICE_ACCOUNT_ON_UPDATE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.23 `plugin/pkg/admission/serviceaccount/admission.go` `NewServiceAccount`"),
    (24, true, "kubernetes v1.24.17 the same, which has the fix of CVE-2023-2728; answer of v1.24.17"),
]);

/// Whether LimitRanger counts sidecar containers (restartable init containers) as running beside the others.
pub(crate) static LIMITS_COUNT_SIDECARS: ByMinor<bool> = ByMinor::new(&[
    (
        20,
        false,
        "kubernetes v1.24.17 and v1.27.1 `plugin/pkg/admission/limitranger/admission.go` `PodValidateLimitFunc`",
    ),
    (28, true, "kubernetes v1.28.3 the same, `podRequests`"),
]);

/// Whether LimitRanger lets `spec.resources` of a Pod override the sum over its containers.
pub(crate) static LIMITS_KNOW_POD_RESOURCES: ByMinor<bool> = ByMinor::new(&[
    (20, false, "no gate PodLevelResources before 1.32, alpha and off until 1.33"),
    (34, true, "kubernetes v1.34 `PodLevelResources`: beta, on"),
]);

/// Whether a namespace's labels ask for Pod Security Standards.
pub(crate) static POD_SECURITY: ByMinor<bool> = ByMinor::new(&[
    (20, false, "no gate PodSecurity before 1.22, where it is alpha and off"),
    (23, true, "kubernetes v1.23 gate PodSecurity: beta, on"),
]);

/// Whether the reason of a failed webhook call says at which stage it failed.
pub(crate) static CALL_STAGE_IN_ERROR: ByMinor<bool> = ByMinor::new(&[
    (20, false, "apiserver v0.21.14 `admission/plugin/webhook/mutating/dispatcher.go` `callAttrMutatingHook`"),
    (22, true, "apiserver v0.22.17 the same: `failed to call webhook: `"),
]);

/// Whether an undecodable patch counts as a failed call, so that the failure policy decides.
pub(crate) static UNDECODABLE_PATCH_IS_CALL_ERROR: ByMinor<bool> = ByMinor::new(&[
    (20, false, "apiserver v0.33.0 `admission/plugin/webhook/mutating/dispatcher.go` `callAttrMutatingHook`"),
    (34, true, "apiserver v0.34.0 the same: `received undecodable patch in webhook response`"),
]);

/// Whether `failed-open.` audit annotations are written.
pub(crate) static FAILED_OPEN_AUDIT: ByMinor<bool> = ByMinor::new(&[
    (20, false, "apiserver v0.21.14 `admission/plugin/webhook/mutating/dispatcher.go`"),
    (22, true, "apiserver v0.22.17 the same `MutationAuditAnnotationFailedOpenKeyPrefix`"),
]);

/// Whether `matchConditions` of a webhook are honoured.
pub(crate) static MATCH_CONDITIONS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kubernetes v1.27 gate AdmissionWebhookMatchConditions: alpha, off"),
    (28, true, "kubernetes v1.28 gate AdmissionWebhookMatchConditions: beta, on"),
]);

/// Kinds of group `admissionregistration.k8s.io` that are never sent to a webhook.
pub(crate) static EXEMPT_KINDS: ByMinor<&[&str]> = ByMinor::new(&[
    (
        20,
        &["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
        "apiserver v0.20.15 `admission/plugin/webhook/rules/rules.go` `IsWebhookConfigurationResource`",
    ),
    (
        26,
        &[
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
        "apiserver v0.26 `IsExemptAdmissionConfigurationResource`",
    ),
    (
        32,
        &[
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ],
        "apiserver v0.32 the same",
    ),
]);

/// What stands before an error about a webhook's certificate.
pub(crate) static CERTIFICATE_ERROR_PREFIX: ByMinor<&str> = ByMinor::new(&[
    (20, "", "v1.23.17 is built with Go 1.19, before `tls.CertificateVerificationError`"),
    (24, "tls: failed to verify certificate: ", "v1.24.17, v1.25.16, v1.31.14 and v1.36.3 answer so"),
]);

/// What Go's decoder calls the types that a webhook may answer with: the line that made them.
pub(crate) static SCHEME_NAME: ByMinor<&str> = ByMinor::new(&[
    (20, "pkg/runtime/scheme.go:100", "apimachinery v0.20.0 to v0.32.0; v1.24.17, v1.25.16 and v1.31.14 answer so"),
    (33, "pkg/runtime/scheme.go:110", "apimachinery v0.33.0 `runtime/scheme.go` `NewScheme`"),
    (35, "pkg/runtime/scheme.go:111", "apimachinery v0.35.0; v1.36.3 answers so"),
]);
