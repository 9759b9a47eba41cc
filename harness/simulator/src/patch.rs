//! The ways to say what shall change in an object: JSON patch, merge patch, strategic merge patch.

pub(crate) mod json;
mod pointer;

/// Why a patch changes nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PatchError {
    /// The text is no patch; in the words of Go's decoder.
    #[error("{0}")]
    Undecodable(String),
    /// The patch does not fit the object; in the words of the library that applies it.
    #[error("{0}")]
    DoesNotApply(String),
}
