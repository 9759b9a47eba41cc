//! What is missing of what is demanded, folded into a line a reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    document::{CaseStatus, Truth},
    ranges::ranges,
    waiver::Cell,
};

/// How many names a line has before it counts.
const NAMED: usize = 4;

/// What a demanded cell lacks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Lack<'a> {
    /// A case did not pass.
    Status { status: CaseStatus, report: &'a str },
    /// A case was left out.
    LeftOut { reason: &'a str, report: &'a str },
    /// It is only shown where the kernel is not real enough.
    Kernel(Truth),
    /// A scenario tests it, and no report has a case of it.
    NotRun,
    /// No scenario tests it there.
    NoScenario,
}

/// What is missing, by requirement.
#[derive(Default)]
pub(super) struct Lacks<'a> {
    by_requirement: BTreeMap<(Lack<'a>, &'a str), Place<'a>>,
}

#[derive(Clone, Default, Eq, Ord, PartialEq, PartialOrd)]
struct Place<'a> {
    minors: BTreeSet<u16>,
    releases: BTreeSet<String>,
    scenarios: BTreeSet<&'a str>,
}

impl<'a> Lacks<'a> {
    pub(super) fn add(&mut self, cell: &Cell<'a>, lack: Option<Lack<'a>>) {
        let Some(lack) = lack else { return };
        let place = self.by_requirement.entry((lack, cell.requirement)).or_default();
        place.minors.insert(cell.minor);
        place.releases.extend(cell.gardener.map(|range| range.to_string()));
        if !cell.scenario.is_empty() {
            place.scenarios.insert(cell.scenario);
        }
    }

    /// A line for each: requirements that lack the same on the same versions share one.
    pub(super) fn into_lines(self) -> Vec<String> {
        type Key<'a> = (Lack<'a>, BTreeSet<u16>, BTreeSet<String>);
        let mut lines: BTreeMap<Key<'_>, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
        for ((lack, requirement), place) in self.by_requirement {
            let (requirements, scenarios) = lines.entry((lack, place.minors, place.releases)).or_default();
            requirements.insert(requirement);
            scenarios.extend(place.scenarios);
        }
        lines
            .into_iter()
            .map(|((lack, minors, releases), (ids, scenarios))| line(lack, &minors, &releases, &ids, &scenarios))
            .collect()
    }
}

fn line(
    lack: Lack<'_>,
    minors: &BTreeSet<u16>,
    releases: &BTreeSet<String>,
    requirements: &BTreeSet<&str>,
    scenarios: &BTreeSet<&str>,
) -> String {
    let minors = ranges(minors.iter().copied());
    let releases: Vec<&str> = releases.iter().map(String::as_str).collect();
    let gardener = if releases.is_empty() { String::new() } else { format!(", Gardener {}", releases.join(", ")) };
    let said = match lack {
        Lack::Status { status, report } => {
            let word = match status {
                CaseStatus::Passed => "passed",
                CaseStatus::Pending => "has no reviewed snapshot",
                CaseStatus::Failed => "failed",
                CaseStatus::Broken => "could not be run",
            };
            format!("{word} in {}: {report}", named(scenarios))
        }
        Lack::LeftOut { reason, report } => format!("left out in {}, since {reason}: {report}", named(scenarios)),
        Lack::Kernel(Truth::Modelled) => "shown on a modelled kernel only".to_owned(),
        Lack::Kernel(_) => "shown only where no kernel is observed".to_owned(),
        Lack::NotRun => format!("not run, {}", named(scenarios)),
        Lack::NoScenario => "no scenario tests it there".to_owned(),
    };
    format!("{} on Kubernetes {minors}{gardener}: {said}", named(requirements))
}

fn named(names: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
