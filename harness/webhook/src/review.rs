//! A review's bytes in, its answer's bytes out.

use base64::Engine as _;
use json_patch::PatchOperation;
use serde::{Serialize, Serializer};

use crate::{
    decide::{Decision, Handler, Outcome, decide},
    mutant::Mutant,
    request::{AdmissionRequest, Incoming},
};

const GROUP: &str = "admission.k8s.io/";
const KIND: &str = "AdmissionReview";

/// The versions of AdmissionReview; a review is answered in its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ReviewVersion {
    /// `admission.k8s.io/v1`.
    #[default]
    V1,
    /// `admission.k8s.io/v1beta1`: what arrives from Gardener's registrations, which name it first.
    V1beta1,
}

impl ReviewVersion {
    /// As `apiVersion` writes it.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "admission.k8s.io/v1",
            Self::V1beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// Answers reviews: a handler, and what is broken about it if anything.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reviewer {
    /// The behaviour.
    pub handler: Handler,
    /// What is broken about it.
    pub mutant: Option<Mutant>,
}

/// An answer to a review.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status: 200 for every review that could be read.
    pub http_status: u16,
    /// The answering AdmissionReview as JSON.
    pub body: Vec<u8>,
    /// What became of the request.
    pub outcome: Outcome,
    /// The operations that the answer carries.
    pub patch: Vec<PatchOperation>,
    /// The request's uid.
    pub uid: String,
    /// The request's namespace.
    pub namespace: String,
    /// The request's name, or the object's `generateName`.
    pub name: String,
}

impl Reviewer {
    /// Answers one review.
    ///
    /// A review that cannot be read is answered 400 in the status line and in the body, the latter as controller-runtime
    /// writes it.
    pub fn review(self, body: &[u8]) -> Answer {
        let incoming = match Incoming::from_slice(body) {
            Ok(incoming) => incoming,
            Err(error) => return malformed(400, format!("couldn't get version/kind; json parse error: {error}")),
        };
        let version = match version(incoming.api_version.as_deref(), incoming.kind.as_deref()) {
            Ok(version) => version,
            Err(message) => return malformed(400, message),
        };
        let Some(request) = incoming.request else {
            return malformed(400, "the review carries no request".to_owned());
        };
        let decision = match self.mutant {
            None => decide(self.handler, &request),
            Some(mutant) => mutant.decide(self.handler, &request, body),
        };
        let uid = match self.mutant {
            None => request.uid.clone(),
            Some(mutant) => mutant.uid(&request),
        };
        let body = write(Some(version), &uid, &decision);
        let name = name(&request);
        Answer {
            http_status: 200,
            body,
            outcome: decision.outcome,
            patch: decision.patch,
            uid: request.uid,
            namespace: request.namespace,
            name,
        }
    }
}

/// The answer to what is no review.
///
/// # Source
/// controller-runtime v0.24.1 `pkg/webhook/admission/http.go` `ServeHTTP`, `writeResponse`
pub(crate) fn malformed(code: u16, message: String) -> Answer {
    Answer {
        http_status: code,
        body: write(None, "", &Decision::errored(Outcome::Malformed, code, message)),
        outcome: Outcome::Malformed,
        patch: Vec::new(),
        uid: String::new(),
        namespace: String::new(),
        name: String::new(),
    }
}

/// The version to answer in; a review that names neither kind nor version is answered as `v1`.
fn version(api_version: Option<&str>, kind: Option<&str>) -> Result<ReviewVersion, String> {
    let (api_version, kind) = (api_version.unwrap_or_default(), kind.unwrap_or_default());
    match (api_version, kind) {
        ("", "") => Ok(ReviewVersion::V1),
        (_, KIND) if api_version == ReviewVersion::V1.api_version() => Ok(ReviewVersion::V1),
        (_, KIND) if api_version == ReviewVersion::V1beta1.api_version() => Ok(ReviewVersion::V1beta1),
        _ => Err(format!(
            "expected {KIND} in version {GROUP}v1 or {GROUP}v1beta1, got kind `{kind}` in version `{api_version}`"
        )),
    }
}

/// The request's name, or the object's `generateName` while it has none.
fn name(request: &AdmissionRequest) -> String {
    let generate_name = || match &request.object {
        Some(Ok(pod)) => pod.generate_name().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    if request.name.is_empty() { generate_name() } else { request.name.clone() }
}

/// The answering review, in Go's order of keys.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<&'static str>,
    response: WireResponse<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireResponse<'a> {
    uid: &'a str,
    allowed: bool,
    status: WireStatus<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "as_base64")]
    patch: &'a [PatchOperation],
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
}

#[derive(Serialize)]
struct WireStatus<'a> {
    metadata: Empty,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    code: u16,
}

#[derive(Serialize)]
struct Empty {}

fn as_base64<S: Serializer>(patch: &[PatchOperation], serializer: S) -> Result<S::Ok, S::Error> {
    let json = serde_json::to_vec(patch).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(json))
}

fn write(version: Option<ReviewVersion>, uid: &str, decision: &Decision) -> Vec<u8> {
    let answer = WireAnswer {
        kind: version.map(|_| KIND),
        api_version: version.map(ReviewVersion::api_version),
        response: WireResponse {
            uid,
            allowed: decision.allowed,
            status: WireStatus {
                metadata: Empty {},
                message: &decision.message,
                reason: decision.reason,
                code: decision.code,
            },
            patch: &decision.patch,
            patch_type: (!decision.patch.is_empty()).then_some("JSONPatch"),
        },
    };
    // Strings, numbers and JSON values always serialise.
    serde_json::to_vec(&answer).unwrap_or_default()
}
