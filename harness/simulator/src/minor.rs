//! The one table of what differs by Kubernetes minor; nobody else compares versions.
//!
//! A row is a [`ByMinor`]: a value from a minor on, with where that was read. The rows stand in the files below this
//! one, by subject.

pub(crate) mod admission;
pub(crate) mod api;
pub(crate) mod fields;
pub(crate) mod gated_fields;
pub(crate) mod node;
pub(crate) mod patch;
pub(crate) mod pod;
pub(crate) mod resource;
pub(crate) mod unmodelled;
pub(crate) mod validation;

use std::{fmt, str::FromStr};

/// A Kubernetes minor version, `1.20` to `1.37`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Minor(u8);

/// The oldest minor that is modelled.
const OLDEST: u8 = 20;
/// The newest minor that is modelled.
const NEWEST: u8 = 37;

impl Minor {
    /// The oldest minor that is modelled.
    pub const OLDEST: Self = Self(OLDEST);
    /// The newest minor that is modelled.
    pub const NEWEST: Self = Self(NEWEST);

    /// `1.minor`, or nothing when it is not modelled.
    pub const fn new(minor: u8) -> Option<Self> {
        if minor >= OLDEST && minor <= NEWEST { Some(Self(minor)) } else { None }
    }

    /// Every minor that is modelled, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (OLDEST..=NEWEST).map(Self)
    }

    /// The number after the dot.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.0)
    }
}

/// A text that names no modelled Kubernetes minor.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse Kubernetes minor `{text}`: expected 1.{OLDEST} to 1.{NEWEST}")]
pub struct MinorError {
    text: String,
}

impl FromStr for Minor {
    type Err = MinorError;

    /// Reads `1.24`, `v1.24` and `v1.24.17`.
    fn from_str(text: &str) -> Result<Self, MinorError> {
        let error = || MinorError { text: text.to_owned() };
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let (Some("1"), Some(minor)) = (parts.next(), parts.next()) else {
            return Err(error());
        };
        if parts.next().is_some_and(|patch| patch.parse::<u16>().is_err()) || parts.next().is_some() {
            return Err(error());
        }
        minor.parse().ok().and_then(Self::new).ok_or_else(error)
    }
}

/// What holds from a minor on, until the next entry.
///
/// Built by [`ByMinor::new`] from entries in rising order; the first holds for the oldest minor too. `source` says where
/// each change was read.
#[derive(Debug)]
pub(crate) struct ByMinor<T: 'static> {
    entries: &'static [(u8, T, &'static str)],
}

impl<T> ByMinor<T> {
    /// A row of `(since, value, source)`, oldest first.
    pub(crate) const fn new(entries: &'static [(u8, T, &'static str)]) -> Self {
        assert!(!entries.is_empty(), "a row holds for the oldest minor at least");
        Self { entries }
    }

    /// What holds at `minor`.
    pub(crate) fn at(&self, minor: Minor) -> &'static T {
        let later = self.entries.iter().rposition(|(since, _, _)| *since <= minor.0).unwrap_or(0);
        &self.entries[later].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_minor_with_and_without_patch() {
        assert_eq!("1.24".parse::<Minor>().map(Minor::number), Ok(24));
        assert_eq!("v1.24.17".parse::<Minor>().map(Minor::number), Ok(24));
        assert!("1.19".parse::<Minor>().is_err());
        assert!("1.24.x".parse::<Minor>().is_err());
    }

    #[test]
    fn a_row_holds_until_the_next_one() {
        static ROW: ByMinor<&str> = ByMinor::new(&[(20, "old", "test"), (25, "new", "test")]);
        assert_eq!(*ROW.at(Minor(24)), "old");
        assert_eq!(*ROW.at(Minor(25)), "new");
        assert_eq!(*ROW.at(Minor::NEWEST), "new");
    }
}
