//! What holds for Gardener releases other than the newest.

use rstest::rstest;
use seccomp_conformance::{Minor, RunOptions, Suite};
use seccomp_scenario::{GARDENER, KUBERNETES};
use seccomp_webhook::GardenerRelease;

use crate::run_to_end;

/// Whoever asks for one release sees what holds there, and no failure that is another release's behaviour.
#[rstest]
#[case::oldest("1.54")]
#[case::labels_kube_system("1.58")]
#[case::other_handler("1.89")]
#[case::by_name("1.133")]
#[tokio::test]
async fn all_scenarios_hold_on_an_older_release(#[case] release: &str) -> anyhow::Result<()> {
    let suite = Suite::from(seccomp_scenario::Suite::read("../../scenarios".into())?);
    let mut options = RunOptions::new("../../snapshots");
    options.selection.minors = Minor::new(31).into_iter().collect();
    options.selection.gardener = vec![release.to_owned()];
    let (_, cases) = run_to_end(&suite, &options).await?;
    let failed: Vec<_> = cases.iter().filter(|case| !case.verdict.is_passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    Ok(())
}

/// The scenario language, the simulator and the webhook know nothing of each other, and must know the same versions.
#[test]
fn the_languages_versions_are_those_of_simulator_and_webhook() {
    let minors = (u16::from(Minor::OLDEST.number()), u16::from(Minor::NEWEST.number()));
    assert_eq!((KUBERNETES.from, KUBERNETES.until), (Some(minors.0), Some(minors.1)));
    let releases = (GardenerRelease::OLDEST.number(), GardenerRelease::NEWEST.number());
    assert_eq!((GARDENER.from, GARDENER.until), (Some(releases.0), Some(releases.1)));
}
