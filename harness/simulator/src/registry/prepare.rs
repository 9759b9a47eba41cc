//! `PrepareForCreate` and `PrepareForUpdate` of each kind.

use serde_json::{Value, json};

use crate::{
    minor::{Minor, resource::Resource},
    object,
    registry::pod,
};

/// The kinds whose `metadata.generation` counts changes of everything but metadata and status.
const COUNTED: &[&str] =
    &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "PriorityClass", "Deployment", "ReplicaSet"];

/// The kinds whose status a client cannot set when it creates them, and what it is then.
fn initial_status(kind: &str) -> Option<Value> {
    match kind {
        "Namespace" => Some(json!({"phase": "Active"})),
        "Service" => Some(json!({"loadBalancer": {}})),
        "Deployment" => Some(json!({})),
        "ReplicaSet" => Some(json!({"replicas": 0})),
        _ => None,
    }
}

/// Brings a new object into the state in which it is stored; gives the warnings that arise on the way.
pub(crate) fn for_create(minor: Minor, resource: &Resource, object: &mut Value, now: &str) -> Vec<String> {
    let kind = resource.kind;
    if kind == "Pod" {
        return pod::prepare_for_create(minor, object, now);
    }
    if let Some(status) = initial_status(kind) {
        object["status"] = status;
    }
    if COUNTED.contains(&kind) {
        object::metadata_mut(object).insert("generation".to_owned(), json!(1));
    }
    if kind == "Namespace" {
        let finalizers = object::map_mut(object, "spec").entry("finalizers").or_insert_with(|| json!([]));
        if let Some(list) = finalizers.as_array_mut()
            && !list.iter().any(|finalizer| finalizer == "kubernetes")
        {
            list.push(json!("kubernetes"));
        }
    }
    Vec::new()
}

/// Brings the next version of an object into the state in which it is stored: what a path may not change stays.
///
/// # Shape
/// `subresource`: empty, `status`, `ephemeralcontainers` or `finalize`.
pub(crate) fn for_update(minor: Minor, resource: &Resource, subresource: &str, object: &mut Value, old: &Value) {
    if resource.kind == "Pod" {
        match subresource {
            "status" => pod::prepare_for_status_update(minor, object, old),
            "ephemeralcontainers" => pod::prepare_for_ephemeral_containers_update(minor, object, old),
            _ => pod::prepare_for_update(minor, object, old),
        }
        return;
    }
    match subresource {
        "status" => keep_all_but(object, old, &["status"]),
        "finalize" => keep_all_but(object, old, &["spec"]),
        _ if resource.subresources.iter().any(|subresource| subresource.name == "status") => {
            keep(object, old, "status");
        }
        _ => {}
    }
    if resource.kind == "Namespace" && subresource.is_empty() {
        keep(object, old, "spec");
    }
    // Its controller looks at a Deployment's annotations as well.
    let is_annotated = resource.kind == "Deployment" && annotations(object) != annotations(old);
    let is_changed = is_annotated || content(object) != content(old);
    if COUNTED.contains(&resource.kind) && subresource.is_empty() && is_changed {
        raise_generation(object, old);
    }
}

/// Counts a change.
pub(crate) fn raise_generation(object: &mut Value, old: &Value) {
    let generation = old.pointer("/metadata/generation").and_then(Value::as_u64).unwrap_or_default();
    object::metadata_mut(object).insert("generation".to_owned(), json!(generation + 1));
}

fn annotations(object: &Value) -> Option<&Value> {
    object.pointer("/metadata/annotations")
}

/// Everything but identity, metadata and status.
fn content(object: &Value) -> Vec<(&String, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !["metadata", "status", "kind", "apiVersion"].contains(&key.as_str())).collect()
}

/// What `old` has under `field`, or nothing where it has nothing.
fn keep(object: &mut Value, old: &Value, field: &str) {
    match old.get(field) {
        Some(value) => object[field] = value.clone(),
        None => drop(object.as_object_mut().and_then(|map| map.remove(field))),
    }
}

/// The old object with only these fields and the metadata from the new one; owners change with the whole object only.
fn keep_all_but(object: &mut Value, old: &Value, changed: &[&str]) {
    let fields: Vec<String> = object.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    let old_fields = old.as_object().into_iter().flatten().map(|(key, _)| key.clone());
    for field in fields.into_iter().chain(old_fields) {
        if field != "metadata" && !changed.contains(&field.as_str()) {
            keep(object, old, &field);
        }
    }
    if changed.contains(&"status") {
        let owners = old.pointer("/metadata/ownerReferences").cloned();
        let metadata = object::metadata_mut(object);
        match owners {
            Some(owners) => metadata.insert("ownerReferences".to_owned(), owners),
            None => metadata.remove("ownerReferences"),
        };
    }
}

/// `Canonicalize`, after validation.
pub(crate) fn canonicalise(kind: &str, object: &mut Value) {
    if kind == "Namespace" {
        // A generated name is known only now.
        let name = object::name(object).to_owned();
        if object
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(NAME_LABEL))
            .is_some_and(|label| *label != *name)
        {
            object["metadata"]["labels"][NAME_LABEL] = json!(name);
        }
    }
}

/// The label that carries a namespace's own name, from 1.21 on.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";
