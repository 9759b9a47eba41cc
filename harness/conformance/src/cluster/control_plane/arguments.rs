//! What the two programs are started with.

use camino::Utf8Path;
use serde_json::{Value, json};

use crate::ports;

/// The ports of one control plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) etcd: u16,
    etcd_peer: u16,
    pub(super) apiserver: u16,
}

impl Ports {
    /// Three ports that are free now.
    pub(super) fn draw() -> std::io::Result<Self> {
        let [etcd, etcd_peer, apiserver] = ports::draw()?;
        Ok(Self { etcd, etcd_peer, apiserver })
    }
}

pub(super) fn etcd(folder: &Utf8Path, ports: Ports) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    vec![
        format!("--data-dir={folder}/etcd"),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--unsafe-no-fsync".to_owned(),
        // A member that is alone waits this long, or twice, until it elects itself.
        "--heartbeat-interval=50".to_owned(),
        "--election-timeout=250".to_owned(),
    ]
}

/// Everything that is on by default in a cluster stays on, the ServiceAccount plug-in above all.
pub(super) fn apiserver(folder: &Utf8Path, ports: Ports) -> Vec<String> {
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
        format!("--secure-port={}", ports.apiserver),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--tls-cert-file={folder}/tls.crt"),
        format!("--tls-private-key-file={folder}/tls.key"),
        format!("--token-auth-file={folder}/tokens.csv"),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        format!("--service-account-key-file={folder}/service-account.pub"),
        format!("--service-account-signing-key-file={folder}/service-account.key"),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--enable-priority-and-fairness=false".to_owned(),
        format!("--audit-policy-file={folder}/{AUDIT_POLICY}"),
        format!("--audit-log-path={folder}/{AUDIT_LOG}"),
    ]
}

/// The file with the audit policy.
pub(super) const AUDIT_POLICY: &str = "audit-policy.json";
/// The file with the audit log: one event in JSON a line.
pub(super) const AUDIT_LOG: &str = "audit.log";

/// What the API server writes down: whole requests where a case's failure may have its reason, names elsewhere, nothing of
/// its own housekeeping.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/apis/audit/v1/types.go` `Policy`; the same in v1.20
pub(super) fn audit_policy() -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "users": ["system:apiserver"]},
            {"level": "None", "nonResourceURLs": ["*"]},
            {"level": "RequestResponse", "resources": [
                {"group": "", "resources": ["pods", "pods/*"]},
                {"group": "admissionregistration.k8s.io"},
            ]},
            {"level": "Metadata"},
        ],
    })
}
