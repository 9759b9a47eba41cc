//! The clusters of one owner: listing, deleting, and collecting what was left behind.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use camino::Utf8PathBuf;

use crate::{
    engine::{CONTAINER_LIMIT, Container, Engine},
    error::ClusterError,
    folder::{self, Folder},
    guard::{self, control_plane},
    kind::Kind,
    mark::{Mark, Owner},
    orphan,
    reuse::{self, User},
};

/// How long an engine may go on with what a program asked of it that was killed.
const SETTLING: Duration = Duration::from_secs(3);
/// How often it is looked at meanwhile.
const INTERVAL: Duration = Duration::from_millis(200);

/// All clusters of one owner on this machine's container engine, and nothing else.
#[derive(Clone, Debug)]
pub struct Inventory {
    owner: Owner,
    kind: Kind,
}

/// A cluster that carries our mark.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FoundCluster {
    /// Its name in kind.
    pub name: String,
    /// What its nodes say about it.
    pub mark: Mark,
    /// The names of its nodes, sorted.
    pub nodes: Vec<String>,
}

/// What a collection did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct GcReport {
    /// The clusters deleted, by name.
    pub deleted: Vec<String>,
    /// The clusters left, by name: not expired, and their process lives or they are retained.
    pub left: Vec<String>,
    /// How many programs were ended that still worked for a process that is gone.
    pub ended_programs: usize,
}

impl Inventory {
    /// The clusters of `owner` on the engine that kind uses.
    ///
    /// # Errors
    /// [`ClusterError::NoEngine`], [`ClusterError::UnknownEngine`]: see [`Engine::detect`].
    pub async fn new(owner: Owner) -> Result<Self, ClusterError> {
        Ok(Self { owner, kind: Kind { program: "kind".into(), engine: Engine::detect().await? } })
    }

    /// The clusters of `owner` on `engine`.
    pub fn with_engine(owner: Owner, engine: Engine) -> Self {
        Self { owner, kind: Kind { program: "kind".into(), engine } }
    }

    /// Names the program `kind`; without it, it is looked for in the path.
    #[must_use]
    pub fn with_kind_program(mut self, program: impl Into<Utf8PathBuf>) -> Self {
        self.kind.program = program.into();
        self
    }

    /// Lists the owner's clusters by name, those half made included.
    ///
    /// # Errors
    /// [`ClusterError::Command`], [`ClusterError::Program`], [`ClusterError::Output`]: the container engine failed.
    pub async fn list(&self) -> Result<Vec<FoundCluster>, ClusterError> {
        let containers = self.kind.engine.containers(None).await?;
        Ok(found(containers).into_iter().filter(|cluster| cluster.mark.owner == self.owner).collect())
    }

    /// Deletes the owner's cluster `name`; false where there is none.
    ///
    /// # Errors
    /// - [`ClusterError::NotOurs`]: a cluster of that name exists and is not the owner's; it is left as it is.
    /// - [`ClusterError::StillThere`]: kind deleted it, and containers are left.
    /// - [`ClusterError::Command`], [`ClusterError::Program`], [`ClusterError::Output`]: kind or the engine failed.
    pub async fn delete(&self, name: &str) -> Result<bool, ClusterError> {
        let containers = self.kind.engine.containers(Some(name)).await?;
        if containers.is_empty() {
            return Ok(false);
        }
        if !found(containers).iter().any(|cluster| cluster.mark.owner == self.owner) {
            return Err(ClusterError::NotOurs { cluster: name.to_owned(), owner: self.owner.to_string() });
        }
        guard::delete(&self.kind, name, &Folder::new(&self.owner)?.kubeconfig()).await?;
        Ok(true)
    }

    /// Deletes what nobody needs at `now`: clusters that have expired, those whose process is gone and that are not
    /// retained, and those whose making was cut off; ends the programs that still make such a cluster, and removes the
    /// private files that such a process left.
    ///
    /// # Errors
    /// As [`Inventory::delete`]; one cluster that cannot be deleted does not keep the others from it, and the first
    /// failure is given.
    pub async fn gc(&self, now: SystemTime) -> Result<GcReport, ClusterError> {
        let mut report = GcReport::default();
        let started = tokio::time::Instant::now();
        let mut settled = started;
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            let ended = orphan::end_programs(&self.owner, started.elapsed() < CONTAINER_LIMIT);
            report.ended_programs += ended.programs;
            if ended != orphan::Ended::default() {
                // A container that such a program asked for may yet come.
                settled = tokio::time::Instant::now() + SETTLING;
            }
            self.collect(now, &mut report).await?;
            if tokio::time::Instant::now() >= settled {
                folder::remove_left(&self.owner);
                report.deleted.sort();
                report.deleted.dedup();
                return Ok(report);
            }
        }
    }

    async fn collect(&self, now: SystemTime, report: &mut GcReport) -> Result<(), ClusterError> {
        report.left.clear();
        let mut outcome = Ok(());
        for cluster in self.list().await? {
            if !self.is_left_behind(&cluster, now).await? {
                report.left.push(cluster.name);
                continue;
            }
            match self.delete(&cluster.name).await {
                Ok(_) => report.deleted.push(cluster.name),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    /// Whether nobody needs `cluster` at `now`, so that [`Inventory::gc`] deletes it.
    ///
    /// # Errors
    /// [`ClusterError::Program`]: the container engine could not be run.
    pub async fn is_left_behind(&self, cluster: &FoundCluster, now: SystemTime) -> Result<bool, ClusterError> {
        let mark = &cluster.mark;
        if mark.is_expired(now) {
            return Ok(true);
        }
        if !mark.creator.is_gone() {
            return Ok(false);
        }
        let user = if mark.is_retained {
            reuse::user(&self.kind.engine, &control_plane(&cluster.name)).await?
        } else {
            User::Incomplete
        };
        Ok(user == User::Incomplete)
    }
}

/// The clusters among `containers` of which every container carries one and the same mark.
fn found(containers: Vec<Container>) -> Vec<FoundCluster> {
    let mut clusters: BTreeMap<String, Vec<Container>> = BTreeMap::new();
    for container in containers {
        clusters.entry(container.cluster.clone()).or_default().push(container);
    }
    let read = |(name, containers): (String, Vec<Container>)| {
        let marks: Vec<_> =
            containers.iter().map(|container| container.mounts.iter().find_map(|at| Mark::parse(at))).collect();
        let mark = marks.first().cloned().flatten()?;
        if marks.iter().any(|other| other.as_ref() != Some(&mark)) {
            return None;
        }
        let mut nodes: Vec<_> = containers.into_iter().map(|container| container.name).collect();
        nodes.sort();
        Some(FoundCluster { name, mark, nodes })
    };
    clusters.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_container(cluster: &str, node: &str, mounts: &[String]) -> Container {
        let mut mounts = mounts.to_vec();
        mounts.insert(0, "/lib/modules".to_owned());
        Container { name: format!("{cluster}-{node}"), cluster: cluster.to_owned(), mounts, addresses: Vec::new() }
    }

    fn mk_mark(run: &str) -> Mark {
        Mark::new(Owner::default(), run.to_owned(), "0a".to_owned(), false, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn finds_a_cluster_by_the_mark_on_all_its_nodes() {
        let mark = mk_mark("r");
        let marked = [mark.path()];
        let containers = vec![mk_container("a", "worker", &marked), mk_container("a", "control-plane", &marked)];
        let nodes = vec!["a-control-plane".to_owned(), "a-worker".to_owned()];
        assert_eq!(found(containers), [FoundCluster { name: "a".to_owned(), mark, nodes }]);
    }

    #[test]
    fn does_not_see_a_cluster_of_which_a_node_is_not_marked_or_marked_otherwise() {
        let marked = [mk_mark("r").path()];
        let unmarked = vec![mk_container("a", "worker", &marked), mk_container("a", "control-plane", &[])];
        assert_eq!(found(unmarked), []);
        let other = [mk_mark("other").path()];
        let mixed = vec![mk_container("a", "worker", &marked), mk_container("a", "control-plane", &other)];
        assert_eq!(found(mixed), []);
        assert_eq!(found(vec![mk_container("kind", "control-plane", &[])]), []);
    }
}
