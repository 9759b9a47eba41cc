//! A cluster: from the request to the handle, and what can be done with it.

use std::{
    hash::{BuildHasher as _, RandomState},
    io::Write as _,
    time::{Duration, SystemTime},
};

use camino::{Utf8Path, Utf8PathBuf};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::Value;

use crate::{
    archive::{ImageArchive, full_reference},
    config,
    engine::Engine,
    error::ClusterError,
    guard::{Guard, OnDrop},
    image::{self, ChosenImage},
    inotify,
    inventory::Inventory,
    kind::{Creation, Kind},
    mark::Mark,
    readiness,
    request::{ClusterRequest, Role},
    reuse,
    version::KubernetesVersion,
};

/// The first line of a kubeconfig of ours, by which it is known as such.
const KUBECONFIG_HEADER: &str = "# Written by kind-cluster; replaced by the next cluster.\n";

/// How long a retained cluster, which has been ready before, may take to answer.
const REUSE_LIMIT: Duration = Duration::from_secs(60);

/// A running cluster.
///
/// [`Cluster::shutdown`] deletes it, or leaves it for the next request where it is retained. Dropping does the same, but
/// blocks the thread for as long as that takes and tells of no failure.
#[derive(Debug)]
#[must_use = "a cluster that is dropped is deleted"]
pub struct Cluster {
    guard: Guard,
    client: ClientHandle,
    version: KubernetesVersion,
    image: String,
    nodes: Vec<Node>,
    mark: Mark,
    kubeconfig: Utf8PathBuf,
    is_reused: bool,
    loading: tokio::sync::Mutex<()>,
}

/// `kube::Client` prints nothing about itself.
struct ClientHandle(Client);

impl std::fmt::Debug for ClientHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

/// A node of a cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// Its name, as a Node and as a container.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether its kubelet has `seccompDefault` on.
    pub seccomp_default: bool,
}

/// Which nodes had to be given an image.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct LoadedArchive {
    /// The nodes it was loaded into.
    pub loaded: Vec<String>,
    /// The nodes that had it already, by digest.
    pub present: Vec<String>,
}

impl ClusterRequest {
    /// Makes the cluster, or takes a retained one that is the same, and waits until it is ready.
    ///
    /// Ready is: the API server answers, every node is Ready, and the ServiceAccount that Pods get is there.
    ///
    /// # Errors
    /// - [`ClusterError::Request`]: no cluster can meet the request.
    /// - [`ClusterError::NoEngine`], [`ClusterError::UnknownEngine`]: see [`Engine::detect`].
    /// - [`ClusterError::InotifyInstances`]: the kernel has too few left for its nodes.
    /// - [`ClusterError::Program`], [`ClusterError::Command`]: kind or the container engine failed; what they had made
    ///   is deleted.
    /// - [`ClusterError::TimedOut`]: it was not ready in time; it is deleted.
    /// - [`ClusterError::ForeignKubeconfig`], [`ClusterError::File`], [`ClusterError::Kubeconfig`],
    ///   [`ClusterError::Api`]: its kubeconfig could not be written or used.
    ///
    /// # Cancel safety
    /// Dropping the future ends kind and deletes what it has made, blocking the thread for as long as that takes.
    pub async fn start(self) -> Result<Cluster, ClusterError> {
        // Before anything is asked of an engine, so that a request that cannot be met costs nothing.
        self.check(self.version)?;
        if let Some(file) = &self.kubeconfig {
            check_own(file)?;
        }
        let engine = match &self.engine {
            Some(engine) => engine.clone(),
            None => Engine::detect().await?,
        };
        let image = image::resolve(&self, &engine).await?;
        self.check(image.version)?;
        let kind = Kind { program: self.kind_program.clone(), engine };
        let config = config::render(&self, &image);
        let settings = config::settings(&config);
        let plan = Plan { request: self, image, kind, config, settings };
        if plan.request.is_retained
            && let Some(cluster) = plan.reuse().await?
        {
            return Ok(cluster);
        }
        inotify::check(plan.request.all_nodes().len())?;
        plan.create().await
    }
}

/// All that is known of a cluster before it is there.
struct Plan {
    request: ClusterRequest,
    image: ChosenImage,
    kind: Kind,
    config: Value,
    settings: String,
}

impl Plan {
    async fn create(self) -> Result<Cluster, ClusterError> {
        let request = &self.request;
        let run = request.run.clone().unwrap_or_else(draw);
        let expires = SystemTime::now() + request.lifetime;
        let mark = Mark::new(request.owner.clone(), run, self.settings.clone(), request.is_retained, expires);
        let name = format!("{}-{}-{}", request.owner, request.version.minor(), draw());
        // From here on everything that kind makes is deleted when this future fails or is dropped.
        let mut guard = Guard::new(self.kind.clone(), &request.owner, name.clone(), OnDrop::Delete)?;
        let creation = Creation {
            name: &name,
            mark: &mark,
            config: config::marked(self.config.clone(), &mark).to_string(),
            kubeconfig: &guard.folder.kubeconfig(),
            kind_release: self.image.kind_release,
        };
        let limit = request.start_limit;
        let started = tokio::time::Instant::now();
        tracing::info!(cluster = name, image = self.image.reference, "creating");
        let creating = tokio::time::timeout(limit, self.kind.create(creation)).await;
        creating.unwrap_or_else(|_| {
            let (what, last) = ("see the creation".to_owned(), "kind was still at work".to_owned());
            Err(ClusterError::TimedOut { what, cluster: name.clone(), limit, last })
        })?;
        let (client, kubeconfig) = self.connect(&guard).await?;
        let nodes = self.nodes(&name);
        readiness::wait(&client, &name, nodes.len(), limit.saturating_sub(started.elapsed())).await?;
        reuse::complete(&self.kind.engine, &guard.control_plane()).await?;
        if self.request.is_retained {
            guard.on_drop = OnDrop::Release;
        }
        Ok(self.cluster(guard, client, nodes, mark, kubeconfig, false))
    }

    /// A retained cluster that is the same and that nobody uses.
    async fn reuse(&self) -> Result<Option<Cluster>, ClusterError> {
        let request = &self.request;
        let engine = &self.kind.engine;
        let clusters = Inventory::with_engine(request.owner.clone(), engine.clone()).list().await?;
        let taken = reuse::take_one(engine, clusters, &self.settings, request.lifetime).await?;
        let Some(found) = taken else { return Ok(None) };
        tracing::info!(cluster = found.name, "found a retained one");
        let mut guard = Guard::new(self.kind.clone(), &request.owner, found.name.clone(), OnDrop::Release)?;
        let nodes = self.nodes(&found.name);
        let connect = async {
            let (client, kubeconfig) = self.connect(&guard).await?;
            readiness::wait(&client, &found.name, nodes.len(), request.start_limit.min(REUSE_LIMIT)).await?;
            let containers = engine.containers(Some(&found.name)).await?;
            readiness::check_addresses(&client, &found.name, &containers).await?;
            Ok::<_, ClusterError>((client, kubeconfig))
        };
        match connect.await {
            Ok((client, kubeconfig)) => Ok(Some(self.cluster(guard, client, nodes, found.mark, kubeconfig, true))),
            Err(error) => {
                // It is ours alone by now, and would fail whoever asks for it next.
                tracing::warn!(cluster = found.name, %error, "a retained cluster cannot be used; deleting it");
                guard.on_drop = OnDrop::Delete;
                guard.finish().await?;
                Ok(None)
            }
        }
    }

    fn cluster(
        &self,
        guard: Guard,
        client: Client,
        nodes: Vec<Node>,
        mark: Mark,
        kubeconfig: Utf8PathBuf,
        is_reused: bool,
    ) -> Cluster {
        Cluster {
            guard,
            client: ClientHandle(client),
            version: self.image.version,
            image: self.image.reference.clone(),
            nodes,
            mark,
            kubeconfig,
            is_reused,
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// The nodes with the names that kind gives them: the first worker is `worker`, the second `worker2`.
    fn nodes(&self, cluster: &str) -> Vec<Node> {
        let mut workers = 0;
        let nodes = self.request.all_nodes().into_iter().map(|node| {
            let name = match node.role {
                Role::ControlPlane => crate::guard::control_plane(cluster),
                Role::Worker => {
                    workers += 1;
                    let number = if workers == 1 { String::new() } else { workers.to_string() };
                    format!("{cluster}-worker{number}")
                }
            };
            Node { name, role: node.role, seccomp_default: node.seccomp_default }
        });
        nodes.collect()
    }

    /// A client, and the file with the kubeconfig, which is this cluster's alone.
    async fn connect(&self, guard: &Guard) -> Result<(Client, Utf8PathBuf), ClusterError> {
        let cluster = guard.cluster.as_str();
        let text = self.kind.kubeconfig(cluster).await?;
        let file = self.request.kubeconfig.clone().unwrap_or_else(|| guard.folder.kubeconfig());
        write_private(&file, &format!("{KUBECONFIG_HEADER}{text}"))?;
        let failed = |source| ClusterError::Kubeconfig { cluster: cluster.to_owned(), source: Box::new(source) };
        let kubeconfig = Kubeconfig::from_yaml(&text).map_err(failed)?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(failed)?;
        let client = Client::try_from(config).map_err(|source| ClusterError::Api {
            what: "make a client".to_owned(),
            cluster: cluster.to_owned(),
            source: Box::new(source),
        })?;
        Ok((client, file))
    }
}

/// Sees that `file` is not there, or was written by us.
fn check_own(file: &Utf8Path) -> Result<(), ClusterError> {
    match std::fs::read(file) {
        Ok(bytes) if bytes.is_empty() || bytes.starts_with(KUBECONFIG_HEADER.as_bytes()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(ClusterError::ForeignKubeconfig { file: file.to_owned() }),
        Err(source) => Err(ClusterError::File { what: "read", file: file.to_owned(), source }),
    }
}

/// Writes `text` to `file`, which nobody else may read: it holds the key to the cluster.
fn write_private(file: &Utf8Path, text: &str) -> Result<(), ClusterError> {
    let failed = |source| ClusterError::File { what: "write", file: file.to_owned(), source };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file).map_err(failed)?;
    // One that was there already, empty and for all to read, is no better.
    #[cfg(unix)]
    opened.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
    opened.write_all(text.as_bytes()).map_err(failed)
}

/// Eight letters that hardly anyone else draws.
fn draw() -> String {
    format!("{:08x}", RandomState::new().hash_one(std::process::id()) >> 32)
}

impl Cluster {
    /// Its name in kind.
    pub fn name(&self) -> &str {
        &self.guard.cluster
    }

    /// The Kubernetes version of its node image, so far as the image's tag tells it.
    pub fn version(&self) -> KubernetesVersion {
        self.version
    }

    /// The node image it was made from.
    pub fn image(&self) -> &str {
        &self.image
    }

    /// A client with all rights.
    pub fn client(&self) -> Client {
        self.client.0.clone()
    }

    /// The file with its kubeconfig; it goes with the handle unless the request named another.
    pub fn kubeconfig(&self) -> &Utf8Path {
        &self.kubeconfig
    }

    /// Its nodes: the control plane, then the workers in the order they were asked for.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What its nodes carry.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether it was there already.
    pub fn is_reused(&self) -> bool {
        self.is_reused
    }

    fn node(&self, name: &str) -> Result<&Node, ClusterError> {
        let found = self.nodes.iter().find(|node| node.name == name);
        found.ok_or_else(|| ClusterError::NoSuchNode { cluster: self.name().to_owned(), node: name.to_owned() })
    }

    /// Runs a program on `node`, beside its kubelet, and gives what it printed.
    ///
    /// # Errors
    /// - [`ClusterError::NoSuchNode`]: the cluster has no such node.
    /// - [`ClusterError::Command`]: the program failed; its standard error stands in the message.
    /// - [`ClusterError::Program`]: the container engine could not be run.
    pub async fn exec<T: Into<String>>(
        &self,
        node: &str,
        command: impl IntoIterator<Item = T>,
    ) -> Result<String, ClusterError> {
        let node = self.node(node)?;
        let exec = self.guard.kind.engine.exec(&node.name, "run a program on a node").cluster(self.name());
        exec.arguments(command).output().await
    }

    /// Loads an image into every node that has it not yet; the rest is left alone.
    ///
    /// # Errors
    /// - [`ClusterError::Command`]: containerd on a node could not be asked, or kind could not load the archive.
    /// - [`ClusterError::Program`]: kind or the container engine could not be run.
    pub async fn load_archive(&self, archive: &ImageArchive) -> Result<LoadedArchive, ClusterError> {
        // One at a time, so that two who load the same load it once.
        let _loading = self.loading.lock().await;
        let mut outcome = LoadedArchive::default();
        for node in &self.nodes {
            let name = node.name.clone();
            let list = if self.has_image(&name, archive).await? { &mut outcome.present } else { &mut outcome.loaded };
            list.push(name);
        }
        if !outcome.loaded.is_empty() {
            self.guard.kind.load(self.name(), archive.path(), &outcome.loaded).await?;
        }
        Ok(outcome)
    }

    /// Gives the nodes the image `reference` where the engine of this machine has it; gives whether it has.
    ///
    /// Where it has not, and where a node has an image of that name already, nothing happens: nodes pull what they lack.
    ///
    /// # Errors
    /// - [`ClusterError::Command`]: containerd on a node could not be asked, the engine could not save the image, or kind
    ///   could not load it.
    /// - [`ClusterError::Program`]: kind or the container engine could not be run.
    pub async fn load_image(&self, reference: &str) -> Result<bool, ClusterError> {
        let _loading = self.loading.lock().await;
        let engine = &self.guard.kind.engine;
        if !engine.has_image(reference).await? {
            return Ok(false);
        }
        let full = full_reference(reference).unwrap_or_else(|_| reference.to_owned());
        let mut lacking = Vec::new();
        for node in &self.nodes {
            if !self.image_lines(&node.name, &full).await?.lines().any(|line| line.starts_with(&full)) {
                lacking.push(node.name.clone());
            }
        }
        if !lacking.is_empty() {
            let file = self.guard.folder.image();
            engine.save_image(reference, &file).await?;
            let loaded = self.guard.kind.load(self.name(), &file, &lacking).await;
            // It is as large as the image, and goes with the folder at the latest.
            let _ = std::fs::remove_file(&file);
            loaded?;
        }
        Ok(true)
    }

    /// What containerd on `node` says of the images of that name, a line each below a heading.
    async fn image_lines(&self, node: &str, reference: &str) -> Result<String, ClusterError> {
        let filter = format!("name=={reference}");
        self.exec(node, ["ctr", "--namespace=k8s.io", "images", "list", filter.as_str()]).await
    }

    async fn has_image(&self, node: &str, archive: &ImageArchive) -> Result<bool, ClusterError> {
        let list = self.image_lines(node, archive.reference()).await?;
        // A line is: reference, media type, digest, size, platforms, labels.
        Ok(list.lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next() == Some(archive.reference()) && words.nth(1) == Some(archive.digest())
        }))
    }

    /// Writes the logs of kubelets, containers and nodes into `folder`.
    ///
    /// # Errors
    /// - [`ClusterError::Command`]: kind could not collect all of it; what it could stands in the folder even then.
    /// - [`ClusterError::Program`]: kind could not be run.
    pub async fn export_logs(&self, folder: &Utf8Path) -> Result<(), ClusterError> {
        self.guard.kind.export_logs(self.name(), folder).await
    }

    /// Deletes the cluster, or where it is retained, leaves it for the next request.
    ///
    /// # Errors
    /// - [`ClusterError::Command`], [`ClusterError::Program`]: kind or the container engine failed; it is tried once more.
    /// - [`ClusterError::StillThere`]: kind deleted it, and containers are left.
    ///
    /// # Cancel safety
    /// Dropping the future lets the destructor do it, blocking the thread.
    pub async fn shutdown(self) -> Result<(), ClusterError> {
        self.guard.finish().await
    }

    /// Deletes the cluster even where it is retained.
    ///
    /// # Errors
    /// As [`Cluster::shutdown`].
    pub async fn delete(mut self) -> Result<(), ClusterError> {
        self.guard.on_drop = OnDrop::Delete;
        self.guard.finish().await
    }

    /// How long it has until it expires.
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.mark.expires.duration_since(now).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_names_that_differ() {
        let (one, other) = (draw(), draw());
        assert!(one != other && one.len() == 8, "{one} {other}");
    }

    #[test]
    fn writes_over_a_kubeconfig_of_ours_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Utf8PathBuf::from_path_buf(folder.path().join("config")).expect("UTF-8");
        assert!(check_own(&file).is_ok());
        write_private(&file, &format!("{KUBECONFIG_HEADER}kind: Config\n")).expect("it is written");
        assert!(check_own(&file).is_ok());
        std::fs::write(&file, "apiVersion: v1\nkind: Config\n").expect("it is written");
        assert!(matches!(check_own(&file), Err(ClusterError::ForeignKubeconfig { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_kubeconfig_is_for_its_owner_alone() {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
        let folder = tempfile::tempdir().expect("a folder");
        let [new, there] =
            ["new", "there"].map(|name| Utf8PathBuf::from_path_buf(folder.path().join(name)).expect("UTF-8"));
        std::fs::write(&there, "").expect("it is written");
        std::fs::set_permissions(&there, Permissions::from_mode(0o644)).expect("anyone may read it");
        for file in [new, there] {
            write_private(&file, "secret").expect("it is written");
            let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
