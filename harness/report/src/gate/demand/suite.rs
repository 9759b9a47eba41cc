//! All that scenarios test, as all reports together know it.

use std::collections::{BTreeMap, BTreeSet};

use seccomp_conformance::VersionRange;

use super::{super::NamedReport, has, have_common};
use crate::document::SuiteScenario;

/// All that scenarios test.
pub(super) struct Suite<'a> {
    /// Whether each is about the kernel.
    requirements: BTreeMap<&'a str, bool>,
    scenarios: BTreeMap<&'a str, Vec<&'a SuiteScenario>>,
    tested: BTreeSet<&'a str>,
}

impl<'a> Suite<'a> {
    pub(super) fn of(reports: &[&'a NamedReport]) -> Self {
        let mut suite = Self { requirements: BTreeMap::new(), scenarios: BTreeMap::new(), tested: BTreeSet::new() };
        for report in reports {
            for requirement in &report.document.requirements {
                *suite.requirements.entry(&requirement.id).or_default() |= requirement.kernel;
            }
            for scenario in &report.document.suite {
                suite.tested.extend(scenario.requirements.iter().map(String::as_str));
                let versions = suite.scenarios.entry(&scenario.scenario).or_default();
                // Reports of one release have the same scenarios; where they differ, all of it is demanded.
                if !versions.contains(&scenario) {
                    versions.push(scenario);
                }
            }
        }
        suite
    }

    pub(super) fn requirements(&self) -> impl Iterator<Item = (&'a str, bool)> {
        self.requirements.iter().map(|(id, is_about_kernel)| (*id, *is_about_kernel))
    }

    pub(super) fn is_about_kernel(&self, id: &str) -> bool {
        self.requirements.get(id).copied().unwrap_or_default()
    }

    /// Whether no scenario tests it on any version.
    pub(super) fn is_untested(&self, id: &str) -> bool {
        !self.tested.contains(id)
    }

    /// The scenarios that test a requirement on a minor, with a release of the range.
    pub(super) fn scenarios_of(
        &self,
        id: &str,
        minor: u16,
        gardener: Option<VersionRange>,
    ) -> impl Iterator<Item = &'a str> {
        let applies = move |scenario: &&&SuiteScenario| {
            scenario.requirements.iter().any(|requirement| requirement == id)
                && scenario.applies.iter().any(|versions| {
                    has(&versions.kubernetes, minor)
                        && gardener.is_none_or(|range| have_common(&versions.gardener, range))
                })
        };
        let named = self.scenarios.iter().filter(|(_, versions)| versions.iter().any(|scenario| applies(&scenario)));
        named.map(|(id, _)| *id).collect::<Vec<_>>().into_iter()
    }
}
