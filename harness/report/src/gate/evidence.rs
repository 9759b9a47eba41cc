//! What reports of one cluster and webhook show, found by scenario and minor.

use std::collections::{BTreeMap, BTreeSet};

use seccomp_conformance::VersionRange;

use super::NamedReport;
use crate::{
    document::{CaseStatus, Truth},
    version,
};

/// What reports of one cluster and webhook show.
pub(super) struct Evidence<'a> {
    cases: BTreeMap<(&'a str, u16), Vec<Shown<'a>>>,
    left_out: BTreeMap<(&'a str, u16), Vec<LeftOut<'a>>>,
    minors: BTreeSet<u16>,
}

/// A case that ran.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) gardener: u16,
    pub(super) status: CaseStatus,
    pub(super) kernel: Truth,
    pub(super) report: &'a str,
}

/// A case that no report ran.
#[derive(Clone, Copy)]
pub(super) struct LeftOut<'a> {
    pub(super) gardener: u16,
    pub(super) reason: &'a str,
    pub(super) report: &'a str,
}

impl<'a> Evidence<'a> {
    /// The cases of reports whose API server is real enough.
    pub(super) fn of(reports: &[&'a NamedReport]) -> Self {
        let mut evidence = Self { cases: BTreeMap::new(), left_out: BTreeMap::new(), minors: BTreeSet::new() };
        let ran: BTreeSet<String> =
            reports.iter().flat_map(|report| report.document.cases.iter().map(|case| case.name.key())).collect();
        for report in reports {
            let kernel = report.document.cluster.as_ref().map_or(Truth::NotObserved, |cluster| cluster.kernel);
            for case in &report.document.cases {
                let minor = version::number(&case.name.kubernetes);
                evidence.minors.insert(minor);
                evidence.cases.entry((&case.name.scenario, minor)).or_default().push(Shown {
                    gardener: version::number(&case.name.gardener),
                    status: case.status,
                    kernel,
                    report: &report.name,
                });
            }
            // What one report left out and another one ran was run.
            for left_out in report.document.left_out.iter().filter(|left_out| !ran.contains(&left_out.name.key())) {
                let minor = version::number(&left_out.name.kubernetes);
                evidence.minors.insert(minor);
                evidence.left_out.entry((&left_out.name.scenario, minor)).or_default().push(LeftOut {
                    gardener: version::number(&left_out.name.gardener),
                    reason: &left_out.reason,
                    report: &report.name,
                });
            }
        }
        evidence
    }

    /// Whether anything was run there.
    pub(super) fn has_minor(&self, minor: u16) -> bool {
        self.minors.contains(&minor)
    }

    /// The cases of a scenario on a minor, with a release of the range.
    pub(super) fn cases(&self, scenario: &str, minor: u16, gardener: Option<VersionRange>) -> Vec<Shown<'a>> {
        let cases = self.cases.get(&(scenario, minor)).into_iter().flatten();
        cases.filter(|case| gardener.is_none_or(|range| range.contains(case.gardener))).copied().collect()
    }

    /// The cases of a scenario on a minor that were left out, with a release of the range.
    pub(super) fn left_out(&self, scenario: &str, minor: u16, gardener: Option<VersionRange>) -> Vec<LeftOut<'a>> {
        let cases = self.left_out.get(&(scenario, minor)).into_iter().flatten();
        cases.filter(|case| gardener.is_none_or(|range| range.contains(case.gardener))).copied().collect()
    }
}
