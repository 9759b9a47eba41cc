//! Snapshots from their recording to their end.

use kube_simulator::Minor;
use seccomp_conformance::{RunOptions, Selection, SnapshotMode, Suite, accept_snapshots, reject_snapshots};

use crate::{SKIPPED, mk_options, mk_suite, run_to_end};

#[tokio::test]
async fn a_snapshot_holds_once_it_is_accepted() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let suite = mk_suite(SKIPPED)?;
    let writing = RunOptions { snapshot_mode: SnapshotMode::WritePending, ..options.clone() };

    let (summary, _) = run_to_end(&suite, &writing).await?;
    assert_eq!(summary.pending, summary.planned);
    assert!(!summary.pending_snapshots.is_empty());
    assert_eq!(reject_snapshots(&options.snapshots)?, summary.pending_snapshots);

    run_to_end(&suite, &writing).await?;
    accept_snapshots(&options.snapshots)?;
    let (summary, _) = run_to_end(&suite, &options).await?;
    assert_eq!((summary.passed, summary.pending_snapshots.len()), (summary.planned, 0));
    Ok(())
}

#[tokio::test]
async fn a_part_of_the_cases_is_compared_with_the_same_snapshots() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let suite = mk_suite(SKIPPED)?;
    run_to_end(&suite, &RunOptions { snapshot_mode: SnapshotMode::Accept, ..options.clone() }).await?;
    for minor in Minor::all() {
        let selection = Selection { minors: vec![minor], ..Selection::default() };
        let (summary, _) = run_to_end(&suite, &RunOptions { selection, ..options.clone() }).await?;
        assert_eq!(summary.passed, summary.planned, "Kubernetes {minor}");
    }
    Ok(())
}

#[tokio::test]
async fn snapshots_without_a_scenario_are_found() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let suite = mk_suite(SKIPPED)?;
    run_to_end(&suite, &RunOptions { snapshot_mode: SnapshotMode::Accept, ..options.clone() }).await?;
    let other = mk_suite(SKIPPED)?;
    let renamed = other.scenarios.iter().map(|scenario| {
        let mut scenario = seccomp_scenario::Scenario::clone(scenario);
        scenario.id = "area/renamed".to_owned();
        std::sync::Arc::new(scenario)
    });
    let renamed = Suite { scenarios: renamed.collect(), ..other.clone() };
    let (summary, _) = run_to_end(&renamed, &options).await?;
    assert!(summary.orphan_snapshots.iter().all(|path| path.starts_with("area")), "{summary:?}");
    assert!(!summary.orphan_snapshots.is_empty());
    Ok(())
}
