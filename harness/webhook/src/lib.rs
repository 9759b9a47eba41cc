//! Gardener's seccomp-profile webhook: the documented decision, its HTTPS server and Gardener's registrations by release.
//!
//! ```text
//! bytes -> request -> decide -> patch -> review -> bytes      a pure path; server puts HTTPS around it
//! release -> registration                                      what gardenlet writes, and what it selects
//! mutant                                                       the same, broken on purpose
//! upstream                                                     somebody else's webhook behind the server, recorded
//! deployment                                                   what puts a webhook into a cluster
//! ```
//!
//! A Pod is never decoded: the decision looks at one path of the JSON, and the patch touches that path alone.

mod behaviour;
mod certificate;
mod decide;
mod deployment;
mod metrics;
mod mutant;
mod patch;
mod record;
mod registration;
mod release;
mod request;
mod review;
mod selector;
mod server;
mod upstream;

pub use behaviour::{
    APP_LABEL, NAMESPACE_NAME_LABEL, PURPOSE_LABEL, RESOURCE_MANAGER, ROLE_LABEL, SKIP_LABEL, STATIC_POD_LABEL,
};
pub use certificate::{CertificateError, CertificateFiles, Reload, ReloadingCertificate, ServingCertificate};
pub use decide::{Decision, Handler, Outcome, decide};
pub use deployment::{Deployment, ForeignWebhook, ProgramPorts, ResourceManagerProgram};
pub use metrics::Metrics;
pub use mutant::{Mutant, MutantError};
pub use record::{Record, Recorder};
pub use registration::{CONFIGURATION_NAME, Match, Registration, RequestFacts, Target, WEBHOOK_NAME, WEBHOOK_PATH};
pub use release::{GardenerRelease, GardenerReleaseError};
pub use request::{AdmissionRequest, PodView};
pub use review::{Answer, ReviewVersion, Reviewer};
pub use selector::{LabelSelector, Labels, Operator, Requirement};
pub use server::{Bound, Running, ServerError, WebhookRequest};
pub use upstream::{Upstream, UpstreamError};
