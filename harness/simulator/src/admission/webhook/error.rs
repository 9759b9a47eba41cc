//! What comes of a webhook that cannot be asked, or says no.

use serde_json::{Value, json};

use crate::{minor, minor::Minor, status::Status};

/// At which stage a call failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// Finding a review version that both sides know.
    Review,
    /// Making a client from the configuration.
    Client,
    /// Sending, receiving, decoding.
    Call,
    /// Checking the decoded review.
    Response,
    /// Decoding the patch.
    Patch,
    /// What newer minors do not prefix either.
    Bare,
}

/// Why a webhook's turn does not end well.
#[derive(Debug)]
pub(super) enum WebhookError {
    /// It could not be asked: the failure policy decides.
    Calling {
        /// What went wrong, with its stage.
        reason: String,
    },
    /// It was asked, and the request ends here whatever the failure policy is.
    Final(Status),
}

impl WebhookError {
    /// A failed call, in the words of `minor`.
    pub(super) fn calling(minor: Minor, stage: Stage, reason: impl std::fmt::Display) -> Self {
        let prefix = match stage {
            Stage::Review => "could not create admission objects: ",
            Stage::Client => "could not get REST client: ",
            Stage::Call => "failed to call webhook: ",
            Stage::Response => "received invalid webhook response: ",
            Stage::Patch => "received undecodable patch in webhook response: ",
            Stage::Bare => "",
        };
        let is_shown = *minor::admission::CALL_STAGE_IN_ERROR.at(minor);
        Self::Calling { reason: if is_shown { format!("{prefix}{reason}") } else { reason.to_string() } }
    }
}

/// The refusal for a failed call whose failure policy is Fail.
///
/// # Source
/// apiserver v0.36.3 `util/webhook/error.go` `ErrCallingWebhook.Error`
pub(super) fn failed_calling(webhook: &str, reason: &str) -> Status {
    Status::internal(format!("failed calling webhook {webhook:?}: {reason}"))
}

/// The refusal that the webhook itself asked for.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/errors/statuserror.go` `ToStatusErr`
pub(super) fn denied(webhook: &str, status: Option<&Value>) -> Status {
    let text = |field: &str| status.and_then(|status| status[field].as_str()).unwrap_or_default();
    let denied_by = format!("admission webhook {webhook:?} denied the request");
    let message = match (text("message"), text("reason")) {
        ("", "") => format!("{denied_by} without explanation"),
        ("", reason) => format!("{denied_by}: {reason}"),
        (message, _) => format!("{denied_by}: {message}"),
    };
    let code = status.and_then(|status| status["code"].as_u64()).and_then(|code| u16::try_from(code).ok());
    let mut refusal = Status::new(code.unwrap_or_default().max(400), text("reason"), message);
    refusal.details = status.and_then(|status| status.get("details")).filter(|details| details.is_object()).cloned();
    refusal
}

/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/errors/statuserror.go` `NewDryRunUnsupportedErr`
pub(super) fn dry_run_unsupported(webhook: &str) -> Status {
    Status::bad_request(format!("admission webhook {webhook:?} does not support dry run"))
}

/// The request's own time is up, which an API server says before anything that its webhooks may come to.
///
/// # Source
/// asked of API servers of 1.24, 1.25, 1.31 and 1.36
pub(super) fn timeout() -> Status {
    let message = "Timeout: request did not complete within the allotted timeout";
    Status::new(504, "Timeout", message).with_details(json!({}))
}
