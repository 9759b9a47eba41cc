//! Label selectors, as the API server evaluates them, with the requirement that decided.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// The labels of an object or of a namespace.
pub type Labels = BTreeMap<String, String>;

/// How a requirement compares.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is absent.
    NotIn,
    /// The label is there, whatever its value.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// One `matchExpressions` entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Requirement {
    /// The label's key.
    pub key: &'static str,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with; empty for `Exists` and `DoesNotExist`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub values: &'static [&'static str],
}

impl Requirement {
    /// Whether `labels` satisfy it.
    ///
    /// # Source
    /// kubernetes v1.36 `apimachinery/pkg/labels/selector.go` `Requirement.Matches`
    pub fn is_met_by(&self, labels: &Labels) -> bool {
        let value = labels.get(self.key).map(String::as_str);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(&value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(&value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl fmt::Display for Requirement {
    /// `key NotIn [a, b]`, `key DoesNotExist`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.key, self.operator)?;
        if self.values.is_empty() { Ok(()) } else { write!(formatter, " [{}]", self.values.join(", ")) }
    }
}

/// A label selector; without requirements it selects everything.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// All of these must be met.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

impl LabelSelector {
    pub(crate) fn new(match_expressions: impl Into<Vec<Requirement>>) -> Self {
        Self { match_expressions: match_expressions.into() }
    }

    /// The first requirement that `labels` do not meet.
    pub fn unmet(&self, labels: &Labels) -> Option<&Requirement> {
        self.match_expressions.iter().find(|requirement| !requirement.is_met_by(labels))
    }

    /// Takes out what is said about `key`.
    pub(crate) fn forget(&mut self, key: &str) {
        self.match_expressions.retain(|requirement| requirement.key != key);
    }
}
