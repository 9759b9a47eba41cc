//! `SetDefaults_*`: what a decoded object gets before anything looks at it.

mod image;
mod pod;
pub(crate) mod resources;
mod service;
mod workload;

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::minor::{Minor, pod::NAMESPACE_NAME_LABEL};

/// The fields of a JSON object.
type Fields = Map<String, Value>;

/// Applies the defaults of `kind` to a decoded object, and what the conversion to the internal version and back makes
/// visible in it.
///
/// Doing it twice is doing it once; it is done after decoding and after each webhook's patch.
pub(crate) fn apply(minor: Minor, kind: &str, object: &mut Value) {
    let Value::Object(fields) = object else {
        return;
    };
    match kind {
        "Pod" => pod::apply(minor, fields),
        "Namespace" => namespace(minor, fields),
        "Node" => node(fields),
        "Secret" => secret(fields),
        "Service" => service::apply(minor, fields),
        "LimitRange" => limit_range(fields),
        "Deployment" => workload::deployment(minor, fields),
        "ReplicaSet" => workload::replica_set(minor, fields),
        "PriorityClass" => set(fields, "preemptionPolicy", || "PreemptLowerPriority".into()),
        "MutatingWebhookConfiguration" => webhooks(fields, true),
        "ValidatingWebhookConfiguration" => webhooks(fields, false),
        _ => {}
    }
}

/// Sets a field that is not there.
fn set(fields: &mut Fields, name: &str, value: impl FnOnce() -> Value) {
    if !fields.contains_key(name) {
        fields.insert(name.to_owned(), value());
    }
}

/// The fields below a name, where there are any.
fn below<'a>(fields: &'a mut Fields, name: &str) -> Option<&'a mut Fields> {
    fields.get_mut(name).and_then(Value::as_object_mut)
}

/// The objects in the list below a name.
fn each<'a>(fields: &'a mut Fields, name: &str) -> impl Iterator<Item = &'a mut Fields> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_Namespace`, `SetDefaults_NamespaceStatus`
fn namespace(minor: Minor, fields: &mut Fields) {
    if let Some(metadata) = below(fields, "metadata").filter(|_| *NAMESPACE_NAME_LABEL.at(minor)) {
        let name = text(metadata, "name").to_owned();
        if !name.is_empty() {
            set(metadata, "labels", || json!({}));
            if let Some(labels) = below(metadata, "labels") {
                labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
            }
        }
    }
    if let Some(status) = below(fields, "status") {
        set(status, "phase", || "Active".into());
    }
}

/// What was given as text goes into the data.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_Secret`, `conversion.go`
/// `Convert_v1_Secret_To_core_Secret`
fn secret(fields: &mut Fields) {
    set(fields, "type", || "Opaque".into());
    let Some(Value::Object(texts)) = fields.remove("stringData") else {
        return;
    };
    set(fields, "data", || json!({}));
    if let Some(data) = below(fields, "data") {
        for (name, text) in texts {
            let bytes = text.as_str().unwrap_or_default();
            data.insert(name, base64::engine::general_purpose::STANDARD.encode(bytes).into());
        }
    }
}

/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_NodeStatus`
fn node(fields: &mut Fields) {
    if let Some(spec) = below(fields, "spec") {
        mirror(spec, "podCIDR", "podCIDRs", Clone::clone, Clone::clone);
    }
    let Some(status) = below(fields, "status") else {
        return;
    };
    for name in ["capacity", "allocatable"] {
        resources::round(status, name);
    }
    if let Some(capacity) = status.get("capacity").cloned() {
        set(status, "allocatable", || capacity);
    }
}

/// Keeps a value and the first of a list the same, as conversion does; the single value decides.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/conversion.go` `Convert_v1_NodeSpec_To_core_NodeSpec`,
/// `Convert_v1_PodStatus_To_core_PodStatus` and their ways back
fn mirror(fields: &mut Fields, one: &str, many: &str, item: fn(&Value) -> Value, value: fn(&Value) -> Value) {
    let first = fields.get(many).and_then(|list| list.get(0)).map(value);
    match (fields.get(one), first) {
        (Some(one), first) if first.as_ref() != Some(one) => {
            let list = Value::Array(vec![item(one)]);
            fields.insert(many.to_owned(), list);
        }
        (None, Some(first)) => {
            fields.insert(one.to_owned(), first);
        }
        _ => {}
    }
}

/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_LimitRangeItem`
fn limit_range(fields: &mut Fields) {
    let Some(spec) = below(fields, "spec") else {
        return;
    };
    for item in each(spec, "limits") {
        for name in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            resources::round(item, name);
        }
        if text(item, "type") == "Container" {
            resources::fill(item, "max", "default");
            resources::fill(item, "default", "defaultRequest");
            resources::fill(item, "min", "defaultRequest");
        }
    }
}

/// # Source
/// kubernetes v1.36 `pkg/apis/admissionregistration/v1/defaults.go`
fn webhooks(fields: &mut Fields, is_mutating: bool) {
    for webhook in each(fields, "webhooks") {
        set(webhook, "failurePolicy", || "Fail".into());
        set(webhook, "matchPolicy", || "Equivalent".into());
        set(webhook, "namespaceSelector", || json!({}));
        set(webhook, "objectSelector", || json!({}));
        set(webhook, "timeoutSeconds", || 10.into());
        if is_mutating {
            set(webhook, "reinvocationPolicy", || "Never".into());
        }
        for rule in each(webhook, "rules") {
            set(rule, "scope", || "*".into());
        }
        if let Some(service) = below(webhook, "clientConfig").and_then(|config| below(config, "service")) {
            set(service, "port", || 443.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_gets_its_name_label_from_1_21_on() {
        let labels = |minor: u8| {
            let mut namespace = json!({"metadata": {"name": "n"}, "status": {}});
            apply(Minor::new(minor).expect("modelled"), "Namespace", &mut namespace);
            namespace["metadata"]["labels"].clone()
        };
        assert_eq!(labels(20), Value::Null);
        assert_eq!(labels(21), json!({"kubernetes.io/metadata.name": "n"}));
    }

    /// What four API servers stored of each Pod, without what admission and preparation add.
    #[test]
    fn a_pod_is_stored_as_the_api_servers_store_it() {
        for case in crate::recorded::pods() {
            for (minor, answer) in case.answers.by_minor() {
                if answer.code != 201 {
                    continue;
                }
                let mut pod =
                    crate::fields::decode(minor, "Pod", case.request.as_bytes()).expect("it was accepted").object;
                apply(minor, "Pod", &mut pod);
                crate::registry::disabled_fields::drop(minor, &mut pod, None);
                let mut stored = answer.object.clone();
                crate::recorded::without_admission(&mut stored);
                crate::recorded::without_admission(&mut pod);
                assert_eq!(pod, stored, "{} on {minor}", case.name);
            }
        }
    }

    /// The same for other kinds.
    #[test]
    fn other_objects_are_stored_as_the_api_servers_store_them() {
        for case in crate::recorded::others() {
            for (minor, answer) in case.answers.by_minor() {
                assert_eq!(answer.code, 201, "{}: {}", case.name, answer.message);
                let kind = case.name.as_str();
                let mut object = crate::fields::decode(minor, kind, case.request.as_bytes()).expect("accepted").object;
                apply(minor, kind, &mut object);
                let mut stored = answer.object.clone();
                for object in [&mut object, &mut stored] {
                    without_strategy(kind, object);
                }
                assert_eq!(object, stored, "{kind} on {minor}: {}", case.request);
            }
        }
    }

    /// Takes away what the strategy of a resource and admission overwrite.
    fn without_strategy(kind: &str, object: &mut Value) {
        let dropped: &[(&str, &str)] = match kind {
            "Namespace" => &[("spec", "finalizers"), ("status", "phase")],
            "Service" => {
                &[("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "ipFamilies"), ("spec", "ipFamilyPolicy")]
            }
            "Node" => &[("spec", "taints")],
            _ => &[],
        };
        for (below, name) in dropped.iter().chain(&[("metadata", "creationTimestamp")]) {
            object[below].as_object_mut().map(|fields| fields.remove(*name));
        }
    }

    #[test]
    fn a_webhook_gets_the_defaults_of_v1() {
        let mut configuration = json!({"webhooks": [{
            "name": "a.b.c",
            "clientConfig": {"service": {"name": "s", "namespace": "n"}},
            "rules": [{"operations": ["CREATE"]}],
        }]});
        apply(Minor::NEWEST, "MutatingWebhookConfiguration", &mut configuration);
        let webhook = &configuration["webhooks"][0];
        assert_eq!(webhook["failurePolicy"], "Fail");
        assert_eq!(webhook["matchPolicy"], "Equivalent");
        assert_eq!(webhook["timeoutSeconds"], 10);
        assert_eq!(webhook["reinvocationPolicy"], "Never");
        assert_eq!(webhook["rules"][0]["scope"], "*");
        assert_eq!(webhook["clientConfig"]["service"]["port"], 443);
    }
}
