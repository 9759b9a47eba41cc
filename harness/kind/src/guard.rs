//! What happens to a cluster when its handle goes away without a shutdown.

use camino::Utf8Path;

use crate::{error::ClusterError, folder::Folder, kind::Kind, mark::Owner, reuse};

/// What becomes of the cluster when nobody said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OnDrop {
    /// It is deleted.
    Delete,
    /// It is left for whoever asks for the same next.
    Release,
    /// It has been seen to already.
    Nothing,
}

/// Does to a cluster what is left to do.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) kind: Kind,
    pub(crate) cluster: String,
    pub(crate) folder: Folder,
    pub(crate) on_drop: OnDrop,
}

impl Guard {
    pub(crate) fn new(kind: Kind, owner: &Owner, cluster: String, on_drop: OnDrop) -> Result<Self, ClusterError> {
        Ok(Self { kind, cluster, folder: Folder::new(owner)?, on_drop })
    }

    pub(crate) fn control_plane(&self) -> String {
        control_plane(&self.cluster)
    }

    /// Deletes or releases, once.
    pub(crate) async fn finish(mut self) -> Result<(), ClusterError> {
        match self.on_drop {
            OnDrop::Delete => delete(&self.kind, &self.cluster, &self.folder.kubeconfig()).await?,
            OnDrop::Release => reuse::release(&self.kind.engine, &self.control_plane()).await?,
            OnDrop::Nothing => {}
        }
        // Only now: where it failed or was cancelled, the destructor tries again.
        self.on_drop = OnDrop::Nothing;
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        match self.on_drop {
            OnDrop::Delete => self.kind.blocking_delete(&self.cluster, &self.folder.kubeconfig()),
            OnDrop::Release => reuse::blocking_release(&self.kind.engine, &self.control_plane()),
            OnDrop::Nothing => {}
        }
    }
}

/// kind's name for the container of the control plane.
pub(crate) fn control_plane(cluster: &str) -> String {
    format!("{cluster}-control-plane")
}

/// Deletes `cluster`, and sees that it is gone: a creation that was under way may have added a container meanwhile.
pub(crate) async fn delete(kind: &Kind, cluster: &str, kubeconfig: &Utf8Path) -> Result<(), ClusterError> {
    let mut left = Vec::new();
    for _ in 0..3 {
        kind.delete(cluster, kubeconfig).await?;
        left = kind.engine.containers(Some(cluster)).await?;
        if left.is_empty() {
            return Ok(());
        }
    }
    let containers = left.into_iter().map(|container| container.name).collect();
    Err(ClusterError::StillThere { cluster: cluster.to_owned(), containers })
}
