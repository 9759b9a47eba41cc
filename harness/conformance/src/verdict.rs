//! Whether a case holds, and everything that does not.

use camino::Utf8PathBuf;

/// The verdict on a case: expectations and snapshot both hold, or everything that does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Everything that does not hold: what execution itself saw, then expectations, then snapshots.
    pub failures: Vec<Failure>,
}

/// A verdict in one word, from best to worst.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// All expectations and the snapshot hold.
    Passed,
    /// All expectations hold, and there is no reviewed snapshot yet.
    Pending,
    /// An expectation or the snapshot does not hold.
    Failed,
    /// The case could not be run to its end.
    Broken,
}

impl Verdict {
    /// The verdict in one word.
    pub fn status(&self) -> Status {
        self.failures.iter().map(Failure::status).max().unwrap_or(Status::Passed)
    }

    /// Whether everything holds.
    pub fn is_passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// An expectation of the scenario's `then`.
    Expectation {
        /// The scenario's file, as it was named when it was read.
        file: Utf8PathBuf,
        /// The expectation's line, from 1.
        line: usize,
        /// The name of the answer that it speaks of.
        of: String,
        /// What is expected of what: `containers.main`, `admitted`, `mutated`.
        subject: String,
        /// What the scenario says.
        expected: String,
        /// What was seen.
        actual: String,
    },
    /// The snapshot says something else.
    SnapshotDiffered {
        /// The snapshot's file, below the snapshots' folder.
        file: Utf8PathBuf,
        /// The heading of the section, empty where the snapshot has one only.
        section: String,
        /// What differs, object by object and path by path: a unified diff of the two renderings.
        diff: String,
    },
    /// There is no snapshot for this case yet.
    SnapshotMissing {
        /// The snapshot's file as it would be, below the snapshots' folder.
        file: Utf8PathBuf,
        /// The heading of the section.
        section: String,
    },
    /// The webhook's own record and its registration contradict each other.
    InvocationContradicted {
        /// The step, as `then` names it or by its object.
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

impl Failure {
    /// How bad this failure alone is.
    pub const fn status(&self) -> Status {
        match self {
            Self::SnapshotMissing { .. } => Status::Pending,
            Self::Expectation { .. } | Self::SnapshotDiffered { .. } | Self::InvocationContradicted { .. } => {
                Status::Failed
            }
            Self::Infrastructure { .. } => Status::Broken,
        }
    }
}
