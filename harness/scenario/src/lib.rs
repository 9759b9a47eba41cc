//! The scenario language: files, requirements, diagnostics and schema.
//!
//! A file becomes a [`Scenario`]; each combination of its parameters becomes an [`Instance`] of it, which says what is
//! given, which API calls are made and what must hold. An [`Expectation`] knows the place in the file it was read from.
//!
//! Reading goes in one direction: text -> YAML with places -> parameters filled in -> shape checked by the schema, names
//! and ranges checked by hand -> decoded -> [`Scenario`]. All that is wrong with a file is told at once, as
//! [`ScenarioErrors`].

mod check;
mod configuration;
mod diagnostic;
mod file;
mod model;
mod object;
mod parameters;
pub mod partial;
mod read;
mod reference;
mod requirement;
mod schema;
mod shape;
mod suite;
mod yaml;

pub use configuration::{Configuration, schema_of};
pub use diagnostic::{ScenarioError, ScenarioErrors};
pub use model::{
    Instance, Scenario,
    claim::{Claim, ContainerState, Expectation, Profile, ProfileError, Rejection, SkipReason, Subject},
    given::{Given, Namespace, Node},
    location::Location,
    range::{GARDENER, KUBERNETES, VersionRange, VersionRangeError},
    step::{Action, PatchType, Step, pod_template_path},
};
pub use object::read_object;
pub use reference::reference;
pub use requirement::{Requirement, Requirements};
pub use schema::{schema, schema_text};
pub use suite::{Suite, SuiteError};
