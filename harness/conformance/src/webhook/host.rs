//! A webhook that answers: in this process, or somewhere an API server reaches it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use seccomp_webhook::{
    CertificateError, GardenerRelease, Mutant, Recorder, Registration, Reviewer, Running, ServerError,
    ServingCertificate, Target, WebhookRequest,
};

use super::review;
use crate::outcome::Review;

/// A webhook that cannot be started, or whose record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HostError {
    #[error("start the webhook")]
    Start(#[from] ServerError),
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
enum Place {
    /// In this process, reached by URL.
    Local { running: Running, recorder: Arc<Recorder> },
}

impl Host {
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
        }
    }

    /// Takes out what it was asked about objects in `namespace` since the last time, and what it said.
    #[expect(clippy::unused_async, reason = "a webhook outside of this process is asked over the network")]
    pub(crate) async fn take(&self, namespace: &str) -> Result<Vec<Review>, HostError> {
        let records = match &self.place {
            Place::Local { recorder, .. } => recorder.take(namespace),
        };
        Ok(records.into_iter().map(review).collect())
    }
}

/// Our own webhooks in this process; they share a certificate, since keys and certificates cost more than a case.
#[derive(Debug)]
pub(crate) struct LocalWebhooks {
    certificate: ServingCertificate,
    mutant: Option<Mutant>,
}

impl LocalWebhooks {
    pub(crate) fn new(mutant: Option<Mutant>) -> Result<Self, CertificateError> {
        Ok(Self { certificate: ServingCertificate::for_run([Ipv4Addr::LOCALHOST.to_string()])?, mutant })
    }

    /// Starts the webhook as it behaves in `release`.
    pub(crate) fn start(&self, release: GardenerRelease) -> Result<Host, HostError> {
        let recorder = Arc::new(Recorder::default());
        let running = WebhookRequest::new(self.certificate.server_config())
            .with_reviewer(Reviewer { handler: release.handler(), mutant: self.mutant })
            .with_recorder(Arc::clone(&recorder))
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?
            .serve();
        Ok(Host {
            target: Target::Url(running.url()),
            place: Place::Local { running, recorder },
            ca_bundle: self.certificate.ca_bundle().to_owned(),
            mutant: self.mutant,
        })
    }
}
