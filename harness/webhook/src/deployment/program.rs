//! Gardener's own manager as a program beside an API server without nodes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::resource_manager::{self, CONFIGURATION_FILE, Serving};
use crate::{certificate::ServingCertificate, registration::WEBHOOK_PATH, release::GardenerRelease};

const LOOPBACK: &str = "127.0.0.1";

/// The ports that the program listens on; it tells nobody which it took, so that it must be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProgramPorts {
    /// Webhooks, over TLS.
    pub webhooks: u16,
    /// `/healthz` and `/readyz`.
    pub health: u16,
    /// Metrics.
    pub metrics: u16,
}

/// How gardener-resource-manager is run as a program: what it must find, and how it is known to be ready.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceManagerProgram {
    /// What must exist in the API server before it starts, in the order of application.
    pub objects: Vec<Value>,
    /// Files in its folder, by relative path; `tls/tls.key` is a secret.
    pub files: BTreeMap<String, String>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Answers 200 when it is ready.
    pub readiness_url: String,
    /// The address of the webhook: the upstream of a server that records.
    pub url: String,
}

impl ResourceManagerProgram {
    /// The program of `release`, whose files are in `folder`, beside the API server that `kubeconfig` names.
    ///
    /// It looks for its work in `namespace`, where there is none. The certificate must be for the IP address 127.0.0.1.
    pub fn new(
        release: GardenerRelease,
        namespace: &str,
        folder: &str,
        kubeconfig: &str,
        certificate: &ServingCertificate,
        ports: ProgramPorts,
    ) -> Self {
        let certificate_folder = format!("{folder}/tls");
        let configuration_file = format!("{folder}/{CONFIGURATION_FILE}");
        let serving = Serving {
            namespace,
            webhooks: (LOOPBACK, ports.webhooks),
            health: (LOOPBACK, ports.health),
            metrics: (LOOPBACK, ports.metrics),
            certificate_folder: &certificate_folder,
            kubeconfig: Some(kubeconfig),
            configuration_file: &configuration_file,
        };
        let configuration = resource_manager::configuration(release, &serving)
            .map(|configuration| (CONFIGURATION_FILE.to_owned(), format!("{configuration:#}\n")));
        let certificate = [("tls.crt", certificate.certificate_pem()), ("tls.key", certificate.key_pem())]
            .map(|(file, pem)| (format!("tls/{file}"), pem.to_owned()));
        Self {
            objects: vec![
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
                resource_manager::managed_resources(),
            ],
            files: certificate.into_iter().chain(configuration).collect(),
            arguments: resource_manager::arguments(release, &serving),
            readiness_url: format!("http://{LOOPBACK}:{}/readyz", ports.health),
            url: format!("https://{LOOPBACK}:{}{WEBHOOK_PATH}", ports.webhooks),
        }
    }
}
