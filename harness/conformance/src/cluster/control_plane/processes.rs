//! Both programs of a control plane, from their start to their end.

use std::{net::Ipv4Addr, time::Duration};

use kube::Client;
use kube_simulator::Minor;
use tokio::{net::TcpStream, process::Command};

use super::{
    arguments::{self, Ports},
    credentials::{self, Credentials},
    logs::Bookmark,
    program::Program,
    settings::{ControlPlaneSettings, Programs},
};
use crate::{
    api::{Api, Call},
    cluster::{ClusterError, failed},
    folder::Folder,
    ports,
};

/// How often something is asked for that is waited for.
pub(super) const INTERVAL: Duration = Duration::from_millis(20);

/// The running programs, and the folder with their data, which goes last.
#[derive(Debug)]
pub(super) struct Processes {
    apiserver: Program,
    etcd: Program,
    stop_limit: Duration,
    folder: Folder,
}

/// A control plane that has just become ready.
pub(super) struct Started {
    pub(super) processes: Processes,
    pub(super) client: Client,
    /// The certificate by which the API server is known, PEM.
    pub(super) authority: String,
    /// How the API server is reached, for programs beside it.
    pub(super) kubeconfig: String,
}

/// The minor of a kube-apiserver.
pub(super) async fn version(programs: &Programs) -> Result<Minor, ClusterError> {
    let program = &programs.apiserver;
    let output = Command::new(program).arg("--version").kill_on_drop(true).output().await;
    let output = output.map_err(|error| programs.not_an_api_server(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().rsplit(' ').next().unwrap_or_default();
    version.parse().map_err(|error| {
        let said = text.lines().next().unwrap_or_default();
        programs.not_an_api_server(format!("`--version` prints `{said}`: {error}")).into()
    })
}

impl Processes {
    /// Starts etcd and the API server and waits until the latter is ready.
    pub(super) async fn start(programs: &Programs, settings: &ControlPlaneSettings) -> Result<Started, ClusterError> {
        let mut attempt = 1;
        loop {
            match Self::try_start(programs, settings).await {
                // A port that was free a moment ago may be taken by now.
                Err(ClusterError::Ended { said, .. }) if attempt < ports::ATTEMPTS && ports::is_taken(&said) => {
                    attempt += 1;
                }
                started => return started,
            }
        }
    }

    async fn try_start(programs: &Programs, settings: &ControlPlaneSettings) -> Result<Started, ClusterError> {
        let folder = Folder::new().map_err(failed("make a folder for the control plane"))?;
        let path = folder.path();
        let ports = Ports::draw().map_err(failed("choose ports"))?;
        let credentials = Credentials::write(path)?;
        let policy = path.join(arguments::AUDIT_POLICY);
        std::fs::write(&policy, arguments::audit_policy().to_string()).map_err(failed(format!("write `{policy}`")))?;
        let limit = settings.start_limit;
        let deadline = tokio::time::Instant::now() + limit;
        let in_time = |what: &str| {
            let what = what.to_owned();
            move |_| ClusterError::TimedOut { what, limit }
        };
        let mut etcd = Program::start("etcd", &programs.etcd, &arguments::etcd(path, ports), path, settings)?;
        // An API server that finds no etcd tries again after a second only.
        let listening = tokio::time::timeout_at(deadline, wait_until_listening(&mut etcd, ports.etcd)).await;
        listening.map_err(in_time("see etcd listen"))??;
        let arguments = arguments::apiserver(path, ports);
        let apiserver = Program::start("kube-apiserver", &programs.apiserver, &arguments, path, settings)?;
        let mut processes = Self { apiserver, etcd, stop_limit: settings.stop_limit, folder };
        let kubeconfig = credentials.kubeconfig(ports.apiserver);
        let client = credentials::client(&kubeconfig).await?;
        let ready = tokio::time::timeout_at(deadline, processes.wait_until_ready(&Api::new(client.clone()))).await;
        ready.map_err(in_time("see kube-apiserver ready"))??;
        let authority = credentials.authority().to_owned();
        Ok(Started { processes, client, authority, kubeconfig: kubeconfig.to_string() })
    }

    async fn wait_until_ready(&mut self, api: &Api) -> Result<(), ClusterError> {
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            self.etcd.check()?;
            self.apiserver.check()?;
            // No answer is no failure yet: it listens only when it is nearly ready.
            if let Ok(answer) = api.call(Call::get("/readyz")).await
                && answer.is_success()
            {
                return Ok(());
            }
        }
    }

    /// Where the logs stand now.
    pub(super) fn bookmark(&self) -> Bookmark {
        Bookmark::now(self.folder.path())
    }

    /// Ends both, and waits for their end: first the one that uses the other.
    pub(super) async fn shutdown(&mut self) {
        self.apiserver.stop(self.stop_limit).await;
        self.etcd.stop(self.stop_limit).await;
    }
}

async fn wait_until_listening(etcd: &mut Program, port: u16) -> Result<(), ClusterError> {
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        interval.tick().await;
        etcd.check()?;
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
            return Ok(());
        }
    }
}
