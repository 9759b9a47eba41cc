//! Kubernetes in this process, one per minor: an API server with admission and storage, and a model of scheduler,
//! kubelet and container runtime.
//!
//! ```text
//! request -> api (route, negotiate, decode) -> registry (defaults, admission, prepare, validate) -> store -> response
//!                                                       |                                             |
//!                                                       v                                             v
//!                                          admission (plug-ins, webhooks over TLS)        controllers, node (kubelet)
//! ```
//!
//! It works on [`serde_json::Value`] and tables of fields by minor, so that it answers as that minor does and not as the
//! types of one client library do. What is not modelled answers 404 or 501 and says so.

mod admission;
mod api;
mod clock;
mod cluster;
mod controllers;
mod digest;
mod field_error;
mod fields;
mod identity;
mod minor;
mod node;
mod object;
mod patch;
#[cfg(test)]
mod recorded;
mod registry;
mod serve;
mod status;
mod store;

pub use api::ApiService;
pub use clock::{Clock, ManualClock, SystemClock};
pub use cluster::{Simulator, SimulatorRequest};
pub use minor::{Minor, MinorError};
pub use node::{ContainerKind, ContainerView, NodeError, NodeProfile, Program, SeccompMode};
pub use serve::{ServeError, Serving};
pub use status::Status;
