//! What the API server serves with and whom it knows, made for one start.

use std::net::Ipv4Addr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use camino::Utf8Path;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use crate::cluster::{ClusterError, failed};

/// The serving certificate, which is its own authority, and the token of the harness.
pub(super) struct Credentials {
    certificate: String,
    token: String,
}

impl Credentials {
    pub(super) fn write(folder: &Utf8Path) -> Result<Self, ClusterError> {
        let what = "make the control plane's certificates";
        let names = vec![Ipv4Addr::LOCALHOST.to_string()];
        let serving = rcgen::generate_simple_self_signed(names).map_err(failed(what))?;
        let accounts = rcgen::KeyPair::generate().map_err(failed(what))?;
        // As hard to guess as a key, since it is one that serves for nothing else.
        let secret = rcgen::KeyPair::generate().map_err(failed(what))?;
        let token = STANDARD.encode(secret.serialize_der());
        let certificate = serving.cert.pem();
        let files = [
            ("tls.crt", certificate.clone()),
            ("tls.key", serving.signing_key.serialize_pem()),
            ("service-account.key", accounts.serialize_pem()),
            ("service-account.pub", accounts.public_key_pem()),
            ("tokens.csv", format!("{token},seccomp-harness,seccomp-harness,\"system:masters\"\n")),
        ];
        for (name, text) in files {
            std::fs::write(folder.join(name), text).map_err(failed(format!("write `{folder}/{name}`")))?;
        }
        Ok(Self { certificate, token })
    }

    /// The certificate by which the API server is known, PEM.
    pub(super) fn authority(&self) -> &str {
        &self.certificate
    }

    /// The kubeconfig of an API server on `port`; JSON, which is YAML.
    pub(super) fn kubeconfig(&self, port: u16) -> Value {
        let authority = STANDARD.encode(&self.certificate);
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "it",
                "cluster": {"server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": authority},
            }],
            "users": [{"name": "it", "user": {"token": self.token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "current-context": "it",
        })
    }
}

/// A client for the API server that `kubeconfig` names.
pub(super) async fn client(kubeconfig: &Value) -> Result<Client, ClusterError> {
    let what = "make a client for the control plane";
    let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig.clone()).map_err(failed(what))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.map_err(failed(what))?).map_err(failed(what))
}
