//! Where in a file something stands.

use std::ops::Range;

/// A place in a scenario file.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Location {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The text, as bytes of the file.
    pub span: Range<usize>,
}
