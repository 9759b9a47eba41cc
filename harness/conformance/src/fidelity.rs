//! The simulator against real API servers: the same requests to both, and everything that differs.
//!
//! ```text
//! seed -> generate -> case -> side (real)      -> exchanges -+
//!                       |                                    +-> compare -> difference -> shrink -> recorded case
//!                       +---> side (simulated) -> exchanges -+         |
//!                                                                      +-> none, or listed -> certificate
//! ```
//!
//! An exchange is all that can be seen of a request: status code, body, warnings, and what webhooks were asked. What an API
//! server draws is replaced by name, see `names`; nothing else is left out.

mod case;
mod certificate;
mod compare;
mod driver;
mod generate;
mod listed;
mod names;
mod order;
mod random;
mod recorded;
mod recorder;
mod registered;
mod scenarios;
mod shrink;
mod side;
mod webhooks;

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use kube_simulator::Minor;

pub use self::{
    case::Stage,
    certificate::{Certificate, Proven, StageCounts},
    driver::{Found, Progress, Verified, VerifyOptions, verify},
    listed::{Listed, ListedDifferences},
    recorded::{Recorded, RecordedError, replay},
};
use crate::{api::ApiError, cluster::ClusterError, plan::PlanError};

/// A verification that could not be made; a difference is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FidelityError {
    /// The rules of what is generated cannot be read.
    #[error("read the generator's rules")]
    Grammar(#[source] serde_json::Error),
    /// A webhook's port cannot be listened on.
    #[error("listen on loopback")]
    Listen(#[source] io::Error),
    /// The webhooks' certificate cannot be made.
    #[error("make the webhooks' certificate")]
    Certificate(#[from] seccomp_webhook::CertificateError),
    /// A request cannot be written.
    #[error("write a request")]
    Request(#[source] http::Error),
    /// A request got no answer.
    #[error("send a request to `{path}`")]
    Send {
        /// Its path.
        path: String,
        /// Why.
        #[source]
        source: Box<kube::Error>,
    },
    /// An API server does not come to know what was written.
    #[error("see `{path}` in the API server's caches")]
    NotSeen {
        /// What was written.
        path: String,
    },
    /// A side does not end a case.
    #[error("the {side} API server did not answer a case in time")]
    Silent {
        /// Which one.
        side: &'static str,
    },
    /// A control plane, or a call of the harness's own.
    #[error("use the control plane")]
    Cluster(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A recorded case cannot be written.
    #[error("record `{path}`")]
    Record {
        /// Where.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A recorded case cannot be read to record it anew.
    #[error("record `{path}` anew")]
    Again {
        /// Which one.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: Box<RecordedError>,
    },
    /// No folder has an API server of the minors that are to be compared.
    #[error("there is nothing to compare with: the folders have Kubernetes {}", there.iter().map(Minor::to_string).collect::<Vec<_>>().join(", "))]
    NothingSelected {
        /// The minors of the folders.
        there: Vec<Minor>,
    },
    /// The scenarios cannot be planned.
    #[error("plan the scenarios")]
    Plan(#[source] PlanError),
}

impl FidelityError {
    fn send(path: &str) -> impl FnOnce(kube::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Send { path, source: Box::new(source) }
    }
}

impl FidelityError {
    fn record(path: &Utf8Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Record { path, source }
    }
}

impl From<ApiError> for FidelityError {
    fn from(error: ApiError) -> Self {
        Self::Cluster(Box::new(error))
    }
}

impl From<ClusterError> for FidelityError {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(Box::new(error))
    }
}
