//! When a registration is in force on a real API server, which learns of it by a watch.
//!
//! One more registration, the beacon, is changed after it: when the beacon's new address is called, all that was written
//! before is known too, since one watch tells of both in their order.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    FidelityError,
    webhooks::{BEACON, Webhooks},
};
use crate::{
    api::{Api, Call, expect_success},
    cluster::ClusterError,
};

/// How often it is looked whether a beacon is seen.
const INTERVAL: Duration = Duration::from_millis(2);
/// How long an API server may take to learn of a registration: one whose watch broke waits longer each time before it
/// watches again, up to a minute.
const LIMIT: Duration = Duration::from_secs(90);
/// Where the beacons' own requests go; no case is there.
pub(super) const NAMESPACE: &str = "fidelity-beacon";

/// A kind of registration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Mutating,
    Validating,
}

impl Kind {
    const fn resource(self) -> &'static str {
        match self {
            Self::Mutating => "mutatingwebhookconfigurations",
            Self::Validating => "validatingwebhookconfigurations",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Mutating => "MutatingWebhookConfiguration",
            Self::Validating => "ValidatingWebhookConfiguration",
        }
    }

    /// What the beacon is asked about: not the same for both, since the first one refuses what it sees.
    const fn watched(self) -> (&'static str, &'static str) {
        match self {
            Self::Mutating => ("configmaps", "ConfigMap"),
            Self::Validating => ("secrets", "Secret"),
        }
    }
}

/// The beacons of one session.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    turn: usize,
}

impl Registrations {
    /// The kind of registration that a path is about.
    pub(super) fn kind(path: &str) -> Option<Kind> {
        [Kind::Mutating, Kind::Validating].into_iter().find(|kind| path.contains(kind.resource()))
    }

    /// Waits until the API server acts on all registrations that were written.
    pub(super) async fn sync(&mut self, api: &Api, webhooks: &Webhooks, kind: Kind) -> Result<(), FidelityError> {
        self.turn += 1;
        let drawn = format!("{}-{}-{}", kind.resource(), std::process::id(), next());
        self.write(api, webhooks, kind, &drawn).await?;
        let (resource, object_kind) = kind.watched();
        let probe = json!({"apiVersion": "v1", "kind": object_kind, "metadata": {"name": "probe"}});
        let looking = async {
            let mut interval = tokio::time::interval(INTERVAL);
            loop {
                let path = format!("/api/v1/namespaces/{NAMESPACE}/{resource}");
                api.call(Call::post(path, probe.clone()).with("dryRun", "All")).await?;
                if webhooks.saw_beacon(&drawn) {
                    return Ok(());
                }
                interval.tick().await;
            }
        };
        let seen = tokio::time::timeout(LIMIT, looking).await;
        seen.unwrap_or_else(|_| Err(FidelityError::NotSeen { path: kind.resource().to_owned() }))
    }

    async fn write(&self, api: &Api, webhooks: &Webhooks, kind: Kind, drawn: &str) -> Result<(), FidelityError> {
        let collection = format!("/apis/admissionregistration.k8s.io/v1/{}", kind.resource());
        let path = format!("{collection}/0-fidelity-beacon");
        let url = format!("{}{BEACON}{drawn}", webhooks.url());
        let client = json!({"url": url, "caBundle": webhooks.ca_bundle()});
        let patch = json!([{"op": "add", "path": "/webhooks/0/clientConfig", "value": client}]);
        let patched = api.call(Call::patch(path, "application/json-patch+json", patch)).await?;
        if patched.is_success() {
            return Ok(());
        }
        let created = api.call(Call::post(collection, beacon(kind, &client))).await?;
        expect_success(|| "register a beacon".to_owned(), created).map_err(ClusterError::from)?;
        Ok(())
    }
}

fn beacon(kind: Kind, client: &Value) -> Value {
    let rule = json!({
        "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": [kind.watched().0],
    });
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind.kind(),
        "metadata": {"name": "0-fidelity-beacon"},
        "webhooks": [{
            "name": "beacon.seccomp-harness.test", "clientConfig": client, "rules": [rule], "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
        }],
    })
}

/// A number that this process has not drawn before.
fn next() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
