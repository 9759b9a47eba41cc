//! Objects that Pods and webhooks need: namespaces, accounts, configuration, services, nodes.
//!
//! Their metadata is checked in full, and of the rest what a client that sets them up can get wrong.
//!
//! # Source
//! kubernetes v1.36 `pkg/apis/core/validation/validation.go`, `pkg/apis/scheduling/validation/validation.go`

use serde_json::Value;

use crate::{fields::quantity::Quantity, minor::validation as rule, registry::read::Read};

use super::{
    check::{Check, Shown},
    go,
    meta::{self, NameForm},
    path::Path,
    selector, words, workloads,
};

/// How much a Secret or `ConfigMap` may hold, in bytes.
const DATA_LIMIT: usize = 1024 * 1024;

/// Whether objects of `kind` live in a namespace.
pub(super) fn is_namespaced(kind: &str) -> bool {
    !matches!(
        kind,
        "Namespace"
            | "Node"
            | "PriorityClass"
            | "RuntimeClass"
            | "MutatingWebhookConfiguration"
            | "ValidatingWebhookConfiguration"
            | "PodSecurityPolicy"
            | "ClusterRole"
            | "ClusterRoleBinding"
    )
}

fn name_form(check: &Check, kind: &str) -> NameForm {
    match kind {
        "Namespace" => NameForm::Label,
        "Service" if *rule::SERVICE_NAME_RELAXED.at(check.minor) => NameForm::Label,
        "Service" => NameForm::Label1035,
        "Event" | "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => NameForm::PathSegment,
        _ => NameForm::Subdomain,
    }
}

/// What is wrong with a new object.
pub(super) fn create(check: &mut Check, kind: &str, object: &Value) {
    let form = name_form(check, kind);
    meta::object_meta(check, object.field("metadata"), is_namespaced(kind), form);
    meta::legacy_finalizers(check, object.field("metadata"));
    specifics(check, kind, object);
}

/// What is wrong with an object's new form.
pub(super) fn update(check: &mut Check, kind: &str, subresource: &str, object: &Value, old: &Value) {
    if kind == "Namespace" && subresource.is_empty() {
        // All that a new one goes through, before what concerns its change.
        create(check, kind, object);
    }
    meta::object_meta_update(check, object.field("metadata"), old.field("metadata"));
    meta::legacy_finalizers(check, object.field("metadata"));
    if kind == "Namespace" && subresource == "status" {
        namespace_phase(check, object);
    }
    if !subresource.is_empty() || kind == "Namespace" {
        return;
    }
    for (field, is_kept) in [("data", true), ("binaryData", true), ("immutable", false)] {
        let was_immutable = matches!(kind, "Secret" | "ConfigMap") && old.flag("immutable") == Some(true);
        let is_changed =
            if is_kept { object.field(field) != old.field(field) } else { object.flag(field) != Some(true) };
        if was_immutable && is_changed {
            check.forbidden(&Path::root(field), "field is immutable when `immutable` is set");
        }
    }
    if kind == "Secret" && object.text("type") != old.text("type") {
        check.invalid(&Path::root("type"), object.text("type"), "field is immutable");
    }
    specifics(check, kind, object);
    if matches!(kind, "Deployment" | "ReplicaSet") {
        workloads::update(check, object, old);
    }
}

fn specifics(check: &mut Check, kind: &str, object: &Value) {
    match kind {
        "Namespace" => {
            for finalizer in object.field("spec").list("finalizers").iter().filter_map(Value::as_str) {
                namespace_finalizer(check, finalizer);
            }
        }
        "ConfigMap" => config_map(check, object),
        "Secret" => secret(check, object),
        "Service" => service(check, object),
        "Node" => node(check, object),
        "PriorityClass" => priority_class(check, object),
        "LimitRange" => limit_range(check, object),
        "Deployment" | "ReplicaSet" => workloads::specification(check, object),
        _ => {}
    }
}

/// `ValidateNamespaceStatusUpdate`: its phase says whether it is being deleted.
fn namespace_phase(check: &mut Check, object: &Value) {
    let path = Path::root("status");
    let phase = object.field("status").text("phase");
    let (wanted, detail) = match object.field("metadata").field("deletionTimestamp") {
        None => ("Active", "may only be 'Active' if `deletionTimestamp` is empty"),
        Some(_) => ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty"),
    };
    if phase != wanted {
        check.invalid(&path.child("Phase"), phase, detail);
    }
}

fn namespace_finalizer(check: &mut Check, finalizer: &str) {
    let path = Path::root("spec");
    let path = path.child("finalizers");
    let messages = words::qualified_name(check.minor, finalizer);
    check.invalid_for_each(&path, finalizer, messages);
    meta::legacy_finalizer(check, finalizer, &path);
}

/// The length of what base64 decodes to.
fn decoded_length(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

fn config_map(check: &mut Check, object: &Value) {
    let mut size = 0;
    for (field, is_text) in [("data", true), ("binaryData", false)] {
        let path = Path::root(field);
        for (key, value) in object.entries(field).into_iter().flatten() {
            check.invalid_for_each(&path.key(key), key, words::config_key(key));
            if is_text && object.field("binaryData").field(key).is_some() {
                check.invalid(&path.key(key), key, "duplicate of key present in binaryData");
            }
            let text = value.as_str().unwrap_or_default();
            size += if is_text { text.len() } else { decoded_length(text) };
        }
    }
    if size > DATA_LIMIT {
        check.too_long(&Path::root(""), DATA_LIMIT);
    }
}

fn secret(check: &mut Check, object: &Value) {
    let path = Path::root("data");
    let mut size = 0;
    for (key, value) in object.entries("data").into_iter().flatten() {
        check.invalid_for_each(&path.key(key), key, words::config_key(key));
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > DATA_LIMIT {
        check.too_long(&path, DATA_LIMIT);
    }
    let required: &[&str] = match object.text("type") {
        "kubernetes.io/service-account-token" => {
            let annotations = Path::root("metadata");
            let annotations = annotations.child("annotations");
            let key = "kubernetes.io/service-account.name";
            if object.field("metadata").field("annotations").text(key).is_empty() {
                check.required(&annotations.key(key), "");
            }
            &[]
        }
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    for key in required {
        if object.field("data").field(key).is_none() {
            check.required(&path.key(key), "");
        }
    }
}

fn service(check: &mut Check, object: &Value) {
    let path = Path::root("spec");
    let spec = object.field("spec");
    let ports = spec.list("ports");
    let at = path.child("ports");
    if ports.is_empty() && spec.text("clusterIP") != "None" && spec.text("type") != "ExternalName" {
        check.required(&at, "");
    }
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let name = port.text("name");
        if name.is_empty() && ports.len() > 1 {
            check.required(&at.child("name"), "");
        } else if !name.is_empty() {
            let messages = words::dns_label(check.minor, name);
            check.invalid_for_each(&at.child("name"), name, messages);
            if ports[..index].iter().any(|other| other.text("name") == name) {
                check.duplicate(&at.child("name"), name);
            }
        }
        let number = port.int("port").unwrap_or_default();
        if let Some(message) = words::port_number(number) {
            check.invalid(&at.child("port"), number, message);
        }
        check.one_of(&at.child("protocol"), port.text("protocol"), &["SCTP", "TCP", "UDP"]);
        check.port(&at.child("targetPort"), port.field("targetPort"));
    }
    if let Some(spec) = spec {
        meta::labels(check, spec, "selector", &path);
    }
    check.one_of(&path.child("type"), spec.text("type"), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
}

fn node(check: &mut Check, object: &Value) {
    // Taints were once an annotation, and their errors still stand there.
    let path = Path::root("metadata");
    let path = path.child("taints");
    let taints = object.field("spec").list("taints");
    for (index, taint) in taints.iter().enumerate() {
        let at = path.index(index);
        selector::label_name(check, taint.text("key"), &at.child("key"));
        let value = taint.text("value");
        let messages = words::label_value(check.minor, value);
        if !messages.is_empty() {
            check.invalid(&at.child("value"), value, messages.join(";"));
        }
        let supported = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        check.one_of(&at.child("effect"), taint.text("effect"), &supported);
        let is_same =
            |other: &Value| other.text("key") == taint.text("key") && other.text("effect") == taint.text("effect");
        if taints[..index].iter().any(is_same) {
            check.duplicate(&at, taint.text("key"));
        }
    }
}

/// The highest priority that is not the system's own.
const HIGHEST_PRIORITY: i64 = 1_000_000_000;

fn priority_class(check: &mut Check, object: &Value) {
    let name = object.field("metadata").text("name");
    let value = object.int("value").unwrap_or_default();
    let is_system = matches!(name, "system-cluster-critical" | "system-node-critical");
    if name.starts_with("system-") && !is_system {
        let path = Path::root("metadata");
        let detail = "priority class names with 'system-' prefix are reserved for system use only. error: the name \
                      is not one of the known system priority classes";
        check.forbidden(&path.child("name"), detail);
    } else if !is_system && value > HIGHEST_PRIORITY {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
        check.forbidden(&Path::root("value"), detail);
    }
    if let Some(policy) = object.field("preemptionPolicy").and_then(Value::as_str) {
        check.one_of(&Path::root("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
    }
}

fn limit_range(check: &mut Check, object: &Value) {
    let path = Path::root("spec");
    let path = path.child("limits");
    let limits = object.field("spec").list("limits");
    for (index, limit) in limits.iter().enumerate() {
        let at = path.index(index);
        let kind = limit.text("type");
        let messages = words::qualified_name(check.minor, kind);
        check.invalid_for_each(&at.child("type"), kind, messages);
        if limits[..index].iter().any(|other| other.text("type") == kind) {
            check.duplicate(&at.child("type"), kind);
        }
        if kind == "Pod" {
            for field in ["default", "defaultRequest"] {
                if limit.entries(field).is_some_and(|map| !map.is_empty()) {
                    check.forbidden(&at.child(field), "may not be specified when `type` is 'Pod'");
                }
            }
        }
        compare_limits(check, limit, &at);
    }
}

/// What a limit says of one resource goes together.
fn compare_limits(check: &mut Check, limit: &Value, at: &Path<'_>) {
    let mut names = ["min", "max", "default", "defaultRequest"]
        .iter()
        .flat_map(|field| limit.entries(field).into_iter().flat_map(|map| map.keys()))
        .collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    // Where the first is more than the second: at which field, with which value, and what each is called.
    let rules = [
        ("min", "max", "min", "min", "min value", "max value"),
        ("min", "defaultRequest", "defaultRequest", "defaultRequest", "min value", "default request value"),
        ("defaultRequest", "max", "defaultRequest", "defaultRequest", "default request value", "max value"),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "defaultRequest",
            "default request value",
            "default limit value",
        ),
        ("min", "default", "default", "min", "min value", "default value"),
        ("default", "max", "default", "max", "default value", "max value"),
    ];
    for name in names {
        for (less, more, field, shown, less_name, more_name) in rules {
            let text = |field: &str| limit.field(field).text(name);
            let (Ok(least), Ok(most)) = (text(less).parse::<Quantity>(), text(more).parse::<Quantity>()) else {
                continue;
            };
            if least > most {
                let value = if *rule::VALUES_AS_JSON.at(check.minor) {
                    go::quote(text(shown))
                } else {
                    go::quantity(text(shown))
                };
                let detail = format!("{less_name} {} is greater than {more_name} {}", text(less), text(more));
                check.invalid(&at.child(field).key(name), Shown::Rendered(&value), detail);
            }
        }
    }
}
