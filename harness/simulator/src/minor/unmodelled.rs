//! What real clusters have and the simulator does not model, so that an answer can tell the two kinds of 404 apart.
//!
//! # Source
//! Discovery documents of kube-apiserver 1.24.17, 1.25.16, 1.31.14 and 1.36.3; kubernetes v1.20
//! `pkg/controlplane/instance.go` `DefaultAPIResourceConfigSource` for the versions that were served before.

/// The API groups of real clusters: versions of any minor, and the resources that are not modelled.
const GROUPS: &[(&str, &[&str], &[&str])] = &[
    (
        "",
        &["v1"],
        &[
            "bindings",
            "componentstatuses",
            "endpoints",
            "persistentvolumeclaims",
            "persistentvolumes",
            "podtemplates",
            "replicationcontrollers",
            "resourcequotas",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
        ],
    ),
    ("apiextensions.k8s.io", &["v1", "v1beta1"], &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"], &["apiservices"]),
    ("apps", &["v1"], &["controllerrevisions", "daemonsets", "statefulsets"]),
    ("authentication.k8s.io", &["v1", "v1beta1", "v1alpha1"], &["selfsubjectreviews", "tokenreviews"]),
    (
        "authorization.k8s.io",
        &["v1", "v1beta1"],
        &["localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"],
    ),
    ("autoscaling", &["v1", "v2", "v2beta1", "v2beta2"], &["horizontalpodautoscalers"]),
    ("batch", &["v1", "v1beta1"], &["cronjobs", "jobs"]),
    (
        "certificates.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
        &["certificatesigningrequests", "clustertrustbundles", "podcertificaterequests"],
    ),
    ("coordination.k8s.io", &["v1", "v1beta1", "v1alpha2"], &["leasecandidates", "leases"]),
    ("discovery.k8s.io", &["v1", "v1beta1"], &["endpointslices"]),
    ("events.k8s.io", &["v1", "v1beta1"], &["events"]),
    ("extensions", &["v1beta1"], &["ingresses"]),
    (
        "flowcontrol.apiserver.k8s.io",
        &["v1", "v1beta1", "v1beta2", "v1beta3"],
        &["flowschemas", "prioritylevelconfigurations"],
    ),
    (
        "networking.k8s.io",
        &["v1", "v1beta1"],
        &["ingressclasses", "ingresses", "ipaddresses", "networkpolicies", "servicecidrs"],
    ),
    ("node.k8s.io", &["v1", "v1beta1"], &["runtimeclasses"]),
    ("policy", &["v1", "v1beta1"], &["poddisruptionbudgets"]),
    (
        "rbac.authorization.k8s.io",
        &["v1", "v1beta1"],
        &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
    ),
    (
        "resource.k8s.io",
        &["v1", "v1beta1", "v1beta2"],
        &["deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices"],
    ),
    ("scheduling.k8s.io", &["v1", "v1beta1"], &[]),
    (
        "storage.k8s.io",
        &["v1", "v1beta1"],
        &[
            "csidrivers",
            "csinodes",
            "csistoragecapacities",
            "storageclasses",
            "volumeattachments",
            "volumeattributesclasses",
        ],
    ),
];

/// Parts of modelled resources.
const SUBRESOURCES: &[(&str, &[&str])] = &[
    ("deployments", &["scale"]),
    ("nodes", &["proxy"]),
    ("pods", &["attach", "exec", "portforward", "proxy", "resize"]),
    ("replicasets", &["scale"]),
    ("serviceaccounts", &["token"]),
    ("services", &["proxy"]),
];

/// Paths that are about no resource, by how they begin.
const PATHS: &[&str] = &[
    ".well-known/openid-configuration",
    "configz",
    "debug",
    "flagz",
    "healthz",
    "livez",
    "logs",
    "metrics",
    "openid",
    "readyz",
    "statusz",
];

/// What a path is about, if real clusters know it: `deployments.apps`, `pods/exec`, `apps/v1`, `/metrics`; segments as
/// they stand between the slashes.
pub(crate) fn named(segments: &[&str]) -> Option<String> {
    match segments {
        ["api", version, rest @ ..] => resource("", version, rest),
        ["apis", group] => GROUPS.iter().any(|(name, ..)| name == group).then(|| (*group).to_owned()),
        ["apis", group, version, rest @ ..] => resource(group, version, rest),
        _ => {
            let path = segments.join("/");
            let begins = |known: &&&str| {
                path.strip_prefix(**known).is_some_and(|rest| matches!(rest.as_bytes().first(), None | Some(b'/')))
            };
            PATHS.iter().find(begins).map(|_| format!("/{path}"))
        }
    }
}

fn resource(group: &str, version: &str, rest: &[&str]) -> Option<String> {
    let (_, _, resources) = GROUPS.iter().find(|(name, versions, _)| *name == group && versions.contains(&version))?;
    let rest = rest.strip_prefix(&["watch"]).filter(|rest| !rest.is_empty()).unwrap_or(rest);
    let rest = match rest {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        _ => rest,
    };
    let parts =
        |name: &str| SUBRESOURCES.iter().find(|(resource, _)| *resource == name).map_or(&[][..], |(_, parts)| parts);
    match rest {
        [] if group.is_empty() => None,
        [] => Some(format!("{group}/{version}")),
        [_, _, part, ..] if parts(rest[0]).contains(part) => {
            let group = if group.is_empty() { String::new() } else { format!(".{group}") };
            Some(format!("{}{group}/{part}", rest[0]))
        }
        [name, ..] if !resources.contains(name) => None,
        [name, ..] if group.is_empty() => Some((*name).to_owned()),
        [name, ..] => Some(format!("{name}.{group}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minor::{Minor, resource::Resource};

    fn ask(path: &str) -> Option<String> {
        named(&path.trim_matches('/').split('/').collect::<Vec<_>>())
    }

    #[test]
    fn names_what_real_clusters_have() {
        for (path, name) in [
            ("/apis/apps/v1/namespaces/x/deployments/d/scale", "deployments.apps/scale"),
            ("/apis/apps/v1/daemonsets", "daemonsets.apps"),
            ("/apis/apps/v1/watch/daemonsets", "daemonsets.apps"),
            ("/apis/apps/v1", "apps/v1"),
            ("/apis/apps", "apps"),
            ("/api/v1/namespaces/x/resourcequotas", "resourcequotas"),
            ("/api/v1/namespaces/x/pods/p/exec", "pods/exec"),
            ("/api/v1/namespaces/x/services/s/proxy/a/b", "services/proxy"),
            ("/api/v1/namespaces/x/serviceaccounts/s/token", "serviceaccounts/token"),
            ("/api/v1/nodes/n/proxy/pods", "nodes/proxy"),
            ("/metrics", "/metrics"),
            ("/livez/etcd", "/livez/etcd"),
        ] {
            assert_eq!(ask(path).as_deref(), Some(name), "{path}");
        }
    }

    #[test]
    fn knows_nothing_of_what_no_cluster_has() {
        for path in [
            "/apis/apps/v9/deployments",
            "/apis/apps/v1/nosuch",
            "/apis/nosuch/v1/x",
            "/apis/nosuch",
            "/api/v1/nosuch",
            "/api/v1",
            "/api/v2/endpoints",
            "/api/v1/namespaces/x/pods/p/nosuch",
            "/nosuch",
            "/metricsandmore",
            "/",
        ] {
            assert_eq!(ask(path), None, "{path}");
        }
    }

    #[test]
    fn names_nothing_that_is_modelled() {
        for minor in Minor::all() {
            for resource in Resource::all(minor) {
                let root = if resource.group.is_empty() { "/api" } else { "/apis" };
                let path = format!("{root}/{}/{}", resource.api_version(), resource.name);
                assert_eq!(ask(&path), None, "{minor}");
                for part in resource.subresources_at(minor) {
                    assert_eq!(ask(&format!("{path}/x/{}", part.name)), None, "{minor}");
                }
            }
        }
    }
}
