//! A field that validation refuses, in Kubernetes' words.

use serde_json::{Value, json};

/// Why a field is refused.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/util/validation/field/errors.go` `ErrorType`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FieldErrorKind {
    Required,
    Invalid,
    NotSupported,
    Duplicate,
    Forbidden,
    NotFound,
    TooLong,
    TooMany,
}

impl FieldErrorKind {
    /// The words before the detail.
    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not found",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }

    /// The `reason` of the cause in a Status.
    fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::NotFound => "FieldValueNotFound",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
        }
    }
}

/// One refused field.
///
/// # Shape
/// `field`: the path as Kubernetes writes it, `spec.containers[0].name`. `bad_value`: the value as it stands in the
/// message (already rendered: `"x"`, `31`, `{"Type":"x"}`), nothing for kinds that show none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FieldError {
    pub(crate) kind: FieldErrorKind,
    pub(crate) field: String,
    pub(crate) bad_value: Option<String>,
    pub(crate) detail: String,
}

impl FieldError {
    /// A field that may not be set, or not so.
    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: FieldErrorKind::Forbidden, field: field.into(), bad_value: None, detail: detail.into() }
    }

    /// A value that breaks a rule; `value` is shown as JSON.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: impl Into<String>) -> Self {
        Self {
            kind: FieldErrorKind::Invalid,
            field: field.into(),
            bad_value: Some(value.to_string()),
            detail: detail.into(),
        }
    }

    /// A value outside a list; the list is shown in the order given.
    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let list = supported.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
        Self {
            kind: FieldErrorKind::NotSupported,
            field: field.into(),
            bad_value: Some(value.to_string()),
            detail: if list.is_empty() { String::new() } else { format!("supported values: {list}") },
        }
    }

    /// The error without its field: what stands in a cause's `message`.
    pub(crate) fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if let Some(value) = &self.bad_value {
            text.push_str(": ");
            text.push_str(value);
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }

    /// `field: body`, as it stands in a Status' message.
    pub(crate) fn message(&self) -> String {
        format!("{}: {}", self.field, self.body())
    }

    /// The cause in a Status' details.
    pub(crate) fn cause(&self) -> Value {
        json!({"reason": self.kind.reason(), "message": self.body(), "field": self.field})
    }
}
