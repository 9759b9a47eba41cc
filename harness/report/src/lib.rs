//! Folds the events of a run into reports.
//!
//! ```text
//! Event -> Progress                     while the run goes on, on a terminal
//! Event -> Run -> render_text           for people
//!             \-> Document              for programs
//!                   -> render_junit     for CI systems
//!                   -> render_markdown, github_annotations
//!                   -> merge            shards become the whole again
//!                   -> judge            by a Policy: is it enough for a release?
//! ```
//!
//! A [`Run`] can be reported at any moment, so that a run which was interrupted has a report too. Nothing here writes to
//! a stream but [`Progress`].

mod annotations;
mod command;
mod cut;
mod document;
mod fold;
mod gate;
mod junit;
mod markdown;
mod merge;
mod policy;
mod progress;
mod ranges;
mod text;
mod version;
mod waiver;
mod yaml;

pub use annotations::github_annotations;
pub use document::{Document, DocumentError, Problem, ProblemKind, RunResult, SCHEMA_VERSION, Truth};
pub use fold::{Finding, RanCase, Run, RunVerdict, ScenarioFold};
pub use gate::{Judgement, NamedReport, judge};
pub use junit::{JunitError, JunitFlavor, JunitOptions, render_junit};
pub use markdown::render_markdown;
pub use merge::{MergeError, merge};
pub use policy::{Catalogue, Policy};
pub use progress::Progress;
pub use ranges::{minor_ranges, release_ranges};
pub use text::{TextOptions, render_text};
pub use waiver::Waiver;
