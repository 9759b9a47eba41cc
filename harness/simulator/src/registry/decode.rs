//! From a request's body to an object in canonical form with its defaults.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    fields,
    minor::{
        Minor,
        api::{self as rows, FieldValidation},
        resource::Resource,
    },
    object,
    registry::defaults,
    status::Status,
};

/// How much of a body stands in a message.
const SHOWN: usize = 30;

/// `kind` and `apiVersion` of a body.
#[derive(Debug, Default, Deserialize)]
struct TypeMeta {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, rename = "apiVersion")]
    api_version: Option<String>,
}

/// The type that a body is read as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> Expected<'a> {
    pub(crate) fn of(resource: &'a Resource) -> Self {
        Self { group: resource.group, version: resource.version, kind: resource.kind }
    }

    fn api_version(self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Decodes a body, checks that it is what the path says, and applies defaults.
///
/// # Errors
/// 400 in the words of `transformDecodeError`.
pub(crate) fn object(
    minor: Minor,
    expected: Expected<'_>,
    body: &[u8],
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    check_type(minor, expected, body)?;
    let decoded = fields::decode(minor, expected.kind, body)
        .map_err(|error| cannot_be_handled(expected.kind, &expected.api_version(), expected.kind, &error.detail))?;
    finish(minor, expected, decoded, validation, warnings)
}

/// The same for a patched object.
///
/// # Errors
/// 400 and 422 as [`object`].
pub(crate) fn patched(
    minor: Minor,
    expected: Expected<'_>,
    value: Value,
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let decoded = fields::round_trip(minor, expected.kind, value).map_err(|error| Status::bad_request(error.detail))?;
    let strict = decoded.strict_errors.join(", ");
    if validation == FieldValidation::Strict && !strict.is_empty() {
        // As kube-apiserver 1.31.14 and 1.36.3 answer it.
        return Err(strict_patch_error(&strict));
    }
    finish(minor, expected, decoded, validation, warnings)
}

fn strict_patch_error(strict: &str) -> Status {
    Status::bad_request(format!("strict decoding error: {strict}"))
}

fn finish(
    minor: Minor,
    expected: Expected<'_>,
    decoded: fields::Decoded,
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let fields::Decoded { mut object, strict_errors } = decoded;
    match validation {
        FieldValidation::Strict if !strict_errors.is_empty() => {
            let detail = format!("strict decoding error: {}", strict_errors.join(", "));
            return Err(cannot_be_handled(expected.kind, &expected.api_version(), expected.kind, &detail));
        }
        FieldValidation::Warn => warnings.extend(strict_errors),
        FieldValidation::Strict | FieldValidation::Ignore => {}
    }
    if let Some(map) = object.as_object_mut() {
        map.insert("kind".to_owned(), Value::from(expected.kind));
        map.insert("apiVersion".to_owned(), Value::from(expected.api_version()));
    }
    object::metadata_mut(&mut object);
    defaults::apply(minor, expected.kind, &mut object);
    Ok(object)
}

fn check_type(minor: Minor, expected: Expected<'_>, body: &[u8]) -> Result<(), Status> {
    let meta = serde_json::from_slice::<TypeMeta>(body).map_err(|error| {
        let detail = type_error(body, &error);
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: \
             {detail} ({})",
            expected.kind,
            summary(body)
        ))
    })?;
    let wanted = expected.api_version();
    let kind = meta.kind.filter(|kind| !kind.is_empty()).unwrap_or_else(|| expected.kind.to_owned());
    let version = meta.api_version.filter(|version| !version.is_empty()).unwrap_or_else(|| wanted.clone());
    if kind == expected.kind && version == wanted {
        return Ok(());
    }
    let registered = Resource::all(minor).find(|resource| resource.kind == kind && resource.api_version() == version);
    let detail = match registered {
        Some(resource) => format!(
            "converting ({}.{kind}) to ({}.{}): unknown conversion",
            resource.version,
            internal_package(expected.group),
            expected.kind
        ),
        None => {
            format!("no kind {kind:?} is registered for version {version:?} in scheme {:?}", rows::SCHEME.at(minor))
        }
    };
    Err(cannot_be_handled(&kind, &version, expected.kind, &detail))
}

/// The Go package of a group's internal types.
fn internal_package(group: &str) -> &str {
    if group.is_empty() { "core" } else { group.split('.').next().unwrap_or(group) }
}

fn cannot_be_handled(kind: &str, version: &str, expected: &str, detail: &str) -> Status {
    Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {expected}: {detail}"))
}

/// Go's words for a body that is no JSON object.
fn type_error(body: &[u8], error: &serde_json::Error) -> String {
    const TARGET: &str =
        r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => {
            let field = if map.get("kind").is_some_and(|kind| !kind.is_string()) { "kind" } else { "apiVersion" };
            let found = map.get(field).map_or("value", type_name);
            format!("json: cannot unmarshal {found} into Go struct field .{field} of type string")
        }
        Ok(value) => format!("json: cannot unmarshal {} into Go value of type {TARGET}", type_name(&value)),
        Err(_) => body.trim_ascii_start().first().filter(|first| !b"{[\"".contains(first)).map_or_else(
            || error.to_string(),
            |first| format!("invalid character '{}' looking for beginning of value", char::from(*first)),
        ),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The beginning of a body as it stands in a message.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/endpoints/handlers/rest.go` `summarizeData`
fn summary(body: &[u8]) -> String {
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let shown = &body[..body.len().min(SHOWN)];
    let mut text = if body.first() == Some(&b'{') {
        String::from_utf8_lossy(shown).into_owned()
    } else {
        shown.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    if body.len() > SHOWN {
        text.push_str(" ...");
    }
    text
}
