//! Which field each minor knows, with type and merge key, and the round trip through those types.
//!
//! An object's canonical form in this crate is what that minor's Go types would serialise: fields it does not know are
//! gone, empty values with `omitempty` are absent, values without it (`resources: {}`, `status: {}`,
//! `metadata.creationTimestamp: null` before 1.34) are there.

mod codec;
pub(crate) mod protobuf;
pub(crate) mod quantity;
mod scalar;
mod schema;
mod syntax;
mod untyped;

use serde_json::Value;

use self::codec::Walk;
pub(crate) use self::codec::zero;
pub(crate) use self::schema::{Field, Kind, Ownership, Schema, Type, root, schema};
use crate::minor::Minor;

/// An object after its round trip through a minor's types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decoded {
    /// The canonical form.
    pub(crate) object: Value,
    /// What strict decoding complains about, in Kubernetes' words: `unknown field "spec.foo"`,
    /// `duplicate field "spec.bar"`.
    pub(crate) strict_errors: Vec<String>,
}

/// A value that does not fit its field's type.
///
/// # Shape
/// `detail` is Go's own text: `json: cannot unmarshal string into Go struct field ...`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct DecodeError {
    pub(crate) detail: String,
}

/// Decodes the bytes of a request's body as Go type `type_name` (`Pod`, `Namespace`, ...) of `minor`.
///
/// # Errors
/// Text that is not JSON, or a value that does not fit its field; in Go's words, the first in the order of the text.
pub(crate) fn decode(minor: Minor, type_name: &str, json: &[u8]) -> Result<Decoded, DecodeError> {
    let mut text = serde_json::Deserializer::from_slice(json);
    let decoded = walk(minor, type_name, &mut text).map_err(|failure| failure.unwrap_or_else(|| syntax::explain(json)));
    decoded
        .and_then(|decoded| match text.end() {
            Ok(()) => Ok(decoded),
            Err(_) => Err(syntax::explain(json)),
        })
        .map_err(|detail| DecodeError { detail })
}

/// The same for a value that is parsed already, such as a patched object.
///
/// # Errors
/// A value that does not fit its field, in Go's words.
pub(crate) fn round_trip(minor: Minor, type_name: &str, value: Value) -> Result<Decoded, DecodeError> {
    walk(minor, type_name, value)
        .map_err(|failure| DecodeError { detail: failure.unwrap_or_else(|| "unexpected end of JSON input".to_owned()) })
}

/// The same for what a strategic merge patch left, which Go converts without writing it down, and says so in other
/// words.
///
/// # Errors
/// A value that does not fit its field, in Go's words.
pub(crate) fn from_unstructured(minor: Minor, type_name: &str, value: Value) -> Result<Decoded, DecodeError> {
    let schema = schema(minor);
    finish(Walk::unstructured(schema), type_name, value)
        .map_err(|failure| DecodeError { detail: failure.unwrap_or_else(|| "invalid JSON document".to_owned()) })
}

/// Parses text of no particular type.
///
/// # Errors
/// Text that is not JSON, in Go's words.
pub(crate) fn parse(json: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(json).map_err(|_| DecodeError { detail: syntax::explain(json) })
}

/// The same with what strict decoding complains about: fields that are there twice.
pub(crate) fn parse_strictly(json: &[u8]) -> Result<(Value, Vec<String>), DecodeError> {
    let mut text = serde_json::Deserializer::from_slice(json);
    let mut reader = untyped::Reader::default();
    let value = reader.read(&mut text).and_then(|value| text.end().map(|()| value));
    let value = value.map_err(|_| DecodeError { detail: syntax::explain(json) })?;
    Ok((value, reader.strict_errors))
}

/// What Go's decoder calls a value in its errors.
pub(crate) fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether there is a Go type of this name.
pub(crate) fn is_known(type_name: &str) -> bool {
    root(type_name).is_some()
}

/// Walks `source` along the type; nothing as error where the source itself is no JSON.
fn walk<'de, D: serde::Deserializer<'de>>(minor: Minor, type_name: &str, source: D) -> Result<Decoded, Option<String>> {
    finish(Walk::new(schema(minor)), type_name, source)
}

fn finish<'de, D: serde::Deserializer<'de>>(
    mut walk: Walk,
    type_name: &str,
    source: D,
) -> Result<Decoded, Option<String>> {
    let schema = walk.schema;
    let Some(ty) = root(type_name) else {
        return Err(Some(format!("no kind {type_name:?} is registered")));
    };
    let read = walk.read(ty, source);
    if let Some(failure) = walk.failure {
        return Err(Some(failure));
    }
    let object = read.map_err(|_| None)?.unwrap_or_else(|| zero(schema, ty));
    Ok(Decoded { object, strict_errors: walk.strict_errors })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    /// What four API servers answered to bodies that do not fit.
    #[test]
    fn refuses_in_the_words_of_the_api_servers() {
        const REFUSED: &str = "Pod in version \"v1\" cannot be handled as a Pod: ";
        const UNREAD: &str = "couldn't get version/kind; json parse error: ";
        for case in recorded::pods() {
            for (minor, answer) in case.answers.by_minor().filter(|(_, answer)| answer.code == 400) {
                let error = match decode(minor, "Pod", case.request.as_bytes()) {
                    Err(error) => error.detail,
                    Ok(decoded) => panic!("{} on {minor}: read as {}", case.name, decoded.object),
                };
                if let Some(detail) = answer.message.strip_prefix(REFUSED) {
                    assert_eq!(error, detail, "{} on {minor}", case.name);
                } else if !answer.message.contains("into Go value of type struct {") {
                    let (_, detail) = answer.message.split_once(UNREAD).expect("a syntax error");
                    assert!(detail.starts_with(&error), "{} on {minor}: {error}; {detail}", case.name);
                }
            }
        }
    }

    /// What four API servers warned of, asked with `fieldValidation=Warn`; 1.24 has it off.
    #[test]
    fn warns_in_the_words_and_order_of_the_api_servers() {
        for case in recorded::pods() {
            for (minor, answer) in
                case.answers.by_minor().filter(|(minor, answer)| answer.code == 201 && minor.number() >= 25)
            {
                let decoded = decode(minor, "Pod", case.request.as_bytes()).expect("it was accepted");
                let is_strict =
                    |text: &&String| text.starts_with("unknown field") || text.starts_with("duplicate field");
                let warned: Vec<_> = answer.warnings.iter().filter(is_strict).collect();
                assert_eq!(decoded.strict_errors.iter().collect::<Vec<_>>(), warned, "{} on {minor}", case.name);
            }
        }
    }

    /// What was read once is read again without a change.
    #[test]
    fn the_canonical_form_is_its_own() {
        for case in recorded::pods() {
            for minor in Minor::all() {
                if let Ok(once) = decode(minor, "Pod", case.request.as_bytes()) {
                    let twice = round_trip(minor, "Pod", once.object.clone()).expect("it was read before");
                    assert_eq!(
                        twice,
                        Decoded { object: once.object, strict_errors: Vec::new() },
                        "{} on {minor}",
                        case.name
                    );
                }
            }
        }
    }
}
