//! Which field each minor knows, with type and merge key, and the round trip through those types.
//!
//! An object's canonical form in this crate is what that minor's Go types would serialise: fields it does not know are
//! gone, empty values with `omitempty` are absent, values without it (`resources: {}`, `status: {}`,
//! `metadata.creationTimestamp: null` before 1.34) are there.

mod codec;
pub(crate) mod quantity;
mod scalar;
mod schema;
mod syntax;

use serde_json::Value;

use self::codec::Walk;
pub(crate) use self::schema::{Field, Kind, Ownership, Schema, StructType, Type, schema};
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

/// Parses text of no particular type.
///
/// # Errors
/// Text that is not JSON, in Go's words.
pub(crate) fn parse(json: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(json).map_err(|_| DecodeError { detail: syntax::explain(json) })
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

/// Walks `source` along the type; nothing as error where the source itself is no JSON.
fn walk<'de, D: serde::Deserializer<'de>>(minor: Minor, type_name: &str, source: D) -> Result<Decoded, Option<String>> {
    let schema = schema(minor);
    let Some(ty) = schema.root(type_name) else {
        return Err(Some(format!("no kind {type_name:?} is registered")));
    };
    let mut walk = Walk::new(schema);
    let read = walk.read(ty, source);
    if let Some(failure) = walk.failure {
        return Err(Some(failure));
    }
    let object = read.map_err(|_| None)?.unwrap_or_else(|| codec::zero(schema, ty));
    Ok(Decoded { object, strict_errors: walk.strict_errors })
}
