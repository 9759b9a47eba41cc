//! Gardener's own webhook as a program on this machine, for API servers without nodes.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use http::Uri;
use kube::{Client, Config};
use seccomp_webhook::{
    GardenerRelease, ProgramPorts, RESOURCE_MANAGER, ResourceManagerProgram, ServingCertificate, Upstream,
};
use serde_json::Value;

use super::{Created, Host, HostError, LocalWebhooks};
use crate::{
    api::{Api, Call, collection_path, expect_success},
    cluster::{
        ClusterError,
        control_plane::{program::Program, settings::ControlPlaneSettings},
        failed,
        names::OURS,
    },
    error::chain,
    folder::Folder,
    outcome::Answer,
    ports,
};

/// Where the manager looks for work, of which there is none. Not Gardener's own `garden`: scenarios are about that name.
const NAMESPACE: &str = "seccomp-harness-webhook";
const KUBECONFIG: &str = "kubeconfig";
/// How often something is asked for that is waited for.
const INTERVAL: Duration = Duration::from_millis(20);

/// Starts Gardener's program beside one API server, with a server of ours in front of it that records.
#[derive(Debug)]
pub(crate) struct Launcher {
    api: Api,
    /// How the program reaches the API server.
    kubeconfig: String,
    program: Utf8PathBuf,
    settings: ControlPlaneSettings,
    front: Arc<LocalWebhooks>,
    /// What was created, by its paths.
    created: Created,
}

/// A program that runs, and the folder with its files, which goes last.
#[derive(Debug)]
pub(super) struct Launched {
    program: Program,
    _folder: Folder,
}

impl Launched {
    /// The file that it logs to.
    pub(super) fn log(&self) -> &Utf8Path {
        self.program.log()
    }
}

impl Launcher {
    pub(crate) fn new(
        api: Api,
        kubeconfig: &str,
        program: Utf8PathBuf,
        settings: ControlPlaneSettings,
        front: Arc<LocalWebhooks>,
    ) -> Self {
        Self { api, kubeconfig: kubeconfig.to_owned(), program, settings, front, created: Created::default() }
    }

    /// What it has created, by its paths in their order.
    pub(super) fn created(&self) -> Vec<String> {
        self.created.paths()
    }

    /// Starts the program, told what `release` must be told, and waits until it is ready.
    pub(super) async fn start(&self, release: GardenerRelease) -> Result<Host, HostError> {
        let certificate = ServingCertificate::for_run([Ipv4Addr::LOCALHOST.to_string()])
            .map_err(|source| HostError::Certificate(Box::new(source)))?;
        let mut attempt = 1;
        let (launched, url) = loop {
            match self.launch(release, &certificate).await {
                // A port that was free a moment ago may be taken by now, or the API server not yet tell all that it serves.
                Err(error @ ClusterError::Ended { .. }) if attempt < ports::ATTEMPTS => {
                    tracing::warn!(attempt, error = chain(&error), "Gardener's program is started again");
                    attempt += 1;
                }
                launched => break launched.map_err(|source| HostError::Launch(Box::new(source)))?,
            }
        };
        let upstream = Upstream::new(&url, certificate.ca_bundle())
            .map_err(|source| HostError::Launch(Box::new(failed("stand in front of the program")(source))))?;
        self.front.start_in_front_of(upstream, Some(launched))
    }

    async fn launch(
        &self,
        release: GardenerRelease,
        certificate: &ServingCertificate,
    ) -> Result<(Launched, String), ClusterError> {
        let folder = Folder::new().map_err(failed("make a folder for the program"))?;
        let path = folder.path();
        let [webhooks, health, metrics] = ports::draw().map_err(failed("choose ports"))?;
        let kubeconfig = path.join(KUBECONFIG);
        write(&kubeconfig, &self.kubeconfig)?;
        let manager = ResourceManagerProgram::new(
            release,
            NAMESPACE,
            path.as_str(),
            kubeconfig.as_str(),
            certificate,
            ProgramPorts { webhooks, health, metrics },
        );
        for (file, text) in &manager.files {
            write(&path.join(file), text)?;
        }
        for object in &manager.objects {
            self.apply(object).await?;
        }
        let mut program = Program::start(RESOURCE_MANAGER, &self.program, &manager.arguments, path, &self.settings)?;
        self.wait_until_ready(&mut program, &manager.readiness_url).await?;
        Ok((Launched { program, _folder: folder }, manager.url))
    }

    /// Creates what is not there yet, and waits until it is served where it is a resource of its own.
    async fn apply(&self, object: &Value) -> Result<(), ClusterError> {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        let path = collection_path(text("/apiVersion"), kind, text("/metadata/namespace"));
        let mut marked = object.clone();
        marked["metadata"]["annotations"][OURS] = "true".into();
        let answer = self.api.call(Call::post(path.as_str(), marked)).await?;
        if answer.is_success() {
            self.created.note(format!("{path}/{name}"));
        } else if answer.code != 409 {
            expect_success(|| format!("create {kind} `{name}`"), answer)?;
        }
        if kind != "CustomResourceDefinition" {
            return Ok(());
        }
        let (group, plural) = (text("/spec/group"), text("/spec/names/plural"));
        let what = format!("see resource `{plural}.{group}` served");
        self.in_time(what, self.served(group, text("/spec/versions/0/name"), plural)).await
    }

    /// Waits until the API server serves a resource and says so: the program looks for it once, by discovery, and ends where
    /// it is not told of.
    async fn served(&self, group: &str, version: &str, plural: &str) -> Result<(), ClusterError> {
        let group_version = format!("{group}/{version}");
        let resources = format!("/apis/{group_version}");
        let has = |answer: &Answer, list: &str, field: &str, wanted: &str| {
            let items = answer.body.get(list).and_then(Value::as_array);
            items.into_iter().flatten().any(|item| item.pointer(field).is_some_and(|found| found == wanted))
        };
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            // Each of the three is made known by another controller of the API server, in its own time.
            let groups = self.api.call(Call::get("/apis")).await?;
            let told = self.api.call(Call::get(resources.as_str())).await?;
            let objects = self.api.call(Call::get(format!("{resources}/{plural}"))).await?;
            if has(&groups, "groups", "/preferredVersion/groupVersion", &group_version)
                && has(&told, "resources", "/name", plural)
                && objects.is_success()
            {
                return Ok(());
            }
        }
    }

    async fn wait_until_ready(&self, program: &mut Program, url: &str) -> Result<(), ClusterError> {
        let uri: Uri = url.parse().map_err(failed(format!("read `{url}`")))?;
        let path = uri.path().to_owned();
        let mut parts = uri.into_parts();
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        let address = Uri::from_parts(parts).map_err(failed(format!("read `{url}`")))?;
        let api = Api::new(Client::try_from(Config::new(address)).map_err(failed("make a client for the program"))?);
        let ready = async {
            let mut interval = tokio::time::interval(INTERVAL);
            loop {
                interval.tick().await;
                program.check()?;
                // No answer is no failure yet.
                if let Ok(answer) = api.call(Call::get(path.as_str())).await
                    && answer.is_success()
                {
                    return Ok(());
                }
            }
        };
        self.in_time(format!("see `{}` ready", self.program), ready).await
    }

    async fn in_time(
        &self,
        what: String,
        attempt: impl Future<Output = Result<(), ClusterError>>,
    ) -> Result<(), ClusterError> {
        let limit = self.settings.start_limit;
        let timed_out = tokio::time::timeout(limit, attempt).await;
        timed_out.unwrap_or(Err(ClusterError::TimedOut { what, limit }))
    }
}

fn write(file: &Utf8Path, text: &str) -> Result<(), ClusterError> {
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(file, text)).map_err(failed(format!("write `{file}`")))
}
