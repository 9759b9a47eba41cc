//! A Pod's own rules: what is prepared before it is stored, and what clients are warned of.
//!
//! # Source
//! kubernetes v1.20 to v1.37 `pkg/registry/core/pod/strategy.go`

mod profiles;
mod qos;
mod warnings;

use serde_json::{Map, Value, json};

use crate::{
    minor::{Minor, fields::EPHEMERAL_CONTAINERS_OWNED, validation as rule},
    object,
    registry::{disabled_fields, read::Read},
};

pub(crate) use {qos::class as qos_class, warnings::warnings};

/// `podStrategy.PrepareForCreate`: status, generation, annotation and field synchronisation of that minor.
///
/// Returns the texts for `Warning` headers that arise on the way, which come before those of [`warnings`].
pub(crate) fn prepare_for_create(minor: Minor, pod: &mut Value, now: &str) -> Vec<String> {
    if *rule::POD_GENERATION.at(minor) {
        object::metadata_mut(pod).insert("generation".to_owned(), json!(1));
    }
    let class = qos::class(minor, pod);
    pod["status"] = json!({"phase": "Pending", "qosClass": class});
    disabled_fields::drop(minor, pod, None);
    profiles::seccomp(minor, pod);
    if *rule::GATED_CONDITION.at(minor) && !pod.field("spec").list("schedulingGates").is_empty() {
        pod["status"]["conditions"] = json!([gated_condition(now)]);
    }
    if *rule::AFFINITY_MATCH_LABEL_KEYS.at(minor) {
        merge_affinity_keys(pod);
    }
    if *rule::SPREAD_MERGES_KEYS.at(minor) {
        merge_spread_keys(pod);
    }
    profiles::apparmor(minor, pod)
}

/// The condition of a Pod that waits for its gates.
fn gated_condition(now: &str) -> Value {
    json!({
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": null,
        "lastTransitionTime": now,
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    })
}

/// `podStrategy.PrepareForUpdate`: status is kept, generation rises where the spec changes.
pub(crate) fn prepare_for_update(minor: Minor, pod: &mut Value, old: &Value) {
    keep(pod, old, "status");
    disabled_fields::drop(minor, pod, Some(old));
    update_generation(minor, pod, old);
}

/// `podStatusStrategy.PrepareForUpdate`: only the status changes, and metadata but for a few fields.
pub(crate) fn prepare_for_status_update(minor: Minor, pod: &mut Value, old: &Value) {
    keep(pod, old, "spec");
    let old_owners = old.field("metadata").field("ownerReferences").cloned();
    let metadata = object::metadata_mut(pod);
    metadata.remove("deletionTimestamp");
    put(metadata, "ownerReferences", old_owners);
    if !*rule::STATUS_KEEPS_OLD.at(minor) {
        return;
    }
    let old_status = old.field("status");
    let class = old_status.field("qosClass").cloned();
    let generation = old_status.field("observedGeneration").cloned();
    let mut old_conditions = old_status.list("conditions").to_vec();
    let status = object::map_mut(pod, "status");
    if !status.contains_key("qosClass") {
        put(status, "qosClass", class);
    }
    if !status.contains_key("observedGeneration") {
        put(status, "observedGeneration", generation);
    }
    for condition in status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
        // Conditions may share a type: each takes over from the next of that type.
        let place = old_conditions.iter().position(|old| old.text("type") == condition.text("type"));
        let Some(before) = place.map(|place| old_conditions.remove(place)) else { continue };
        if condition.field("observedGeneration").is_none()
            && let (Some(map), Some(generation)) = (condition.as_object_mut(), before.field("observedGeneration"))
        {
            map.insert("observedGeneration".to_owned(), generation.clone());
        }
    }
}

/// `podEphemeralContainersStrategy.PrepareForUpdate`: only the ephemeral containers change.
pub(crate) fn prepare_for_ephemeral_containers_update(minor: Minor, pod: &mut Value, old: &Value) {
    let containers = pod.field("spec").field("ephemeralContainers").cloned();
    keep(pod, old, "spec");
    keep(pod, old, "status");
    let old_metadata = old.entries("metadata").cloned().unwrap_or_default();
    let metadata = object::metadata_mut(pod);
    // `metav1.ResetObjectMetaForStatus`
    for field in
        ["deletionTimestamp", "generation", "selfLink", "labels", "annotations", "finalizers", "ownerReferences"]
    {
        put(metadata, field, old_metadata.get(field).cloned());
    }
    if !*EPHEMERAL_CONTAINERS_OWNED.at(minor) {
        // The old object is copied, and with it who set what.
        put(metadata, "managedFields", old_metadata.get("managedFields").cloned());
    }
    put(object::map_mut(pod, "spec"), "ephemeralContainers", containers);
    disabled_fields::drop(minor, pod, Some(old));
    update_generation(minor, pod, old);
}

fn update_generation(minor: Minor, pod: &mut Value, old: &Value) {
    if *rule::POD_GENERATION.at(minor) && pod.field("spec") != old.field("spec") {
        let generation = old.field("metadata").int("generation").unwrap_or_default();
        object::metadata_mut(pod).insert("generation".to_owned(), json!(generation + 1));
    }
}

/// Puts back what `old` has under `field`.
fn keep(pod: &mut Value, old: &Value, field: &str) {
    if let Some(map) = pod.as_object_mut() {
        put(map, field, old.field(field).cloned());
    }
}

fn put(map: &mut Map<String, Value>, field: &str, value: Option<Value>) {
    match value {
        Some(value) => map.insert(field.to_owned(), value),
        None => map.remove(field),
    };
}

/// `mutatePodAffinity`: the Pod's own labels become part of its terms' selectors.
fn merge_affinity_keys(pod: &mut Value) {
    let labels = pod.field("metadata").entries("labels").cloned().unwrap_or_default();
    let Some(affinity) = pod.get_mut("spec").and_then(|spec| spec.get_mut("affinity")) else { return };
    for field in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = affinity.get_mut(field) else { continue };
        for (list, inner) in [
            ("preferredDuringSchedulingIgnoredDuringExecution", Some("podAffinityTerm")),
            ("requiredDuringSchedulingIgnoredDuringExecution", None),
        ] {
            for term in pods.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let term = match inner {
                    Some(inner) => term.get_mut(inner),
                    None => Some(term),
                };
                if let Some(term) = term {
                    merge_keys(term, "matchLabelKeys", "In", &labels);
                    merge_keys(term, "mismatchLabelKeys", "NotIn", &labels);
                }
            }
        }
    }
}

/// `mutateTopologySpreadConstraints`
fn merge_spread_keys(pod: &mut Value) {
    let labels = pod.field("metadata").entries("labels").cloned().unwrap_or_default();
    let constraints = pod.get_mut("spec").and_then(|spec| spec.get_mut("topologySpreadConstraints"));
    for constraint in constraints.and_then(Value::as_array_mut).into_iter().flatten() {
        merge_keys(constraint, "matchLabelKeys", "In", &labels);
    }
}

fn merge_keys(owner: &mut Value, field: &str, operator: &str, labels: &Map<String, Value>) {
    let keys = owner.list(field).to_vec();
    let Some(selector) = owner.get_mut("labelSelector").and_then(Value::as_object_mut) else { return };
    for key in keys.iter().filter_map(Value::as_str) {
        let Some(value) = labels.get(key) else { continue };
        let expressions = selector.entry("matchExpressions").or_insert_with(|| json!([]));
        if let Some(list) = expressions.as_array_mut() {
            list.push(json!({"key": key, "operator": operator, "values": [value]}));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn minor(number: u8) -> Minor {
        Minor::new(number).expect("modelled")
    }

    #[test]
    fn a_new_pod_has_only_the_status_of_its_minor() {
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"}});
        let mut newer = pod.clone();
        prepare_for_create(minor(32), &mut pod, "2026-01-01T00:00:00Z");
        prepare_for_create(minor(33), &mut newer, "2026-01-01T00:00:00Z");
        assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
        assert_eq!(pod["metadata"], json!({"name": "p"}));
        assert_eq!(newer["metadata"], json!({"name": "p", "generation": 1}));
    }

    #[test]
    fn a_changed_spec_raises_the_generation() {
        let old = json!({"metadata": {"generation": 1}, "spec": {"containers": [{"image": "a"}]}, "status": {"phase": "Running"}});
        let mut new = old.clone();
        new["spec"]["containers"][0]["image"] = json!("b");
        new["status"] = json!({});
        prepare_for_update(minor(33), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], 2);
        assert_eq!(new["status"], json!({"phase": "Running"}));
    }

    #[test]
    fn a_status_update_changes_neither_spec_nor_owners() {
        let old = json!({"metadata": {"ownerReferences": [{"name": "o"}]}, "spec": {"nodeName": "n"}, "status": {"qosClass": "Burstable"}});
        let mut new = json!({"metadata": {}, "spec": {}, "status": {"phase": "Running"}});
        prepare_for_status_update(minor(33), &mut new, &old);
        assert_eq!(
            new,
            json!({"metadata": {"ownerReferences": [{"name": "o"}]}, "spec": {"nodeName": "n"},
                "status": {"phase": "Running", "qosClass": "Burstable"}})
        );
    }
}
