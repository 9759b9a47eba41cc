//! Gardener releases, and what holds from a release on.

use std::{fmt, str::FromStr};

/// A minor release of Gardener, `1.54` (the first with the webhook) to `1.149`.
///
/// Patches are not told apart: the first and the last patch of every minor carry equal registrations and handlers.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GardenerRelease(u16);

impl GardenerRelease {
    /// The first release that has the webhook.
    pub const OLDEST: Self = Self(54);
    /// The newest release that is known.
    pub const NEWEST: Self = Self(149);

    /// `1.minor`, or nothing when it is not known.
    pub const fn new(minor: u16) -> Option<Self> {
        if minor >= Self::OLDEST.0 && minor <= Self::NEWEST.0 { Some(Self(minor)) } else { None }
    }

    /// Every known release, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (Self::OLDEST.0..=Self::NEWEST.0).map(Self)
    }

    /// The number after the dot.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for GardenerRelease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.0)
    }
}

/// A text that names no known Gardener release.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse Gardener release `{text}`: expected {} to {}", GardenerRelease::OLDEST, GardenerRelease::NEWEST)]
pub struct GardenerReleaseError {
    text: String,
}

impl FromStr for GardenerRelease {
    type Err = GardenerReleaseError;

    /// Reads `1.89`, `v1.89` and `v1.89.4`.
    fn from_str(text: &str) -> Result<Self, GardenerReleaseError> {
        let error = || GardenerReleaseError { text: text.to_owned() };
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let (Some("1"), Some(minor)) = (parts.next(), parts.next().filter(|part| is_number(part))) else {
            return Err(error());
        };
        if parts.next().is_some_and(|patch| !is_number(patch)) || parts.next().is_some() {
            return Err(error());
        }
        minor.parse().ok().and_then(Self::new).ok_or_else(error)
    }
}

/// What holds from a release on, until the next entry.
///
/// Entries are `(since, value, source)` in rising order; the first holds for the oldest release.
#[derive(Debug)]
pub(crate) struct ByRelease<T: 'static> {
    entries: &'static [(u16, T, &'static str)],
}

impl<T> ByRelease<T> {
    /// A row of `(since, value, source)`, oldest first.
    pub(crate) const fn new(entries: &'static [(u16, T, &'static str)]) -> Self {
        assert!(!entries.is_empty(), "a row holds for the oldest release at least");
        Self { entries }
    }

    /// What holds at `release`.
    pub(crate) fn at(&self, release: GardenerRelease) -> &'static T {
        let later = self.entries.iter().rposition(|(since, _, _)| *since <= release.0).unwrap_or(0);
        &self.entries[later].1
    }

    /// The releases from which on a new entry holds.
    pub(crate) fn changes(&self) -> impl Iterator<Item = u16> {
        self.entries.iter().map(|(since, _, _)| *since)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::minor("1.89", 89)]
    #[case::with_v("v1.54", 54)]
    #[case::with_patch("v1.149.3", 149)]
    fn accepts_a_release(#[case] text: &str, #[case] minor: u16) {
        assert_eq!(text.parse::<GardenerRelease>().map(GardenerRelease::number), Ok(minor));
    }

    #[rstest]
    #[case::before_the_webhook("1.53")]
    #[case::not_known_yet("1.150")]
    #[case::another_major("2.54")]
    #[case::a_word("v1.89.x")]
    #[case::a_sign("1.+89")]
    #[case::too_long("1.89.1.2")]
    #[case::empty("")]
    fn rejects_what_is_no_release(#[case] text: &str) {
        assert!(text.parse::<GardenerRelease>().is_err(), "{text}");
    }

    #[test]
    fn shows_a_release_as_it_is_written() {
        assert_eq!(GardenerRelease::NEWEST.to_string(), "1.149");
    }
}
