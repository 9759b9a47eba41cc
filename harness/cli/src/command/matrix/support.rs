//! Which minors a Gardener release supports as seed clusters, where its resource manager serves the webhook.

use seccomp_conformance::Minor;
use seccomp_webhook::GardenerRelease;

/// From which release on, which minors.
///
/// # Source
/// Gardener `docs/usage/shoot-operations/supported_k8s_versions.md` and, where that lags, `SupportedVersions` in
/// `pkg/utils/validation/kubernetesversion/version.go`, read at each release; seeds of 1.25 are ruled out up to 1.62.
const SEEDS: &[(u16, u8, u8)] = &[
    (54, 20, 24),
    (63, 20, 26),
    (71, 20, 27),
    (74, 22, 27),
    (80, 22, 28),
    (81, 24, 28),
    (87, 24, 29),
    (90, 25, 29),
    (95, 25, 30),
    (106, 25, 31),
    (113, 25, 32),
    (114, 27, 32),
    (122, 27, 33),
    (127, 29, 33),
    (132, 29, 34),
    (133, 30, 34),
    (136, 30, 35),
    (141, 31, 35),
    (142, 32, 35),
    (145, 32, 36),
];

/// Whether `release` supports seeds of `minor`; without a release, the newest known.
pub(super) fn supports(release: Option<GardenerRelease>, minor: Minor) -> bool {
    let release = release.unwrap_or(GardenerRelease::NEWEST).number();
    let row = SEEDS.iter().rev().find(|(since, ..)| *since <= release);
    row.is_some_and(|(_, oldest, newest)| (*oldest..=*newest).contains(&minor.number()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::last_with_1_24("1.89", 24, true)]
    #[case::first_without_1_24("1.90", 24, false)]
    #[case::before_1_25("1.62", 25, false)]
    #[case::since_1_25("1.63", 25, true)]
    #[case::newest("1.149", 36, true)]
    #[case::newest_and_old("1.149", 31, false)]
    fn knows_what_a_release_supports(#[case] release: &str, #[case] minor: u8, #[case] supported: bool) {
        assert_eq!(supports(Some(release.parse().unwrap()), Minor::new(minor).unwrap()), supported);
    }
}
