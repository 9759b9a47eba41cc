//! `list`: the scenarios that a selection names.

use std::fmt::Write as _;

use seccomp_conformance::Minor;
use seccomp_report::{SCHEMA_VERSION, minor_ranges};
use seccomp_scenario::{Scenario, Suite};
use seccomp_webhook::GardenerRelease;
use serde_json::json;

use crate::{
    arguments::{Format, ListArguments},
    diagnostics::count,
    end::End,
    error::Failure,
    selection, terminal,
};

/// Lists what would run.
pub(crate) fn run(arguments: &ListArguments) -> Result<End, Failure> {
    let folders = arguments.folders.find()?;
    let suite = Suite::read(&folders.scenarios)?;
    let selected = arguments.selection.scenarios(&suite, &folders.scenarios)?;
    let minors = selection::minors(&arguments.selection.kubernetes)?;
    let releases = selection::releases(&arguments.selection.gardener)?;
    let listed: Vec<(&Scenario, Vec<Minor>)> = selected
        .into_iter()
        .filter(|scenario| holds_for_a_release(scenario, &releases))
        .map(|scenario| (scenario, minors_of(scenario, &minors)))
        .filter(|(_, minors)| !minors.is_empty())
        .collect();
    terminal::print(&match arguments.output {
        Format::Text => text(&listed),
        Format::Json => format!("{:#}\n", document(&listed)),
    })?;
    if listed.is_empty() {
        terminal::note(&format!(
            "of the {} in {} none is selected",
            count(suite.scenarios.len(), "scenario"),
            folders.scenarios
        ));
        return Ok(End::NothingSelected);
    }
    Ok(End::Passed)
}

/// The minors that an instance of the scenario holds for.
fn minors_of(scenario: &Scenario, minors: &[Minor]) -> Vec<Minor> {
    let holds = |minor: &Minor| {
        scenario.instances.iter().any(|instance| instance.given.kubernetes.contains(minor.number().into()))
    };
    minors.iter().copied().filter(holds).collect()
}

fn holds_for_a_release(scenario: &Scenario, releases: &[GardenerRelease]) -> bool {
    scenario.instances.iter().any(|instance| {
        let range = instance.given.gardener;
        range.is_none_or(|range| releases.iter().any(|release| range.contains(release.number())))
    })
}

fn text(listed: &[(&Scenario, Vec<Minor>)]) -> String {
    let width = listed.iter().map(|(scenario, _)| scenario.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (scenario, minors) in listed {
        let minors = minor_ranges(minors.iter().copied());
        let _ = writeln!(text, "{:<width$}  {minors:<11}  {}", scenario.id, scenario.title);
    }
    text
}

fn document(listed: &[(&Scenario, Vec<Minor>)]) -> serde_json::Value {
    let scenarios = listed.iter().map(|(scenario, minors)| {
        json!({
            "scenario": scenario.id,
            "file": scenario.path.as_str(),
            "title": scenario.title,
            "requirements": scenario.requirements,
            "kubernetes": minors.iter().map(Minor::to_string).collect::<Vec<_>>(),
            "instances": scenario.instances.iter().map(|instance| &instance.parameters).collect::<Vec<_>>(),
        })
    });
    json!({ "schemaVersion": SCHEMA_VERSION, "scenarios": scenarios.collect::<Vec<_>>() })
}
