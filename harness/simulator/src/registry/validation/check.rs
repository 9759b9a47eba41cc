//! What is found wrong, in the order in which it is found.

use serde_json::Value;

use crate::{
    field_error::{FieldError, FieldErrorKind},
    minor::{Minor, validation as rule},
};

use super::{go, path::Path, words};

/// A refused value as it stands in a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown<'a> {
    /// A text, which is quoted.
    Text(&'a str),
    Int(i64),
    Bool(bool),
    /// What is rendered already, such as a whole struct.
    Rendered(&'a str),
    /// A nil pointer.
    Null,
}

impl<'a> From<&'a str> for Shown<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Shown<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl From<i64> for Shown<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Shown<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl Shown<'_> {
    fn render(self, minor: Minor) -> String {
        match self {
            Self::Text(text) => go::quote(text),
            Self::Int(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
            Self::Rendered(text) => text.to_owned(),
            Self::Null if *rule::VALUES_AS_JSON.at(minor) => "null".to_owned(),
            Self::Null => "\"null\"".to_owned(),
        }
    }
}

/// Collects the errors of one object at one minor.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) minor: Minor,
    errors: Vec<FieldError>,
}

impl Check {
    pub(crate) fn new(minor: Minor) -> Self {
        Self { minor, errors: Vec::new() }
    }

    /// What was found.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// How much was found so far, to see whether a part adds to it.
    /// Takes over what was found in a part by itself; `path` is where that stands.
    pub(crate) fn adopt(&mut self, path: &str, part: Self) {
        self.errors.extend(part.errors.into_iter().map(|mut error| {
            error.field = format!("{path}.{}", error.field);
            error
        }));
    }

    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// Forgets all that was found.
    pub(crate) fn clear(&mut self) {
        self.errors.clear();
    }

    fn push(&mut self, kind: FieldErrorKind, path: &Path<'_>, bad_value: Option<String>, detail: String) {
        self.errors.push(FieldError { kind, field: path.to_string(), bad_value, detail });
    }

    /// A field that must be set.
    pub(crate) fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.push(FieldErrorKind::Required, path, None, detail.to_owned());
    }

    /// A field that may not be set, or not so.
    pub(crate) fn forbidden(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.push(FieldErrorKind::Forbidden, path, None, detail.into());
    }

    /// A value that breaks a rule.
    pub(crate) fn invalid<'v>(&mut self, path: &Path<'_>, value: impl Into<Shown<'v>>, detail: impl Into<String>) {
        let value = value.into().render(self.minor);
        self.push(FieldErrorKind::Invalid, path, Some(value), detail.into());
    }

    /// The same for each of the messages about one text.
    pub(crate) fn invalid_for_each(&mut self, path: &Path<'_>, value: &str, details: Vec<String>) {
        for detail in details {
            self.invalid(path, value, detail);
        }
    }

    /// `ValidatePortNumOrName`: a port by its number, or by the name that a container gives it.
    pub(crate) fn port(&mut self, path: &Path<'_>, port: Option<&Value>) {
        if let Some(Value::String(name)) = port {
            self.invalid_for_each(path, name, words::port_name(self.minor, name));
            return;
        }
        let number = port.and_then(Value::as_i64).unwrap_or_default();
        if let Some(message) = words::port_number(number) {
            self.invalid(path, number, message);
        }
    }

    /// A value outside a list; the list is shown in the order given.
    pub(crate) fn not_supported(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        self.not_supported_value(path, value, supported);
    }

    /// The same for a value that is no text.
    pub(crate) fn not_supported_value<'v>(&mut self, path: &Path<'_>, value: impl Into<Shown<'v>>, supported: &[&str]) {
        let list = supported.iter().map(|value| go::quote(value)).collect::<Vec<_>>().join(", ");
        let value = value.into().render(self.minor);
        self.push(FieldErrorKind::NotSupported, path, Some(value), format!("supported values: {list}"));
    }

    /// A value that another element has already.
    pub(crate) fn duplicate(&mut self, path: &Path<'_>, value: &str) {
        self.push(FieldErrorKind::Duplicate, path, Some(go::quote(value)), String::new());
    }

    /// A name of something that is not there.
    pub(crate) fn not_found(&mut self, path: &Path<'_>, name: &str, detail: &str) {
        self.push(FieldErrorKind::NotFound, path, Some(go::quote(name)), detail.to_owned());
    }

    /// A text longer than `limit` bytes.
    pub(crate) fn too_long(&mut self, path: &Path<'_>, limit: usize) {
        let detail = rule::TOO_LONG.at(self.minor).replace("{limit}", &limit.to_string());
        self.too_long_in_words(path, &detail);
    }

    /// A text that is too long, where more is to be said than its limit.
    pub(crate) fn too_long_in_words(&mut self, path: &Path<'_>, detail: &str) {
        self.push(FieldErrorKind::TooLong, path, None, detail.to_owned());
    }

    /// A list longer than `limit`.
    pub(crate) fn too_many(&mut self, path: &Path<'_>, count: usize, limit: usize) {
        let detail = format!("must have at most {limit} items");
        self.push(FieldErrorKind::TooMany, path, Some(count.to_string()), detail);
    }

    /// `Required` where `value` is empty, else `NotSupported` where it is none of `supported`.
    pub(crate) fn one_of(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        if value.is_empty() {
            self.required(path, "");
        } else if !supported.contains(&value) {
            self.not_supported(path, value, supported);
        }
    }
}
