//! The two programs of a control plane: their start, and their certain end.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::Stdio,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use camino::{Utf8Path, Utf8PathBuf};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use kube_simulator::Minor;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{
    api::{Api, Call},
    cluster::ClusterError,
};

/// How often something is asked for that is waited for.
pub(super) const INTERVAL: Duration = Duration::from_millis(50);
/// How long the programs may take until they are ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How often ports are drawn anew when someone else takes one between its choice and its use.
const ATTEMPTS: usize = 3;
/// The lines of a program's log that an error shows.
const LOG_LINES: usize = 5;

/// The running programs, and the folder with their data.
pub(super) struct Processes {
    etcd: Child,
    apiserver: Child,
    _folder: TempDir,
}

fn failed<E: std::error::Error + Send + Sync + 'static>(what: impl Into<String>) -> impl FnOnce(E) -> ClusterError {
    let what = what.into();
    move |source| ClusterError::Start { what, source: Box::new(source) }
}

/// The minor of the kube-apiserver in `assets`.
pub(super) async fn version(assets: &Utf8Path) -> Result<Minor, ClusterError> {
    let program = assets.join("kube-apiserver");
    let output = Command::new(&program).arg("--version").kill_on_drop(true).output().await;
    let output = output.map_err(failed(format!("run `{program} --version`")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().rsplit(' ').next().unwrap_or_default();
    version.parse().map_err(failed(format!("read the version of `{program}`")))
}

impl Processes {
    /// Starts etcd and the API server and waits until the latter is ready.
    pub(super) async fn start(assets: &Utf8Path) -> Result<(Self, Client), ClusterError> {
        let mut attempt = 1;
        loop {
            match Self::try_start(assets).await {
                // A port that was free a moment ago may be taken by now.
                Err(ClusterError::Start { .. }) if attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    async fn try_start(assets: &Utf8Path) -> Result<(Self, Client), ClusterError> {
        let folder = tempfile::Builder::new().prefix("seccomp-harness-").tempdir();
        let folder = folder.map_err(failed("make a folder for the control plane"))?;
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).map_err(|path| ClusterError::Start {
            what: "name a folder for the control plane".to_owned(),
            source: format!("`{}` is not UTF-8", path.display()).into(),
        })?;
        let ports = free_ports().map_err(failed("choose ports"))?;
        let credentials = Credentials::write(&path)?;
        let etcd = spawn(assets, "etcd", &etcd_arguments(&path, ports), &path)?;
        let apiserver = spawn(assets, "kube-apiserver", &apiserver_arguments(&path, ports), &path)?;
        let mut processes = Self { etcd, apiserver, _folder: folder };
        let client = credentials.client(ports.apiserver).await?;
        processes.wait_until_ready(&Api::new(client.clone()), &path).await?;
        Ok((processes, client))
    }

    async fn wait_until_ready(&mut self, api: &Api, folder: &Utf8Path) -> Result<(), ClusterError> {
        let attempt = async {
            let mut interval = tokio::time::interval(INTERVAL);
            loop {
                interval.tick().await;
                for (name, program) in [("etcd", &mut self.etcd), ("kube-apiserver", &mut self.apiserver)] {
                    if let Ok(Some(status)) = program.try_wait() {
                        let source = format!("{status}: {}", last_lines(&folder.join(format!("{name}.log")))).into();
                        return Err(ClusterError::Start { what: format!("start {name}"), source });
                    }
                }
                // No answer is no failure yet: it listens only when it is nearly ready.
                if let Ok(Some(_)) = api.text(Call::get("/readyz")).await {
                    return Ok(());
                }
            }
        };
        let limit = READY_LIMIT;
        tokio::time::timeout(limit, attempt)
            .await
            .unwrap_or_else(|_| Err(ClusterError::TimedOut { what: "see kube-apiserver ready".to_owned(), limit }))
    }

    /// Ends both, and waits for their end.
    pub(super) async fn shutdown(&mut self) {
        // A program that has ended already is what is wanted.
        let _ = self.apiserver.kill().await;
        let _ = self.etcd.kill().await;
    }
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    etcd: u16,
    etcd_peer: u16,
    apiserver: u16,
}

/// Three ports that are free now; held until all are drawn, so that they differ.
fn free_ports() -> std::io::Result<Ports> {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(listeners) {
        *port = listener?.local_addr()?.port();
    }
    let [etcd, etcd_peer, apiserver] = ports;
    Ok(Ports { etcd, etcd_peer, apiserver })
}

/// Starts a program in a process group of its own, so that a signal for the harness does not reach it first.
fn spawn(assets: &Utf8Path, name: &str, arguments: &[String], folder: &Utf8Path) -> Result<Child, ClusterError> {
    let log = std::fs::File::create(folder.join(format!("{name}.log")));
    let log = log.map_err(failed(format!("write the log of {name}")))?;
    let mut command = Command::new(assets.join(name));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().map_err(failed(format!("start `{}`", assets.join(name))))
}

fn last_lines(log: &Utf8Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join(" | ")
}

fn etcd_arguments(folder: &Utf8Path, ports: Ports) -> Vec<String> {
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
    ]
}

/// Everything that is on by default in a cluster stays on, the ServiceAccount plug-in above all.
fn apiserver_arguments(folder: &Utf8Path, ports: Ports) -> Vec<String> {
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
    ]
}

/// What the API server serves with and whom it knows, made for one start.
struct Credentials {
    certificate: String,
    token: String,
}

impl Credentials {
    fn write(folder: &Utf8Path) -> Result<Self, ClusterError> {
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

    async fn client(&self, port: u16) -> Result<Client, ClusterError> {
        let what = "make a client for the control plane";
        let authority = STANDARD.encode(&self.certificate);
        let kubeconfig = json!({
            "clusters": [{
                "name": "it",
                "cluster": {"server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": authority},
            }],
            "users": [{"name": "it", "user": {"token": self.token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "current-context": "it",
        });
        let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig).map_err(failed(what))?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        Client::try_from(config.map_err(failed(what))?).map_err(failed(what))
    }
}
