//! Whether a node suits a Pod: node name, selector, required affinity and taints.
//!
//! # Source
//! kubernetes v1.36 `component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go`,
//! `component-helpers/scheduling/corev1/helpers.go`

use serde_json::Value;

use crate::object;

/// Whether a node meets the Pod's node selector and its required node affinity.
pub(super) fn is_selected(pod: &Value, node: &Value) -> bool {
    let selector = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let meets_selector = selector.into_iter().flatten().all(|(key, value)| label(node, key) == value.as_str());
    let required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let terms = pod.pointer(required).and_then(Value::as_array);
    meets_selector && terms.is_none_or(|terms| terms.iter().any(|term| is_term_met(term, node)))
}

/// A term without requirements selects nothing.
fn is_term_met(term: &Value, node: &Value) -> bool {
    let list = |field: &str| term.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (expressions, fields) = (list("matchExpressions"), list("matchFields"));
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let key = |requirement: &Value| requirement.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    expressions.iter().all(|requirement| is_requirement_met(requirement, label(node, &key(requirement))))
        && fields.iter().all(|requirement| {
            let is_name = key(requirement) == "metadata.name";
            is_requirement_met(requirement, is_name.then(|| object::name(node)))
        })
}

fn is_requirement_met(requirement: &Value, value: Option<&str>) -> bool {
    let values = requirement.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_listed = value.is_some_and(|value| values.iter().any(|listed| listed == value));
    let compared = || {
        let wanted = values.first()?.as_str()?.parse::<i64>().ok()?;
        Some(value?.parse::<i64>().ok()?.cmp(&wanted))
    };
    match requirement.get("operator").and_then(Value::as_str) {
        Some("In") => is_listed,
        Some("NotIn") => !is_listed,
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        Some("Gt") => compared().is_some_and(std::cmp::Ordering::is_gt),
        Some("Lt") => compared().is_some_and(std::cmp::Ordering::is_lt),
        _ => false,
    }
}

fn label<'a>(node: &'a Value, key: &str) -> Option<&'a str> {
    node.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// The first taint of a node that keeps the Pod away.
pub(super) fn untolerated<'a>(pod: &Value, node: &'a Value) -> Option<&'a Value> {
    let taints = node.pointer("/spec/taints").and_then(Value::as_array)?;
    let keeps_away = |taint: &&Value| {
        matches!(taint.get("effect").and_then(Value::as_str), Some("NoSchedule" | "NoExecute"))
            && !tolerates(pod, taint)
    };
    taints.iter().find(keeps_away)
}

/// Whether a node that takes no new Pods takes this one.
pub(super) fn is_schedulable(pod: &Value, node: &Value) -> bool {
    let taint = serde_json::json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    node.pointer("/spec/unschedulable") != Some(&Value::Bool(true)) || tolerates(pod, &taint)
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    let tolerations = pod.pointer("/spec/tolerations").and_then(Value::as_array);
    let text = |object: &Value, field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    tolerations.into_iter().flatten().any(|toleration| {
        let (effect, key) = (text(toleration, "effect"), text(toleration, "key"));
        let is_effect = effect.is_empty() || effect == text(taint, "effect");
        let is_key = key.is_empty() || key == text(taint, "key");
        let is_value = match text(toleration, "operator").as_str() {
            "" | "Equal" => text(toleration, "value") == text(taint, "value"),
            "Exists" => true,
            _ => false,
        };
        is_effect && is_key && is_value
    })
}
