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
#[derive(Clone, Debug, Default)]
pub(crate) struct Bookmark {
    /// The logs, each with its length then.
    logs: Vec<(Utf8PathBuf, u64)>,
}

impl Bookmark {
    /// Where the logs in `folder` stand now.
    pub(crate) fn now(folder: &Utf8Path) -> Self {
        let mut bookmark = Self { logs: Vec::new() };
        bookmark.note(FILES.map(|file| folder.join(file)));
        bookmark
    }

    /// Takes note of where other logs stand now.
    pub(crate) fn note(&mut self, files: impl IntoIterator<Item = Utf8PathBuf>) {
        // A log that is not there yet has nothing in it.
        let length = |file: &Utf8Path| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        self.logs.extend(files.into_iter().map(|file| {
            let length = length(&file);
            (file, length)
        }));
    }

    /// Takes note of logs that began only after that time; those that are noted already stay as they are.
    pub(crate) fn note_new(&mut self, files: impl IntoIterator<Item = Utf8PathBuf>) {
        for file in files {
            if self.logs.iter().all(|(noted, _)| *noted != file) {
                self.logs.push((file, 0));
            }
        }
    }

    /// Writes what came since into files of the same names in `folder`; a log that says nothing gets no file.
    pub(crate) fn copy_since(&self, folder: &Utf8Path) -> io::Result<()> {
        for (file, start) in &self.logs {
            let (Some(name), Ok(mut log)) = (file.file_name(), File::open(file)) else { continue };
            log.seek(SeekFrom::Start(*start))?;
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
        let mut bookmark = Bookmark::now(folder);
        bookmark.copy_since(&to).expect("it is copied");
        assert!(!to.exists(), "nothing came");
        std::fs::write(folder.join("etcd.log"), "before\nsince\n").expect("it is written");
        std::fs::write(folder.join("audit.log"), "all of it\n").expect("it is written");
        bookmark.copy_since(&to).expect("it is copied");
        std::fs::write(folder.join("webhook.log"), "it started\n").expect("it is written");
        bookmark.note_new([folder.join("webhook.log"), folder.join("etcd.log")]);
        bookmark.copy_since(&to).expect("it is copied");
        let read = |name| std::fs::read_to_string(to.join(name)).expect("it is there");
        assert_eq!((read("etcd.log").as_str(), read("audit.log").as_str()), ("since\n", "all of it\n"));
        assert_eq!(read("webhook.log"), "it started\n");
        assert!(!to.join("kube-apiserver.log").exists());
    }
}
