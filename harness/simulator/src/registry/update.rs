//! The update path.
