//! `explain`: what becomes of a Pod, on every minor and with every release, without a cluster.
//!
//! The Pod becomes a scenario with one step and no expectation, and is run as every other scenario is.

mod pod;
mod report;

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use seccomp_conformance::{CaseFinished, Event, Failure as CaseFailure, Minor, RunOptions, Suite};
use seccomp_scenario::{Action, Given, Instance, Location, Namespace, Node, Scenario, Step, VersionRange};
use seccomp_webhook::GardenerRelease;
use tokio::sync::mpsc;

use crate::{
    arguments::{ExplainArguments, Format},
    command::{Context, explain::pod::Explained},
    end::End,
    error::Failure,
    selection, terminal,
};

/// The name by which the only step is spoken of.
const STEP: &str = "explained";
/// The scenario's id.
const SCENARIO: &str = "explain/pod";
/// A folder of snapshots that does not exist.
const NOWHERE: &str = "/nonexistent/seccomp-harness/snapshots";
/// The gardenlet's feature gate.
const FEATURE_GATE: &str = "DefaultSeccompProfile";

/// Explains a Pod.
pub(crate) async fn run(arguments: ExplainArguments, context: &Context) -> Result<End, Failure> {
    let pod = pod::read(&arguments.file)?;
    let epochs = epochs(&arguments.gardener)?;
    let minors = selection::minors(&arguments.kubernetes)?;
    let scenario = scenario(&arguments, &pod);
    let cases = execute(scenario, &epochs, minors.clone(), context).await?;
    if context.cancellation.is_cancelled() {
        return Ok(End::Infrastructure);
    }
    let explanation = report::Explanation::new(&arguments, &pod, &epochs, &cases);
    terminal::print(&match arguments.output {
        Format::Text => explanation.text(context.terminal.color_stdout),
        Format::Json => format!("{:#}\n", explanation.document()),
    })?;
    Ok(End::Passed)
}

/// The releases of one behaviour, as far as they are selected; the last of them stands for all.
fn epochs(ranges: &[VersionRange]) -> Result<Vec<RangeInclusive<GardenerRelease>>, Failure> {
    let selected = selection::releases(ranges)?;
    let parts = GardenerRelease::epochs().into_iter().filter_map(|epoch| {
        let mut within = selected.iter().copied().filter(|release| epoch.contains(release));
        let first = within.next()?;
        Some(first..=within.next_back().unwrap_or(first))
    });
    Ok(parts.collect())
}

/// The Pod as a scenario.
fn scenario(arguments: &ExplainArguments, pod: &Explained) -> Scenario {
    let name = arguments.namespace.clone().or_else(|| pod.namespace.clone());
    let namespace = Namespace { name, labels: arguments.namespace_labels.0.clone(), annotations: BTreeMap::new() };
    let location = Location { line: 1, column: 1, span: 0..0 };
    let instance = Instance {
        parameters: BTreeMap::new(),
        given: Given {
            namespace,
            feature_gates: [(FEATURE_GATE.to_owned(), arguments.feature_gate)].into(),
            gardener: Some(seccomp_scenario::GARDENER),
            kubernetes: seccomp_scenario::KUBERNETES,
            node: Node { seccomp_default: vec![false, true], localhost_profiles: pod::localhost_profiles(&pod.object) },
        },
        when: vec![Step {
            action: Action::Create(pod.object.clone()),
            name: Some(STEP.to_owned()),
            location: location.clone(),
        }],
        then: Vec::new(),
    };
    Scenario {
        id: SCENARIO.to_owned(),
        path: arguments.file.clone(),
        title: "What becomes of a Pod".to_owned(),
        location,
        requirements: Vec::new(),
        instances: vec![instance],
    }
}

/// Runs the scenario, and gives what was seen of each case.
async fn execute(
    scenario: Scenario,
    epochs: &[RangeInclusive<GardenerRelease>],
    minors: Vec<Minor>,
    context: &Context,
) -> Result<Vec<CaseFinished>, Failure> {
    let suite = Suite { scenarios: vec![Arc::new(scenario)], ..Suite::default() };
    // Nothing is compared or written: nobody has a folder of this name.
    let mut options = RunOptions::new(NOWHERE);
    options.selection.minors = minors;
    options.selection.gardener = epochs.iter().map(|epoch| epoch.end().to_string()).collect();
    options.cancellation = context.cancellation.clone();
    let (events, mut received) = mpsc::unbounded_channel();
    let running = tokio::spawn(async move { seccomp_conformance::run(&suite, &options, events).await });
    let mut cases = Vec::new();
    while let Some(event) = received.recv().await {
        if let Event::CaseFinished(finished) = event {
            cases.push(finished);
        }
    }
    running
        .await
        .map_err(|error| Failure::Infrastructure(error.into()))?
        .map_err(|error| Failure::Infrastructure(error.into()))?;
    let broken = cases.iter().flat_map(|finished| &finished.verdict.failures).find_map(|failure| match failure {
        CaseFailure::Infrastructure { message } => Some(message.clone()),
        _ => None,
    });
    match broken {
        // A simulated cluster lacks nothing: what cannot be run was not asked for rightly.
        Some(message) => Err(Failure::usage(message)),
        None => Ok(cases),
    }
}
