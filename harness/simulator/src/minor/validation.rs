//! What differs by minor in validation, preparation and warnings.
//!
//! `validation.go` is `pkg/apis/core/validation/validation.go`, `strategy.go` is `pkg/registry/core/pod/strategy.go`,
//! `warnings.go` is `pkg/api/pod/warnings.go`, read in each minor from v1.20.15 to v1.37.2.

use super::ByMinor;

macro_rules! since {
    ($(#[$doc:meta])* $name:ident, $minor:literal, $source:literal) => {
        $(#[$doc])*
        pub(crate) static $name: ByMinor<bool> =
            ByMinor::new(&[(20, false, "absent in v1.20"), ($minor, true, $source)]);
    };
}

// Words.

since!(
    /// A value that is no plain text or number is shown as JSON of the internal type, before as `%#v`.
    VALUES_AS_JSON, 34, "v1.34 apimachinery/pkg/util/validation/field/errors.go ErrorBody"
);
since!(
    /// A label with dots is told so.
    LABEL_NAMES_DOTS, 27, "v1.27 apimachinery/pkg/util/validation/validation.go IsDNS1123Label"
);
since!(
    /// The expression shown for a subdomain with underscores is the one that is used.
    UNDERSCORE_REGEX_SHOWN, 33, "v1.33 apimachinery/pkg/util/validation/validation.go IsDNS1123SubdomainWithUnderscore"
);
/// How a key of two slashes is called.
pub(crate) static QUALIFIED_NAME_IS: ByMinor<&str> = ByMinor::new(&[
    (20, "a qualified name", "v1.20 apimachinery/pkg/util/validation/validation.go IsQualifiedName"),
    (35, "a valid label key", "v1.35 apimachinery/pkg/api/validate/content/kube.go IsLabelKey"),
]);
/// In what the length of keys and label values is counted.
pub(crate) static KEY_LENGTH_UNIT: ByMinor<&str> = ByMinor::new(&[
    (20, "characters", "v1.20 apimachinery/pkg/util/validation/validation.go MaxLenError"),
    (35, "bytes", "v1.35 apimachinery/pkg/api/validate/content/errors.go MaxLenError"),
]);
/// What is said of a text that is too long.
pub(crate) static TOO_LONG: ByMinor<&str> = ByMinor::new(&[
    (20, "must have at most {limit} bytes", "v1.20 apimachinery/pkg/util/validation/field/errors.go TooLong"),
    (32, "may not be more than {limit} bytes", "v1.32 the same"),
]);
/// What a port's name lacks that has no letter.
pub(crate) static PORT_NAME_NEEDS: ByMinor<&str> = ByMinor::new(&[
    (
        20,
        "must contain at least one letter or number (a-z, 0-9)",
        "v1.20 apimachinery/pkg/util/validation/validation.go IsValidPortName",
    ),
    (25, "must contain at least one letter (a-z)", "v1.25 the same"),
]);
/// What is said of an IP address that is none.
pub(crate) static IP_WORDS: ByMinor<&str> = ByMinor::new(&[
    (20, "must be valid IP address", "v1.20 validation.go ValidateHostAliases, validatePodDNSConfig"),
    (30, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)", "v1.30 the same, validation.IsValidIP"),
]);

/// Whether the name of a resource is shown without quotes, as its type then has a form of its own.
pub(crate) static RESOURCE_NAME_PLAIN: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.20 validation.go validateResourceName"),
    (29, true, "v1.29 the same, with core.ResourceName"),
    (34, false, "v1.34 apimachinery/pkg/util/validation/field/errors.go ErrorBody"),
]);
/// What is said of a URL without a host.
pub(crate) static URL_WITHOUT_HOST: ByMinor<&str> = ByMinor::new(&[
    (20, "host must be provided", "v1.20 apiserver/pkg/util/webhook/validation.go ValidateWebhookURL"),
    (26, "host must be specified", "v1.26 the same"),
]);
since!(
    /// A webhook's service without a name or namespace gets no further words.
    SERVICE_REFERENCE_BARE, 34, "v1.34 apiserver/pkg/util/webhook/validation.go ValidateWebhookService"
);
since!(
    /// A Service's name may begin with a digit (gate `RelaxedServiceNameValidation`).
    SERVICE_NAME_RELAXED, 36, "v1.36 pkg/features/kube_features.go RelaxedServiceNameValidation beta"
);

// Metadata.

since!(
    /// Two controllers are named with their kinds.
    OWNERS_WITH_KIND, 26, "v1.26 apimachinery/pkg/api/validation/objectmeta.go ValidateOwnerReferences"
);
/// What is said of an owner reference without a kind, name or uid; `{field}` is that field.
pub(crate) static OWNER_FIELD_EMPTY: ByMinor<&str> = ByMinor::new(&[
    (20, "{field} must not be empty", "v1.20 apimachinery/pkg/api/validation/objectmeta.go validateOwnerReference"),
    (34, "must not be empty", "v1.34 the same"),
]);
since!(
    /// Owner references are checked by their place, and what they lack is `Required`.
    OWNERS_BY_INDEX, 37, "v1.37 apimachinery/pkg/api/validation/objectmeta.go validateOwnerReference"
);
since!(
    /// The parameter `fieldValidation` is known.
    FIELD_VALIDATION, 23, "v1.23 apimachinery/pkg/apis/meta/v1/validation/validation.go ValidateFieldValidation"
);

// Containers.

/// In which order a container's parts are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ContainerOrder {
    /// Probes in the midst of the rest.
    Mixed,
    /// The same; the start-up probe is looked at twice.
    MixedStartupTwice,
    /// First what all kinds of containers have in common, then the rest.
    CommonFirst,
}
/// In which order a container's parts are looked at.
pub(crate) static CONTAINER_ORDER: ByMinor<ContainerOrder> = ByMinor::new(&[
    (20, ContainerOrder::Mixed, "v1.20 validation.go validateContainers"),
    (21, ContainerOrder::MixedStartupTwice, "v1.21 the same"),
    (25, ContainerOrder::CommonFirst, "v1.25 validation.go validateContainerCommon"),
]);
since!(
    /// Probes and lifecycle hooks have handlers of their own types.
    PROBE_HANDLERS, 23, "v1.23 pkg/apis/core/types.go ProbeHandler, LifecycleHandler"
);
since!(
    /// A probe's own grace period must be positive.
    PROBE_GRACE_POSITIVE, 22, "v1.22 validation.go validateProbe"
);
/// What is said of probes and hooks of an init container.
pub(crate) static INIT_CONTAINER_HOOKS: ByMinor<&str> = ByMinor::new(&[
    (20, "must not be set for init containers", "v1.20 validation.go validateInitContainers"),
    (25, "may not be set for init containers", "v1.25 the same"),
    (28, "may not be set for init containers without restartPolicy=Always", "v1.28 the same"),
]);
since!(
    /// Init containers may have `restartPolicy: Always`, and then probes and hooks.
    SIDECARS, 28, "v1.28 validation.go validateInitContainers"
);
since!(
    /// Containers have restart policies and rules of their own (gate `ContainerRestartRules`).
    CONTAINER_RESTART_RULES, 35, "v1.35 pkg/features/kube_features.go ContainerRestartRules beta"
);
since!(
    /// Sidecars may have restart rules (gate `RestartAllContainersOnContainerExits`).
    RESTART_ALL_CONTAINERS, 36, "v1.36 pkg/features/kube_features.go RestartAllContainersOnContainerExits beta"
);
since!(
    /// A pre-stop `sleep` may be zero (gate `PodLifecycleSleepActionAllowZero`).
    SLEEP_MAY_BE_ZERO, 33, "v1.33 pkg/features/kube_features.go PodLifecycleSleepActionAllowZero beta"
);
since!(
    /// The text about a `sleep` of zero names its gate.
    SLEEP_NAMES_GATE, 32, "v1.32 validation.go validateSleepAction"
);
since!(
    /// Environment variables may have almost any name (gate `RelaxedEnvironmentVariableValidation`).
    RELAXED_ENVIRONMENT_NAMES, 32, "v1.32 pkg/features RelaxedEnvironmentVariableValidation beta"
);
since!(
    /// `status.hostIPs` can be had from the downward API.
    HOST_IPS, 28, "v1.28 validation.go validEnvDownwardAPIFieldPathExpressions"
);
since!(
    /// A variable's value can come from a file (gate `EnvFiles`).
    ENVIRONMENT_FILES, 35, "v1.35 pkg/features/kube_features.go EnvFiles beta"
);
since!(
    /// The subscript of a field path is shown as it is looked up, in lower case.
    SUBSCRIPT_LOWER_CASE, 25, "v1.25 validation.go validateObjectFieldSelector"
);
since!(
    /// Huge pages can be had from the downward API (gate `DownwardAPIHugePages`).
    HUGE_PAGES_DOWNWARD, 23, "v1.23 pkg/features/kube_features.go DownwardAPIHugePages beta, on"
);
since!(
    /// Volumes of type `ephemeral` can be block devices.
    EPHEMERAL_DEVICES, 23, "v1.23 validation.go ValidateVolumeDevices, isMatchedDevice"
);
since!(
    /// Volume mounts have `recursiveReadOnly`.
    RECURSIVE_READ_ONLY, 30, "v1.30 validation.go validateMountRecursiveReadOnly"
);
since!(
    /// Image volumes can not be mounted in parts.
    IMAGE_VOLUME_NO_SUB_PATH, 31, "v1.31 validation.go ValidateVolumeMounts"
);
since!(
    /// Image volumes can be mounted in parts again.
    IMAGE_VOLUME_SUB_PATH, 33, "v1.33 validation.go ValidateVolumeMounts"
);
since!(
    /// Amounts of huge pages must be multiples of their size.
    HUGE_PAGES_DIVISIBLE, 21, "v1.21 validation.go validateResourceQuantityHugePageValue"
);
since!(
    /// A request above its limit is told the limit.
    LIMIT_IS_NAMED, 27, "v1.27 validation.go ValidateResourceRequirements"
);
since!(
    /// Containers have `resizePolicy` (validated wherever it is set).
    RESIZE_POLICY, 27, "v1.27 validation.go validateResizePolicy"
);
since!(
    /// Where the Pod never restarts, nothing restarts on a resize.
    RESIZE_POLICY_NEVER, 29, "v1.29 validation.go validateResizePolicy"
);
since!(
    /// Init containers that end do not restart on a resize.
    INIT_RESIZE_POLICY, 36, "v1.36 validation.go validateInitContainers"
);
since!(
    /// `procMount: Unmasked` needs `hostUsers: false`.
    UNMASKED_NEEDS_USER_NAMESPACE, 30, "v1.30 validation.go ValidateSecurityContext"
);
since!(
    /// `capabilities.add: [CAP_SYS_ADMIN]` is no longer looked at with `allowPrivilegeEscalation: false`.
    SYS_ADMIN_IGNORED, 37, "v1.37 validation.go ValidateSecurityContext, AllowSysAdminWhenPrivilegeEscalationFalse"
);
since!(
    /// `AppArmor` profiles are fields.
    APPARMOR_FIELDS, 30, "v1.30 validation.go ValidateAppArmorProfileField"
);
/// What is said of an `AppArmor` profile's name that is too long.
pub(crate) static APPARMOR_TOO_LONG: ByMinor<&str> = ByMinor::new(&[
    (20, "may not be longer than 4095", "v1.30 validation.go ValidateAppArmorProfileField, TooLongMaxLength"),
    (32, "may not be more than 4095 bytes", "v1.32 the same, TooLong"),
]);

// Ephemeral containers.

since!(
    /// Ephemeral containers mount no parts of volumes.
    EPHEMERAL_NO_SUB_PATH, 23, "v1.23 validation.go validateEphemeralContainers"
);
since!(
    /// Static Pods have no ephemeral containers.
    STATIC_POD_NO_EPHEMERAL, 27, "v1.27 validation.go ValidatePodEphemeralContainersUpdate"
);

// The Pod.

since!(
    /// The annotation `controller.kubernetes.io/pod-deletion-cost` must be a number.
    DELETION_COST, 21, "v1.21 validation.go ValidatePodSpecificAnnotations"
);
since!(
    /// `terminationGracePeriodSeconds` must be there (it always is, by default).
    GRACE_PERIOD_REQUIRED, 31, "v1.31 validation.go ValidatePodSpec"
);
since!(
    /// `terminationGracePeriodSeconds` may not be negative.
    GRACE_PERIOD_NOT_NEGATIVE, 37, "v1.37 validation.go validatePodMetadataAndSpec"
);
since!(
    /// Host ports are looked at before the restart policy, without a security context too.
    HOST_PORTS_EARLY, 28, "v1.28 validation.go validatePodHostNetworkDeps"
);
/// `spec.os`: what validation makes of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OsField {
    /// There is no such field.
    Unknown,
    /// The field is refused, as its gate is off.
    GateOff,
    /// The field is known; the detail of an empty name.
    Known(&'static str),
}
/// `spec.os`: what validation makes of it.
pub(crate) static OS_FIELD: ByMinor<OsField> = ByMinor::new(&[
    (20, OsField::Unknown, "v1.20 pkg/apis/core/types.go"),
    (23, OsField::GateOff, "v1.23 pkg/features/kube_features.go IdentifyPodOS alpha"),
    (24, OsField::Known("cannot be empty"), "v1.24 pkg/features/kube_features.go IdentifyPodOS beta"),
    (34, OsField::Known(""), "v1.34 validation.go validateOS"),
]);
since!(
    /// A Windows Pod's `HostProcess` containers are validated (gate `WindowsHostProcessContainers`, alpha and off in 1.22).
    HOST_PROCESS, 23, "v1.23 pkg/features/kube_features.go WindowsHostProcessContainers beta"
);
since!(
    /// `spec.hostUsers` is validated.
    HOST_USERS, 25, "v1.25 validation.go validateHostUsers"
);
/// How `hostUsers: false` is named in messages.
pub(crate) static HOST_USERS_WORDS: ByMinor<&str> = ByMinor::new(&[
    (20, "when `pod.Spec.HostUsers` is false", "v1.25 validation.go validateHostUsers"),
    (34, "when `hostUsers` is false", "v1.34 the same"),
]);
since!(
    /// Without the host's users, no volume devices.
    HOST_USERS_DEVICES, 34, "v1.34 validation.go validateHostUsers"
);
since!(
    /// Without the host's users, any volume may be mounted.
    HOST_USERS_ANY_VOLUME, 28, "v1.28 validation.go validateHostUsers"
);
since!(
    /// Scheduling gates are validated.
    SCHEDULING_GATES, 26, "v1.26 validation.go validateSchedulingGates"
);
since!(
    /// A scheduling gate's name must be a qualified name.
    SCHEDULING_GATE_QUALIFIED, 27, "v1.27 validation.go validateSchedulingGates"
);
since!(
    /// The node selector and affinity of a Pod that is gated may be narrowed.
    GATED_POD_MUTABLE, 27, "v1.27 validation.go ValidatePodUpdate"
);
since!(
    /// Errors about host aliases tell the place.
    HOST_ALIASES_INDEXED, 30, "v1.30 validation.go ValidateHostAliases"
);
/// How many search domains there may be, and how long together.
pub(crate) static DNS_SEARCHES: ByMinor<(usize, usize)> = ByMinor::new(&[
    (20, (6, 256), "v1.20 validation.go MaxDNSSearchPaths"),
    (26, (32, 2048), "v1.26 pkg/features/kube_features.go ExpandedDNSConfig beta"),
]);
since!(
    /// Search domains may have underscores, and be one dot (gate `RelaxedDNSSearchValidation`).
    RELAXED_SEARCHES, 33, "v1.33 pkg/features/kube_features.go RelaxedDNSSearchValidation beta"
);
/// What a sysctl's name must match, and whether slashes are allowed there.
pub(crate) static SYSCTL: ByMinor<(&str, bool)> = ByMinor::new(&[
    (
        20,
        (r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-_a-z0-9]*[a-z0-9])?", false),
        "v1.20 validation.go SysctlFmt",
    ),
    (
        25,
        (r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$", true),
        "v1.25 validation.go sysctlContainSlashRegexp",
    ),
]);
since!(
    /// Sysctls of a namespace that is the host's are refused.
    HOST_SYSCTLS, 29, "v1.29 validation.go ValidateHostSysctl"
);
since!(
    /// `supplementalGroupsPolicy` is validated.
    SUPPLEMENTAL_GROUPS_POLICY, 31, "v1.31 validation.go validateSupplementalGroupsPolicy"
);
/// What `seLinuxChangePolicy` may be; nothing where it is not looked at.
pub(crate) static SELINUX_CHANGE_POLICY: ByMinor<&[&str]> = ByMinor::new(&[
    (20, &[], "absent in v1.20"),
    (32, &["Recursive"], "v1.32 validation.go validateSELinuxChangePolicy, AllowOnlyRecursiveSELinuxChangePolicy"),
    (37, &["MountOption", "Recursive"], "v1.37 pkg/features/kube_features.go SELinuxMount GA"),
]);
since!(
    /// `shareProcessNamespace` is looked at on the spec, not in its security context.
    SHARE_PROCESS_ON_SPEC, 37, "v1.37 validation.go validateShareProcessNamespace"
);
since!(
    /// A toleration's refused value is shown alone, not with the whole toleration.
    TOLERATION_VALUE_ALONE, 32, "v1.32 validation.go ValidateTolerations"
);
since!(
    /// Tolerations' operators `Lt` and `Gt` are known, though not on (gate `TaintTolerationComparisonOperators`).
    TOLERATION_COMPARES, 35, "v1.35 validation.go ValidateTolerations"
);
since!(
    /// Affinity terms' label selectors are named so, not `matchExpressions`, and there is a namespace selector.
    AFFINITY_SELECTOR_NAMED, 21, "v1.21 validation.go validatePodAffinityTerm"
);
since!(
    /// Values in label selectors must be valid label values.
    SELECTOR_VALUES, 26, "v1.26 apimachinery/pkg/apis/meta/v1/validation/validation.go ValidateLabelSelectorRequirement"
);
since!(
    /// Values in a required node affinity must be valid label values.
    NODE_AFFINITY_VALUES, 33, "v1.33 validation.go validateNodeAffinity"
);
since!(
    /// Affinity terms have `matchLabelKeys` (beta, on).
    AFFINITY_MATCH_LABEL_KEYS, 31, "v1.31 pkg/features/kube_features.go MatchLabelKeysInPodAffinity beta"
);
since!(
    /// Topology spread constraints have `minDomains`.
    SPREAD_MIN_DOMAINS, 24, "v1.24 validation.go validateTopologySpreadConstraints"
);
since!(
    /// Topology spread constraints have node policies and `matchLabelKeys`.
    SPREAD_POLICIES, 25, "v1.25 validation.go validateTopologySpreadConstraints"
);
since!(
    /// The label selectors of topology spread constraints are validated.
    SPREAD_SELECTOR, 27, "v1.27 validation.go validateTopologySpreadConstraints"
);
since!(
    /// `matchLabelKeys` of topology spread constraints become part of the selector.
    SPREAD_MERGES_KEYS, 34, "v1.34 strategy.go mutateTopologySpreadConstraints"
);
since!(
    /// Resource claims are validated.
    RESOURCE_CLAIMS, 26, "v1.26 validation.go validatePodResourceClaims"
);
since!(
    /// A resource claim's source stands in the claim itself.
    RESOURCE_CLAIMS_FLAT, 31, "v1.31 validation.go validatePodResourceClaim"
);
since!(
    /// Static Pods have no resource claims.
    STATIC_POD_NO_CLAIMS, 32, "v1.32 validation.go validatePodResourceClaim"
);
since!(
    /// The Pod as a whole has resources (gate `PodLevelResources`).
    POD_RESOURCES, 34, "v1.34 pkg/features/kube_features.go PodLevelResources beta"
);
since!(
    /// The Pod has `hostnameOverride` (gate `HostnameOverride`).
    HOSTNAME_OVERRIDE, 34, "v1.34 validation.go validatePodHostName"
);

// Volumes.

since!(
    /// A projected token's path must lie below its volume.
    TOKEN_PATH_LOCAL, 30, "v1.30 validation.go validateProjectionSources"
);
/// What is said of two kinds in one projected source.
pub(crate) static PROJECTION_KINDS: ByMinor<&str> = ByMinor::new(&[
    (20, "may not specify more than 1 volume type", "v1.20 validation.go validateProjectionSources"),
    (31, "may not specify more than 1 volume type per source", "v1.31 the same"),
]);
since!(
    /// A volume can be for one Pod alone (gate `ReadWriteOncePod`).
    READ_WRITE_ONCE_POD, 27, "v1.27 pkg/features/kube_features.go ReadWriteOncePod beta"
);
since!(
    /// Volumes can be images.
    IMAGE_VOLUMES, 31, "v1.31 validation.go validateVolumeSource"
);

// Updates.

/// What may change in a Pod's spec, in the words of the refusal.
pub(crate) static UPDATABLE: ByMinor<&str> = ByMinor::new(&[
    (
        20,
        "`spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or \
         `spec.tolerations` (only additions to existing tolerations)",
        "v1.20 validation.go ValidatePodUpdate",
    ),
    (
        22,
        "`spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` \
         (only additions to existing tolerations) or `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if \
         it was previously negative)",
        "v1.22 the same",
    ),
    (
        27,
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
         (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it \
         was previously negative)",
        "v1.27 validation.go updatablePodSpecFieldsNoResources",
    ),
]);
since!(
    /// A negative grace period may be set to 1.
    GRACE_PERIOD_REPAIR, 22, "v1.22 validation.go ValidatePodUpdate"
);
since!(
    /// Scheduling gates may be taken away.
    SCHEDULING_GATES_UPDATE, 26, "v1.26 validation.go validateOnlyDeletedSchedulingGates"
);
since!(
    /// Errors about conditions stand at the status, not at the metadata.
    CONDITIONS_IN_STATUS, 33, "v1.33 validation.go ValidatePodStatusUpdate"
);
since!(
    /// A Pod that runs on a node is nominated for none (gate `ClearingNominatedNodeNameAfterBinding`).
    NOMINATION_ENDS, 35, "v1.35 pkg/features/kube_features.go ClearingNominatedNodeNameAfterBinding beta"
);
/// Whether a spec may not make another `QoS` class.
pub(crate) static QOS_OF_SPEC_IMMUTABLE: ByMinor<bool> = ByMinor::new(&[
    (20, false, "answers of v1.24.17 and v1.25.16"),
    (27, true, "v1.27 validation.go ValidatePodUpdate; answer of v1.31.14"),
    (32, false, "v1.32 validation.go ValidatePodUpdate; answer of v1.36.3"),
]);
since!(
    /// `status.qosClass` may not change.
    QOS_IMMUTABLE, 32, "v1.32 validation.go ValidatePodStatusUpdate"
);

// Preparation.

/// How seccomp annotations and fields are brought together when a Pod is created.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SeccompSkew {
    /// Fields make annotations, annotations make fields.
    BothWays,
    /// Annotations make fields.
    AnnotationToField,
    /// Neither.
    None,
}
/// How seccomp annotations and fields are brought together when a Pod is created.
pub(crate) static SECCOMP_SKEW: ByMinor<SeccompSkew> = ByMinor::new(&[
    (20, SeccompSkew::BothWays, "v1.20 strategy.go applySeccompVersionSkew"),
    (25, SeccompSkew::AnnotationToField, "v1.25 the same"),
    (27, SeccompSkew::None, "v1.27 strategy.go PrepareForCreate"),
]);
/// How `AppArmor` annotations and fields are brought together when a Pod is created.
pub(crate) static APPARMOR_SKEW: ByMinor<SeccompSkew> = ByMinor::new(&[
    (20, SeccompSkew::None, "v1.20 strategy.go PrepareForCreate"),
    (30, SeccompSkew::BothWays, "v1.30 strategy.go applyAppArmorVersionSkew"),
    (34, SeccompSkew::AnnotationToField, "v1.34 the same"),
]);
since!(
    /// Pods have `metadata.generation`.
    POD_GENERATION, 33, "v1.33 strategy.go PrepareForCreate, updatePodGeneration"
);
since!(
    /// A gated Pod has a condition that says so (gate `PodSchedulingReadiness`).
    GATED_CONDITION, 27, "v1.27 pkg/features/kube_features.go PodSchedulingReadiness beta"
);
since!(
    /// A status update without `QoS` class or observed generation keeps the old ones.
    STATUS_KEEPS_OLD, 33, "v1.33 strategy.go podStatusStrategy.PrepareForUpdate"
);

// Warnings.

since!(
    /// Pods have warnings at all.
    WARNINGS, 22, "v1.22 warnings.go GetWarningsForPod"
);
/// What is said of a seccomp annotation without its field.
pub(crate) static SECCOMP_WARNING: ByMinor<&str> = ByMinor::new(&[
    (20, "deprecated since v1.19", "v1.22 warnings.go"),
    (23, "deprecated since v1.19, non-functional in v1.25+", "v1.23 warnings.go"),
    (25, "deprecated since v1.19, non-functional in a future release", "v1.25 warnings.go"),
    (27, "non-functional in v1.27+", "v1.27 warnings.go"),
]);
since!(
    /// A Pod's name that is no DNS label is warned of, as is a negative grace period.
    WARN_HOSTNAME, 27, "v1.27 strategy.go WarningsOnCreate"
);
/// What is said of a variable that is set twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DuplicateVariable {
    /// `duplicate name`.
    Always,
    /// Only where the second hides the first; what follows the name.
    WhereHidden(&'static str),
}
/// What is said of a variable that is set twice.
pub(crate) static WARN_VARIABLES: ByMinor<DuplicateVariable> = ByMinor::new(&[
    (20, DuplicateVariable::Always, "v1.22 warnings.go"),
    (28, DuplicateVariable::WhereHidden(""), "v1.28 warnings.go"),
    (30, DuplicateVariable::WhereHidden(", which may be dropped when using apply"), "v1.30 warnings.go"),
]);
since!(
    /// Ports that overlap and selectors that select nothing are warned of; volumes of one name no more.
    WARN_PORTS_AND_SELECTORS, 28, "v1.28 warnings.go"
);
since!(
    /// Ports of one name are warned of, and label values of preferred node affinities, and odd IP addresses.
    WARN_PORT_NAMES, 33, "v1.33 warnings.go"
);
since!(
    /// Paths within a volume that overlap are warned of, and a projected volume's source that names nothing.
    WARN_OVERLAPPING_PATHS, 32, "v1.32 warnings.go `warningsForOverlappingVirtualPaths`; no answer of v1.31.14 has it"
);

/// What is said of volumes whose drivers were removed with v1.25.
pub(crate) static WARN_REMOVED_VOLUMES: ByMinor<&str> = ByMinor::new(&[
    (
        20,
        "deprecated in v1.22, support removal is planned in v1.26",
        "answers of v1.24.17 and v1.25.16; no warnings before v1.22",
    ),
    (26, "deprecated in v1.22, non-functional in v1.25+", "answer of v1.31.14"),
]);
/// What is said of `gitRepo` volumes.
pub(crate) static WARN_GIT_REPO: ByMinor<&str> = ByMinor::new(&[
    (20, "deprecated in v1.11", "v1.22 warnings.go; answers of v1.24.17, v1.25.16 and v1.31.14"),
    (33, "deprecated in v1.11, and disabled by default in v1.33+", "v1.33 warnings.go; answer of v1.36.3"),
]);
/// What is said of `glusterfs` volumes; nothing where they are as good as any.
pub(crate) static WARN_GLUSTERFS: ByMinor<Option<&str>> = ByMinor::new(&[
    (20, None, "answer of v1.24.17"),
    (
        25,
        Some("deprecated in v1.25, this feature will be removed soon after in a subsequent release"),
        "answer of v1.25.16",
    ),
    (26, Some("deprecated in v1.25, non-functional in v1.26+"), "v1.26 warnings.go; answer of v1.31.14"),
]);
/// What is said of `cephfs` and `rbd` volumes; nothing where they are as good as any.
pub(crate) static WARN_CEPH: ByMinor<Option<&str>> = ByMinor::new(&[
    (20, None, "answer of v1.25.16"),
    (28, Some("deprecated in v1.28"), "v1.28 warnings.go"),
    (31, Some("deprecated in v1.28, non-functional in v1.31+"), "answer of v1.31.14"),
]);
