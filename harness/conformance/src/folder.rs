//! Folders in the system's temporary folder: found again, and known as ours, when their process was killed.

use camino::{Utf8Path, Utf8PathBuf};
use kind_cluster::Creator;
use tempfile::TempDir;

/// What the names of all of them begin with.
const PREFIX: &str = "seccomp-harness.";

/// A folder that goes with its handle.
///
/// Its name says which process made it: `seccomp-harness.CREATOR.RANDOM`.
#[derive(Debug)]
pub(crate) struct Folder {
    path: Utf8PathBuf,
    _folder: TempDir,
}

impl Folder {
    /// Makes an empty one, which nobody else may read.
    pub(crate) fn new() -> std::io::Result<Self> {
        Self::new_in(&base(), &Creator::this_process())
    }

    fn new_in(base: &Utf8Path, creator: &Creator) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("{PREFIX}{creator}.")).tempdir_in(base)?;
        // A base that is UTF-8 makes no folder that is not.
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned());
        let path = path.map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidFilename))?;
        Ok(Self { path, _folder: folder })
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}

fn base() -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(std::env::temp_dir()).unwrap_or_else(|_| Utf8PathBuf::from("."))
}

/// The folders whose process is gone, sorted.
pub(crate) fn left_behind() -> Vec<Utf8PathBuf> {
    left_behind_in(&base())
}

fn left_behind_in(base: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = base.read_dir_utf8().into_iter().flatten().flatten();
    let is_left = |name: &str| {
        let creator = name.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('.'));
        creator.and_then(|(creator, _)| creator.parse::<Creator>().ok()).is_some_and(|creator| creator.is_gone())
    };
    let mut left: Vec<_> =
        entries.filter(|entry| is_left(entry.file_name())).map(camino::Utf8DirEntry::into_path).collect();
    left.sort();
    left
}

#[cfg(all(test, target_os = "linux"))]
pub(crate) mod tests {
    use super::*;

    /// This process, had it started at another time.
    pub(crate) fn gone() -> Creator {
        let text = Creator::this_process().to_string();
        let parts: Vec<_> = text.split('.').collect();
        [parts[0], parts[1], "1", parts[3]].join(".").parse().expect("a process")
    }

    #[test]
    fn finds_the_folders_of_processes_that_are_gone_alone() {
        let base = tempfile::tempdir().expect("a folder");
        let base = Utf8Path::from_path(base.path()).expect("UTF-8");
        let living = Folder::new_in(base, &Creator::this_process()).expect("a folder");
        let left = Folder::new_in(base, &gone()).expect("a folder");
        std::fs::create_dir(base.join("seccomp-harness.somebody-elses")).expect("a folder");
        std::fs::create_dir(base.join(format!("other.{}.x", gone()))).expect("a folder");
        assert!(living.path().exists());
        assert_eq!(left_behind_in(base), [left.path()]);
    }

    #[test]
    fn goes_with_its_handle() {
        let folder = Folder::new().expect("a folder");
        let path = folder.path().to_owned();
        std::fs::write(path.join("file"), "text").expect("it is written");
        drop(folder);
        assert!(!path.exists());
    }
}
