//! Ranges of `1.<minor>` versions, for Kubernetes and Gardener alike.

use std::{fmt, str::FromStr};

/// Versions `1.<from>` to `1.<until>`, both ends included; a missing end is open.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct VersionRange {
    /// The oldest minor.
    pub from: Option<u16>,
    /// The newest minor.
    pub until: Option<u16>,
}

/// The Kubernetes minors that a scenario may speak of.
pub const KUBERNETES: VersionRange = VersionRange { from: Some(20), until: Some(37) };
/// The Gardener releases that a scenario may speak of: those that have the webhook.
pub const GARDENER: VersionRange = VersionRange { from: Some(54), until: Some(149) };

impl VersionRange {
    /// The versions that are in both ranges; nothing where there is none.
    pub(crate) fn intersection(self, other: Self) -> Option<Self> {
        let from = self.from.max(other.from);
        let until = match (self.until, other.until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let is_empty = from.zip(until).is_some_and(|(from, until)| from > until);
        if is_empty { None } else { Some(Self { from, until }) }
    }

    /// The ends that it names.
    pub(crate) fn ends(self) -> impl Iterator<Item = u16> {
        self.from.into_iter().chain(self.until)
    }

    /// Whether `1.minor` is one of them.
    pub fn contains(&self, minor: u16) -> bool {
        self.from.is_none_or(|from| from <= minor) && self.until.is_none_or(|until| minor <= until)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.until) {
            (Some(from), Some(until)) if from == until => write!(formatter, "1.{from}"),
            (from, until) => {
                from.map_or(Ok(()), |from| write!(formatter, "1.{from}"))?;
                formatter.write_str("..")?;
                until.map_or(Ok(()), |until| write!(formatter, "1.{until}"))
            }
        }
    }
}

/// A text that is no range of versions.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse version range `{text}`: {problem}")]
pub struct VersionRangeError {
    text: String,
    /// What is wrong, to stand alone.
    pub(crate) problem: &'static str,
}

/// The minor of `1.24` or `v1.24`.
pub(crate) fn parse_minor(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("1.")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

impl FromStr for VersionRange {
    type Err = VersionRangeError;

    /// Reads `1.25..`, `..1.24`, `1.22..1.24` and `1.24`.
    fn from_str(text: &str) -> Result<Self, VersionRangeError> {
        let error = |problem| VersionRangeError { text: text.to_owned(), problem };
        let end = |part: &str| parse_minor(part).ok_or_else(|| error("a version is written `1.24`"));
        let Some((from, until)) = text.split_once("..") else {
            let only = end(text)?;
            return Ok(Self { from: Some(only), until: Some(only) });
        };
        let optional = |part: &str| if part.is_empty() { Ok(None) } else { end(part).map(Some) };
        let range = Self { from: optional(from)?, until: optional(until)? };
        match (range.from, range.until) {
            (None, None) => Err(error("a range has at least one end")),
            (Some(from), Some(until)) if from > until => {
                Err(error("the range is empty: its ends are the wrong way round"))
            }
            _ => Ok(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::open_end("1.25..", Some(25), None)]
    #[case::open_start("..1.24", None, Some(24))]
    #[case::both("1.22..1.24", Some(22), Some(24))]
    #[case::one("1.149", Some(149), Some(149))]
    fn reads_and_writes_a_range(#[case] text: &str, #[case] from: Option<u16>, #[case] until: Option<u16>) {
        let range: VersionRange = text.parse().unwrap();
        assert_eq!(range, VersionRange { from, until });
        assert_eq!(range.to_string(), text);
    }

    #[rstest]
    fn rejects_what_is_no_range(
        #[values("", "..", "1.24..1.22", "24", "1.", "1.024", "1.24.1", "1.99999999", "2.24", "1.24...", "v1.24")]
        text: &str,
    ) {
        assert!(text.parse::<VersionRange>().is_err(), "{text}");
    }
}
