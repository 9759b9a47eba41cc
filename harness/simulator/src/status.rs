//! A refusal: the `Status` object that an API server answers instead of what was asked for.

use serde_json::{Map, Value, json};

use crate::field_error::FieldError;

/// A `v1.Status` with `status: Failure`.
///
/// # Shape
/// `details` is the JSON of `StatusDetails` (`name`, `group`, `kind`, `uid`, `causes`, `retryAfterSeconds`).
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/api/errors/errors.go`
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason, empty where there is none.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// `StatusDetails` as JSON.
    pub details: Option<Value>,
    /// Texts for `Warning` headers: what was found before the refusal.
    pub(crate) warnings: Vec<String>,
}

impl Status {
    /// A failure without details.
    pub(crate) fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self { code, reason: reason.to_owned(), message: message.into(), details: None, warnings: Vec::new() }
    }

    /// The same with details.
    #[must_use]
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// The same with warnings.
    #[must_use]
    pub(crate) fn with_warnings(mut self, warnings: &[String]) -> Self {
        self.warnings.extend_from_slice(warnings);
        self
    }

    /// The same after what was warned of before: each text once.
    #[must_use]
    pub(crate) fn after_warnings(mut self, warnings: &[String]) -> Self {
        let own = std::mem::take(&mut self.warnings);
        self.warnings = warnings.to_vec();
        self.warnings.extend(own.into_iter().filter(|warning| !warnings.contains(warning)));
        self
    }

    /// 400: the request cannot be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 403 in the words of an admission plug-in; `name` may be empty, `group` is empty for the core group.
    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, why: impl AsRef<str>) -> Self {
        let why = why.as_ref();
        let resource_text = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let message = if name.is_empty() {
            format!("{resource_text} is forbidden: {why}")
        } else {
            format!("{resource_text} {name:?} is forbidden: {why}")
        };
        Self::new(403, "Forbidden", message).with_details(details(group, resource, name))
    }

    /// 404: there is no such object.
    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let resource_text = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        Self::new(404, "NotFound", format!("{resource_text} {name:?} not found"))
            .with_details(details(group, resource, name))
    }

    /// 409: the name is taken.
    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let resource_text = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        Self::new(409, "AlreadyExists", format!("{resource_text} {name:?} already exists"))
            .with_details(details(group, resource, name))
    }

    /// 409: the object is not what the request supposes.
    pub(crate) fn conflict(group: &str, resource: &str, name: &str, why: impl AsRef<str>) -> Self {
        let resource_text = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let message = format!("Operation cannot be fulfilled on {resource_text} {name:?}: {}", why.as_ref());
        Self::new(409, "Conflict", message).with_details(details(group, resource, name))
    }

    /// 422: fields that validation refuses.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let kind_text = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        // What is found twice is told once; the causes keep both.
        let mut texts = Vec::with_capacity(errors.len());
        for text in errors.iter().map(FieldError::message) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = if let [one] = texts.as_slice() { one.clone() } else { format!("[{}]", texts.join(", ")) };
        let mut details = details(group, kind, name);
        details["causes"] = errors.iter().map(FieldError::cause).collect();
        Self::new(422, "Invalid", format!("{kind_text} {name:?} is invalid: {list}")).with_details(details)
    }

    /// 500: something went wrong inside.
    pub(crate) fn internal(message: impl AsRef<str>) -> Self {
        let message = message.as_ref();
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
            .with_details(json!({"causes": [{"message": message}]}))
    }

    /// The object as it is answered.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), json!("Status"));
        object.insert("apiVersion".to_owned(), json!("v1"));
        object.insert("metadata".to_owned(), json!({}));
        object.insert("status".to_owned(), json!("Failure"));
        object.insert("message".to_owned(), json!(self.message));
        if !self.reason.is_empty() {
            object.insert("reason".to_owned(), json!(self.reason));
        }
        if let Some(details) = &self.details {
            object.insert("details".to_owned(), details.clone());
        }
        object.insert("code".to_owned(), json!(self.code));
        Value::Object(object)
    }
}

/// `StatusDetails` with what is not empty.
fn details(group: &str, kind: &str, name: &str) -> Value {
    let mut details = Map::new();
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(details)
}
