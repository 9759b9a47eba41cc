//! A webhook that runs elsewhere, behind one of ours that records.

use serde_json::Value;

use super::{Deployment, TLS_FOLDER, tls_volume};
use crate::upstream::{Upstream, UpstreamError};

/// The key of the authority of the foreign webhook in the Secret.
const AUTHORITY_FILE: &str = "upstream.crt";

/// A webhook that somebody runs, and how it is known to be the right one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ForeignWebhook {
    /// Its address, `https://HOST:PORT/PATH`; without a path, Gardener's.
    pub url: String,
    /// The authority that signed its certificate, PEM.
    pub ca_bundle: String,
    /// The name that its certificate is for, where it is not the host of its address.
    pub server_name: Option<String>,
}

impl ForeignWebhook {
    /// The same for a server that stands in front of it.
    ///
    /// # Errors
    /// See [`UpstreamError`].
    pub fn upstream(&self) -> Result<Upstream, UpstreamError> {
        let upstream = Upstream::new(&self.url, &self.ca_bundle)?;
        match &self.server_name {
            Some(name) => upstream.with_name(name),
            None => Ok(upstream),
        }
    }
}

impl Deployment {
    /// Our executable in front of `foreign`, which must be reachable from the cluster's Pods.
    pub fn foreign(&self, foreign: &ForeignWebhook) -> Vec<Value> {
        let mut deployment = self.clone();
        deployment.certificate.insert(AUTHORITY_FILE, foreign.ca_bundle.clone());
        let mut arguments =
            vec![format!("--upstream={}", foreign.url), format!("--upstream-ca={TLS_FOLDER}/{AUTHORITY_FILE}")];
        arguments.extend(foreign.server_name.iter().map(|name| format!("--upstream-name={name}")));
        let container = deployment.webhook("webhook", arguments);
        vec![
            deployment.namespace(),
            deployment.service_account(),
            deployment.secret(),
            deployment.service(),
            deployment.deployment(&[container], &[tls_volume()]),
        ]
    }
}
