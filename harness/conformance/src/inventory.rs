//! Clusters apart from runs: making one ahead of them, listing, deleting, and collecting what killed processes left.

use std::time::SystemTime;

use camino::Utf8PathBuf;
use kind_cluster::{ClusterError, FoundCluster};
pub use kind_cluster::{KubernetesVersion, VersionError};

use crate::cluster::{
    control_plane::leftover::Leftovers,
    kind::request::{KindOptions, kind_request, owner},
};

/// What is there of the harness on this machine.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The kind clusters, by name; none where no container engine is installed.
    pub clusters: Vec<KindCluster>,
    /// Whether no container engine is installed, so that there can be no kind cluster.
    pub has_no_engine: bool,
    /// What control planes left.
    pub leftovers: Leftovers,
}

/// A kind cluster of the harness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KindCluster {
    /// Its name in kind.
    pub name: String,
    /// Its nodes, sorted.
    pub nodes: Vec<String>,
    /// When it is nobody's any more.
    pub expires: SystemTime,
    /// Whether it outlives the process that made it, to be found again.
    pub is_retained: bool,
    /// Whether nobody needs it, so that [`collect`] deletes it.
    pub is_left_behind: bool,
}

/// What [`create`] made or found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Created {
    /// Its name in kind.
    pub name: String,
    /// The node image it runs on.
    pub image: String,
    /// Its nodes: the control plane, then the workers.
    pub nodes: Vec<String>,
    /// When it is nobody's any more.
    pub expires: SystemTime,
    /// Whether it was there already.
    pub is_reused: bool,
}

/// What [`collect`] did.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The kind clusters deleted, by name.
    pub deleted: Vec<String>,
    /// The kind clusters left: not expired, and retained or in use.
    pub kept: Vec<String>,
    /// How many programs were ended that still worked for a process that is gone.
    pub ended_programs: usize,
    /// The folders removed.
    pub removed_folders: Vec<Utf8PathBuf>,
    /// Whether no container engine is installed, so that there can be no kind cluster.
    pub has_no_engine: bool,
    /// What should be gone and is there still, each in a line.
    pub failed: Vec<String>,
}

/// Clusters could not be made, listed or deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// No container engine is installed.
    #[error(
        "find Docker or Podman, on which kind clusters run; install Docker: https://docs.docker.com/engine/install"
    )]
    NoEngine,
    /// kind is not installed.
    #[error("find kind; install it, and see that it is in the path: https://kind.sigs.k8s.io/docs/user/quick-start")]
    NoKind(#[source] std::io::Error),
    /// kind or the container engine failed, or the request cannot be met.
    #[error(transparent)]
    Cluster(ClusterError),
}

impl InventoryError {
    /// Whether nothing failed: what was asked for cannot be.
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Cluster(
                ClusterError::Request(_) | ClusterError::NotOurs { .. } | ClusterError::ForeignKubeconfig { .. }
            )
        )
    }
}

impl From<ClusterError> for InventoryError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::NoEngine => Self::NoEngine,
            ClusterError::Program { program, source } if program == "kind" => Self::NoKind(source),
            error => Self::Cluster(error),
        }
    }
}

/// Makes the kind cluster of `version` that a run with the same options finds again, or finds it.
///
/// # Errors
/// See [`InventoryError`]; what was made is deleted.
///
/// # Cancel safety
/// Dropping the future deletes what it has made, blocking the thread for as long as that takes.
pub async fn create(
    version: KubernetesVersion,
    options: &KindOptions,
    kubeconfig: Option<Utf8PathBuf>,
) -> Result<Created, InventoryError> {
    let mut request = kind_request(version, options);
    if let Some(file) = kubeconfig {
        request = request.with_kubeconfig(file);
    }
    let cluster = request.start().await?;
    let created = Created {
        name: cluster.name().to_owned(),
        image: cluster.image().to_owned(),
        nodes: cluster.nodes().iter().map(|node| node.name.clone()).collect(),
        expires: cluster.mark().expires,
        is_reused: cluster.is_reused(),
    };
    cluster.shutdown().await?;
    Ok(created)
}

async fn engine() -> Result<Option<kind_cluster::Inventory>, InventoryError> {
    match kind_cluster::Inventory::new(owner()).await {
        Ok(inventory) => Ok(Some(inventory)),
        Err(ClusterError::NoEngine) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Lists what is there at `now`.
///
/// # Errors
/// The container engine is installed and cannot be asked.
pub async fn list(now: SystemTime) -> Result<Inventory, InventoryError> {
    let leftovers = Leftovers::find();
    let Some(engine) = engine().await? else {
        return Ok(Inventory { has_no_engine: true, leftovers, ..Inventory::default() });
    };
    let mut clusters = Vec::new();
    for cluster in engine.list().await? {
        let is_left_behind = engine.is_left_behind(&cluster, now).await?;
        let FoundCluster { name, mark, nodes, .. } = cluster;
        let (expires, is_retained) = (mark.expires, mark.is_retained);
        clusters.push(KindCluster { name, nodes, expires, is_retained, is_left_behind });
    }
    Ok(Inventory { clusters, has_no_engine: false, leftovers })
}

/// Deletes the kind cluster `name`; false where there is none.
///
/// # Errors
/// A cluster of that name that is not the harness's is left as it is; or see [`InventoryError`].
pub async fn delete(name: &str) -> Result<bool, InventoryError> {
    match engine().await? {
        Some(engine) => Ok(engine.delete(name).await?),
        None => Err(InventoryError::NoEngine),
    }
}

/// Removes what nobody needs at `now`: kind clusters that have expired or whose process is gone, programs that still work
/// for such a process, and their folders. Nothing without our mark is touched.
///
/// # Errors
/// The container engine is installed and cannot be asked; what does not need it has been removed all the same.
pub async fn collect(now: SystemTime) -> Result<Collected, InventoryError> {
    let found = Leftovers::find();
    let remaining = found.remove().await;
    let is_gone = |folder: &Utf8PathBuf| !remaining.folders.contains(folder);
    let mut collected = Collected {
        ended_programs: found.programs.iter().filter(|program| !remaining.programs.contains(program)).count(),
        removed_folders: found.folders.iter().filter(|folder| is_gone(folder)).cloned().collect(),
        failed: remaining.lines(),
        ..Collected::default()
    };
    let Some(engine) = engine().await? else {
        collected.has_no_engine = true;
        return Ok(collected);
    };
    match engine.gc(now).await {
        Ok(report) => {
            collected.deleted = report.deleted;
            collected.kept = report.left;
            collected.ended_programs += report.ended_programs;
        }
        // What could not be deleted is told of, and the engine is asked what is there still.
        Err(error) => collected.failed.extend(undeleted(&engine, now, error).await?),
    }
    Ok(collected)
}

/// A line for each cluster that should be gone, the reason in the first.
async fn undeleted(
    engine: &kind_cluster::Inventory,
    now: SystemTime,
    error: ClusterError,
) -> Result<Vec<String>, InventoryError> {
    let mut lines = Vec::new();
    for cluster in engine.list().await? {
        if engine.is_left_behind(&cluster, now).await? {
            lines.push(format!("kind cluster {}", cluster.name));
        }
    }
    match lines.first_mut() {
        Some(first) => {
            first.push_str(": ");
            first.push_str(&crate::error::chain(&error));
        }
        // Nothing is there, so that it was no deletion that failed.
        None => return Err(error.into()),
    }
    Ok(lines)
}
