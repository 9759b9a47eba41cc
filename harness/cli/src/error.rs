//! Why a command could not do what it was asked to.

use std::io;

use seccomp_scenario::SuiteError;

use crate::end::End;

/// Why a command could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line or a file that it names is wrong.
    #[error(transparent)]
    Usage(anyhow::Error),
    /// The scenarios cannot be read.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// Something on this machine is missing or broke.
    #[error(transparent)]
    Infrastructure(anyhow::Error),
}

impl Failure {
    /// A wrong command line, as one sentence.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::msg(message.into()))
    }

    /// How a command ends that could not do its work.
    pub(crate) fn end(&self) -> End {
        match self {
            Self::Usage(_) | Self::Suite(_) => End::Usage,
            Self::Infrastructure(_) => End::Infrastructure,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Infrastructure(error.into())
    }
}
