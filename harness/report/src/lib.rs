//! Folds the events of a run into reports.
//!
//! ```text
//! Event -> Progress                     while the run goes on, on a terminal
//! Event -> Run -> render_text           for people
//!             \-> Document              for programs
//! ```
//!
//! A [`Run`] can be reported at any moment, so that a run which was interrupted has a report too. Nothing here writes to
//! a stream but [`Progress`].

mod document;
mod fold;
mod progress;
mod ranges;
mod text;
mod version;
mod yaml;

pub use document::{Document, DocumentError, Problem, ProblemKind, RunResult, SCHEMA_VERSION, Truth};
pub use fold::{Finding, RanCase, Run, RunVerdict, ScenarioFold};
pub use progress::Progress;
pub use ranges::{minor_ranges, release_ranges};
pub use text::{TextOptions, render_text};
