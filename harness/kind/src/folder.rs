//! The folders that hold what kind writes about a cluster: private, and found again when their process was killed.

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::{creator::Creator, error::ClusterError, mark::Owner};

/// A folder that goes with its handle.
///
/// Its name says whose it is and which process made it: `kind-cluster.OWNER.CREATOR.RANDOM`.
#[derive(Debug)]
pub(crate) struct Folder {
    path: Utf8PathBuf,
    _folder: TempDir,
}

impl Folder {
    pub(crate) fn new(owner: &Owner) -> Result<Self, ClusterError> {
        Self::new_in(&base(), owner, &Creator::this_process())
    }

    fn new_in(base: &Utf8Path, owner: &Owner, creator: &Creator) -> Result<Self, ClusterError> {
        let prefix = format!("{}{creator}.", prefix(owner));
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(base);
        let failed = |source| ClusterError::File { what: "make a folder in", file: base.to_owned(), source };
        let folder = folder.map_err(failed)?;
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned());
        // A base that is UTF-8 makes no folder that is not.
        let path = path.map_err(|_| failed(std::io::ErrorKind::InvalidFilename.into()))?;
        Ok(Self { path, _folder: folder })
    }

    /// A file for an image on its way from the engine to the nodes.
    pub(crate) fn image(&self) -> Utf8PathBuf {
        self.path.join("image.tar")
    }

    /// The file for the kubeconfig.
    pub(crate) fn kubeconfig(&self) -> Utf8PathBuf {
        self.path.join("kubeconfig")
    }
}

fn base() -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(std::env::temp_dir()).unwrap_or_else(|_| Utf8PathBuf::from("."))
}

fn prefix(owner: &Owner) -> String {
    format!("kind-cluster.{owner}.")
}

/// Removes the folders of `owner` whose process is gone.
pub(crate) fn remove_left(owner: &Owner) {
    remove_left_in(&base(), owner);
}

fn remove_left_in(base: &Utf8Path, owner: &Owner) {
    let prefix = prefix(owner);
    for entry in base.read_dir_utf8().into_iter().flatten().flatten() {
        let creator = entry.file_name().strip_prefix(&prefix).and_then(|rest| rest.rsplit_once('.'));
        let creator = creator.and_then(|(creator, _)| creator.parse::<Creator>().ok());
        if creator.is_some_and(|creator| creator.is_gone()) {
            let removed = std::fs::remove_dir_all(entry.path());
            tracing::debug!(folder = %entry.path(), ?removed, "removed what a process left");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn removes_the_folders_of_processes_that_are_gone_alone() {
        let base = tempfile::tempdir().expect("a folder");
        let base = Utf8Path::from_path(base.path()).expect("UTF-8");
        let owner = Owner::default();
        let living = Folder::new_in(base, &owner, &Creator::this_process()).expect("a folder");
        // This process, had it started at another time.
        let text = Creator::this_process().to_string();
        let parts: Vec<_> = text.split('.').collect();
        let gone: Creator = [parts[0], parts[1], "1", parts[3]].join(".").parse().expect("a process");
        let left = Folder::new_in(base, &owner, &gone).expect("a folder");
        let other = Folder::new_in(base, &"other".parse().expect("an owner"), &gone).expect("a folder");
        remove_left_in(base, &owner);
        assert!(living.path.exists() && other.path.exists() && !left.path.exists());
    }
}
