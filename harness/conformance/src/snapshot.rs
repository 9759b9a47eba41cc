//! Snapshots: everything that was seen of a scenario, reviewed, and compared with what is seen.
//!
//! `snapshots/<area>/<scenario>@<since>.snap` in insta's own format. The one that holds for a minor is the one with the
//! greatest `since` not above it, so that the difference between two files is a change of behaviour. Within a file,
//! parameters, Gardener releases and nodes are sections.

pub(crate) mod book;
mod diff;
mod file;
pub(crate) mod mask;
pub(crate) mod platform;
mod render;
pub(crate) mod section;
pub(crate) mod text;

pub use book::{SnapshotMode, accept, reject};

pub(crate) use book::{SnapshotBook, Universe};
pub(crate) use mask::{Masks, Moment};
pub(crate) use platform::PlatformParts;
pub(crate) use section::{SectionKind, Texts, Variation};
