//! `meta.k8s.io/v1 Table`: what `kubectl get` prints.
//!
//! # Source
//! kubernetes v1.36 `pkg/printers/internalversion/printers.go`, and the tables of kube-apiserver 1.24.17, 1.25.16,
//! 1.31.14 and 1.36.3

mod age;
mod pod;

use serde_json::{Value, json};

use self::age::age;
use super::present::{Include, View, metadata_only};
use crate::{
    minor::{Minor, api as rows},
    object,
};

/// A column: name, type, format, and 1 where only `-o wide` shows it.
#[derive(Clone, Copy, Debug)]
struct Column(&'static str, &'static str, &'static str, u8);

const fn text(name: &'static str) -> Column {
    Column(name, "string", "", 0)
}

const fn wide(name: &'static str) -> Column {
    Column(name, "string", "", 1)
}

const NAME: Column = Column("Name", "string", "name", 0);
const AGE: Column = text("Age");
const NONE: &str = "<none>";

/// The table of these objects.
pub(crate) fn table(view: &View, objects: &[&Value], metadata: &Value, with_columns: bool) -> Value {
    let mut table = json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
    table["columnDefinitions"] = if with_columns {
        let definitions = columns(view).into_iter().map(|Column(name, kind, format, priority)| {
            json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority})
        });
        Value::Array(definitions.collect())
    } else {
        Value::Null
    };
    table["rows"] = objects.iter().map(|object| row(view, object)).collect();
    table
}

fn row(view: &View, object: &Value) -> Value {
    let mut row = json!({"cells": cells(view, object)});
    if let Some(conditions) = pod::conditions(object).filter(|_| view.resource.kind == "Pod") {
        row["conditions"] = conditions;
    }
    match view.include {
        Include::Nothing => row["object"] = Value::Null,
        Include::Metadata => row["object"] = metadata_only(object),
        Include::Object => row["object"] = object.clone(),
    }
    row
}

fn columns(view: &View) -> Vec<Column> {
    const WEBHOOKS: &[Column] = &[NAME, Column("Webhooks", "integer", "", 0), AGE];
    let minor = view.minor;
    match view.resource.kind {
        "Pod" => pod::columns(minor),
        "Namespace" => vec![NAME, text("Status"), AGE],
        "Node" => vec![
            NAME,
            text("Status"),
            text("Roles"),
            AGE,
            text("Version"),
            wide("Internal-IP"),
            wide("External-IP"),
            wide("OS-Image"),
            wide("Kernel-Version"),
            wide("Container-Runtime"),
        ],
        "Service" => {
            vec![NAME, text("Type"), text("Cluster-IP"), text("External-IP"), text("Port(s)"), AGE, wide("Selector")]
        }
        "Event" => vec![
            text("Last Seen"),
            text("Type"),
            text("Reason"),
            text("Object"),
            wide("Subobject"),
            wide("Source"),
            text("Message"),
            wide("First Seen"),
            wide("Count"),
            Column("Name", "string", "name", 1),
        ],
        "ConfigMap" => vec![NAME, text("Data"), AGE],
        "Secret" => vec![NAME, text("Type"), text("Data"), AGE],
        "ServiceAccount" if *rows::SERVICE_ACCOUNTS_SHOW_SECRETS.at(minor) => vec![NAME, text("Secrets"), AGE],
        "ServiceAccount" => vec![NAME, AGE],
        "PriorityClass" => {
            let mut columns =
                vec![NAME, Column("Value", "integer", "", 0), Column("Global-Default", "boolean", "", 0), AGE];
            if *rows::PRIORITY_CLASSES_SHOW_PREEMPTION.at(minor) {
                columns.push(text("PreemptionPolicy"));
            }
            columns
        }
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => WEBHOOKS.to_vec(),
        _ => vec![NAME, Column("Created At", "date", "", 0)],
    }
}

fn cells(view: &View, object: &Value) -> Vec<Value> {
    let minor = view.minor;
    let name = || json!(object::name(object));
    let created = object::metadata(object, "creationTimestamp");
    let aged = || json!(age(view.now, created));
    let at = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let count = |field: &str| match object.get(field) {
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    };
    match view.resource.kind {
        "Pod" => pod::cells(minor, object, view.now),
        "Namespace" => vec![name(), json!(at("/status/phase")), aged()],
        "Node" => node(minor, object, &aged()),
        "Service" => service(object, &aged()),
        "Event" => event(view, object),
        "ConfigMap" => vec![name(), json!((count("data") + count("binaryData")).to_string()), aged()],
        "Secret" => vec![name(), json!(at("/type")), json!(count("data").to_string()), aged()],
        "ServiceAccount" if *rows::SERVICE_ACCOUNTS_SHOW_SECRETS.at(minor) => {
            vec![name(), json!(count("secrets").to_string()), aged()]
        }
        "ServiceAccount" => vec![name(), aged()],
        "PriorityClass" => {
            let default = object.get("globalDefault").cloned().unwrap_or(json!(false));
            let mut cells = vec![name(), object.get("value").cloned().unwrap_or(json!(0)), default, aged()];
            if *rows::PRIORITY_CLASSES_SHOW_PREEMPTION.at(minor) {
                cells.push(json!(at("/preemptionPolicy")));
            }
            cells
        }
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            vec![name(), json!(count("webhooks")), aged()]
        }
        _ => vec![name(), json!(created)],
    }
}

/// The items of a list below a pointer.
fn items<'a>(object: &'a Value, pointer: &str) -> impl DoubleEndedIterator<Item = &'a Value> + ExactSizeIterator {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

/// A text below a pointer.
fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A text, or a word where it is empty.
fn or<'a>(text: &'a str, word: &'a str) -> &'a str {
    if text.is_empty() { word } else { text }
}

fn node(minor: Minor, object: &Value, aged: &Value) -> Vec<Value> {
    const ROLE: &str = "node-role.kubernetes.io/";
    let ready = items(object, "/status/conditions").find(|condition| text_at(condition, "/type") == "Ready");
    let mut status = match ready.map(|ready| text_at(ready, "/status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let mut roles = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix(ROLE) {
            Some(role) => Some(role),
            None => (key == "kubernetes.io/role").then(|| value.as_str().unwrap_or_default()),
        })
        .filter(|role| !role.is_empty())
        .collect::<Vec<_>>();
    roles.sort_unstable();
    let roles = roles.join(",");
    let address = |kind: &str| {
        let found = items(object, "/status/addresses").find(|address| text_at(address, "/type") == kind);
        found.map_or(NONE, |address| text_at(address, "/address")).to_owned()
    };
    let info = |field: &str| or(text_at(object, &format!("/status/nodeInfo/{field}")), "<unknown>").to_owned();
    let mut kernel = info("kernelVersion");
    let architecture = text_at(object, "/status/nodeInfo/architecture");
    if !architecture.is_empty() && *rows::KERNELS_SHOW_ARCHITECTURE.at(minor) {
        kernel = format!("{kernel} ({architecture})");
    }
    vec![
        json!(object::name(object)),
        json!(status),
        json!(or(&roles, NONE)),
        aged.clone(),
        json!(text_at(object, "/status/nodeInfo/kubeletVersion")),
        json!(address("InternalIP")),
        json!(address("ExternalIP")),
        json!(info("osImage")),
        json!(kernel),
        json!(info("containerRuntimeVersion")),
    ]
}

fn service(object: &Value, aged: &Value) -> Vec<Value> {
    let ports = items(object, "/spec/ports").map(|port| {
        let number = |field: &str| port.get(field).and_then(Value::as_u64).unwrap_or_default();
        let protocol = text_at(port, "/protocol");
        match number("nodePort") {
            0 => format!("{}/{protocol}", number("port")),
            node_port => format!("{}:{node_port}/{protocol}", number("port")),
        }
    });
    let ports = ports.collect::<Vec<_>>().join(",");
    let external = items(object, "/spec/externalIPs").filter_map(Value::as_str).collect::<Vec<_>>().join(",");
    let external = match text_at(object, "/spec/type") {
        "ExternalName" => text_at(object, "/spec/externalName"),
        "LoadBalancer" => or(&external, "<pending>"),
        _ => or(&external, NONE),
    };
    let selector = object.pointer("/spec/selector").and_then(Value::as_object).into_iter().flatten();
    let selector = selector.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    vec![
        json!(object::name(object)),
        json!(text_at(object, "/spec/type")),
        json!(or(text_at(object, "/spec/clusterIP"), NONE)),
        json!(external),
        json!(or(&ports, NONE)),
        aged.clone(),
        json!(or(&selector.collect::<Vec<_>>().join(","), NONE)),
    ]
}

fn event(view: &View, object: &Value) -> Vec<Value> {
    let event_time = text_at(object, "/eventTime");
    let first = age(view.now, or(text_at(object, "/firstTimestamp"), event_time));
    let last = text_at(object, "/lastTimestamp");
    let series = object.get("series");
    let last = match series {
        Some(series) => age(view.now, text_at(series, "/lastObservedTime")),
        None if last.is_empty() => first.clone(),
        None => age(view.now, last),
    };
    let count = series.unwrap_or(object).get("count").and_then(Value::as_u64).unwrap_or_default().max(1);
    let kind = text_at(object, "/involvedObject/kind").to_lowercase();
    let name = text_at(object, "/involvedObject/name");
    let component = or(text_at(object, "/source/component"), text_at(object, "/reportingComponent"));
    let host = or(text_at(object, "/source/host"), text_at(object, "/reportingInstance"));
    let source = if host.is_empty() { component.to_owned() } else { format!("{component}, {host}") };
    vec![
        json!(last),
        json!(text_at(object, "/type")),
        json!(text_at(object, "/reason")),
        json!(if name.is_empty() { kind } else { format!("{kind}/{name}") }),
        json!(text_at(object, "/involvedObject/fieldPath")),
        json!(source),
        json!(text_at(object, "/message").trim()),
        json!(first),
        json!(count),
        json!(object::name(object)),
    ]
}
