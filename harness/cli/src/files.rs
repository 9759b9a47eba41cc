//! Files that readers find whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
};

use camino::Utf8Path;

/// Writes a file, and the folders that it is in: a reader sees what was there before or all of `text`, never a part.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_whole(path: &Utf8Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".seccomp-harness-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any other new file, and not for its owner alone: CI systems collect reports under another name.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Adds to the end of a file that others write to, too.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn append(path: &Utf8Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("a/b/report.xml");
        write_whole(&path, "one").unwrap();
        write_whole(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn reports_what_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("file");
        write_whole(&path, "").unwrap();
        assert!(write_whole(&path.join("below"), "").is_err());
    }
}
