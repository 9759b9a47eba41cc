//! One demand: which cells it has, and what each lacks.

mod lack;
mod suite;

use std::collections::{BTreeMap, BTreeSet};

use seccomp_conformance::VersionRange;

use self::{
    lack::{Lack, Lacks},
    suite::Suite,
};
use super::{Held, NamedReport, evidence::Evidence, quoted};
use crate::{
    document::{CaseStatus, Truth},
    policy::Demand,
    waiver::Cell,
};

/// What a demand came to.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) reasons: Vec<String>,
    pub(super) waived: Vec<String>,
    pub(super) cells: usize,
}

/// Judges a demand on each of its clusters, with each of its webhooks.
pub(super) fn judge(demand: &Demand, reports: &[&NamedReport], waivers: &mut [Held<'_>]) -> Judged {
    let mut judged = Judged::default();
    let clusters: Vec<&str> =
        if demand.clusters.is_empty() { vec![""] } else { demand.clusters.iter().map(String::as_str).collect() };
    // The suite is what all reports know, so that one of a narrow run does not hide what was not run.
    let suite = Suite::of(reports);
    for cluster in &clusters {
        for webhook in &demand.webhooks {
            let setting = Setting { demand, cluster, webhook, suite: &suite };
            setting.judge(reports, waivers, &mut judged);
        }
    }
    judged
}

/// A demand on one kind of cluster, with one webhook.
struct Setting<'a> {
    demand: &'a Demand,
    /// Empty where any would do.
    cluster: &'a str,
    webhook: &'a str,
    suite: &'a Suite<'a>,
}

impl Setting<'_> {
    fn judge(&self, reports: &[&NamedReport], waivers: &mut [Held<'_>], judged: &mut Judged) {
        let fitting: Vec<&NamedReport> = reports.iter().filter(|report| self.fits(report)).copied().collect();
        if fitting.is_empty() {
            judged.reasons.push(self.no_report(reports));
            return;
        }
        let evidence = Evidence::of(&fitting);
        let (there, missing): (Vec<u16>, Vec<u16>) =
            self.demand.minors.iter().partition(|minor| evidence.has_minor(**minor));
        if !missing.is_empty() {
            let minors = crate::ranges::ranges(missing.into_iter());
            judged.reasons.push(format!("nothing was run on Kubernetes {minors} ({})", self.label()));
        }
        let mut lacks = Lacks::default();
        let mut waived: BTreeMap<usize, BTreeSet<u16>> = BTreeMap::new();
        for minor in there {
            for (id, is_about_kernel) in self.requirements() {
                for (cell, lack) in self.cells(id, is_about_kernel, minor, &evidence) {
                    judged.cells += 1;
                    match waiver_for(waivers, &cell, lack.is_some()) {
                        Some(place) if lack.is_some() => {
                            waived.entry(place).or_default().insert(minor);
                        }
                        _ => lacks.add(&cell, lack),
                    }
                }
            }
        }
        judged.reasons.extend(lacks.into_lines().into_iter().map(|line| format!("{line} ({})", self.label())));
        for (place, minors) in waived {
            let waiver = waivers[place].waiver;
            let minors = crate::ranges::ranges(minors.into_iter());
            judged.waived.push(format!(
                "{} on Kubernetes {minors} ({}), {}",
                waiver.subject(),
                self.label(),
                quoted(waiver)
            ));
        }
    }

    fn fits(&self, report: &NamedReport) -> bool {
        let document = &report.document;
        let api = document.cluster.as_ref().map_or(Truth::NotObserved, |cluster| cluster.api);
        let is_cluster = self.cluster.is_empty() || document.cluster_name() == self.cluster;
        is_cluster && document.webhook == self.webhook && api >= self.demand.api
    }

    fn no_report(&self, reports: &[&NamedReport]) -> String {
        let settings: BTreeSet<String> = reports
            .iter()
            .filter(|report| report.document.cluster.is_some())
            .map(|report| format!("{} with {}", report.document.cluster_name(), report.document.webhook))
            .collect();
        let given: Vec<String> = settings.into_iter().collect();
        let given = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
        let real = if self.demand.api == Truth::Real { " and a real API server" } else { "" };
        format!("there is no report of {}{real}; reports are of {given} ({})", self.place(), self.label())
    }

    /// Where it is to hold, for a sentence.
    fn place(&self) -> String {
        let cluster = if self.cluster.is_empty() { "any cluster" } else { self.cluster };
        format!("{cluster} with webhook {}", self.webhook)
    }

    /// Where it is to hold and who says so, for the end of a line.
    fn label(&self) -> String {
        format!("{}; demanded: {}", self.place(), self.demand.name)
    }

    /// The requirements, and whether each is about the kernel.
    fn requirements(&self) -> Vec<(&str, bool)> {
        match &self.demand.requirements {
            Some(ids) => ids.iter().map(|id| (id.as_str(), self.suite.is_about_kernel(id))).collect(),
            None => self.suite.requirements().collect(),
        }
    }

    /// What is demanded of a requirement on a minor, and what each part of that lacks.
    fn cells<'c>(
        &'c self,
        id: &'c str,
        is_about_kernel: bool,
        minor: u16,
        evidence: &Evidence<'c>,
    ) -> Vec<(Cell<'c>, Option<Lack<'c>>)> {
        let scenarios: Vec<&str> = self.suite.scenarios_of(id, minor, None).collect();
        let cell = |scenario: &'c str, gardener: Option<VersionRange>| Cell {
            requirement: id,
            scenario,
            minor,
            gardener,
            cluster: self.cluster,
            webhook: self.webhook,
        };
        let is_demanded = self.demand.requirements.is_some() || self.suite.is_untested(id);
        if scenarios.is_empty() && is_demanded {
            return vec![(cell("", None), Some(Lack::NoScenario))];
        }
        let any = [None];
        let ranges: Vec<Option<VersionRange>> = match &self.demand.gardener[..] {
            [] => any.to_vec(),
            ranges => ranges.iter().copied().map(Some).collect(),
        };
        let mut cells = Vec::new();
        for range in ranges {
            for scenario in self.suite.scenarios_of(id, minor, range) {
                let least = if is_about_kernel { self.demand.kernel } else { Truth::NotObserved };
                cells.extend(of_scenario(cell(scenario, range), least, evidence));
            }
        }
        cells
    }
}

/// What is shown of one scenario: all cases on a cluster whose kernel is real enough.
fn of_scenario<'c>(cell: Cell<'c>, kernel: Truth, evidence: &Evidence<'c>) -> Vec<(Cell<'c>, Option<Lack<'c>>)> {
    let one = |release: u16| VersionRange { from: Some(release), until: Some(release) };
    let cases = evidence.cases(cell.scenario, cell.minor, cell.gardener);
    let left_out = evidence.left_out(cell.scenario, cell.minor, cell.gardener);
    let mut cells: Vec<(Cell<'c>, Option<Lack<'c>>)> = left_out
        .into_iter()
        .map(|case| {
            let lack = Lack::LeftOut { reason: case.reason, report: case.report };
            (Cell { gardener: Some(one(case.gardener)), ..cell }, Some(lack))
        })
        .collect();
    let (enough, too_little): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.kernel >= kernel);
    if enough.is_empty() && cells.is_empty() {
        let best = too_little.iter().map(|case| case.kernel).max();
        cells.push((cell, Some(best.map_or(Lack::NotRun, Lack::Kernel))));
    }
    let mut worst: BTreeMap<u16, (CaseStatus, &str)> = BTreeMap::new();
    for case in enough {
        let held = worst.entry(case.gardener).or_insert((case.status, case.report));
        *held = (*held).max((case.status, case.report));
    }
    cells.extend(worst.into_iter().map(|(release, (status, report))| {
        let lack = (status != CaseStatus::Passed).then_some(Lack::Status { status, report });
        (Cell { gardener: Some(one(release)), ..cell }, lack)
    }));
    cells
}

/// The waiver that is about a cell; those that are expired waive nothing.
fn waiver_for(waivers: &mut [Held<'_>], cell: &Cell<'_>, is_lacking: bool) -> Option<usize> {
    let mut found = None;
    for (place, held) in waivers.iter_mut().enumerate() {
        if held.is_expired || !held.waiver.covers(cell) {
            continue;
        }
        held.is_met = true;
        held.is_used |= is_lacking;
        found.get_or_insert(place);
    }
    found
}

/// Whether a range of the document, `1.20..1.37`, has a version.
fn has(range: &str, number: u16) -> bool {
    range.parse::<VersionRange>().is_ok_and(|range| range.contains(number))
}

/// Whether two ranges have a version in common.
fn have_common(range: &str, other: VersionRange) -> bool {
    let Ok(range) = range.parse::<VersionRange>() else { return false };
    let begins =
        |one: VersionRange, other: VersionRange| one.from.zip(other.until).is_none_or(|(from, until)| from <= until);
    begins(range, other) && begins(other, range)
}
