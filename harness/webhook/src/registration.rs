//! Gardener's registration of the webhook, by release, and what it selects.

mod explain;

use base64::Engine as _;
use serde_json::{Value, json};

pub use explain::{Match, RequestFacts};

use crate::{
    behaviour::{RESOURCE_MANAGER, namespace_selector, object_selector},
    mutant::Mutant,
    release::GardenerRelease,
    selector::{LabelSelector, Operator, Requirement},
};

/// The webhook's name in Gardener's configuration.
pub const WEBHOOK_NAME: &str = "seccomp-profile.resources.gardener.cloud";
/// The name of Gardener's `MutatingWebhookConfiguration`.
pub const CONFIGURATION_NAME: &str = RESOURCE_MANAGER;
/// The path that the webhook is served under.
pub const WEBHOOK_PATH: &str = "/webhooks/seccomp-profile";

/// Where the API server reaches the webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// A Service; Gardener's own is [`Target::gardener`].
    Service {
        /// The Service's name.
        name: String,
        /// The Service's namespace.
        namespace: String,
    },
    /// An address outside the cluster; `/webhooks/seccomp-profile` is a part of it.
    Url(String),
}

impl Target {
    /// Gardener's own Service in namespace `garden`.
    pub fn gardener() -> Self {
        Self::Service { name: RESOURCE_MANAGER.to_owned(), namespace: "garden".to_owned() }
    }
}

/// The registration as gardenlet and gardener-operator write it to a seed or runtime cluster.
///
/// gardener-resource-manager does not write it itself, and the one object holds all its webhooks; here, only this one.
///
/// # Source
/// gardener v1.54.0 to v1.149.3 `resource_manager.go` `GetSeccompProfileMutatingWebhook`,
/// `NewSeccompProfileMutatingWebhook`
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registration {
    /// Which objects it is called for.
    pub object_selector: LabelSelector,
    /// Which namespaces it is called for.
    pub namespace_selector: LabelSelector,
    pub(crate) operations: Vec<&'static str>,
    pub(crate) resources: Vec<&'static str>,
    target: Target,
    ca_bundle: String,
}

impl Registration {
    /// The registration of `release`; nothing when the gardenlet's feature gate `DefaultSeccompProfile` is off.
    ///
    /// # Shape
    /// `ca_bundle`: PEM
    pub fn of(release: GardenerRelease, gate: bool, target: Target, ca_bundle: impl Into<String>) -> Option<Self> {
        gate.then(|| Self {
            object_selector: LabelSelector::new(object_selector(release)),
            namespace_selector: LabelSelector::new(namespace_selector(release)),
            operations: vec!["CREATE"],
            resources: vec!["pods"],
            target,
            ca_bundle: ca_bundle.into(),
        })
    }

    /// The same, broken.
    #[must_use]
    pub fn with_mutant(mut self, mutant: Mutant) -> Self {
        mutant.register(&mut self);
        self
    }

    /// The same, for namespaces that carry the label `key` alone: Gardener's own words and one more, so that in a cluster that
    /// others use their Pods are left out of it.
    #[must_use]
    pub fn within(mut self, key: &'static str) -> Self {
        let requirement = Requirement { key, operator: Operator::Exists, values: &[] };
        self.namespace_selector.match_expressions.push(requirement);
        self
    }

    /// The whole `MutatingWebhookConfiguration`, as it is sent to the API server.
    pub fn to_json(&self) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {
                "name": CONFIGURATION_NAME,
                "labels": { "app": RESOURCE_MANAGER, "remediation.webhook.shoot.gardener.cloud/exclude": "true" },
            },
            "webhooks": [{
                "name": WEBHOOK_NAME,
                "rules": [{
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "resources": self.resources,
                    "operations": self.operations,
                }],
                "namespaceSelector": self.namespace_selector,
                "objectSelector": self.object_selector,
                "clientConfig": self.client_config(),
                "admissionReviewVersions": ["v1beta1", "v1"],
                "failurePolicy": "Fail",
                "matchPolicy": "Exact",
                "sideEffects": "None",
                "timeoutSeconds": 10,
            }],
        })
    }

    fn client_config(&self) -> Value {
        let ca_bundle = base64::engine::general_purpose::STANDARD.encode(&self.ca_bundle);
        match &self.target {
            Target::Url(url) => json!({ "caBundle": ca_bundle, "url": url }),
            Target::Service { name, namespace } => json!({
                "caBundle": ca_bundle,
                "service": { "name": name, "namespace": namespace, "path": WEBHOOK_PATH },
            }),
        }
    }
}
