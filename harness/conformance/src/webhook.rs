//! The webhook of one case: a listener of its own, its registration, its record.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use seccomp_scenario::SkipReason;
use seccomp_webhook::{
    CertificateError, GardenerRelease, Match, Mutant, Record, Recorder, Registration, Reviewer, Running, ServerError,
    ServingCertificate, Target, WebhookRequest,
};
use serde_json::Value;

use crate::outcome::Review;

/// What the webhooks of all cases of a run share: made once, since keys and certificates cost more than a case.
#[derive(Debug)]
pub(crate) struct WebhookSetup {
    certificate: ServingCertificate,
    mutant: Option<Mutant>,
}

impl WebhookSetup {
    pub(crate) fn new(mutant: Option<Mutant>) -> Result<Self, CertificateError> {
        Ok(Self { certificate: ServingCertificate::for_run([Ipv4Addr::LOCALHOST.to_string()])?, mutant })
    }

    /// Starts the webhook as it behaves in `release`.
    pub(crate) fn start(&self, release: GardenerRelease) -> Result<CaseWebhook, ServerError> {
        let recorder = Arc::new(Recorder::default());
        let running = WebhookRequest::new(self.certificate.server_config())
            .with_reviewer(Reviewer { handler: release.handler(), mutant: self.mutant })
            .with_recorder(Arc::clone(&recorder))
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?
            .serve();
        Ok(CaseWebhook {
            running,
            recorder,
            release,
            mutant: self.mutant,
            ca_bundle: self.certificate.ca_bundle().to_owned(),
        })
    }
}

/// The webhook of one case; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct CaseWebhook {
    running: Running,
    recorder: Arc<Recorder>,
    release: GardenerRelease,
    mutant: Option<Mutant>,
    ca_bundle: String,
}

impl CaseWebhook {
    /// Gardener's registration of it; nothing while the gate is off.
    pub(crate) fn registration(&self, gate: bool) -> Option<Registration> {
        let target = Target::Url(self.running.url());
        let registration = Registration::of(self.release, gate, target, self.ca_bundle.as_str())?;
        Some(match self.mutant {
            Some(mutant) => registration.with_mutant(mutant),
            None => registration,
        })
    }

    /// The address that it is registered by.
    pub(crate) fn url(&self) -> String {
        self.running.url()
    }

    /// Turns the gate on or off: without it, the webhook's path is not found.
    pub(crate) fn set_gate(&self, gate: bool) {
        self.running.set_gate(gate);
    }

    /// Takes out what it was asked since the last time, and what it said.
    pub(crate) fn drain(&self) -> Vec<Review> {
        self.recorder.drain().into_iter().map(review).collect()
    }
}

fn review(record: Record) -> Review {
    let Record { mut request, mut response, patch, .. } = record;
    let version = request.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut response = response.get_mut("response").map(Value::take).unwrap_or_default();
    if let Some(fields) = response.as_object_mut() {
        // The patch is told as what it is, not in Base64.
        fields.remove("patch");
    }
    Review {
        version,
        request: request.get_mut("request").map(Value::take).unwrap_or_default(),
        allowed: response.get("allowed") == Some(&Value::Bool(true)),
        // A list of patch operations always serialises.
        patch: serde_json::to_value(patch).unwrap_or_default(),
        response,
    }
}

/// What kept the webhook from being asked, as scenarios name it; nothing where nothing did.
pub(crate) fn skip_reason(matched: &Match) -> Option<SkipReason> {
    match matched {
        Match::Selected => None,
        Match::NotRegistered => Some(SkipReason::FeatureGate),
        Match::NamespaceSelector(_) => Some(SkipReason::NamespaceSelector),
        Match::ObjectSelector(_) => Some(SkipReason::ObjectSelector),
        Match::Rule(_) => Some(SkipReason::Rules),
    }
}
