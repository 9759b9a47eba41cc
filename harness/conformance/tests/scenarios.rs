//! Every scenario file is a test of its own: on all minors, with insta's assertion on the snapshots that runs compare too.
//!
//! `INSTA_UPDATE=always` records, and git shows what changed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;
use seccomp_conformance::{Minor, Observed, RunOptions, Selection, Suite, observe};

fn root() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

static SUITE: LazyLock<Suite> = LazyLock::new(|| {
    let suite = seccomp_scenario::Suite::read(&root().join("scenarios"));
    Suite::from(suite.expect("the scenarios are right"))
});

async fn observe_scenario(id: &str) -> anyhow::Result<Observed> {
    let selection = Selection { paths: vec![Utf8PathBuf::from(format!("{id}.yaml"))], ..Selection::default() };
    let options = RunOptions { selection, ..RunOptions::new(root().join("snapshots")) };
    Ok(observe(&SUITE, &options).await?)
}

/// Asserts one snapshot with insta.
fn assert_snapshot(name: &str, since: Minor, content: &str) {
    let (area, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join("snapshots").join(area));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_suffix(since.to_string());
    if area != "platform" {
        settings.set_input_file(root().join("scenarios").join(format!("{name}.yaml")));
    }
    settings.bind(|| insta::assert_snapshot!(file, content));
}

/// The minors from which on a snapshot of `name` stands in the repository.
fn recorded(name: &str) -> anyhow::Result<BTreeSet<String>> {
    let snapshots = root().join("snapshots");
    let (area, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut since = BTreeSet::new();
    for entry in snapshots.join(area).read_dir_utf8()? {
        let entry = entry?;
        let found = entry.file_name().strip_suffix(".snap").and_then(|stem| stem.rsplit_once('@'));
        since.extend(found.filter(|(found, _)| *found == file).map(|(_, since)| since.to_owned()));
    }
    Ok(since)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenario(
    #[files("../../scenarios/**/*.yaml")]
    #[exclude("requirements.yaml")]
    path: PathBuf,
) -> anyhow::Result<()> {
    let id = id(&path);
    let observed = observe_scenario(&id).await?;
    let failures: Vec<_> = observed.failures.iter().map(|(case, failures)| format!("{case}\n{failures:#?}")).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let snapshots = observed.snapshots.get(&id).cloned().unwrap_or_default();
    assert!(!snapshots.is_empty(), "nothing was seen of {id}");
    for (since, content) in &snapshots {
        assert_snapshot(&id, *since, content);
    }
    let seen: BTreeSet<_> = snapshots.keys().map(ToString::to_string).collect();
    assert_eq!(recorded(&id)?, seen, "a snapshot stands where nothing changes");
    Ok(())
}

/// The scenario's id: its path below the scenarios' folder, without its ending.
fn id(path: &Path) -> String {
    let parts: Vec<_> = path.with_extension("").components().map(|part| part.as_os_str().to_owned()).collect();
    let below = parts.iter().rposition(|part| part == "scenarios").map_or(0, |place| place + 1);
    parts[below..].iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What any Pod gets from its minor, for which every scenario that runs on all of them will do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn platform() -> anyhow::Result<()> {
    let observed = observe_scenario("preconditions/skip_label").await?;
    let parts: Vec<_> = observed.snapshots.iter().filter(|(name, _)| name.starts_with("platform/")).collect();
    assert!(!parts.is_empty());
    for (name, snapshots) in parts {
        for (since, content) in snapshots {
            assert_snapshot(name, *since, content);
        }
        let seen: BTreeSet<_> = snapshots.keys().map(ToString::to_string).collect();
        assert_eq!(recorded(name)?, seen, "a snapshot of {name} stands where nothing changes");
    }
    Ok(())
}
