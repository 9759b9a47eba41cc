//! The scenario language: files, requirements, diagnostics and schema.
//!
//! A file becomes a [`Scenario`]; each combination of its parameters becomes an [`Instance`] of it, which says what is
//! given, which API calls are made and what must hold. An [`Expectation`] knows the place in the file it was read from.

mod model;
pub mod partial;

pub use model::{
    Instance, Scenario,
    claim::{Claim, ContainerState, Expectation, Profile, Rejection, SkipReason},
    given::{Given, Namespace, Node},
    location::Location,
    range::VersionRange,
    step::{Action, PatchType, Step},
};
