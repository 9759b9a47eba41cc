//! The scheduler: a node for each Pod, or a condition that says why there is none.
//!
//! # Source
//! kubernetes v1.36 `pkg/scheduler/schedule_one.go`, `pkg/scheduler/framework/types.go` `FitError.Error`,
//! `pkg/registry/core/pod/storage/storage.go` `BindingREST.assignPod`

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::affinity;
use crate::{cluster::Simulator, minor::node as rows, object, registry::managed_fields, store::Key};

/// Binds a Pod to the first node that suits it; nothing where there is none, or where it is not this scheduler's affair.
pub(super) fn schedule(cluster: &Simulator, key: &Key, pod: &Value) -> Option<Arc<Value>> {
    let gates = pod.pointer("/spec/schedulingGates").and_then(Value::as_array);
    let is_ours = pod.pointer("/spec/schedulerName").is_none_or(|name| name == "default-scheduler");
    if !is_ours || gates.is_some_and(|gates| !gates.is_empty()) || is_going(pod) {
        return None;
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let nodes = cluster.store().list("nodes", None);
    for node in &nodes {
        match reason_against(cluster, pod, node) {
            None => return bind(cluster, key, object::name(node)),
            Some(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    mark_unschedulable(cluster, key, &message(cluster, nodes.len(), &reasons));
    None
}

/// Whether a Pod is being deleted, or has come to its end.
pub(super) fn is_going(pod: &Value) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_some()
        || matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Failed" | "Succeeded"))
}

/// Why a node does not suit a Pod, in the order in which the scheduler asks its plug-ins.
fn reason_against(cluster: &Simulator, pod: &Value, node: &Value) -> Option<String> {
    let minor = cluster.minor();
    if !affinity::is_schedulable(pod, node) {
        return Some("node(s) were unschedulable".to_owned());
    }
    if let Some(taint) = affinity::untolerated(pod, node) {
        let (before, after) = rows::TAINT_REASON.at(minor);
        let text = |field: &str| taint.get(field).and_then(Value::as_str).unwrap_or_default();
        return Some(format!("{before}{{{}: {}}}{after}", text("key"), text("value")));
    }
    (!affinity::is_selected(pod, node)).then(|| (*rows::NODE_AFFINITY_REASON.at(minor)).to_owned())
}

fn message(cluster: &Simulator, nodes: usize, reasons: &BTreeMap<String, usize>) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    let mut counted: Vec<_> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    counted.sort();
    let mut message = format!("0/{nodes} nodes are available: {}.", counted.join(", "));
    if let Some(note) = rows::PREEMPTION_NOTE.at(cluster.minor()) {
        let text = format!(" {note}0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling.");
        message.push_str(&text);
    }
    message
}

fn bind(cluster: &Simulator, key: &Key, node: &str) -> Option<Arc<Value>> {
    let bound = cluster.store().modify(key, |pod| {
        object::map_mut(pod, "spec").insert("nodeName".to_owned(), json!(node));
        set_condition(cluster, pod, &json!({"type": "PodScheduled", "status": "True"}));
    });
    // An error means that the Pod is gone.
    bound.ok()
}

fn mark_unschedulable(cluster: &Simulator, key: &Key, message: &str) {
    let marked = cluster.store().modify(key, |pod| {
        let old = pod.clone();
        let condition =
            json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
        set_condition(cluster, pod, &condition);
        if *pod != old {
            let now = cluster.now();
            let manager = managed_fields::Manager { name: "kube-scheduler", subresource: "status", time: &now };
            managed_fields::update(cluster.minor(), "Pod", "v1", Some(&old), pod, &manager);
        }
    });
    drop(marked);
}

/// Replaces or appends a condition; the time of its last change stays where its status does.
fn set_condition(cluster: &Simulator, pod: &mut Value, condition: &Value) {
    let generation = pod.pointer("/metadata/generation").cloned();
    let mut condition = condition.clone();
    condition["lastProbeTime"] = Value::Null;
    condition["lastTransitionTime"] = json!(cluster.now());
    if *rows::OBSERVED_GENERATION.at(cluster.minor())
        && let Some(generation) = generation
    {
        condition["observedGeneration"] = generation;
    }
    let conditions = object::map_mut(pod, "status").entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = conditions.as_array_mut() else {
        return;
    };
    match conditions.iter_mut().find(|old| old.get("type") == condition.get("type")) {
        Some(old) => {
            if old.get("status") == condition.get("status") {
                condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = condition;
        }
        None => conditions.push(condition),
    }
}
