//! What does not hold, in a document.

use std::fmt::Write as _;

use schemars::JsonSchema;
use seccomp_conformance::Failure;
use serde::{Deserialize, Serialize};

/// One thing that does not hold.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum FailureDocument {
    /// An expectation of the scenario's `then`.
    Expectation {
        /// The scenario's file.
        file: String,
        /// The expectation's line, from 1.
        line: usize,
        /// The name of the answer that it speaks of.
        of: String,
        /// What is expected of what.
        subject: String,
        /// What the scenario says.
        expected: String,
        /// What was seen.
        actual: String,
    },
    /// The snapshot says something else.
    SnapshotDiffered {
        /// The snapshot's file, below the snapshots' folder.
        file: String,
        /// The heading of the section.
        section: String,
        /// What differs.
        diff: String,
    },
    /// There is no snapshot yet.
    SnapshotMissing {
        /// The snapshot's file as it would be.
        file: String,
        /// The heading of the section.
        section: String,
    },
    /// The webhook's own record and its registration contradict each other.
    InvocationContradicted {
        /// The step.
        step: String,
        /// What the registration says.
        registration: String,
        /// What the webhook recorded.
        recorded: String,
    },
    /// The case could not be run to its end.
    Infrastructure {
        /// What failed, with its causes.
        message: String,
    },
}

impl From<&Failure> for FailureDocument {
    fn from(failure: &Failure) -> Self {
        match failure.clone() {
            Failure::Expectation { file, line, of, subject, expected, actual } => {
                Self::Expectation { file: file.into(), line, of, subject, expected, actual }
            }
            Failure::SnapshotDiffered { file, section, diff } => {
                Self::SnapshotDiffered { file: file.into(), section, diff }
            }
            Failure::SnapshotMissing { file, section } => Self::SnapshotMissing { file: file.into(), section },
            Failure::InvocationContradicted { step, registration, recorded } => {
                Self::InvocationContradicted { step, registration, recorded }
            }
            Failure::Infrastructure { message } => Self::Infrastructure { message },
        }
    }
}

impl FailureDocument {
    /// The kind of failure, as consumers group by it.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Expectation { .. } => "expectation",
            Self::SnapshotDiffered { .. } => "snapshot",
            Self::SnapshotMissing { .. } => "snapshot-pending",
            Self::InvocationContradicted { .. } => "invocation",
            Self::Infrastructure { .. } => "infrastructure",
        }
    }

    /// What does not hold, in a line.
    pub(crate) fn headline(&self) -> String {
        match self {
            Self::Expectation { of, subject, expected, actual, .. } => {
                format!("{of}: {subject} must be {expected}, and is {actual}")
            }
            Self::SnapshotDiffered { file, .. } => format!("the snapshot says something else: {file}"),
            Self::SnapshotMissing { file, .. } => format!("there is no snapshot yet: {file}"),
            Self::InvocationContradicted { step, .. } => {
                format!("{step}: the webhook's registration and its own record contradict each other")
            }
            Self::Infrastructure { message } => {
                format!("the case could not be run: {}", message.lines().next().unwrap_or_default())
            }
        }
    }

    /// The file and line that it is about, below the folder that the run was started in; of a snapshot nothing, since
    /// it is named below another folder.
    pub(crate) fn place(&self) -> Option<(&str, usize)> {
        match self {
            Self::Expectation { file, line, .. } => Some((file, *line)),
            _ => None,
        }
    }

    /// What does not hold, in as many lines as it takes.
    pub(crate) fn text(&self) -> String {
        let mut text = self.headline();
        match self {
            Self::Expectation { file, line, .. } => {
                let _ = write!(text, "\n  at {file}:{line}");
            }
            Self::SnapshotDiffered { section, diff, .. } => {
                let _ = write!(text, "{}\n{}", of_section(section), diff.trim_end());
            }
            Self::SnapshotMissing { section, .. } => text.push_str(&of_section(section)),
            Self::InvocationContradicted { registration, recorded, .. } => {
                let _ = write!(text, "\n  registration: {registration}\n  recorded:     {recorded}");
            }
            Self::Infrastructure { message } => {
                text.extend(message.lines().skip(1).flat_map(|line| ["\n  ", line]));
            }
        }
        text
    }
}

fn of_section(section: &str) -> String {
    if section.is_empty() { String::new() } else { format!(" ({section})") }
}
