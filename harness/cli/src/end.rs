//! How a command ended, and the exit code that says so.

use std::process::ExitCode;

use crate::signals::Signal;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// All that was asked for was done, and everything that was checked holds.
    Passed,
    /// At least one scenario failed, or a check of files did.
    Failed,
    /// The command line, the configuration or a scenario file is wrong.
    Usage,
    /// What the command needs from this machine was not there or broke.
    Infrastructure,
    /// The selection names no case.
    NothingSelected,
    /// All that was demanded holds or is waived, and nothing was to be waived.
    Waived,
    /// Every expectation holds, but snapshots wait for a decision.
    SnapshotsPending,
    /// Something is there that should be gone.
    LeftBehind,
    /// A signal ended the command; what it had made is removed.
    Interrupted(Signal),
}

impl End {
    /// The exit code, as `README.md` lists them.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Infrastructure => 3,
            Self::NothingSelected => 4,
            Self::Waived => 5,
            Self::SnapshotsPending => 6,
            Self::LeftBehind => 7,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end.code())
    }
}
