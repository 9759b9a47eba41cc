//! What a webhook answers, and whether an API server takes it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::review::ReviewVersion;
use crate::{fields, minor, minor::Minor};

/// What a webhook said, once it was found to be well said.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) allowed: bool,
    /// `response.status`: why it is not allowed.
    pub(super) status: Option<Value>,
    /// The decoded JSON patch, empty where there is none.
    pub(super) patch: Vec<u8>,
    /// `JSONPatch`, or what no API server understands.
    pub(super) patch_type: String,
    pub(super) audit_annotations: Vec<(String, String)>,
    pub(super) warnings: Vec<String>,
}

/// Why an answer is no answer.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum ResponseError {
    /// The body is no AdmissionReview: counts as a failed call.
    Undecodable(String),
    /// The review breaks a rule of its version.
    Invalid(String),
}

/// `AdmissionReview` with what matters here.
#[derive(Debug, Default)]
struct Review {
    api_version: String,
    kind: String,
    response: Option<Response>,
}

#[derive(Debug, Default)]
struct Response {
    uid: String,
    allowed: bool,
    status: Option<Value>,
    patch: Vec<u8>,
    patch_type: Option<String>,
    audit_annotations: Vec<(String, String)>,
    warnings: Vec<String>,
}

/// Reads and checks the body of a response with a status code from 200 to 206.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/request/admissionreview.go` `VerifyAdmissionResponse`
pub(super) fn read(
    minor: Minor,
    version: ReviewVersion,
    uid: &str,
    is_mutating: bool,
    body: &[u8],
) -> Result<Answer, ResponseError> {
    let review = decode(minor, version, body).map_err(ResponseError::Undecodable)?;
    let invalid = |text: &str| ResponseError::Invalid(text.to_owned());
    let response = review.response.ok_or_else(|| invalid("webhook response was absent"))?;
    if version == ReviewVersion::V1 {
        if response.uid != uid {
            let got = &response.uid;
            return Err(ResponseError::Invalid(format!("expected response.uid={uid:?}, got {got:?}")));
        }
        if review.api_version != version.api_version() || review.kind != "AdmissionReview" {
            let (group, number) = review.api_version.split_once('/').unwrap_or(("", &review.api_version));
            let got = format!("{group}/{number}, Kind={}", review.kind);
            let expected = "admission.k8s.io/v1, Kind=AdmissionReview";
            return Err(ResponseError::Invalid(format!("expected webhook response of {expected}, got {got}")));
        }
        verify_patch(is_mutating, &response).map_err(|text| invalid(&text))?;
    }
    // Neither uid nor kind nor the type of a patch were looked at in the days of v1beta1.
    let patch_type = match version {
        ReviewVersion::V1 => response.patch_type.unwrap_or_default(),
        ReviewVersion::V1beta1 => "JSONPatch".to_owned(),
    };
    Ok(Answer {
        allowed: response.allowed,
        status: response.status,
        patch: if is_mutating { response.patch } else { Vec::new() },
        patch_type,
        audit_annotations: response.audit_annotations,
        warnings: response.warnings,
    })
}

/// Patch and type come together or not at all, and from mutating webhooks only.
fn verify_patch(is_mutating: bool, response: &Response) -> Result<(), String> {
    let has_patch = !response.patch.is_empty();
    let text = match (is_mutating, has_patch, response.patch_type.as_deref()) {
        (true, true, None) => "webhook returned response.patch but not response.patchType",
        (true, false, Some(_)) => "webhook returned response.patchType but not response.patch",
        (true, true, Some("")) => "webhook returned invalid response.patchType of \"\"",
        (false, true, _) => "validating webhook may not return response.patch",
        (false, false, Some(_)) => "validating webhook may not return response.patchType",
        _ => return Ok(()),
    };
    Err(text.to_owned())
}

/// The type that client-go looks for a document's kind with.
const GO_TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

/// Decodes as client-go does: by the body's own `kind` and `apiVersion`, or as the expected type where it has none.
fn decode(minor: Minor, version: ReviewVersion, body: &[u8]) -> Result<Review, String> {
    let unreadable = |error: String| format!("couldn't get version/kind; json parse error: {error}");
    let value = match fields::parse(body) {
        Ok(value) => value,
        Err(error) if body.trim_ascii_start().starts_with(b"{") => return Err(unreadable(error.to_string())),
        // Anything else is taken for YAML, where most texts are a string.
        Err(_) => Value::String(String::new()),
    };
    let document = match value {
        Value::Object(document) => document,
        Value::Null => Map::new(),
        other => {
            let got = fields::go_kind(&other);
            return Err(unreadable(format!("json: cannot unmarshal {got} into Go value of type {GO_TYPE_META}")));
        }
    };
    let api_version = text(&document, "apiVersion", "", "").map_err(unreadable)?;
    let kind = text(&document, "kind", "", "").map_err(unreadable)?;
    let expected = (version.api_version(), "AdmissionReview");
    let actual = (
        if api_version.is_empty() { expected.0 } else { api_version.as_str() },
        if kind.is_empty() { expected.1 } else { kind.as_str() },
    );
    if actual != expected {
        return Err(other_kind(minor, version, actual));
    }
    let response = match document.get("response") {
        None | Some(Value::Null) => None,
        Some(Value::Object(response)) => Some(decode_response(response)?),
        Some(other) => {
            return Err(mismatch(
                other,
                "AdmissionReview",
                "response",
                &format!("{}.AdmissionResponse", version.as_str()),
            ));
        }
    };
    Ok(Review { api_version, kind, response })
}

fn decode_response(response: &Map<String, Value>) -> Result<Response, String> {
    let owner = "AdmissionResponse";
    let allowed = match response.get("allowed") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(allowed)) => *allowed,
        Some(other) => return Err(mismatch(other, owner, "response.allowed", "bool")),
    };
    let patch = match response.get("patch") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(patch)) => decode_base64(patch)?,
        // Go takes a list of numbers for bytes, too.
        Some(Value::Array(list)) => bytes(list)?,
        Some(other) => return Err(mismatch(other, owner, "response.patch", "[]uint8")),
    };
    let status = match response.get("status") {
        None | Some(Value::Null) => None,
        Some(status @ Value::Object(map)) => {
            for field in ["status", "message", "reason"] {
                text(map, field, "Status", "response.status.")?;
            }
            if let Some(code) = map.get("code").filter(|code| !code.is_null() && code.as_i64().is_none()) {
                return Err(mismatch(code, "Status", "response.status.code", "int32"));
            }
            Some(status.clone())
        }
        Some(other) => return Err(mismatch(other, owner, "response.status", "v1.Status")),
    };
    Ok(Response {
        uid: text(response, "uid", owner, "response.")?,
        allowed,
        status,
        patch,
        patch_type: match response.get("patchType") {
            None | Some(Value::Null) => None,
            Some(_) => Some(text(response, "patchType", owner, "response.")?),
        },
        audit_annotations: annotations(response)?,
        warnings: warnings(response)?,
    })
}

fn bytes(list: &[Value]) -> Result<Vec<u8>, String> {
    let byte = |value: &Value| value.as_u64().and_then(|number| u8::try_from(number).ok());
    let refused = |value| mismatch(value, "AdmissionResponse", "response.patch", "uint8");
    list.iter().map(|value| byte(value).ok_or_else(|| refused(value))).collect()
}

fn annotations(response: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    match response.get("auditAnnotations") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key.clone(), text.clone())),
                other => Err(mismatch(other, "AdmissionResponse", "response.auditAnnotations", "string")),
            })
            .collect(),
        Some(other) => Err(mismatch(other, "AdmissionResponse", "response.auditAnnotations", "map[string]string")),
    }
}

fn warnings(response: &Map<String, Value>) -> Result<Vec<String>, String> {
    match response.get("warnings") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| match value {
                Value::String(text) => Ok(text.clone()),
                other => Err(mismatch(other, "AdmissionResponse", "response.warnings", "string")),
            })
            .collect(),
        Some(other) => Err(mismatch(other, "AdmissionResponse", "response.warnings", "[]string")),
    }
}

fn text(map: &Map<String, Value>, field: &str, owner: &str, path: &str) -> Result<String, String> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => {
            let kind = if field == "uid" { "types.UID" } else { "string" };
            Err(mismatch(other, owner, &format!("{path}{field}"), kind))
        }
    }
}

/// What Go's `encoding/json` says of a value that does not fit.
fn mismatch(value: &Value, owner: &str, path: &str, wanted: &str) -> String {
    format!("json: cannot unmarshal {} into Go struct field {owner}.{path} of type {wanted}", fields::go_kind(value))
}

/// Go's decoder skips line breaks within base64 and says where it stopped.
fn decode_base64(text: &str) -> Result<Vec<u8>, String> {
    let plain: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    STANDARD.decode(&plain).map_err(|error| {
        let offset = match error {
            base64::DecodeError::InvalidByte(offset, _) | base64::DecodeError::InvalidLastSymbol(offset, _) => offset,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => plain.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {offset}")
    })
}

/// A document of another kind: a `Status`, the other review version, or something unknown.
fn other_kind(minor: Minor, version: ReviewVersion, (api_version, kind): (&str, &str)) -> String {
    let wanted = version.as_str();
    let is_status = (api_version, kind) == ("v1", "Status");
    let is_other_review = kind == "AdmissionReview"
        && [ReviewVersion::V1, ReviewVersion::V1beta1].iter().any(|other| other.api_version() == api_version);
    if is_status || is_other_review {
        let got = api_version.rsplit('/').next().unwrap_or_default();
        return format!("converting ({got}.{kind}) to ({wanted}.AdmissionReview): unknown conversion");
    }
    let scheme = minor::admission::SCHEME_NAME.at(minor);
    format!("no kind {kind:?} is registered for version {api_version:?} in scheme {scheme:?}")
}
