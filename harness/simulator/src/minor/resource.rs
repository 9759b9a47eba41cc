//! Which resources each minor serves, and how discovery describes them.
//!
//! # Source
//! Discovery documents (`/api/v1`, `/apis/<group>/<version>`) of kube-apiserver 1.24.17, 1.25.16, 1.31.14 and 1.36.3.

use super::Minor;

/// One resource that the simulator serves.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    /// `pods`.
    pub(crate) name: &'static str,
    pub(crate) singular: &'static str,
    /// `Pod`; also the name of its Go type.
    pub(crate) kind: &'static str,
    /// The resource part of its keys in the store.
    pub(crate) stored_as: &'static str,
    pub(crate) namespaced: bool,
    pub(crate) short_names: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) verbs: &'static [&'static str],
    pub(crate) subresources: &'static [Subresource],
    /// The first and last minor that serve it.
    served: (u8, u8),
}

/// A part of a resource with a path of its own.
#[derive(Debug)]
pub(crate) struct Subresource {
    /// `status`.
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    /// Group and version of `kind` where they are not the resource's own.
    pub(crate) kind_version: Option<(&'static str, &'static str)>,
    pub(crate) verbs: &'static [&'static str],
    since: u8,
}

impl Resource {
    /// The resource at `/apis/<group>/<version>/<name>` of `minor`.
    pub(crate) fn find(minor: Minor, group: &str, version: &str, name: &str) -> Option<&'static Self> {
        Self::all(minor)
            .find(|resource| resource.name == name && resource.group == group && resource.version == version)
    }

    /// Everything that `minor` serves, in discovery's order of groups.
    pub(crate) fn all(minor: Minor) -> impl Iterator<Item = &'static Self> {
        RESOURCES.iter().filter(move |resource| (resource.served.0..=resource.served.1).contains(&minor.number()))
    }

    /// `v1`, or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `PodList`.
    pub(crate) fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }

    /// The subresource `name`, where `minor` serves it.
    pub(crate) fn subresource(&self, minor: Minor, name: &str) -> Option<&'static Subresource> {
        self.subresources_at(minor).find(|subresource| subresource.name == name)
    }

    /// The subresources that `minor` serves.
    pub(crate) fn subresources_at(&self, minor: Minor) -> impl Iterator<Item = &'static Subresource> {
        self.subresources.iter().filter(move |subresource| subresource.since <= minor.number())
    }
}

const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const NOT_AS_COLLECTION: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];
const CHANGE: &[&str] = &["get", "patch", "update"];
const NEWEST: u8 = u8::MAX;
const OLDEST: u8 = 0;

const CORE: Resource = Resource {
    group: "",
    version: "v1",
    name: "",
    singular: "",
    kind: "",
    stored_as: "",
    namespaced: true,
    short_names: &[],
    categories: &[],
    verbs: ALL_VERBS,
    subresources: &[],
    served: (OLDEST, NEWEST),
};
const WEBHOOKS: Resource =
    Resource { group: "admissionregistration.k8s.io", namespaced: false, categories: &["api-extensions"], ..CORE };
const APPS: Resource = Resource { group: "apps", categories: &["all"], ..CORE };

const fn status(kind: &'static str) -> Subresource {
    Subresource { name: "status", kind, kind_version: None, verbs: CHANGE, since: OLDEST }
}

static RESOURCES: &[Resource] = &[
    Resource {
        name: "configmaps",
        singular: "configmap",
        kind: "ConfigMap",
        stored_as: "configmaps",
        short_names: &["cm"],
        ..CORE
    },
    Resource { name: "events", singular: "event", kind: "Event", stored_as: "events", short_names: &["ev"], ..CORE },
    Resource {
        name: "limitranges",
        singular: "limitrange",
        kind: "LimitRange",
        stored_as: "limitranges",
        short_names: &["limits"],
        ..CORE
    },
    Resource {
        name: "namespaces",
        singular: "namespace",
        kind: "Namespace",
        stored_as: "namespaces",
        namespaced: false,
        short_names: &["ns"],
        verbs: NOT_AS_COLLECTION,
        subresources: &[
            Subresource { name: "finalize", kind: "Namespace", kind_version: None, verbs: &["update"], since: OLDEST },
            status("Namespace"),
        ],
        ..CORE
    },
    Resource {
        name: "nodes",
        singular: "node",
        kind: "Node",
        stored_as: "nodes",
        namespaced: false,
        short_names: &["no"],
        subresources: &[status("Node")],
        ..CORE
    },
    Resource {
        name: "pods",
        singular: "pod",
        kind: "Pod",
        stored_as: "pods",
        short_names: &["po"],
        categories: &["all"],
        subresources: &[
            Subresource { name: "binding", kind: "Binding", kind_version: None, verbs: &["create"], since: OLDEST },
            // Before 1.23 the feature gate EphemeralContainers is off, and the path is not there.
            Subresource { name: "ephemeralcontainers", kind: "Pod", kind_version: None, verbs: CHANGE, since: 23 },
            Subresource {
                name: "eviction",
                kind: "Eviction",
                // Served as policy/v1 from 1.22 on; v1beta1 bodies are read as well.
                kind_version: Some(("policy", "v1")),
                verbs: &["create"],
                since: OLDEST,
            },
            Subresource { name: "log", kind: "Pod", kind_version: None, verbs: &["get"], since: OLDEST },
            status("Pod"),
        ],
        ..CORE
    },
    Resource { name: "secrets", singular: "secret", kind: "Secret", stored_as: "secrets", ..CORE },
    Resource {
        name: "serviceaccounts",
        singular: "serviceaccount",
        kind: "ServiceAccount",
        stored_as: "serviceaccounts",
        short_names: &["sa"],
        ..CORE
    },
    Resource {
        name: "services",
        singular: "service",
        kind: "Service",
        stored_as: "services",
        short_names: &["svc"],
        categories: &["all"],
        subresources: &[status("Service")],
        ..CORE
    },
    Resource {
        name: "mutatingwebhookconfigurations",
        singular: "mutatingwebhookconfiguration",
        kind: "MutatingWebhookConfiguration",
        stored_as: "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        ..WEBHOOKS
    },
    Resource {
        name: "validatingwebhookconfigurations",
        singular: "validatingwebhookconfiguration",
        kind: "ValidatingWebhookConfiguration",
        stored_as: "validatingwebhookconfigurations.admissionregistration.k8s.io",
        ..WEBHOOKS
    },
    Resource {
        name: "deployments",
        singular: "deployment",
        kind: "Deployment",
        stored_as: "deployments.apps",
        short_names: &["deploy"],
        subresources: &[status("Deployment")],
        ..APPS
    },
    Resource {
        name: "replicasets",
        singular: "replicaset",
        kind: "ReplicaSet",
        stored_as: "replicasets.apps",
        short_names: &["rs"],
        subresources: &[status("ReplicaSet")],
        ..APPS
    },
    Resource {
        group: "policy",
        version: "v1beta1",
        name: "podsecuritypolicies",
        singular: "podsecuritypolicy",
        kind: "PodSecurityPolicy",
        stored_as: "podsecuritypolicies.policy",
        namespaced: false,
        short_names: &["psp"],
        served: (OLDEST, 24),
        ..CORE
    },
    Resource {
        group: "scheduling.k8s.io",
        name: "priorityclasses",
        singular: "priorityclass",
        kind: "PriorityClass",
        stored_as: "priorityclasses.scheduling.k8s.io",
        namespaced: false,
        short_names: &["pc"],
        ..CORE
    },
];
