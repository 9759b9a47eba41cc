//! `snapshot`: what becomes of pending snapshots.

use anyhow::Context as _;
use camino::Utf8PathBuf;
use seccomp_conformance::{accept_snapshots, reject_snapshots};

use crate::{arguments::SnapshotDecision, end::End, error::Failure, terminal};

/// Accepts or rejects every pending snapshot, and names it.
pub(crate) fn run(decision: &SnapshotDecision) -> Result<End, Failure> {
    let (SnapshotDecision::Accept(folders) | SnapshotDecision::Reject(folders)) = decision;
    let folder = folders.find()?.snapshots;
    if folders.snapshots.is_some() && !folder.is_dir() {
        return Err(Failure::usage(format!("there is no folder `{folder}`; see --snapshots")));
    }
    let (word, decided) = match decision {
        SnapshotDecision::Accept(_) => ("accepted", accept_snapshots(&folder)),
        SnapshotDecision::Reject(_) => ("rejected", reject_snapshots(&folder)),
    };
    let files = decided.with_context(|| format!("decide on snapshots in {folder}")).map_err(Failure::Infrastructure)?;
    terminal::print(&told(word, &folder, &files))?;
    Ok(End::Passed)
}

fn told(word: &str, folder: &camino::Utf8Path, files: &[Utf8PathBuf]) -> String {
    if files.is_empty() {
        return format!("no snapshot is pending in {folder}\n");
    }
    let lines: Vec<String> = files.iter().map(|file| format!("{word} {}", folder.join(file))).collect();
    lines.join("\n") + "\n"
}
