//! Validation in Kubernetes' words: what is refused with 422.
//!
//! Objects are in canonical form (see [`crate::fields`]) and have their defaults. What Go keeps in maps (labels,
//! annotations, resources) a real API server looks at in no order; here it is the order of the keys.

mod check;
mod go;
mod meta;
mod objects;
mod path;
mod pod;
#[cfg(test)]
mod recorded;
mod selector;
mod webhooks;
mod words;
mod workloads;

use serde_json::Value;

use crate::{
    field_error::FieldError,
    minor::{Minor, validation as rule},
    registry::read::Read,
};

use self::{
    check::{Check, Shown},
    meta::NameForm,
    path::Path,
};

pub(crate) use words::{dns_label, path_segment};

/// What is wrong with a new object of `kind` (`Pod`, `Namespace`, `MutatingWebhookConfiguration`, ...), its metadata
/// included.
pub(crate) fn create(minor: Minor, kind: &str, object: &Value) -> Vec<FieldError> {
    let mut check = Check::new(minor);
    match kind {
        "Pod" => pod::create(&mut check, object),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            webhooks::configuration(&mut check, kind, object, None);
        }
        _ => objects::create(&mut check, kind, object),
    }
    check.into_errors()
}

/// What is wrong with an update of `kind` from `old`; `subresource` is empty, `status` or `ephemeralcontainers`.
///
/// What is wrong with metadata is found more than once, as in Kubernetes: by the registry and by the kind's own rules.
pub(crate) fn update(minor: Minor, kind: &str, subresource: &str, object: &Value, old: &Value) -> Vec<FieldError> {
    let mut check = Check::new(minor);
    let (metadata, old_metadata) = (object.field("metadata"), old.field("metadata"));
    meta::object_meta(&mut check, metadata, objects::is_namespaced(kind), NameForm::PathSegment);
    meta::object_meta_update(&mut check, metadata, old_metadata);
    match (kind, subresource) {
        ("Pod", "") => pod::update(&mut check, object, old),
        ("Pod", "status") => pod::status_update(&mut check, object, old),
        ("Pod", "ephemeralcontainers") => pod::ephemeral_containers_update(&mut check, object, old),
        ("MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration", _) => {
            webhooks::configuration(&mut check, kind, object, Some(old));
        }
        _ => objects::update(&mut check, kind, subresource, object, old),
    }
    check.into_errors()
}

/// How long the name of a field manager may be, in bytes.
const FIELD_MANAGER_LIMIT: usize = 128;

/// What is wrong with the parameters of a request; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`.
///
/// # Shape
/// `options`: `{"dryRun": ["All"], "fieldManager": "x", "fieldValidation": "Strict", "force": true}`. `apply`: the body
/// is an apply patch.
///
/// # Source
/// kubernetes v1.20 to v1.37 `apimachinery/pkg/apis/meta/v1/validation/validation.go`
pub(crate) fn options(minor: Minor, kind: &str, apply: bool, options: &Value) -> Vec<FieldError> {
    let mut check = Check::new(minor);
    let manager = options.text("fieldManager");
    let path = Path::root("fieldManager");
    if kind == "PatchOptions" {
        if apply && manager.is_empty() {
            check.required(&path, "is required for apply patch");
        } else if !apply && options.field("force").is_some() {
            check.forbidden(&Path::root("force"), "may not be specified for non-apply patch");
        }
    }
    if manager.len() > FIELD_MANAGER_LIMIT {
        check.too_long(&path, FIELD_MANAGER_LIMIT);
    }
    for (position, character) in manager.char_indices().filter(|(_, character)| !go::is_print(*character)) {
        let detail = format!("invalid character U+{:04X} (at position {position})", u32::from(character));
        check.invalid(&path, manager, detail);
    }
    let dry_run = options.list("dryRun");
    if dry_run.iter().any(|value| value != "All") {
        let text = go::render_texts(minor, dry_run.iter().filter_map(Value::as_str));
        check.not_supported_value(&Path::root("dryRun"), Shown::Rendered(&text), &["All"]);
    }
    let validation = options.text("fieldValidation");
    let known = ["", "Ignore", "Strict", "Warn"];
    if *rule::FIELD_VALIDATION.at(minor) && !known.contains(&validation) {
        check.not_supported(&Path::root("fieldValidation"), validation, &known);
    }
    check.into_errors()
}
