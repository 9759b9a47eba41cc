//! What a selection names.

use std::collections::BTreeSet;

use camino::Utf8Path;
use seccomp_conformance::Minor;
use seccomp_scenario::{Scenario, Suite, VersionRange};
use seccomp_webhook::GardenerRelease;

use crate::{arguments::selection::Selection, error::Failure};

impl Selection {
    /// Whether every scenario is named.
    pub(crate) fn names_all_scenarios(&self) -> bool {
        self.names.is_empty() && self.requirement.is_empty() && self.run.is_none()
    }

    /// The scenarios that are named, whatever the versions.
    ///
    /// # Errors
    /// A name or a requirement that does not exist: a typing error shall not pass for a run.
    pub(crate) fn scenarios<'a>(&self, suite: &'a Suite, folder: &Utf8Path) -> Result<Vec<&'a Scenario>, Failure> {
        for id in &self.requirement {
            if suite.requirements.get(id).is_none() {
                let catalogue = format!("{} lists them", folder.join("requirements.yaml"));
                return Err(unknown("requirement", id, suite.requirements.ids(), &catalogue));
            }
        }
        for name in &self.names {
            if !suite.scenarios.iter().any(|scenario| is_named(scenario, name, folder)) {
                let areas: BTreeSet<&str> = suite.scenarios.iter().map(Scenario::area).collect();
                let known = suite.scenarios.iter().map(|scenario| scenario.id.as_str()).chain(areas);
                let list = "`seccomp-harness list` shows what there is";
                return Err(unknown("scenario, area or file", name, known, list));
            }
        }
        let is_selected = |scenario: &&Scenario| {
            let by_name = self.names.is_empty() || self.names.iter().any(|name| is_named(scenario, name, folder));
            let by_requirement =
                self.requirement.is_empty() || self.requirement.iter().any(|id| scenario.requirements.contains(id));
            let by_regex = self.run.as_ref().is_none_or(|regex| regex.is_match(&scenario.id));
            by_name && by_requirement && by_regex
        };
        Ok(suite.scenarios.iter().filter(is_selected).collect())
    }
}

/// Whether `name` is the scenario's id, its area, its file or a folder that it is in.
fn is_named(scenario: &Scenario, name: &str, folder: &Utf8Path) -> bool {
    let id = Utf8Path::new(&scenario.id);
    let trimmed = name.trim_end_matches('/');
    let named = Utf8Path::new(trimmed.strip_suffix(".yaml").or(trimmed.strip_suffix(".yml")).unwrap_or(trimmed));
    let below = named.strip_prefix(folder).unwrap_or(named);
    let below = below.strip_prefix("./").unwrap_or(below);
    let same_file = || {
        let canonical = |path: &Utf8Path| path.canonicalize_utf8().ok();
        canonical(Utf8Path::new(name)).zip(canonical(&scenario.path)).is_some_and(|(name, path)| path.starts_with(name))
    };
    id.starts_with(below) || same_file()
}

/// A name that is not known: with the nearest one that is, or else with `otherwise`.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, otherwise: &str) -> Failure {
    // A behaviour may be named without its area.
    let last = |candidate: &'a str| candidate.rsplit('/').next().unwrap_or(candidate);
    let distance = |candidate| typing_errors(candidate, name).min(typing_errors(last(candidate), name));
    let nearest = known
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= name.len().max(6) / 3)
        .min();
    let help = nearest.map_or_else(|| otherwise.to_owned(), |(_, candidate)| format!("did you mean `{candidate}`?"));
    Failure::usage(format!("no {what} is named `{name}`; {help}"))
}

/// How many letters must be changed, added or removed to get from one text to the other.
fn typing_errors(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut previous = line + 1;
        for (column, other) in right.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let change = diagonal + usize::from(letter != *other);
            let cost = change.min(above + 1).min(previous + 1);
            if let Some(cell) = row.get_mut(column) {
                *cell = previous;
            }
            diagonal = above;
            previous = cost;
        }
        if let Some(cell) = row.last_mut() {
            *cell = previous;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The modelled Kubernetes minors within `ranges`; all of them without any range.
///
/// # Errors
/// A range in which there is none.
pub(crate) fn minors(ranges: &[VersionRange]) -> Result<Vec<Minor>, Failure> {
    within("Kubernetes minor", ranges, Minor::all(), |minor| u16::from(minor.number()))
}

/// The known Gardener releases within `ranges`; all of them without any range.
///
/// # Errors
/// A range in which there is none.
pub(crate) fn releases(ranges: &[VersionRange]) -> Result<Vec<GardenerRelease>, Failure> {
    within("Gardener release", ranges, GardenerRelease::all(), GardenerRelease::number)
}

fn within<T: Copy + std::fmt::Display>(
    what: &str,
    ranges: &[VersionRange],
    known: impl Iterator<Item = T>,
    number: impl Fn(T) -> u16,
) -> Result<Vec<T>, Failure> {
    let known: Vec<T> = known.collect();
    for range in ranges {
        if !known.iter().any(|version| range.contains(number(*version))) {
            let ends = known.first().zip(known.last());
            let ends = ends.map(|(oldest, newest)| format!("{oldest} to {newest}")).unwrap_or_default();
            return Err(Failure::usage(format!("there is no {what} in `{range}`; {ends} are known")));
        }
    }
    let is_wanted = |version: &T| ranges.is_empty() || ranges.iter().any(|range| range.contains(number(*version)));
    Ok(known.into_iter().filter(is_wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_typing_errors() {
        assert_eq!(typing_errors("skip_label", "skip_label"), 0);
        assert_eq!(typing_errors("skip_label", "skip_lable"), 2);
        assert_eq!(typing_errors("kitten", "sitting"), 3);
        assert_eq!(typing_errors("", "abc"), 3);
    }

    #[test]
    fn refuses_a_range_without_a_version() {
        let range = |text: &str| vec![text.parse().unwrap()];
        assert_eq!(minors(&range("1.36..")).unwrap().len(), 2);
        assert!(minors(&range("1.50")).is_err());
        assert_eq!(releases(&range("1.148..1.200")).unwrap().len(), 2);
        assert_eq!(minors(&[]).unwrap().len(), Minor::all().len());
    }
}
