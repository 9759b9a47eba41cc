//! From a request's body to an object in canonical form with its defaults.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    fields::{self, DecodeError, protobuf::Envelope},
    minor::{
        Minor,
        api::{self as rows, FieldValidation},
        resource::Resource,
    },
    object,
    patch::Patched,
    registry::defaults,
    status::Status,
};

/// How much of a body stands in a message.
const SHOWN: usize = 30;

/// Go's type of what a body's kind is read into.
const TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

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
    // Go reads null as a struct with nothing in it.
    let body = if body.trim_ascii() == b"null" { b"{}" } else { body };
    check_type(minor, expected, body)?;
    let decoded = fields::decode(minor, expected.kind, body)
        .map_err(|error| cannot_be_handled(expected.kind, &expected.api_version(), expected.kind, &error.detail))?;
    finish(minor, expected, decoded, validation, warnings)
}

/// Turns a body in protobuf into JSON, from which it goes on as any other.
///
/// # Errors
/// 400 in the words of `transformDecodeError`.
pub(crate) fn protobuf(minor: Minor, expected: Expected<'_>, body: &[u8]) -> Result<Vec<u8>, Status> {
    let envelope = Envelope::read(body).map_err(|error| unrecognized(expected.kind, &error.detail, body))?;
    let wanted = expected.api_version();
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let (kind, version) = (or(&envelope.kind, expected.kind), or(&envelope.api_version, &wanted));
    let refusal = |detail: String| cannot_be_handled(&kind, &version, expected.kind, &detail);
    if let Some(detail) = type_mismatch(minor, expected, &kind, &version) {
        return Err(refusal(detail));
    }
    let mut object = envelope.object(minor, expected.kind).map_err(|error| refusal(error.detail))?;
    object.insert("kind".to_owned(), Value::from(kind.as_str()));
    object.insert("apiVersion".to_owned(), Value::from(version.as_str()));
    Ok(Value::Object(object).to_string().into_bytes())
}

/// The same for options, which every group and version has.
///
/// # Errors
/// 400, without the words around it.
pub(crate) fn options_in_protobuf(minor: Minor, kind: &str, body: &[u8]) -> Result<Vec<u8>, Status> {
    let object = Envelope::read(body).and_then(|envelope| {
        if envelope.kind.is_empty() || envelope.kind == kind {
            envelope.object(minor, kind)
        } else {
            Err(DecodeError { detail: format!("decoded object cannot be converted to {kind}") })
        }
    });
    let object = object.map_err(|error| Status::bad_request(error.detail))?;
    Ok(Value::Object(object).to_string().into_bytes())
}

/// The same for a patched object; the error is a detail for whoever shows the patch.
pub(crate) fn patched(
    minor: Minor,
    expected: Expected<'_>,
    patched: Patched,
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, String> {
    // What was never text is read into the stored object's own type, whatever it says of itself.
    if !patched.is_unstructured {
        check_patched(minor, expected, &patched.document)?;
    }
    if !patched.is_unstructured && text(&patched.document, "apiVersion").is_empty() {
        return nothing_of(minor, expected, patched, validation, warnings);
    }
    let read = if patched.is_unstructured { fields::from_unstructured } else { fields::round_trip };
    let mut decoded = read(minor, expected.kind, patched.document).map_err(|error| error.detail)?;
    let mut strict_errors = patched.strict_errors;
    strict_errors.append(&mut decoded.strict_errors);
    check_strict(validation, &strict_errors)?;
    decoded.strict_errors = strict_errors;
    finish(minor, expected, decoded, validation, warnings).map_err(|status| status.message)
}

/// Refuses what a strict client does not want to have passed over; the error is a detail for whoever shows the patch.
fn check_strict(validation: FieldValidation, strict_errors: &[String]) -> Result<(), String> {
    if validation == FieldValidation::Strict && !strict_errors.is_empty() {
        return Err(strict_detail(strict_errors));
    }
    Ok(())
}

/// What is left of a patched object that does not say its version: it is read into the internal type, whose fields have
/// other names.
fn nothing_of(
    minor: Minor,
    expected: Expected<'_>,
    patched: Patched,
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, String> {
    let mut strict_errors = patched.strict_errors;
    let keys = patched.document.as_object().into_iter().flatten().map(|(key, _)| key);
    let unknown = keys.filter(|key| !["apiVersion", "kind"].contains(&key.as_str()));
    strict_errors.extend(unknown.map(|key| format!("unknown field {key:?}")));
    check_strict(validation, &strict_errors)?;
    let nothing = fields::round_trip(minor, expected.kind, Value::Object(serde_json::Map::new()));
    let decoded = fields::Decoded { strict_errors, ..nothing.map_err(|error| error.detail)? };
    finish(minor, expected, decoded, validation, warnings).map_err(|status| status.message)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Checks that a patched object still is of its kind; where it does not say, it is.
fn check_patched(minor: Minor, expected: Expected<'_>, value: &Value) -> Result<(), String> {
    if !value.is_object() {
        return Err(format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type {TYPE_META}",
            fields::go_kind(value)
        ));
    }
    let wanted = expected.api_version();
    let kind = Some(text(value, "kind")).filter(|kind| !kind.is_empty()).unwrap_or(expected.kind);
    let version = Some(text(value, "apiVersion")).filter(|version| !version.is_empty()).unwrap_or(&wanted);
    type_mismatch(minor, expected, kind, version).map_or(Ok(()), Err)
}

fn strict_detail(errors: &[String]) -> String {
    format!("strict decoding error: {}", errors.join(", "))
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
            let detail = strict_detail(&strict_errors);
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
    // Serde would read a struct from a list as well.
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    let meta = serde_json::from_slice::<TypeMeta>(if is_list { b"null" } else { body }).map_err(|error| {
        let detail = format!("couldn't get version/kind; json parse error: {}", type_error(body, &error));
        unrecognized(expected.kind, &detail, body)
    })?;
    let wanted = expected.api_version();
    let kind = meta.kind.filter(|kind| !kind.is_empty()).unwrap_or_else(|| expected.kind.to_owned());
    let version = meta.api_version.filter(|version| !version.is_empty()).unwrap_or_else(|| wanted.clone());
    match type_mismatch(minor, expected, &kind, &version) {
        Some(detail) => {
            // A kind that is registered is read before it is found not to be the one expected.
            let is_read = registered(minor, &kind, &version).is_some() && fields::root(&kind).is_some();
            let unread = match kind.as_str() {
                "Status" => unread_status(body),
                _ if is_read => fields::decode(minor, &kind, body).err().map(|error| error.detail),
                _ => None,
            };
            let detail = unread.unwrap_or(detail);
            Err(cannot_be_handled(&kind, &version, expected.kind, &detail))
        }
        None => Ok(()),
    }
}

/// Why a `Status` cannot be read, as far as its own fields are concerned.
fn unread_status(body: &[u8]) -> Option<String> {
    let status: Value = serde_json::from_slice(body).ok()?;
    let (field, value) = ["message", "status"]
        .into_iter()
        .filter_map(|field| Some((field, status.get(field)?)))
        .find(|(_, value)| !value.is_string() && !value.is_null())?;
    let found = fields::go_kind(value);
    Some(format!("json: cannot unmarshal {found} into Go struct field Status.{field} of type string"))
}

/// The resource of a kind that the minor knows.
fn registered(minor: Minor, kind: &str, version: &str) -> Option<&'static Resource> {
    Resource::all(minor).find(|resource| resource.kind == kind && resource.api_version() == version)
}

/// The resource that a kind, or the kind of its lists, is of.
fn registered_with_lists(minor: Minor, kind: &str, version: &str) -> Option<&'static Resource> {
    registered(minor, kind, version)
        .or_else(|| kind.strip_suffix("List").and_then(|kind| registered(minor, kind, version)))
}

/// Why a kind is not the one expected, in the words of Go's scheme.
fn type_mismatch(minor: Minor, expected: Expected<'_>, kind: &str, version: &str) -> Option<String> {
    if kind == expected.kind && version == expected.api_version() {
        return None;
    }
    Some(match registered_with_lists(minor, kind, version) {
        Some(resource) => format!(
            "converting ({}.{kind}) to ({}.{}): unknown conversion",
            resource.version,
            internal_package(expected.group),
            expected.kind
        ),
        // Every group's scheme knows it, in whatever version, though it is no resource.
        None if kind == "Status" => {
            format!(
                "converting (v1.Status) to ({}.{}): unknown conversion",
                internal_package(expected.group),
                expected.kind
            )
        }
        None => {
            format!("no kind {kind:?} is registered for version {version:?} in scheme {:?}", rows::SCHEME.at(minor))
        }
    })
}

/// The Go package of a group's internal types.
fn internal_package(group: &str) -> &str {
    if group.is_empty() { "core" } else { group.split('.').next().unwrap_or(group) }
}

/// The refusal of a body; of `version`, the group is not told.
fn cannot_be_handled(kind: &str, version: &str, expected: &str, detail: &str) -> Status {
    let version = version.rsplit_once('/').map_or(version, |(_, version)| version);
    Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {expected}: {detail}"))
}

fn unrecognized(expected: &str, detail: &str, body: &[u8]) -> Status {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {expected}): {detail} ({})",
        summary(body)
    ))
}

/// Go's words for a body that is no JSON object.
fn type_error(body: &[u8], error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => {
            let field = if map.get("kind").is_some_and(|kind| !kind.is_string()) { "kind" } else { "apiVersion" };
            let found = map.get(field).map_or("value", fields::go_kind);
            format!("json: cannot unmarshal {found} into Go struct field .{field} of type string")
        }
        Ok(value) => format!("json: cannot unmarshal {} into Go value of type {TYPE_META}", fields::go_kind(&value)),
        // The text itself is broken: in Go's words.
        Err(_) => fields::parse(body).map_or_else(|error| error.detail, |_| error.to_string()),
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
