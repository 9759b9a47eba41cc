//! gardener-resource-manager itself, by release: where its image is, and how it is told what to do.

use crate::release::{ByRelease, GardenerRelease};

/// How the program is told what to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Settings {
    /// By flags alone.
    Flags,
    /// By a file, in which the namespace that is watched stands as `namespace`.
    FileWithNamespace,
    /// By a file, in which the namespaces that are watched stand as `namespaces`.
    FileWithNamespaces,
}

static SETTINGS: ByRelease<Settings> = ByRelease::new(&[
    (54, Settings::Flags, "gardener v1.54.0 pkg/resourcemanager/cmd"),
    (59, Settings::FileWithNamespace, "gardener v1.59.0 cmd/gardener-resource-manager/app/options.go (#6865)"),
    (80, Settings::FileWithNamespaces, "gardener v1.80.0 pkg/resourcemanager/apis/config/v1alpha1/types.go"),
]);

static REPOSITORY: ByRelease<&str> = ByRelease::new(&[
    (54, "eu.gcr.io/gardener-project/gardener/resource-manager", "gardener v1.54.0 charts/images.yaml"),
    (
        87,
        "europe-docker.pkg.dev/gardener-project/releases/gardener/resource-manager",
        "gardener v1.87.0 charts/images.yaml",
    ),
]);

/// The last patch of a minor, where it is known. Patches of one minor behave alike, so that `.0` will do elsewhere.
const PATCHES: &[(u16, u16)] = &[
    (54, 1),
    (58, 3),
    (60, 7),
    (79, 3),
    (80, 7),
    (89, 4),
    (90, 8),
    (105, 3),
    (112, 4),
    (113, 3),
    (131, 5),
    (132, 5),
    (135, 4),
    (147, 4),
    (149, 3),
];

impl GardenerRelease {
    /// The public image of this release's gardener-resource-manager.
    ///
    /// The tag is that of the newest known patch, else of the minor's first release.
    pub fn resource_manager_image(self) -> String {
        let known = PATCHES.iter().find(|(minor, _)| *minor == self.number());
        let patch = known.map_or(0, |(_, patch)| *patch);
        format!("{}:v{self}.{patch}", REPOSITORY.at(self))
    }

    pub(crate) fn settings(self) -> Settings {
        *SETTINGS.at(self)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.54", "eu.gcr.io/gardener-project/gardener/resource-manager:v1.54.1")]
    #[case("1.86", "eu.gcr.io/gardener-project/gardener/resource-manager:v1.86.0")]
    #[case("1.87", "europe-docker.pkg.dev/gardener-project/releases/gardener/resource-manager:v1.87.0")]
    #[case("1.149", "europe-docker.pkg.dev/gardener-project/releases/gardener/resource-manager:v1.149.3")]
    fn names_the_public_image(#[case] release: &str, #[case] image: &str) {
        assert_eq!(release.parse::<GardenerRelease>().unwrap().resource_manager_image(), image);
    }

    #[test]
    fn every_known_patch_is_of_a_known_minor() {
        assert!(PATCHES.iter().all(|(minor, _)| GardenerRelease::new(*minor).is_some()));
        assert!(PATCHES.is_sorted());
    }
}
