//! Webhooks under test: where an API server reaches one, what it recorded, and its registration in a cluster.

mod created;
mod deployed;
mod host;
mod program;
mod registrar;

use created::Created;
pub(crate) use deployed::{Deployable, Deployer};
pub(crate) use host::{Host, HostError, LocalWebhooks, Webhooks};
pub(crate) use program::Launcher;
pub(crate) use registrar::{InForce, Lease, RegisterError, Registrar, plain_pod};

use seccomp_scenario::SkipReason;
use seccomp_webhook::{Match, Record};
use serde_json::Value;

use crate::outcome::Review;

/// A record of the webhook's server, as outcomes show it.
pub(crate) fn review(record: Record) -> Review {
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
