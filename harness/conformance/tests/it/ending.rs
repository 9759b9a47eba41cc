//! How runs end.

use seccomp_conformance::{EndedEarly, PlanError, RunError, RunOptions, Selection, Status, WebhookKind, run};

use crate::{SKIPPED, mk_options, mk_suite, run_to_end};

#[tokio::test]
async fn a_cancelled_run_says_what_was_done() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    options.cancellation.cancel();
    let (summary, cases) = run_to_end(&mk_suite(SKIPPED)?, &options).await?;
    assert_eq!(summary.ended_early, Some(EndedEarly::Cancelled));
    assert_eq!(summary.finished(), cases.len());
    assert!(summary.planned > cases.len());
    Ok(())
}

#[tokio::test]
async fn fail_fast_ends_at_the_first_failure() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let options = RunOptions { fail_fast: true, parallel: std::num::NonZeroUsize::new(1), ..options };
    let suite = mk_suite(&SKIPPED.replace("profile: none", "profile: Unconfined"))?;
    let (summary, cases) = run_to_end(&suite, &options).await?;
    assert_eq!(summary.ended_early, Some(EndedEarly::FailedFast));
    assert_eq!((summary.failed, cases.len()), (1, 1));
    Ok(())
}

#[tokio::test]
async fn nothing_selected_is_an_error() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let selection = Selection { requirements: vec!["other".to_owned()], ..Selection::default() };
    let (events, _told) = tokio::sync::mpsc::unbounded_channel();
    let error = run(&mk_suite(SKIPPED)?, &RunOptions { selection, ..options }, events).await;
    assert!(matches!(error, Err(RunError::Plan(PlanError::NothingSelected))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn unknown_names_are_errors() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let suite = mk_suite(SKIPPED)?;
    let (events, _told) = tokio::sync::mpsc::unbounded_channel();
    let selection = Selection { gardener: vec!["1.20".to_owned()], ..Selection::default() };
    let error = run(&suite, &RunOptions { selection, ..options.clone() }, events.clone()).await;
    assert!(matches!(error, Err(RunError::Plan(PlanError::UnknownRelease { .. }))), "{error:?}");
    let webhook = WebhookKind::Mutant("nobody".to_owned());
    let error = run(&suite, &RunOptions { webhook, ..options }, events).await;
    assert!(matches!(error, Err(RunError::UnknownMutant { .. })), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn coverage_names_what_no_case_is_about() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let (summary, cases) = run_to_end(&mk_suite(SKIPPED)?, &options).await?;
    assert_eq!(summary.coverage.uncovered().collect::<Vec<_>>(), ["uncovered"]);
    let states = &summary.coverage.requirements["skip"].states;
    assert!(states.values().all(|status| *status == Status::Pending), "{states:?}");
    let rows: Vec<_> = summary.coverage.preconditions.iter().filter(|(_, row)| row.creations > 0).collect();
    assert_eq!(rows.len(), 1);
    let (row, coverage) = rows[0];
    assert!(row.gate && row.managed_namespace && !row.unlabelled && row.profile_unset);
    assert_eq!((coverage.creations, coverage.mutated), (cases.len(), 0));
    Ok(())
}
