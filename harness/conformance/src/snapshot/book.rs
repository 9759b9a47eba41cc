//! The snapshots of a folder, read once: compared with, and recorded anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
};

use camino::{Utf8Path, Utf8PathBuf};
use kube_simulator::Minor;

use super::{
    diff::diff,
    file,
    platform::{FOLDER, NONE, PARTS, Platform},
    section::{Section, SectionKind, Texts, Variation, fold},
};
use crate::verdict::Failure;

/// Everything that a scenario's snapshots are about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Universe {
    pub(crate) minors: BTreeSet<Minor>,
    pub(crate) variations: BTreeSet<Variation>,
}

/// What happens to snapshots that differ or lack.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SnapshotMode {
    /// They fail the run, and no file is touched.
    #[default]
    Check,
    /// They fail the run, and what was seen is written beside them as `.snap.new`, for review.
    WritePending,
    /// What was seen becomes the snapshot.
    Accept,
}

/// The snapshots of a folder.
#[derive(Debug, Default)]
pub(crate) struct SnapshotBook {
    root: Utf8PathBuf,
    /// By name and the minor from which on they hold; the content as it stands in the file.
    contents: BTreeMap<String, BTreeMap<Minor, String>>,
    /// The same, as sections.
    sections: BTreeMap<String, BTreeMap<Minor, Vec<Section>>>,
    /// Files in `.snap.new`.
    pending: Vec<Utf8PathBuf>,
    /// Files that are no snapshot by name or content.
    strange: Vec<Utf8PathBuf>,
}

impl SnapshotBook {
    /// Reads every snapshot below `root`; a folder that does not exist has none.
    pub(crate) fn read(root: &Utf8Path) -> io::Result<Self> {
        let mut book = Self { root: root.to_owned(), ..Self::default() };
        for path in files(root)? {
            let below = path.strip_prefix(root).unwrap_or(&path).to_owned();
            if below.as_str().ends_with(".snap.new") {
                book.pending.push(below);
            } else if below.extension() == Some(file::EXTENSION) {
                book.insert(below, &fs::read_to_string(&path)?);
            }
        }
        Ok(book)
    }

    fn insert(&mut self, below: Utf8PathBuf, text: &str) {
        match (file::parse_path(&below), file::read(text)) {
            (Some((name, since)), Some(content)) => {
                self.sections.entry(name.clone()).or_default().insert(since, file::split(content));
                self.contents.entry(name).or_default().insert(since, content.trim_end().to_owned());
            }
            _ => self.strange.push(below),
        }
    }

    /// What was recorded of the platform.
    pub(crate) fn platform(&self) -> Platform {
        let of = |name: String| self.contents.get(&name).cloned().unwrap_or_default();
        Platform { texts: PARTS.iter().map(|part| (part.name, of(format!("{FOLDER}/{}", part.file_name())))).collect() }
    }

    /// What is wrong with `seen`, as far as the snapshot that holds for `minor` says; nothing was seen where there was
    /// nothing to see.
    pub(crate) fn compare(
        &self,
        scenario: &str,
        minor: Minor,
        kind: SectionKind,
        variation: &Variation,
        seen: Option<&str>,
    ) -> Option<Failure> {
        let seen = seen.filter(|seen| !seen.is_empty());
        let held = self.sections.get(scenario).and_then(|files| files.range(..=minor).next_back());
        let missing =
            |since| Failure::SnapshotMissing { file: file::path(scenario, since), section: variation.label() };
        let Some((since, sections)) = held else {
            return seen.map(|_| missing(minor));
        };
        let (recorded, seen) = match (find(sections, kind, variation), seen) {
            (None, None) => return None,
            (None, Some(_)) => return Some(missing(*since)),
            (Some(recorded), seen) => (recorded, seen.unwrap_or_default().trim_end()),
        };
        (recorded != seen).then(|| Failure::SnapshotDiffered {
            file: file::path(scenario, *since),
            section: variation.label(),
            diff: diff(recorded, seen),
        })
    }

    /// Snapshots, and sections of them, that nothing is compared with any more.
    pub(crate) fn orphans(&self, universes: &BTreeMap<String, Universe>) -> Vec<Utf8PathBuf> {
        let mut orphans = self.strange.clone();
        for (name, files) in &self.sections {
            if let Some(part) = name.strip_prefix("platform/") {
                if PARTS.iter().all(|known| known.file_name() != part) {
                    orphans.extend(files.keys().map(|since| file::path(name, *since)));
                }
                continue;
            }
            let universe = universes.get(name);
            let sinces: Vec<_> = files.keys().copied().collect();
            for (place, (since, sections)) in files.iter().enumerate() {
                let until = sinces.get(place + 1);
                let is_held = universe.is_some_and(|universe| {
                    let mut minors = universe.minors.iter().filter(|minor| *minor >= since);
                    minors.any(|minor| until.is_none_or(|until| minor < until))
                        && sections.iter().all(|section| is_about(section, &universe.variations))
                });
                if !is_held {
                    orphans.push(file::path(name, *since));
                }
            }
        }
        orphans
    }

    /// Snapshots that wait for review.
    pub(crate) fn pending(&self) -> &[Utf8PathBuf] {
        &self.pending
    }

    /// The files that a scenario's snapshots would be, were they recorded now: its content by the minor from which on it
    /// holds.
    ///
    /// What was not seen in this run stays as it was recorded.
    pub(crate) fn recorded(
        &self,
        name: &str,
        universe: &Universe,
        seen: &BTreeMap<Minor, Texts>,
    ) -> BTreeMap<Minor, String> {
        let of = |minor: Minor| {
            let held = self.sections.get(name).and_then(|files| files.range(..=minor).next_back());
            let mut texts = held.map(|(_, sections)| expand(sections, &universe.variations)).unwrap_or_default();
            // As it is read back, or a text seen now and the same one recorded would not fold.
            texts.extend(
                seen.get(&minor).into_iter().flatten().map(|(key, text)| (key.clone(), text.trim_end().to_owned())),
            );
            file::join(&fold(&texts, &universe.variations)).trim_end().to_owned()
        };
        changes(universe.minors.iter().map(|minor| (*minor, of(*minor))))
    }

    /// The files that the platform's snapshots would be.
    pub(crate) fn recorded_platform(
        &self,
        seen: &BTreeMap<Minor, super::PlatformParts>,
    ) -> BTreeMap<String, BTreeMap<Minor, String>> {
        let before = self.platform();
        PARTS
            .iter()
            .map(|part| {
                let of = |minor: Minor| {
                    let text = match seen.get(&minor) {
                        Some(parts) => parts.text(part).trim_end().to_owned(),
                        None => before.texts.get(part.name)?.range(..=minor).next_back()?.1.clone(),
                    };
                    Some(if text.is_empty() { NONE.to_owned() } else { text })
                };
                let texts = Minor::all().filter_map(|minor| Some((minor, of(minor)?)));
                (format!("{FOLDER}/{}", part.file_name()), changes(texts))
            })
            .collect()
    }

    /// Writes what `recorded` differs in from the files, and says which files that were.
    pub(crate) fn write(
        &self,
        name: &str,
        recorded: &BTreeMap<Minor, String>,
        mode: SnapshotMode,
    ) -> io::Result<Vec<Utf8PathBuf>> {
        let none = BTreeMap::new();
        let files = self.contents.get(name).unwrap_or(&none);
        let input_file = (!name.starts_with(FOLDER)).then(|| format!("scenarios/{name}.yaml"));
        let mut written = Vec::new();
        let mut put = |path: Utf8PathBuf, content: &str| {
            let target = self.root.join(&path);
            fs::create_dir_all(target.parent().unwrap_or(&self.root))?;
            fs::write(&target, file::write(input_file.as_deref(), content))?;
            written.push(path);
            io::Result::Ok(())
        };
        let changed = recorded.iter().filter(|(since, content)| files.get(since) != Some(content));
        match mode {
            SnapshotMode::Check => {}
            SnapshotMode::Accept => {
                for (since, content) in changed {
                    put(file::path(name, *since), content)?;
                }
                for since in files.keys().filter(|since| !recorded.contains_key(since)) {
                    let path = file::path(name, *since);
                    fs::remove_file(self.root.join(&path))?;
                    written.push(path);
                }
            }
            SnapshotMode::WritePending => {
                for (since, content) in changed {
                    put(pending_path(&file::path(name, *since)), content)?;
                }
                // A file whose change is gone says so by what holds there now; accepting it takes it away.
                for since in files.keys().filter(|since| !recorded.contains_key(since)) {
                    if let Some((_, content)) = recorded.range(..since).next_back() {
                        put(pending_path(&file::path(name, *since)), content)?;
                    }
                }
            }
        }
        Ok(written)
    }
}

fn pending_path(path: &Utf8Path) -> Utf8PathBuf {
    path.with_extension(file::PENDING_EXTENSION)
}

/// The values at which something changes, by the minor from which on they hold.
fn changes(values: impl Iterator<Item = (Minor, String)>) -> BTreeMap<Minor, String> {
    let mut changes: BTreeMap<Minor, String> = BTreeMap::new();
    for (minor, value) in values.filter(|(_, value)| !value.is_empty()) {
        if changes.values().next_back() != Some(&value) {
            changes.insert(minor, value);
        }
    }
    changes
}

fn find<'a>(sections: &'a [Section], kind: SectionKind, variation: &Variation) -> Option<&'a str> {
    let is_wanted = |section: &&Section| section.headings.iter().any(|heading| variation.is_under(kind, heading));
    sections.iter().find(is_wanted).map(|section| section.body.as_str())
}

fn is_about(section: &Section, variations: &BTreeSet<Variation>) -> bool {
    let kinds = [SectionKind::Calls, SectionKind::Containers];
    let is_known = |heading: &String| {
        variations.iter().any(|variation| kinds.iter().any(|kind| variation.is_under(*kind, heading)))
    };
    section.headings.iter().all(is_known)
}

/// The text of each variation, as recorded.
fn expand(sections: &[Section], variations: &BTreeSet<Variation>) -> Texts {
    let keys = [SectionKind::Calls, SectionKind::Containers]
        .into_iter()
        .flat_map(|kind| variations.iter().map(move |variation| (kind, variation)));
    keys.filter_map(|(kind, variation)| Some(((kind, variation.clone()), find(sections, kind, variation)?.to_owned())))
        .collect()
}

/// Every file below `folder`, in order.
fn files(folder: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let entries = match folder.read_dir_utf8() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(entry.path())?);
        } else {
            found.push(entry.into_path());
        }
    }
    found.sort();
    Ok(found)
}

/// Makes every pending snapshot below `root` the reviewed one, and says which they were.
///
/// A snapshot that then says what the one before it says is taken away.
///
/// # Errors
/// A file could not be read, renamed or removed.
pub fn accept(root: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let book = SnapshotBook::read(root)?;
    for path in &book.pending {
        fs::rename(root.join(path), root.join(path.with_extension("")))?;
    }
    for (name, contents) in &SnapshotBook::read(root)?.contents {
        let kept = changes(contents.iter().map(|(since, content)| (*since, content.clone())));
        for since in contents.keys().filter(|since| !kept.contains_key(since)) {
            fs::remove_file(root.join(file::path(name, *since)))?;
        }
    }
    Ok(book.pending)
}

/// Removes every pending snapshot below `root`, and says which they were.
///
/// # Errors
/// A file could not be removed.
pub fn reject(root: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let book = SnapshotBook::read(root)?;
    for path in &book.pending {
        fs::remove_file(root.join(path))?;
    }
    Ok(book.pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_minor(number: u8) -> Minor {
        Minor::new(number).unwrap()
    }

    fn mk_universe() -> Universe {
        let variation = Variation { parameters: String::new(), gardener: String::new(), node: String::new() };
        Universe { minors: [20, 24, 25, 26].map(mk_minor).into(), variations: [variation].into() }
    }

    fn mk_seen(universe: &Universe, text: impl Fn(Minor) -> &'static str) -> BTreeMap<Minor, Texts> {
        let one = |variation: &Variation, minor| ((SectionKind::Calls, variation.clone()), text(minor).to_owned());
        let texts = |minor| universe.variations.iter().map(|variation| one(variation, minor)).collect();
        universe.minors.iter().map(|minor| (*minor, texts(*minor))).collect()
    }

    #[test]
    fn a_new_file_stands_only_where_behaviour_changes() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let universe = mk_universe();
        let variation = universe.variations.first().unwrap();
        let seen = mk_seen(&universe, |minor| if minor < mk_minor(25) { "annotation" } else { "field" });

        let book = SnapshotBook::read(root).unwrap();
        let recorded = book.recorded("area/name", &universe, &seen);
        let written = book.write("area/name", &recorded, SnapshotMode::WritePending).unwrap();
        assert_eq!(written, ["area/name@1.20.snap.new", "area/name@1.25.snap.new"]);
        assert_eq!(SnapshotBook::read(root).unwrap().pending(), written);

        accept(root).unwrap();
        let book = SnapshotBook::read(root).unwrap();
        assert!(book.pending().is_empty());
        let compare = |book: &SnapshotBook, minor, text| {
            book.compare("area/name", mk_minor(minor), SectionKind::Calls, variation, Some(text))
        };
        assert_eq!(compare(&book, 24, "annotation"), None);
        assert_eq!(compare(&book, 26, "field"), None);
        assert!(matches!(compare(&book, 26, "annotation"), Some(Failure::SnapshotDiffered { .. })));

        // The change is gone: so is its file, once that is accepted.
        let seen = mk_seen(&universe, |_| "annotation");
        let recorded = book.recorded("area/name", &universe, &seen);
        let written = book.write("area/name", &recorded, SnapshotMode::WritePending).unwrap();
        assert_eq!(written, ["area/name@1.25.snap.new"]);
        accept(root).unwrap();
        let book = SnapshotBook::read(root).unwrap();
        assert_eq!(compare(&book, 26, "annotation"), None);
        assert_eq!(files(root).unwrap().len(), 1);
    }

    #[test]
    fn what_was_not_run_stays_as_it_was_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let universe = mk_universe();
        let book = SnapshotBook::read(root).unwrap();
        let recorded = book.recorded("a/b", &universe, &mk_seen(&universe, |_| "old"));
        book.write("a/b", &recorded, SnapshotMode::Accept).unwrap();

        let book = SnapshotBook::read(root).unwrap();
        let mut seen = mk_seen(&universe, |_| "new");
        seen.retain(|minor, _| *minor == mk_minor(24));
        let recorded = book.recorded("a/b", &universe, &seen);
        let sinces: Vec<_> = recorded.keys().map(ToString::to_string).collect();
        assert_eq!(sinces, ["1.20", "1.24", "1.25"]);
    }

    /// A run that is interrupted has seen some variations of a minor and not the others.
    #[test]
    fn a_run_that_saw_half_of_a_minor_finds_nothing_new_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let mut universe = mk_universe();
        let mut other = universe.variations.first().unwrap().clone();
        other.node = "another node".to_owned();
        universe.variations.insert(other);
        let book = SnapshotBook::read(root).unwrap();
        let seen = mk_seen(&universe, |_| "as ever\n");
        book.write("a/b", &book.recorded("a/b", &universe, &seen), SnapshotMode::Accept).unwrap();

        let book = SnapshotBook::read(root).unwrap();
        let mut half = seen;
        for texts in half.values_mut() {
            texts.pop_first();
        }
        let recorded = book.recorded("a/b", &universe, &half);
        assert_eq!(book.write("a/b", &recorded, SnapshotMode::WritePending).unwrap(), Vec::<Utf8PathBuf>::new());
    }

    #[test]
    fn finds_what_no_scenario_has_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let universe = mk_universe();
        let book = SnapshotBook::read(root).unwrap();
        let recorded = book.recorded("a/b", &universe, &mk_seen(&universe, |_| "text"));
        book.write("a/b", &recorded, SnapshotMode::Accept).unwrap();
        book.write("a/gone", &recorded, SnapshotMode::Accept).unwrap();
        fs::write(root.join("a/strange.snap"), "no snapshot").unwrap();

        let universes = [("a/b".to_owned(), universe)].into();
        let orphans = SnapshotBook::read(root).unwrap().orphans(&universes);
        assert_eq!(orphans, ["a/strange.snap", "a/gone@1.20.snap"]);
    }
}
