//! `ValidatingAdmissionWebhook`: all at once, and all are awaited.

use futures::future::join_all;
use tokio::time::Instant;

use super::{
    super::{Attributes, Notes},
    call::call,
    error::{WebhookError, failed_calling, timeout},
    is_exempt, matching,
};
use crate::{cluster::Simulator, minor, status::Status};

/// Calls the matching webhooks.
///
/// Of several refusals, an API server answers with the one that comes first; here that is the one of the first webhook,
/// so that the same run gives the same answer.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/validating/dispatcher.go` `validatingDispatcher.Dispatch`
pub(crate) async fn validate(cluster: &Simulator, attributes: &Attributes, notes: &mut Notes) -> Result<(), Status> {
    if is_exempt(cluster, attributes) {
        return Ok(());
    }
    let deadline = Instant::now() + attributes.deadline;
    let webhooks = cluster.webhooks().validating(cluster.store());
    let mut relevant = Vec::new();
    for webhook in webhooks.iter() {
        if matching::should_call(cluster, webhook, attributes)? {
            relevant.push(webhook);
        }
    }
    if relevant.is_empty() {
        return Ok(());
    }
    if attributes.deadline.is_zero() {
        return Err(timeout());
    }
    let calls = relevant.iter().map(|webhook| async move {
        let mut notes = Notes::default();
        let outcome = call(cluster, webhook, attributes, &mut notes, deadline, false).await;
        (outcome, notes)
    });
    let mut refusal = None;
    for (index, (webhook, (outcome, own))) in relevant.iter().zip(join_all(calls).await).enumerate() {
        notes.warnings.extend(own.warnings);
        notes.audit.extend(own.audit);
        let status = match outcome {
            Ok(_) => continue,
            Err(WebhookError::Calling { .. }) if Instant::now() >= deadline => timeout(),
            Err(WebhookError::Final(status)) => status,
            Err(WebhookError::Calling { reason }) if !webhook.ignores_failures => {
                failed_calling(&webhook.name, &reason)
            }
            Err(WebhookError::Calling { reason }) => {
                tracing::debug!(webhook = webhook.name, reason, "failing open");
                if *minor::admission::FAILED_OPEN_AUDIT.at(cluster.minor()) {
                    let key = format!("failed-open.validating.webhook.admission.k8s.io/round_0_index_{index}");
                    notes.audit.push((key, webhook.name.clone()));
                }
                continue;
            }
        };
        refusal.get_or_insert(status);
    }
    refusal.map_or(Ok(()), Err)
}
