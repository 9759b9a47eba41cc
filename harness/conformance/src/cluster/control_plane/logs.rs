//! The logs of a control plane, and what each says of one case.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use camino::{Utf8Path, Utf8PathBuf};

use super::arguments::AUDIT_LOG;

/// The files: what the programs said, and what the API server was asked.
const FILES: [&str; 3] = ["etcd.log", "kube-apiserver.log", AUDIT_LOG];

/// Where each log stood at some time, so that what came since is known.
#[derive(Clone, Debug)]
pub(crate) struct Bookmark {
    folder: Utf8PathBuf,
    lengths: [u64; FILES.len()],
}

impl Bookmark {
    /// Where the logs in `folder` stand now.
    pub(crate) fn now(folder: &Utf8Path) -> Self {
        // A log that is not there yet has nothing in it.
        let lengths = FILES.map(|file| std::fs::metadata(folder.join(file)).map_or(0, |metadata| metadata.len()));
        Self { folder: folder.to_owned(), lengths }
    }

    /// Writes what came since into files of the same names in `folder`; a log that says nothing gets no file.
    pub(crate) fn copy_since(&self, folder: &Utf8Path) -> io::Result<()> {
        for (name, start) in FILES.into_iter().zip(self.lengths) {
            let Ok(mut log) = File::open(self.folder.join(name)) else { continue };
            log.seek(SeekFrom::Start(start))?;
            let mut since = Vec::new();
            log.read_to_end(&mut since)?;
            if !since.is_empty() {
                std::fs::create_dir_all(folder)?;
                std::fs::write(folder.join(name), since)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_what_came_since() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let to = folder.join("to");
        std::fs::write(folder.join("etcd.log"), "before\n").expect("it is written");
        let bookmark = Bookmark::now(folder);
        bookmark.copy_since(&to).expect("it is copied");
        assert!(!to.exists(), "nothing came");
        std::fs::write(folder.join("etcd.log"), "before\nsince\n").expect("it is written");
        std::fs::write(folder.join("audit.log"), "all of it\n").expect("it is written");
        bookmark.copy_since(&to).expect("it is copied");
        let read = |name| std::fs::read_to_string(to.join(name)).expect("it is there");
        assert_eq!((read("etcd.log").as_str(), read("audit.log").as_str()), ("since\n", "all of it\n"));
        assert!(!to.join("kube-apiserver.log").exists());
    }
}
