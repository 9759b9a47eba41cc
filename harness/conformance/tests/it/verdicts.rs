//! What fails a case.

use seccomp_conformance::{Failure, RunOptions, SnapshotMode, Status, WebhookKind};

use crate::{SKIPPED, mk_options, mk_suite, run_to_end};

#[tokio::test]
async fn reports_everything_that_does_not_hold_with_its_line() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let wrong = SKIPPED.replace(
        "{admitted: true, mutated: false, called: false, profile: none}",
        "
    called: true
    mutated: true
    profile: Unconfined
    containers: {main: Localhost}",
    );
    let options = RunOptions { snapshot_mode: SnapshotMode::Accept, ..options };
    let (_, cases) = run_to_end(&mk_suite(&wrong)?, &options).await?;
    let first_line = wrong.lines().position(|line| line.contains("called")).map(|line| line + 1);
    for case in cases {
        assert_eq!(case.verdict.status(), Status::Failed);
        let mut lines = Vec::new();
        for failure in &case.verdict.failures {
            let Failure::Expectation { file, line, of, .. } = failure else {
                anyhow::bail!("an unexpected failure: {failure:?}");
            };
            assert_eq!((file.as_str(), of.as_str()), ("scenarios/area/it.yaml", "labelled"));
            lines.push(*line);
        }
        assert_eq!(lines.first().copied(), first_line, "{lines:?}");
        assert_eq!(lines.len(), 4, "{:?}", case.verdict);
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_webhook_fails_the_run() -> anyhow::Result<()> {
    let (_folder, options) = mk_options()?;
    let suite = mk_suite(SKIPPED)?;
    run_to_end(&suite, &RunOptions { snapshot_mode: SnapshotMode::Accept, ..options.clone() }).await?;
    let name = seccomp_webhook::Mutant::ALL
        .iter()
        .map(ToString::to_string)
        .find(|name| name.contains("skip"))
        .ok_or_else(|| anyhow::anyhow!("there is a mutant that ignores the skip label"))?;
    let (summary, _) = run_to_end(&suite, &RunOptions { webhook: WebhookKind::Mutant(name), ..options }).await?;
    assert_eq!(summary.failed, summary.planned);
    Ok(())
}
