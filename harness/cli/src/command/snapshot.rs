//! `snapshot`: what becomes of pending snapshots.

use anyhow::Context as _;
use camino::Utf8PathBuf;
use seccomp_conformance::{accept_snapshots, reject_snapshots};

use crate::{arguments::SnapshotDecision, end::End, error::Failure, terminal};

/// Accepts or rejects every pending snapshot, and names it.
pub(crate) fn run(decision: &SnapshotDecision) -> Result<End, Failure> {
    let (word, folder, decided) = match decision {
        SnapshotDecision::Accept(folders) => {
            let folder = folders.find()?.snapshots;
            ("accepted", folder.clone(), accept_snapshots(&folder))
        }
        SnapshotDecision::Reject(folders) => {
            let folder = folders.find()?.snapshots;
            ("rejected", folder.clone(), reject_snapshots(&folder))
        }
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
