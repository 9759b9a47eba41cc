//! `TaintNodesByCondition`: a new node takes no Pods until it is ready.

use serde_json::{Value, json};

use super::{Attributes, Operation, list_mut};
use crate::object;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Taints a node that is created as not ready.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/nodetaint/admission.go` `addNotReadyTaint`
pub(crate) fn admit(attributes: &mut Attributes) {
    let is_node = attributes.group.is_empty() && attributes.resource == "nodes" && attributes.subresource.is_empty();
    if !is_node || attributes.operation != Operation::Create {
        return;
    }
    let Some(node) = attributes.object.as_mut() else { return };
    let is_tainted = node
        .pointer("/spec/taints")
        .and_then(Value::as_array)
        .is_some_and(|taints| taints.iter().any(|taint| taint["key"] == NOT_READY && taint["effect"] == "NoSchedule"));
    if !is_tainted {
        list_mut(object::map_mut(node, "spec"), "taints").push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
    }
}
