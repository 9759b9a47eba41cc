//! Scenarios become cases: parameters x minors x Gardener releases x node settings.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use camino::Utf8Path;
use kube_simulator::Minor;
use seccomp_scenario::{Instance, Scenario, VersionRange};
use seccomp_webhook::GardenerRelease;

use crate::{
    case::{Case, NodeSetting},
    needs::{Abilities, Lacking, LeftOut, Needs},
    partition::Shard,
    snapshot::{Universe, Variation},
    suite::{Selection, Suite},
};

/// A selection that is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The selection leaves no case.
    #[error("no case is selected")]
    NothingSelected,
    /// The cluster has not what the selected cases need.
    #[error("every selected case is left out: {}", lacking.iter().map(Lacking::to_string).collect::<Vec<_>>().join(", and "))]
    EverythingLeftOut {
        /// What it lacks.
        lacking: BTreeSet<Lacking>,
    },
    /// A Gardener release that is not known was selected.
    #[error("unknown Gardener release `{release}`: {oldest} to {newest} are known")]
    UnknownRelease {
        /// What was selected.
        release: String,
        /// The oldest that is known.
        oldest: String,
        /// The newest that is known.
        newest: String,
    },
}

/// A case and all that is needed to run it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) case: Arc<Case>,
    pub(crate) scenario: Arc<Scenario>,
    /// The place of its instance in the scenario.
    instance: usize,
    pub(crate) release: GardenerRelease,
    pub(crate) variation: Variation,
    pub(crate) needs: Needs,
    /// Whether the scenario's snapshots are about this release too; where they are not, expectations alone judge.
    pub(crate) has_snapshot: bool,
}

impl Planned {
    pub(crate) fn instance(&self) -> &Instance {
        &self.scenario.instances[self.instance]
    }
}

/// The cases of a run.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In the order of scenarios, and within each by minor.
    pub(crate) cases: Vec<Planned>,
    /// Which shard of a larger plan this is.
    pub(crate) shard: Option<Shard>,
    /// The cases that are selected and that the clusters cannot run, in the same order.
    pub(crate) left_out: Vec<LeftOut>,
    /// What each scenario's snapshots are about, selected or not.
    pub(crate) universes: BTreeMap<String, Universe>,
}

impl Plan {
    /// Plans `suite`, of which `selection` is run; `minors` and `abilities` are those that the clusters have.
    pub(crate) fn new(
        suite: &Suite,
        selection: &Selection,
        minors: &[Minor],
        abilities: Abilities,
    ) -> Result<Self, PlanError> {
        let selected_releases = releases(&selection.gardener)?;
        let mut plan = Self::default();
        for scenario in &suite.scenarios {
            plan.universes.insert(scenario.id.clone(), universe(scenario));
            if !is_selected(scenario, selection) {
                continue;
            }
            for minor in minors.iter().filter(|minor| selection.minors.is_empty() || selection.minors.contains(minor)) {
                plan.add(scenario, *minor, &selected_releases, selection);
            }
        }
        if let Some(partition) = selection.partition {
            let names: Vec<String> = plan.cases.iter().map(|planned| planned.case.to_string()).collect();
            plan.shard = Some(partition.shard_of(&names));
            let mut names = names.into_iter().enumerate();
            plan.cases.retain(|_| names.next().is_some_and(|(place, name)| partition.contains(place, &name)));
        }
        plan.leave_out(abilities);
        let lacking: BTreeSet<_> = plan.left_out.iter().map(|left_out| left_out.lacking).collect();
        if !plan.cases.is_empty() {
            Ok(plan)
        } else if !lacking.is_empty() {
            Err(PlanError::EverythingLeftOut { lacking })
        } else if plan.shard.as_ref().is_some_and(|shard| shard.cases > 0) {
            // A shard of something may be empty, where there are more shards than cases.
            Ok(plan)
        } else {
            Err(PlanError::NothingSelected)
        }
    }

    /// Takes out the cases that need more than the clusters have.
    fn leave_out(&mut self, abilities: Abilities) {
        let left_out = self.cases.extract_if(.., |planned| abilities.lacking(planned.needs).is_some());
        let left_out = left_out.filter_map(|planned| {
            let lacking = abilities.lacking(planned.needs)?;
            Some(LeftOut { case: planned.case, lacking })
        });
        self.left_out = left_out.collect();
    }

    fn add(&mut self, scenario: &Arc<Scenario>, minor: Minor, releases: &[GardenerRelease], selection: &Selection) {
        for (place, instance) in scenario.instances.iter().enumerate() {
            if !instance.given.kubernetes.contains(minor.number().into()) {
                continue;
            }
            for release in releases_of(instance.given.gardener, releases) {
                for seccomp_default in &instance.given.node.seccomp_default {
                    let node = NodeSetting { seccomp_default: *seccomp_default };
                    let case = Case {
                        scenario: scenario.id.clone(),
                        file: scenario.path.clone(),
                        title: scenario.title.clone(),
                        requirements: scenario.requirements.clone(),
                        parameters: instance.parameters.clone(),
                        minor,
                        gardener: release.to_string(),
                        node,
                    };
                    if selection.predicate.as_ref().is_some_and(|is_wanted| !is_wanted(&case)) {
                        continue;
                    }
                    self.cases.push(Planned {
                        case: Arc::new(case),
                        scenario: Arc::clone(scenario),
                        instance: place,
                        release,
                        variation: variation(instance, release, node),
                        needs: Needs::of(instance, node),
                        has_snapshot: has_snapshot(instance.given.gardener, release),
                    });
                }
            }
        }
    }
}

fn releases(texts: &[String]) -> Result<Vec<GardenerRelease>, PlanError> {
    let parse = |text: &String| {
        text.parse().map_err(|_| PlanError::UnknownRelease {
            release: text.clone(),
            oldest: GardenerRelease::OLDEST.to_string(),
            newest: GardenerRelease::NEWEST.to_string(),
        })
    };
    texts.iter().map(parse).collect()
}

fn is_selected(scenario: &Scenario, selection: &Selection) -> bool {
    // `skip/any_value.yaml`, `skip/any_value` and `skip` all name it.
    let is_named = |path: &Utf8Path| {
        let id = Utf8Path::new(&scenario.id);
        id.starts_with(path) || id.starts_with(path.with_extension("")) || scenario.path.starts_with(path)
    };
    let has_path = selection.paths.is_empty() || selection.paths.iter().any(|path| is_named(path));
    let wanted = &selection.requirements;
    has_path && (wanted.is_empty() || scenario.requirements.iter().any(|requirement| wanted.contains(requirement)))
}

/// The releases that an instance is run on: the selected ones as far as its range goes; without a selection the last one
/// of each range of releases that behave alike, or the newest known where the scenario is not about releases.
fn releases_of(range: Option<VersionRange>, selected: &[GardenerRelease]) -> Vec<GardenerRelease> {
    let is_inside = |release: &GardenerRelease| range.is_none_or(|range| range.contains(release.number()));
    if !selected.is_empty() {
        return selected.iter().copied().filter(is_inside).collect();
    }
    match range {
        None => vec![GardenerRelease::NEWEST],
        Some(_) => epochs(range).into_iter().map(|(_, last)| last).collect(),
    }
}

/// Whether a scenario with this range of releases has a snapshot for `release`.
///
/// A scenario that is not about releases is recorded on the newest one, and an older handler gives its reasons in other
/// words.
fn has_snapshot(range: Option<VersionRange>, release: GardenerRelease) -> bool {
    range.is_some() || release.handler() == GardenerRelease::NEWEST.handler()
}

/// The first and the last release inside `range` of each range of releases that behave alike.
fn epochs(range: Option<VersionRange>) -> Vec<(GardenerRelease, GardenerRelease)> {
    let is_inside = |release: &GardenerRelease| range.is_none_or(|range| range.contains(release.number()));
    let ends = |epoch: std::ops::RangeInclusive<GardenerRelease>| {
        let mut inside = GardenerRelease::all().filter(|release| epoch.contains(release)).filter(is_inside);
        let first = inside.next()?;
        Some((first, inside.next_back().unwrap_or(first)))
    };
    GardenerRelease::epochs().into_iter().filter_map(ends).collect()
}

fn variation(instance: &Instance, release: GardenerRelease, node: NodeSetting) -> Variation {
    let epoch = epochs(instance.given.gardener).into_iter().rev().find(|(first, _)| *first <= release);
    let gardener = instance.given.gardener.and(epoch).map(|(first, _)| format!("gardener {first}"));
    Variation { parameters: instance.label(), gardener: gardener.unwrap_or_default(), node: format!("node {node}") }
}

fn universe(scenario: &Scenario) -> Universe {
    let mut universe = Universe { minors: BTreeSet::new(), variations: BTreeSet::new() };
    for instance in &scenario.instances {
        universe.minors.extend(Minor::all().filter(|minor| instance.given.kubernetes.contains(minor.number().into())));
        for release in releases_of(instance.given.gardener, &[]) {
            for seccomp_default in &instance.given.node.seccomp_default {
                let node = NodeSetting { seccomp_default: *seccomp_default };
                universe.variations.insert(variation(instance, release, node));
            }
        }
    }
    universe
}
