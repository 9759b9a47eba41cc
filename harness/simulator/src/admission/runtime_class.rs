//! `RuntimeClass`: what a Pod's `runtimeClassName` brings with it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Attributes, Operation, list_mut, lookup};
use crate::{cluster::Simulator, object, status::Status, store::Key};

const RESOURCE: &str = "runtimeclasses.node.k8s.io";

/// Sets overhead, node selector and tolerations of the Pod's `RuntimeClass`.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/runtimeclass/admission.go` `RuntimeClass.Admit`
pub(crate) fn admit(cluster: &Simulator, attributes: &mut Attributes) -> Result<(), Status> {
    let Some(class) = class_of(cluster, attributes)? else { return Ok(()) };
    let Some(pod) = attributes.object.as_ref() else { return Ok(()) };
    if let Some(overhead) = class.pointer("/overhead/podFixed") {
        let given = &pod["spec"]["overhead"];
        if given.as_object().is_some_and(|given| !given.is_empty()) && given != overhead {
            return Err(
                attributes.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
            );
        }
    }
    let selector = class.pointer("/scheduling/nodeSelector").and_then(Value::as_object);
    if let Some(why) = selector.and_then(|selector| conflict(selector, &pod["spec"]["nodeSelector"])) {
        return Err(attributes.forbidden(why));
    }
    let Some(pod) = attributes.object.as_mut() else { return Ok(()) };
    let spec = object::map_mut(pod, "spec");
    if let Some(overhead) = class.pointer("/overhead/podFixed") {
        spec.insert("overhead".to_owned(), overhead.clone());
    }
    if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
        let own = spec.entry("nodeSelector").or_insert_with(|| Value::Object(Map::new()));
        if let Some(own) = own.as_object_mut() {
            own.extend(selector.clone());
        }
    }
    if let Some(more) = class.pointer("/scheduling/tolerations").and_then(Value::as_array) {
        let own = list_mut(spec, "tolerations");
        own.extend(more.iter().cloned());
        *own = merge_tolerations(own);
    }
    Ok(())
}

/// Leaves out each toleration that another one covers.
///
/// # Source
/// kubernetes v1.36.3 `pkg/util/tolerations/tolerations.go` `MergeTolerations`
fn merge_tolerations(all: &[Value]) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for (index, toleration) in all.iter().enumerate() {
        let covered_before = merged.iter().any(|other| covers(other, toleration));
        let covered_after = all[index + 1..].iter().any(|other| other != toleration && covers(other, toleration));
        if !covered_before && !covered_after {
            merged.push(toleration.clone());
        }
    }
    merged
}

/// Whether `wide` tolerates all that `narrow` does.
fn covers(wide: &Value, narrow: &Value) -> bool {
    if wide == narrow {
        return true;
    }
    let wide_text = |field| wide.get(field).and_then(Value::as_str).unwrap_or_default();
    let narrow_text = |field| narrow.get(field).and_then(Value::as_str).unwrap_or_default();
    if wide_text("key") != narrow_text("key") && !(wide_text("key").is_empty() && wide_text("operator") == "Exists") {
        return false;
    }
    if wide_text("effect") != narrow_text("effect") && !wide_text("effect").is_empty() {
        return false;
    }
    if wide_text("effect") == "NoExecute"
        && let Some(limit) = wide["tolerationSeconds"].as_i64()
        && narrow["tolerationSeconds"].as_i64().is_none_or(|seconds| seconds > limit)
    {
        return false;
    }
    match wide_text("operator") {
        "Equal" | "" => narrow_text("operator") == "Equal" && narrow_text("value") == wide_text("value"),
        "Exists" => true,
        _ => false,
    }
}

/// Refuses an overhead that is not the `RuntimeClass`'s.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/runtimeclass/admission.go` `validateOverhead`
pub(crate) fn validate(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    if !attributes.is_pod() || attributes.operation != Operation::Create {
        return Ok(());
    }
    let class = class_of(cluster, attributes)?;
    let expected = class.as_ref().and_then(|class| class.pointer("/overhead/podFixed"));
    let given = attributes.object.as_ref().and_then(|pod| pod.pointer("/spec/overhead"));
    match (expected, given) {
        (Some(expected), given) if given != Some(expected) => {
            Err(attributes.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"))
        }
        (None, Some(_)) => {
            Err(attributes
                .forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"))
        }
        _ => Ok(()),
    }
}

fn class_of(cluster: &Simulator, attributes: &Attributes) -> Result<Option<Arc<Value>>, Status> {
    if !attributes.is_pod() || attributes.operation != Operation::Create {
        return Ok(None);
    }
    let name = attributes.object.as_ref().and_then(|pod| pod.pointer("/spec/runtimeClassName")?.as_str());
    let Some(name) = name else { return Ok(None) };
    lookup::check_name(name).map_err(|why| Status::new(500, "", why))?;
    cluster
        .store()
        .get(&Key::new(RESOURCE, "", name))
        .map(Some)
        .ok_or_else(|| attributes.forbidden(format!("pod rejected: RuntimeClass {name:?} not found")))
}

fn conflict(selector: &Map<String, Value>, own: &Value) -> Option<String> {
    selector.iter().find_map(|(key, wanted)| {
        let has = own.get(key)?;
        let (wanted, has) = (wanted.as_str().unwrap_or_default(), has.as_str().unwrap_or_default());
        (wanted != has).then(|| {
            format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {has}"
            )
        })
    })
}
