//! Which fields of a Pod a minor knows but drops, as their feature gate is off there.

use super::Minor;

/// Fields behind a feature gate.
///
/// # Shape
/// `paths`: from the Pod's spec; `[]` stands for each item of a list, `*` for each list of containers. `on`: the first
/// minor with the gate on, nothing where it is off in all. Before the field exists, reading drops it already.
#[derive(Debug)]
pub(crate) struct GatedFields {
    pub(crate) paths: &'static [&'static str],
    /// Whether what is left empty goes with it.
    pub(crate) prunes: bool,
    on: Option<u8>,
    #[cfg_attr(not(test), expect(dead_code, reason = "names the row, where a test fails"))]
    gate: &'static str,
}

impl GatedFields {
    /// Whether `minor` drops the fields.
    pub(crate) fn is_off(&self, minor: Minor) -> bool {
        self.on.is_none_or(|on| minor.number() < on)
    }
}

const fn row(gate: &'static str, on: Option<u8>, paths: &'static [&'static str]) -> GatedFields {
    GatedFields { paths, prunes: false, on, gate }
}

/// Every gate that was ever off.
///
/// # Source
/// kubernetes v1.20 to v1.37 `pkg/api/pod/util.go` `dropDisabledFields`, and the gate's default in
/// `pkg/features/kube_features.go` of each.
pub(crate) static GATED_FIELDS: &[GatedFields] = &[
    row("GenericEphemeralVolume", Some(21), &["volumes[].ephemeral"]),
    row(
        "PodAffinityNamespaceSelector",
        Some(22),
        &[
            "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[].namespaceSelector",
            "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.namespaceSelector",
            "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[].namespaceSelector",
            "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.namespaceSelector",
        ],
    ),
    row("EphemeralContainers", Some(23), &["ephemeralContainers"]),
    row("IdentifyPodOS", Some(24), &["os"]),
    row(
        "ProbeTerminationGracePeriod",
        Some(25),
        &["*[].livenessProbe.terminationGracePeriodSeconds", "*[].startupProbe.terminationGracePeriodSeconds"],
    ),
    row("NodeInclusionPolicyInPodTopologySpread", Some(26), &["topologySpreadConstraints[].nodeTaintsPolicy"]),
    row("NodeInclusionPolicyInPodTopologySpread", Some(26), &["topologySpreadConstraints[].nodeAffinityPolicy"]),
    row("MinDomainsInPodTopologySpread", Some(27), &["topologySpreadConstraints[].minDomains"]),
    row("MatchLabelKeysInPodTopologySpread", Some(27), &["topologySpreadConstraints[].matchLabelKeys"]),
    row("PodSchedulingReadiness", Some(27), &["schedulingGates"]),
    row("SidecarContainers", Some(29), &["initContainers[].restartPolicy"]),
    GatedFields {
        paths: &["*[].lifecycle.preStop.sleep", "*[].lifecycle.postStart.sleep"],
        prunes: true,
        on: Some(30),
        gate: "PodLifecycleSleepAction",
    },
    row(
        "MatchLabelKeysInPodAffinity",
        Some(31),
        &[
            "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[].matchLabelKeys",
            "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[].mismatchLabelKeys",
            "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.matchLabelKeys",
            "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.mismatchLabelKeys",
            "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[].matchLabelKeys",
            "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[].mismatchLabelKeys",
            "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.matchLabelKeys",
            "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.mismatchLabelKeys",
        ],
    ),
    row("RecursiveReadOnlyMounts", Some(31), &["*[].volumeMounts[].recursiveReadOnly"]),
    row("UserNamespacesSupport", Some(33), &["hostUsers"]),
    row("InPlacePodVerticalScaling", Some(33), &["*[].resizePolicy"]),
    row("SupplementalGroupsPolicy", Some(33), &["securityContext.supplementalGroupsPolicy"]),
    row("SELinuxChangePolicy", Some(33), &["securityContext.seLinuxChangePolicy"]),
    row("DynamicResourceAllocation", Some(34), &["resourceClaims", "*[].resources.claims"]),
    row("PodLevelResources", Some(34), &["resources"]),
    row("HostnameOverride", Some(35), &["hostnameOverride"]),
    row("EnvFiles", Some(35), &["*[].env[].valueFrom.fileKeyRef"]),
    row("ClusterTrustBundleProjection", Some(37), &["volumes[].projected.sources[].clusterTrustBundle"]),
    row("PodCertificateRequest", Some(37), &["volumes[].projected.sources[].podCertificate"]),
    GatedFields { paths: &["*[].lifecycle.stopSignal"], prunes: true, on: None, gate: "ContainerStopSignals" },
    row("GenericWorkload", None, &["workloadRef", "schedulingGroup"]),
    row("EvictionRequestAPI", None, &["evictionResponders"]),
    row("EmptyDirVolumeMode", None, &["volumes[].emptyDir.mode"]),
    row("VolumeBindMountOptions", None, &["*[].volumeMounts[].bindMountOptions"]),
    row(
        "GRPCContainerProbeTLS",
        None,
        &["*[].livenessProbe.grpc.mode", "*[].readinessProbe.grpc.mode", "*[].startupProbe.grpc.mode"],
    ),
    row(
        "H2CContainerProbe",
        None,
        &[
            "*[].livenessProbe.httpGet.protocol",
            "*[].readinessProbe.httpGet.protocol",
            "*[].startupProbe.httpGet.protocol",
        ],
    ),
    row(
        "AtomicWriteVolumeUserFields",
        None,
        &[
            "volumes[].secret.defaultUser",
            "volumes[].secret.items[].user",
            "volumes[].configMap.defaultUser",
            "volumes[].configMap.items[].user",
            "volumes[].downwardAPI.defaultUser",
            "volumes[].downwardAPI.items[].user",
            "volumes[].projected.defaultUser",
            "volumes[].projected.sources[].secret.items[].user",
            "volumes[].projected.sources[].downwardAPI.items[].user",
            "volumes[].projected.sources[].configMap.items[].user",
            "volumes[].projected.sources[].serviceAccountToken.user",
            "volumes[].projected.sources[].clusterTrustBundle.user",
            "volumes[].projected.sources[].podCertificate.user",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Kind, schema};

    /// A path with a slip in it would drop nothing, and nobody would see it.
    #[test]
    fn every_path_names_a_field_of_some_minor() {
        for gated in GATED_FIELDS {
            for path in gated.paths {
                assert!(Minor::all().any(|minor| exists(minor, path)), "{}: {path}", gated.gate);
            }
        }
    }

    fn exists(minor: Minor, path: &str) -> bool {
        let schema = schema(minor);
        let mut at = schema.struct_type("PodSpec").expect("a Pod has a spec");
        let path = path.replace('*', "containers");
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let Some((_, field)) = at.field(step.trim_end_matches("[]")) else { return false };
            let kind = match &field.ty.kind {
                Kind::List(item) if step.ends_with("[]") => &item.kind,
                kind => kind,
            };
            match kind {
                Kind::Struct(place) if steps.peek().is_some() => at = &schema.structs[*place],
                _ => return steps.peek().is_none(),
            }
        }
        true
    }
}
