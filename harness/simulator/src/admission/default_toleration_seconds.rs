//! `DefaultTolerationSeconds`: a Pod stays five minutes on a node that is not ready or not reachable.

use serde_json::{Value, json};

use super::{Attributes, Operation, list_mut};
use crate::object;

/// The taints that are tolerated, in the order in which the tolerations are appended.
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Appends the tolerations that are missing.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/defaulttolerationseconds/admission.go` `Plugin.Admit`
pub(crate) fn admit(attributes: &mut Attributes) {
    if !attributes.is_pod() || !matches!(attributes.operation, Operation::Create | Operation::Update) {
        return;
    }
    let Some(pod) = attributes.object.as_mut() else { return };
    let missing = {
        let tolerations = pod.pointer("/spec/tolerations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        TAINTS.map(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
    };
    for (taint, _) in TAINTS.iter().zip(missing).filter(|(_, is_missing)| *is_missing) {
        let spec = object::map_mut(pod, "spec");
        list_mut(spec, "tolerations").push(json!({
            "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
        }));
    }
}

fn tolerates(toleration: &Value, taint: &str) -> bool {
    let text = |field| toleration.get(field).and_then(Value::as_str).unwrap_or_default();
    let (key, effect) = (text("key"), text("effect"));
    (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
}
