//! What was seen in a run, as the snapshots that it would be.

use std::{collections::BTreeMap, io};

use camino::Utf8PathBuf;
use kube_simulator::Minor;

use crate::{
    plan::Planned,
    snapshot::{PlatformParts, SectionKind, SnapshotBook, SnapshotMode, Texts, Universe},
};

/// What was seen in a run, by scenario and minor.
#[derive(Debug, Default)]
pub(super) struct Recording {
    scenarios: BTreeMap<String, BTreeMap<Minor, Texts>>,
}

/// Snapshots by name, and by the minor from which on each holds.
pub(super) type Snapshots = BTreeMap<String, BTreeMap<Minor, String>>;

impl Recording {
    pub(super) fn add(&mut self, planned: &Planned, texts: Vec<(SectionKind, String)>) {
        if texts.is_empty() {
            return;
        }
        let minors = self.scenarios.entry(planned.case.scenario.clone()).or_default();
        let seen = minors.entry(planned.case.minor).or_default();
        for (kind, text) in texts {
            seen.insert((kind, planned.variation.clone()), text);
        }
    }

    /// The snapshots as they would be after this run.
    pub(super) fn snapshots(
        &self,
        book: &SnapshotBook,
        universes: &BTreeMap<String, Universe>,
        platform: &BTreeMap<Minor, PlatformParts>,
    ) -> Snapshots {
        let mut snapshots = book.recorded_platform(platform);
        for (name, seen) in &self.scenarios {
            if let Some(universe) = universes.get(name) {
                snapshots.insert(name.clone(), book.recorded(name, universe, seen));
            }
        }
        snapshots
    }
}

/// Writes `snapshots` where they differ from the files, and says which files that were.
pub(super) fn write(book: &SnapshotBook, snapshots: &Snapshots, mode: SnapshotMode) -> io::Result<Vec<Utf8PathBuf>> {
    let mut written = Vec::new();
    for (name, recorded) in snapshots {
        written.extend(book.write(name, recorded, mode)?);
    }
    Ok(written)
}
