//! `list`: the scenarios that a selection names.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use camino::Utf8Path;
use seccomp_conformance::{Case, Minor, Partition, PlanError};
use seccomp_report::{SCHEMA_VERSION, minor_ranges};
use seccomp_scenario::{Scenario, Suite};
use seccomp_webhook::GardenerRelease;
use serde_json::json;

use crate::{
    arguments::{Format, ListArguments},
    command::{Context, run::select},
    diagnostics::count,
    end::End,
    error::Failure,
    selection, terminal,
};

/// Lists what would run.
pub(crate) fn run(arguments: &ListArguments, context: &Context) -> Result<End, Failure> {
    let folders = arguments.folders.find()?;
    let suite = Suite::read(&folders.scenarios)?;
    let share = arguments.partition.share(&context.environment)?;
    let cases = share.map(|share| cases_of(arguments, &suite, &folders.scenarios, share)).transpose()?;
    let selected = arguments.selection.scenarios(&suite, &folders.scenarios)?;
    let minors = selection::minors(&arguments.selection.kubernetes)?;
    let releases = selection::releases(&arguments.selection.gardener)?;
    let listed: Vec<(&Scenario, Vec<Minor>)> = selected
        .into_iter()
        .filter(|scenario| holds_for_a_release(scenario, &releases))
        .map(|scenario| (scenario, minors_of(scenario, &minors, cases.as_deref())))
        .filter(|(_, minors)| !minors.is_empty())
        .collect();
    terminal::print(&match arguments.output {
        Format::Text => text(&listed),
        Format::Json => format!("{:#}\n", document(&listed, cases.as_deref())),
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

/// The cases of one share of the selection.
fn cases_of(
    arguments: &ListArguments,
    suite: &Suite,
    folder: &Utf8Path,
    share: Partition,
) -> Result<Vec<Arc<Case>>, Failure> {
    let selection = select(&arguments.selection, Some(share), suite, folder)?;
    match seccomp_conformance::cases(&suite.clone().into(), &selection) {
        Ok(cases) => Ok(cases),
        Err(PlanError::NothingSelected) => Ok(Vec::new()),
        Err(error) => Err(Failure::Usage(error.into())),
    }
}

/// The minors that an instance of the scenario holds for; of a share, those that it has a case of.
fn minors_of(scenario: &Scenario, minors: &[Minor], cases: Option<&[Arc<Case>]>) -> Vec<Minor> {
    if let Some(cases) = cases {
        let cases = cases.iter().filter(|case| case.scenario == scenario.id);
        return cases.map(|case| case.minor).collect::<BTreeSet<_>>().into_iter().collect();
    }
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

fn document(listed: &[(&Scenario, Vec<Minor>)], cases: Option<&[Arc<Case>]>) -> serde_json::Value {
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
    let mut document = json!({ "schemaVersion": SCHEMA_VERSION, "scenarios": scenarios.collect::<Vec<_>>() });
    if let Some(cases) = cases {
        // A share is one of cases, not of scenarios.
        document["cases"] = cases.iter().map(ToString::to_string).collect();
    }
    document
}
