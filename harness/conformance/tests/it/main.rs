//! Runs from outside: what a run tells and comes to.

mod ending;
mod releases;
mod snapshots;
mod verdicts;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_conformance::{CaseFinished, Event, RunOptions, Suite, Summary, run};
use seccomp_scenario::{Requirements, Scenario};

const REQUIREMENTS: &str = "
requirements:
  skip:
    statement: A Pod with the skip label is left alone.
    source: none
  uncovered:
    statement: Nobody looks at this.
    source: none
";

/// A scenario that holds: its one Pod carries the skip label.
const SKIPPED: &str = r#"
scenario: A labelled Pod is left alone
requirements: [skip]
given:
  namespace: {labels: {gardener.cloud/role: shoot}}
when:
- create:
    apiVersion: v1
    kind: Pod
    metadata: {name: labelled, labels: {seccompprofile.resources.gardener.cloud/skip: ""}}
    spec: {containers: [{name: main, image: probe}]}
then:
  labelled: {admitted: true, mutated: false, called: false, profile: none}
"#;

/// A suite of one scenario, `area/it`.
fn mk_suite(scenario: &str) -> anyhow::Result<Suite> {
    let requirements = Requirements::read("requirements.yaml".into(), REQUIREMENTS)?;
    let read = Scenario::read("area/it", Utf8Path::new("scenarios/area/it.yaml"), scenario, &requirements)?;
    Ok(Suite::from(seccomp_scenario::Suite { requirements, scenarios: vec![read] }))
}

/// A folder for snapshots, and options for a run that compares with what is in it.
fn mk_options() -> anyhow::Result<(tempfile::TempDir, RunOptions)> {
    let folder = tempfile::tempdir()?;
    let path = Utf8PathBuf::try_from(folder.path().to_owned())?;
    Ok((folder, RunOptions::new(path)))
}

/// Runs to the end, and gives the cases in the order in which they ended.
async fn run_to_end(suite: &Suite, options: &RunOptions) -> anyhow::Result<(Arc<Summary>, Vec<CaseFinished>)> {
    let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
    let summary = run(suite, options, events).await?;
    let mut cases = Vec::new();
    let mut is_finished = false;
    while let Some(event) = told.recv().await {
        assert!(!is_finished, "an event after the last one: {event:?}");
        match event {
            Event::CaseFinished(case) => cases.push(case),
            Event::RunFinished(_) => is_finished = true,
            Event::RunStarted { .. } | Event::ScenarioFinished { .. } => {}
        }
    }
    assert!(is_finished, "a run says that it is finished");
    Ok((summary, cases))
}
