//! One call of one webhook.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::{Attributes, Notes},
    configuration::Webhook,
    error::{Stage, WebhookError, denied, dry_run_unsupported},
    response::{self, Answer, ResponseError},
    review::{self, ReviewVersion},
};
use crate::{cluster::Simulator, status::Status};

/// What an API server's own client takes at most, whatever the webhook's timeout.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends the review and checks the answer; an answer that comes back is an allowing one.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/mutating/dispatcher.go` `callAttrMutatingHook`, the same in
/// `validating/dispatcher.go` `callHook`
pub(super) async fn call(
    cluster: &Simulator,
    webhook: &Webhook,
    attributes: &Attributes,
    notes: &mut Notes,
    deadline: Instant,
    is_mutating: bool,
) -> Result<Answer, WebhookError> {
    let minor = cluster.minor();
    if attributes.dry_run {
        match webhook.side_effects.as_str() {
            "None" | "NoneOnDryRun" => {}
            "" => return Err(WebhookError::calling(minor, Stage::Bare, "Webhook SideEffects is nil")),
            _ => return Err(WebhookError::Final(dry_run_unsupported(&webhook.name))),
        }
    }
    let version = ReviewVersion::negotiate(&webhook.admission_review_versions).ok_or_else(|| {
        let why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)";
        WebhookError::calling(minor, Stage::Review, why)
    })?;
    let uid = cluster.identities().uid();
    let body = review::write(version, &uid, attributes)
        .map_err(|error| WebhookError::Final(Status::internal(error.to_string())))?;
    let client = cluster.webhooks().client(&webhook.client_config);

    let now = Instant::now();
    let own = webhook.timeout.map_or(deadline, |timeout| now + timeout);
    let limit = deadline.min(own);
    let body = client.post(minor, cluster, body, limit, now + CLIENT_TIMEOUT).await?;

    let answer = response::read(minor, version, &uid, is_mutating, &body).map_err(|error| match error {
        ResponseError::Undecodable(reason) => WebhookError::calling(minor, Stage::Call, reason),
        ResponseError::Invalid(reason) => WebhookError::calling(minor, Stage::Response, reason),
    })?;
    for (key, value) in &answer.audit_annotations {
        notes.audit.push((format!("{}/{key}", webhook.name), value.clone()));
    }
    notes.warnings.extend(answer.warnings.iter().cloned());
    if !answer.allowed {
        return Err(WebhookError::Final(denied(&webhook.name, answer.status.as_ref())));
    }
    Ok(answer)
}
