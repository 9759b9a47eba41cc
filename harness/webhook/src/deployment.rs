//! What puts a webhook into a cluster: the objects, in the order in which they are applied.
//!
//! They are values for whoever applies them, and no registration is among them: that comes last, when the webhook answers.

mod foreign;
mod pod;
mod program;
mod resource_manager;

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::{Map, Value, json};

pub use foreign::ForeignWebhook;
pub use program::{ProgramPorts, ResourceManagerProgram};

use self::pod::Container;
use crate::{
    behaviour::{APP_LABEL, RESOURCE_MANAGER, ROLE_LABEL, SKIP_LABEL},
    certificate::ServingCertificate,
    mutant::Mutant,
    registration::Target,
    release::GardenerRelease,
};

/// Where the webhook serves in its Pod, ours as well as the recording one in front of Gardener's.
const PORT: u16 = 10_250;
/// The Secret with the certificate, and the volume that it is mounted by.
const TLS: &str = "tls";
/// Where the certificate is in every container.
const TLS_FOLDER: &str = "/etc/gardener-resource-manager-tls";
/// The key of the authority's certificate in the Secret.
const CA_FILE: &str = "ca.crt";

/// A webhook in a cluster, as it is asked for.
///
/// Whatever is deployed is named, labelled and reached as Gardener's own manager is, so that Gardener's registration fits
/// it, and it never asks itself.
#[derive(Clone, Debug)]
#[must_use = "nothing is deployed by itself"]
pub struct Deployment {
    namespace: String,
    image: String,
    certificate: BTreeMap<&'static str, String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    log: String,
}

impl Deployment {
    /// A webhook in `namespace`, where `image` is the one with this project's executable as its entry point.
    ///
    /// The certificate must be for [`Deployment::names`].
    pub fn new(namespace: impl Into<String>, image: impl Into<String>, certificate: &ServingCertificate) -> Self {
        let certificate = [
            (CA_FILE, certificate.ca_bundle()),
            ("tls.crt", certificate.certificate_pem()),
            ("tls.key", certificate.key_pem()),
        ];
        Self {
            namespace: namespace.into(),
            image: image.into(),
            certificate: certificate.map(|(file, pem)| (file, pem.to_owned())).into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            log: "warn".to_owned(),
        }
    }

    /// The names that a certificate for a webhook in `namespace` is for: those of its Service, and the loopback address.
    pub fn names(namespace: &str) -> Vec<String> {
        let service = format!("{RESOURCE_MANAGER}.{namespace}");
        let names = ["", ".svc", ".svc.cluster.local"].map(|suffix| format!("{service}{suffix}"));
        [RESOURCE_MANAGER.to_owned()].into_iter().chain(names).chain(["127.0.0.1".to_owned()]).collect()
    }

    /// Puts a label on every object and Pod, so that a run finds its own again.
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Puts an annotation on every object and Pod.
    pub fn with_annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// What our executable logs, as tracing's directives; `warn` without it.
    pub fn with_log(mut self, directives: impl Into<String>) -> Self {
        self.log = directives.into();
        self
    }

    /// Where a registration reaches the webhook.
    pub fn target(&self) -> Target {
        Target::Service { name: RESOURCE_MANAGER.to_owned(), namespace: self.namespace.clone() }
    }

    /// The label selector of the webhook's Pods: `app=gardener-resource-manager`.
    pub fn pod_selector() -> String {
        format!("{APP_LABEL}={RESOURCE_MANAGER}")
    }

    /// The name of the Secret with the certificate, its authority's included as `ca.crt`.
    pub fn secret_name() -> String {
        format!("{RESOURCE_MANAGER}-{TLS}")
    }

    /// The path of the Deployment object, which is ready when the webhook answers.
    pub fn path(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/deployments/{RESOURCE_MANAGER}", self.namespace)
    }

    /// The path under which the API server hands a GET on to the webhook in `pod`, which gives and forgets the records of
    /// requests in `namespace`.
    pub fn records_path(&self, pod: &str, namespace: &str) -> String {
        let pods = format!("/api/v1/namespaces/{}/pods", self.namespace);
        format!("{pods}/https:{pod}:{PORT}/proxy/records?namespace={namespace}")
    }

    /// Our own webhook, as `release` behaves or broken.
    ///
    /// It asks the API server nothing, and so has no token and no rights.
    pub fn reference(&self, release: GardenerRelease, mutant: Option<Mutant>) -> Vec<Value> {
        let webhook = match mutant {
            Some(mutant) => format!("mutant:{}", mutant.name()),
            None => "reference".to_owned(),
        };
        let arguments = [format!("--webhook={webhook}"), format!("--gardener={release}")];
        vec![
            self.namespace(),
            self.service_account(),
            self.secret(),
            self.service(),
            self.deployment(&[self.webhook("webhook", arguments)], &[tls_volume()]),
        ]
    }

    /// A container with our executable as a webhook that records.
    fn webhook(&self, name: &'static str, arguments: impl IntoIterator<Item = String>) -> Container {
        let own = [
            "webhook".to_owned(),
            format!("--tls-cert={TLS_FOLDER}/tls.crt"),
            format!("--tls-key={TLS_FOLDER}/tls.key"),
            format!("--listen=0.0.0.0:{PORT}"),
            "--record".to_owned(),
            format!("--log={}", self.log),
        ];
        let arguments: Vec<_> = own.into_iter().chain(arguments).collect();
        Container::new(name, &self.image, &arguments)
            .with_port("server", PORT)
            .with_probes("HTTPS", PORT)
            .with_memory("32Mi", "256Mi")
            .with_mount(TLS, TLS_FOLDER)
    }

    /// `metadata` of an object in the namespace.
    fn metadata(&self, name: &str) -> Value {
        let mut metadata = self.cluster_metadata(name);
        metadata["namespace"] = self.namespace.as_str().into();
        metadata
    }

    /// `metadata` of an object of the whole cluster.
    fn cluster_metadata(&self, name: &str) -> Value {
        json!({ "name": name, "labels": self.labels([]), "annotations": self.annotations })
    }

    /// The run's labels and those that an object needs, which are the stronger ones.
    fn labels<const N: usize>(&self, own: [(&str, &str); N]) -> Map<String, Value> {
        let run = self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        run.chain(own).map(|(key, value)| (key.to_owned(), value.into())).collect()
    }

    /// Labelled as Gardener's own `garden`, so that other webhooks of Gardener's treat it alike.
    fn namespace(&self) -> Value {
        let mut metadata = self.cluster_metadata(&self.namespace);
        metadata["labels"] = self.labels([(ROLE_LABEL, "garden")]).into();
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
    }

    /// Without a token: who needs one asks for it.
    fn service_account(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": self.metadata(RESOURCE_MANAGER),
            "automountServiceAccountToken": false,
        })
    }

    fn secret(&self) -> Value {
        let encode = |pem: &String| base64::engine::general_purpose::STANDARD.encode(pem);
        let data: BTreeMap<_, _> = self.certificate.iter().map(|(file, pem)| (file, encode(pem))).collect();
        let metadata = self.metadata(&format!("{RESOURCE_MANAGER}-{TLS}"));
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "data": data })
    }

    /// With an address of its own: an API server does not reach a webhook behind a headless Service.
    fn service(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self.metadata(RESOURCE_MANAGER),
            "spec": {
                "type": "ClusterIP",
                "selector": { APP_LABEL: RESOURCE_MANAGER },
                "ports": [{ "name": "server", "port": 443, "targetPort": PORT, "protocol": "TCP" }],
            },
        })
    }

    fn deployment(&self, containers: &[Container], volumes: &[Value]) -> Value {
        // Either label alone keeps the registration's webhook away, whatever a mutant forgets: a webhook that must be asked
        // for its own Pods never starts again.
        let labels = self.labels([(APP_LABEL, RESOURCE_MANAGER), (SKIP_LABEL, "true"), (ROLE_LABEL, "seed")]);
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(RESOURCE_MANAGER),
            "spec": {
                "replicas": 1,
                "revisionHistoryLimit": 0,
                // No two at a time: each keeps records of its own.
                "strategy": { "type": "Recreate" },
                "selector": { "matchLabels": { APP_LABEL: RESOURCE_MANAGER } },
                "template": {
                    "metadata": { "labels": labels, "annotations": self.annotations },
                    "spec": pod::spec(containers, volumes),
                },
            },
        })
    }
}

fn tls_volume() -> Value {
    json!({ "name": TLS, "secret": { "secretName": format!("{RESOURCE_MANAGER}-{TLS}") } })
}

#[cfg(test)]
mod tests;
