//! Every scenario on real API servers, compared with the very snapshots that the simulated clusters are held to.
//!
//! `SECCOMP_HARNESS_ASSETS` lists folders as `KUBEBUILDER_ASSETS` names them, one for each Kubernetes minor, with `:`
//! between them. Containers are not observed there, so that only API calls and stored objects are compared.

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_conformance::{CaseFinished, ClusterKind, Event, RunOptions, Selection, SnapshotMode, Suite, run};

fn folder(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

#[expect(clippy::disallowed_methods, reason = "the folders of a machine are named by its environment")]
fn assets() -> Vec<Utf8PathBuf> {
    let list =
        std::env::var("SECCOMP_HARNESS_ASSETS").expect("SECCOMP_HARNESS_ASSETS names folders with a control plane");
    list.split(':').map(Utf8PathBuf::from).collect()
}

/// `SECCOMP_HARNESS_SCENARIOS` narrows the run down to files or areas, with `:` between them.
#[expect(clippy::disallowed_methods, reason = "there are no arguments to a test")]
fn selection() -> Selection {
    let list = std::env::var("SECCOMP_HARNESS_SCENARIOS").unwrap_or_default();
    let paths = list.split(':').filter(|path| !path.is_empty()).map(Utf8PathBuf::from).collect();
    Selection { paths, ..Selection::default() }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs KUBEBUILDER_ASSETS folders in SECCOMP_HARNESS_ASSETS"]
async fn real_api_servers_store_what_the_snapshots_say() -> anyhow::Result<()> {
    let suite = Suite::from(seccomp_scenario::Suite::read(&folder("scenarios"))?);
    let options = RunOptions {
        selection: selection(),
        cluster: ClusterKind::ControlPlane { assets: assets() },
        snapshot_mode: SnapshotMode::Check,
        ..RunOptions::new(folder("snapshots"))
    };
    let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
    let summary = run(&suite, &options, events).await?;
    let mut failed = Vec::new();
    while let Some(event) = told.recv().await {
        if let Event::CaseFinished(CaseFinished { case, verdict, .. }) = event
            && !verdict.is_passed()
        {
            failed.push(format!("{case}\n{:#?}", verdict.failures).replace("\\n", "\n"));
        }
    }
    assert_eq!(summary.passed, summary.planned, "{}", failed.join("\n\n"));
    println!("{} cases agree with {} real API servers", summary.passed, assets().len());
    Ok(())
}
