//! Versions of Kubernetes, as far as a cluster is asked for by one.

use std::{fmt, str::FromStr};

/// A Kubernetes version, with or without its patch: `1.24`, `1.24.17` or `v1.24.17`.
///
/// Without a patch it stands for any release of that minor.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KubernetesVersion {
    minor: u16,
    patch: Option<u16>,
}

/// A text that names no Kubernetes version.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a Kubernetes version such as 1.24 or 1.24.17")]
pub struct VersionError {
    text: String,
}

impl KubernetesVersion {
    /// Any release of `1.minor`.
    pub const fn new(minor: u16) -> Self {
        Self { minor, patch: None }
    }

    /// The release `1.minor.patch`.
    pub const fn release(minor: u16, patch: u16) -> Self {
        Self { minor, patch: Some(patch) }
    }

    /// The number after `1.`.
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// The number after the minor, where one was named.
    pub const fn patch(self) -> Option<u16> {
        self.patch
    }

    /// Whether the release `other` is what this version asks for.
    pub fn is_met_by(self, other: Self) -> bool {
        self.minor == other.minor && (self.patch.is_none() || self.patch == other.patch)
    }

    /// The version that the tag of a node image names, if it names one: `kindest/node:v1.24.17@sha256:...`.
    pub fn of_image(image: &str) -> Option<Self> {
        let named = image.split_once('@').map_or(image, |(named, _)| named);
        let (_, tag) = named.rsplit_once('/').map_or(named, |(_, last)| last).split_once(':')?;
        // A build of one's own may say more: `v1.31.4-custom`, `v1.31.4_build2`.
        let version = tag.strip_prefix('v')?.split(['-', '_', '+']).next()?;
        version.parse().ok()
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refused = || VersionError { text: text.to_owned() };
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten().ok_or_else(refused)
        };
        let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.").ok_or_else(refused)?;
        match rest.split_once('.') {
            None => Ok(Self::new(number(rest)?)),
            Some((minor, patch)) => Ok(Self::release(number(minor)?, number(patch)?)),
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::minor("1.24", KubernetesVersion::new(24))]
    #[case::release("1.24.17", KubernetesVersion::release(24, 17))]
    #[case::tag("v1.36.0", KubernetesVersion::release(36, 0))]
    fn accepts_versions(#[case] text: &str, #[case] version: KubernetesVersion) {
        assert_eq!(text.parse(), Ok(version));
    }

    #[rstest]
    fn rejects_other_texts(#[values("", "1", "1.", "1.x", "2.4", "1.24.", "1.+4", "1.24.1.2", "vv1.24")] text: &str) {
        assert!(text.parse::<KubernetesVersion>().is_err());
    }

    #[rstest]
    #[case::pinned("kindest/node:v1.24.17@sha256:bad10f", Some(KubernetesVersion::release(24, 17)))]
    #[case::registry_with_a_port("localhost:5000/node:v1.31.4", Some(KubernetesVersion::release(31, 4)))]
    #[case::built_by_oneself("node:v1.31.4-seccomp", Some(KubernetesVersion::release(31, 4)))]
    #[case::latest("kindest/node:latest", None)]
    #[case::untagged("localhost:5000/node", None)]
    fn reads_the_version_of_an_image(#[case] image: &str, #[case] version: Option<KubernetesVersion>) {
        assert_eq!(KubernetesVersion::of_image(image), version);
    }

    #[test]
    fn a_minor_is_met_by_each_of_its_releases() {
        let release = KubernetesVersion::release(24, 17);
        assert!(KubernetesVersion::new(24).is_met_by(release) && release.is_met_by(release));
        assert!(!KubernetesVersion::new(25).is_met_by(release));
        assert!(!KubernetesVersion::release(24, 16).is_met_by(release));
    }
}
