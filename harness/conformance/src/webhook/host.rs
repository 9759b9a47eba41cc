//! A webhook that answers: in this process, or somewhere an API server reaches it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use camino::Utf8PathBuf;
use seccomp_webhook::{
    CertificateError, GardenerRelease, Mutant, Recorder, Registration, Reviewer, Running, ServerError,
    ServingCertificate, Target, Upstream, WebhookRequest,
};

use super::{
    deployed::{Deployed, Deployer},
    program::{Launched, Launcher},
    review,
};
use crate::{
    api::{ApiError, Refused},
    cluster::ClusterError,
    outcome::Review,
};

/// A webhook that cannot be started, or whose record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HostError {
    #[error("start the webhook")]
    Start(#[from] ServerError),
    #[error("make the webhook's certificate")]
    Certificate(#[source] Box<CertificateError>),
    #[error("start Gardener's program")]
    Launch(#[source] Box<ClusterError>),
    #[error("call the API server")]
    Api(#[from] ApiError),
    #[error("deploy the webhook")]
    Deploy(#[source] Refused),
    #[error("see `{what}` ready within {} s: {last}", limit.as_secs())]
    NotReady { what: String, limit: Duration, last: String },
    #[error("prove what the webhook was asked")]
    Records(#[source] Refused),
    #[error("read the records of the webhook")]
    Unreadable(#[source] serde_json::Error),
}

/// A webhook that answers; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Host {
    place: Place,
    target: Target,
    ca_bundle: String,
    mutant: Option<Mutant>,
}

/// Where it runs.
#[derive(Debug)]
pub(super) enum Place {
    /// In this process, reached by URL; it may stand in front of a program of this machine, which ends with it.
    Local { running: Running, recorder: Arc<Recorder>, behind: Option<Launched> },
    /// In the cluster.
    Deployed(Deployed),
}

impl Host {
    pub(super) fn new(place: Place, target: Target, ca_bundle: String, mutant: Option<Mutant>) -> Self {
        Self { place, target, ca_bundle, mutant }
    }

    /// Gardener's registration of it, as `release` writes it.
    pub(crate) fn registration(&self, release: GardenerRelease) -> Option<Registration> {
        let registration = Registration::of(release, true, self.target.clone(), self.ca_bundle.as_str())?;
        Some(match self.mutant {
            Some(mutant) => registration.with_mutant(mutant),
            None => registration,
        })
    }

    /// The address that it is registered by; empty where it is a Service.
    pub(crate) fn url(&self) -> &str {
        match &self.target {
            Target::Url(url) => url,
            Target::Service { .. } => "",
        }
    }

    /// Turns the gate on or off, where the webhook knows it: without it, the webhook's path is not found.
    pub(crate) fn set_gate(&self, gate: bool) {
        match &self.place {
            Place::Local { running, .. } => running.set_gate(gate),
            // There, the gate is the registration.
            Place::Deployed(_) => {}
        }
    }

    /// Takes out what it was asked about objects in `namespace` since the last time, and what it said.
    pub(crate) async fn take(&self, namespace: &str) -> Result<Vec<Review>, HostError> {
        match &self.place {
            Place::Local { recorder, .. } => Ok(recorder.take(namespace).into_iter().map(review).collect()),
            Place::Deployed(deployed) => deployed.take(namespace).await,
        }
    }

    /// The file that what is behind it logs to, where it is on this machine.
    pub(crate) fn log_file(&self) -> Option<Utf8PathBuf> {
        match &self.place {
            Place::Local { behind, .. } => behind.as_ref().map(|launched| launched.log().to_owned()),
            Place::Deployed(_) => None,
        }
    }

    /// What it logged, by the name of what logged it; nothing where it logs with the harness.
    pub(crate) async fn logs(&self) -> Vec<(String, String)> {
        match &self.place {
            Place::Local { .. } => Vec::new(),
            Place::Deployed(deployed) => deployed.logs().await,
        }
    }
}

/// Where the webhooks of a cluster come from.
#[derive(Debug)]
pub(crate) enum Webhooks {
    /// They run in this process.
    Local(Arc<LocalWebhooks>),
    /// They are programs of this machine.
    Launched(Launcher),
    /// They run in the cluster.
    Deployed(Deployer),
}

impl Webhooks {
    /// Whether one webhook serves both releases.
    pub(super) fn is_alike(&self, one: GardenerRelease, other: GardenerRelease) -> bool {
        match self {
            Self::Local(_) => one.handler() == other.handler(),
            Self::Launched(_) => one == other,
            Self::Deployed(deployer) => deployer.is_alike(one, other),
        }
    }

    /// What was put into the cluster for them, by its paths in the order of creation.
    pub(super) fn created(&self) -> Vec<String> {
        match self {
            Self::Local(_) => Vec::new(),
            Self::Launched(launcher) => launcher.created(),
            Self::Deployed(deployer) => deployer.created(),
        }
    }

    /// Starts the webhook as it behaves in `release`, and waits until it answers.
    pub(super) async fn start(&self, release: GardenerRelease) -> Result<Host, HostError> {
        match self {
            Self::Local(webhooks) => webhooks.start(release),
            Self::Launched(launcher) => launcher.start(release).await,
            Self::Deployed(deployer) => deployer.start(release).await,
        }
    }
}

/// Webhooks that are reached in this process, our own or in front of another one; they share a certificate, since keys and
/// certificates cost more than a case.
#[derive(Debug)]
pub(crate) struct LocalWebhooks {
    /// Where API servers find them.
    address: IpAddr,
    certificate: ServingCertificate,
    mutant: Option<Mutant>,
    upstream: Option<Upstream>,
}

impl LocalWebhooks {
    /// Our own, broken in one way; or where there is an `upstream`, recording servers in front of it.
    pub(crate) fn new(mutant: Option<Mutant>, upstream: Option<Upstream>) -> Result<Self, CertificateError> {
        Self::at(Ipv4Addr::LOCALHOST.into(), mutant, upstream)
    }

    /// The same at another address of this machine.
    pub(crate) fn at(
        address: IpAddr,
        mutant: Option<Mutant>,
        upstream: Option<Upstream>,
    ) -> Result<Self, CertificateError> {
        Ok(Self { address, certificate: ServingCertificate::for_run([address.to_string()])?, mutant, upstream })
    }

    /// Starts the webhook as it behaves in `release`.
    pub(crate) fn start(&self, release: GardenerRelease) -> Result<Host, HostError> {
        if let Some(upstream) = &self.upstream {
            return self.start_in_front_of(upstream.clone(), None);
        }
        let reviewer = Reviewer { handler: release.handler(), mutant: self.mutant };
        self.serve(self.request().with_reviewer(reviewer), None)
    }

    /// Starts a server that records what `upstream` is asked and says; what is `behind` it ends with it.
    pub(super) fn start_in_front_of(&self, upstream: Upstream, behind: Option<Launched>) -> Result<Host, HostError> {
        self.serve(self.request().with_upstream(upstream), behind)
    }

    fn request(&self) -> WebhookRequest {
        WebhookRequest::new(self.certificate.server_config())
    }

    fn serve(&self, request: WebhookRequest, behind: Option<Launched>) -> Result<Host, HostError> {
        let recorder = Arc::new(Recorder::default());
        let running = request.with_recorder(Arc::clone(&recorder)).bind(SocketAddr::from((self.address, 0)))?.serve();
        Ok(Host {
            target: Target::Url(running.url()),
            place: Place::Local { running, recorder, behind },
            ca_bundle: self.certificate.ca_bundle().to_owned(),
            mutant: self.mutant,
        })
    }
}
