//! Validation in Kubernetes' words: what is refused with 422.

use serde_json::Value;

use crate::{field_error::FieldError, minor::Minor};

/// What is wrong with a new object of `kind` (`Pod`, `Namespace`, `MutatingWebhookConfiguration`, ...), its metadata
/// included.
pub(crate) fn create(_minor: Minor, _kind: &str, _object: &Value) -> Vec<FieldError> {
    Vec::new()
}

/// What is wrong with an update of `kind` from `old`; `subresource` is empty, `status` or `ephemeralcontainers`.
pub(crate) fn update(_minor: Minor, _kind: &str, _subresource: &str, _object: &Value, _old: &Value) -> Vec<FieldError> {
    Vec::new()
}

/// What is wrong with the parameters of a request; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`.
///
/// # Shape
/// `options`: `{"dryRun": ["All"], "fieldManager": "x", "fieldValidation": "Strict", "force": true}`. `apply`: the body
/// is an apply patch.
pub(crate) fn options(_minor: Minor, _kind: &str, _apply: bool, _options: &Value) -> Vec<FieldError> {
    Vec::new()
}
