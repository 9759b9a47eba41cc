//! The decision: what the webhook does with one request, and why.

use std::fmt;

use json_patch::PatchOperation;
use serde::{Deserialize, Serialize};

use crate::{
    patch::set_default_profile,
    request::{AdmissionRequest, PodView},
};

/// How Gardener's handler behaves; the releases differ in what they check themselves.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Handler {
    /// 1.54 to 1.58: checks operation, kind and subresource, and says why it leaves a request alone.
    Handle,
    /// 1.59 and later: changes whatever Pod it is sent, unless it is a DELETE.
    #[default]
    Default,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The Pod is given RuntimeDefault; of an upstream webhook, that it sent a patch.
    Mutated,
    /// The Pod sets its profile itself.
    AlreadySet,
    /// `Handle` only: the operation is not CREATE.
    NotCreate,
    /// `Handle` only: the kind is not core/v1 Pod.
    NotAPod,
    /// `Handle` only: the request is for a subresource.
    Subresource,
    /// `Default` only: a DELETE is always allowed.
    Deletion,
    /// The object could not be read as a Pod.
    Undecodable,
    /// The review itself could not be read, or was too large.
    Malformed,
    /// A mutant left the request alone for no reason that the documentation knows, or an upstream webhook did for
    /// whatever reason.
    LeftAlone,
    /// A mutant or an upstream webhook refused the request.
    Refused,
    /// The upstream webhook could not be reached, or answered with what is no review.
    Unanswered,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 11] = [
        Self::Mutated,
        Self::AlreadySet,
        Self::NotCreate,
        Self::NotAPod,
        Self::Subresource,
        Self::Deletion,
        Self::Undecodable,
        Self::Malformed,
        Self::LeftAlone,
        Self::Refused,
        Self::Unanswered,
    ];

    /// As records, metrics and logs write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mutated => "mutated",
            Self::AlreadySet => "alreadySet",
            Self::NotCreate => "notCreate",
            Self::NotAPod => "notAPod",
            Self::Subresource => "subresource",
            Self::Deletion => "deletion",
            Self::Undecodable => "undecodable",
            Self::Malformed => "malformed",
            Self::LeftAlone => "leftAlone",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What the webhook answers, but for the review around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What became of the request.
    pub outcome: Outcome,
    /// Whether the request goes on.
    pub allowed: bool,
    /// `status.code`.
    pub code: u16,
    /// `status.reason`; empty when there is none.
    pub reason: &'static str,
    /// `status.message`; empty when there is none.
    pub message: String,
    /// RFC 6902 operations; empty when nothing changes.
    pub patch: Vec<PatchOperation>,
}

impl Decision {
    /// Lets the request go on as it is.
    pub(crate) fn allowed(outcome: Outcome, reason: &'static str) -> Self {
        Self { outcome, allowed: true, code: 200, reason, message: String::new(), patch: Vec::new() }
    }

    /// Lets the request go on, changed.
    pub(crate) fn patched(patch: Vec<PatchOperation>) -> Self {
        Self { patch, ..Self::allowed(Outcome::Mutated, "") }
    }

    /// Refuses the request.
    pub(crate) fn errored(outcome: Outcome, code: u16, message: String) -> Self {
        Self { outcome, allowed: false, code, reason: "", message, patch: Vec::new() }
    }
}

/// Decides about one request.
///
/// Namespace and Pod labels are no part of it: they stand in the registration's selectors alone, so that a request that
/// should not have been sent is changed like any other.
///
/// # Source
/// gardener `pkg/resourcemanager/webhook/seccompprofile/handler.go`: v1.54.0 `Handle`, v1.59.0 `Default`, the latter
/// inside controller-runtime's `pkg/webhook/admission/defaulter_custom.go`
pub fn decide(handler: Handler, request: &AdmissionRequest) -> Decision {
    match handler {
        Handler::Handle => handle(request),
        Handler::Default => default(request),
    }
}

fn handle(request: &AdmissionRequest) -> Decision {
    if request.operation != "CREATE" {
        return Decision::allowed(Outcome::NotCreate, "only 'create' operation is handled");
    }
    if (request.group.as_str(), request.version.as_str(), request.kind.as_str()) != ("", "v1", "Pod") {
        return Decision::allowed(Outcome::NotAPod, "resource is not corev1.Pod");
    }
    if !request.sub_resource.is_empty() {
        return Decision::allowed(Outcome::Subresource, "subresources on pods are not supported");
    }
    match decode(request) {
        Err(message) => Decision::errored(Outcome::Undecodable, 422, message),
        Ok(pod) if pod.profile_type().is_some() => {
            Decision::allowed(Outcome::AlreadySet, "seccomp profile is explicitly specified")
        }
        Ok(pod) => Decision::patched(set_default_profile(pod)),
    }
}

fn default(request: &AdmissionRequest) -> Decision {
    if request.operation == "DELETE" {
        return Decision::allowed(Outcome::Deletion, "");
    }
    match decode(request) {
        Err(message) => Decision::errored(Outcome::Undecodable, 400, message),
        Ok(pod) if pod.profile_type().is_some() => Decision::allowed(Outcome::AlreadySet, ""),
        Ok(pod) => Decision::patched(set_default_profile(pod)),
    }
}

/// The request's object, when it is a Pod; an object that does not say what it is counts as one.
fn decode(request: &AdmissionRequest) -> Result<&PodView, String> {
    let pod = match &request.object {
        None => return Err("there is no content to decode".to_owned()),
        Some(Err(error)) => return Err(error.clone()),
        Some(Ok(pod)) => pod,
    };
    let api_version = pod.api_version.as_deref().filter(|text| !text.is_empty()).unwrap_or("v1");
    let kind = pod.kind.as_deref().filter(|text| !text.is_empty()).unwrap_or("Pod");
    if (api_version, kind) == ("v1", "Pod") {
        return Ok(pod);
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Err(format!("unable to decode {group}/{version}, Kind={kind} into *v1.Pod"))
}
