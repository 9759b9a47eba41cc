//! What may change in a Pod that exists.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    minor::validation as rule,
    registry::{pod::qos_class, read::Read},
};

use super::super::{
    check::{Check, Shown},
    go, meta,
    path::Path,
    selector, words,
};
use super::{SPEC, annotations, containers, diff, metadata_and_spec, scheduling};

/// `ValidatePodUpdate`
pub(crate) fn update(check: &mut Check, pod: &Value, old: &Value) {
    meta::object_meta_update(check, pod.field("metadata"), old.field("metadata"));
    meta::legacy_finalizers(check, pod.field("metadata"));
    metadata_and_spec(check, pod);
    annotations::specific_update(check, pod, old);
    let nothing = Value::Null;
    let (spec, old_spec) = (pod.field("spec").unwrap_or(&nothing), old.field("spec").unwrap_or(&nothing));
    for list in ["containers", "initContainers"] {
        if !images(check, spec, old_spec, list) {
            return;
        }
    }
    if !active_deadline(check, spec, old_spec) {
        return;
    }
    only_added_tolerations(check, spec, old_spec);
    if *rule::SCHEDULING_GATES_UPDATE.at(check.minor) {
        only_deleted_gates(check, spec, old_spec);
    }
    if spec == old_spec {
        return;
    }
    if *rule::QOS_OF_SPEC_IMMUTABLE.at(check.minor) {
        // A status that was emptied has none, which is then worked out anew.
        let old_class = match old.field("status").text("qosClass") {
            "" => qos_class(check.minor, old),
            class => class,
        };
        if old_class != qos_class(check.minor, pod) {
            check.invalid(&Path::root("metadata"), pod.field("status").text("qosClass"), "Pod QoS is immutable");
        }
    }
    let munged = munge(check, spec, old_spec);
    if munged != *old_spec {
        let diff = diff::of("spec", old_spec, &munged);
        let updatable = rule::UPDATABLE.at(check.minor);
        check.forbidden(&SPEC, format!("pod updates may not change fields other than {updatable}\n{diff}"));
    }
}

/// `ValidateContainerUpdates`: gives whether there are as many as before.
fn images(check: &mut Check, spec: &Value, old: &Value, list: &str) -> bool {
    let path = SPEC.child(list);
    if spec.list(list).len() != old.list(list).len() {
        check.forbidden(&path, "pod updates may not add or remove containers");
        return false;
    }
    for (index, container) in spec.list(list).iter().enumerate() {
        let at = path.index(index);
        if container.text("image").is_empty() {
            check.required(&at.child("image"), "");
        }
        containers::image_without_spaces(check, container, &at);
    }
    true
}

/// The deadline may come and shrink; gives whether the rest is looked at.
fn active_deadline(check: &mut Check, spec: &Value, old: &Value) -> bool {
    let path = SPEC.child("activeDeadlineSeconds");
    let most = i64::from(i32::MAX);
    match (spec.int("activeDeadlineSeconds"), old.int("activeDeadlineSeconds")) {
        (Some(new), _) if !(0..=most).contains(&new) => {
            check.invalid(&path, new, words::inclusive_range(0, most));
            false
        }
        (Some(new), Some(old)) if old < new => {
            check.invalid(&path, new, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            check.invalid(&path, Shown::Null, "must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}

/// `validateOnlyAddedTolerations`: those that are there stay, but for their seconds.
fn only_added_tolerations(check: &mut Check, spec: &Value, old: &Value) {
    let without_seconds = |toleration: &Value| {
        let mut map = toleration.as_object().cloned().unwrap_or_default();
        map.remove("tolerationSeconds");
        map
    };
    let new = spec.list("tolerations").iter().map(without_seconds).collect::<Vec<_>>();
    if old.list("tolerations").iter().any(|toleration| !new.contains(&without_seconds(toleration))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        check.forbidden(&SPEC.child("tolerations"), detail);
        return;
    }
    scheduling::tolerations(check, spec);
}

/// `validateOnlyDeletedSchedulingGates`
fn only_deleted_gates(check: &mut Check, spec: &Value, old: &Value) {
    let path = SPEC.child("schedulingGates");
    for (index, gate) in spec.list("schedulingGates").iter().enumerate() {
        let name = gate.text("name");
        if !old.list("schedulingGates").iter().any(|other| other.text("name") == name) {
            let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            check.forbidden(&path.index(index).child("name"), detail);
        }
    }
}

/// The new spec with all that may change put back to what it was.
fn munge(check: &mut Check, spec: &Value, old: &Value) -> Value {
    let mut munged = spec.clone();
    let Some(map) = munged.as_object_mut() else { return munged };
    for list in ["containers", "initContainers"] {
        let old_containers = old.list(list);
        let containers = map.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (container, before) in containers.zip(old_containers) {
            set(container, "image", before.field("image"));
        }
    }
    for field in ["activeDeadlineSeconds", "tolerations"] {
        put(map, field, old.field(field));
    }
    if *rule::SCHEDULING_GATES_UPDATE.at(check.minor) {
        put(map, "schedulingGates", old.field("schedulingGates"));
    }
    let grace = "terminationGracePeriodSeconds";
    let is_repair = old.int(grace).is_some_and(|seconds| seconds < 0) && spec.int(grace) == Some(1);
    if is_repair && *rule::GRACE_PERIOD_REPAIR.at(check.minor) {
        put(map, grace, old.field(grace));
    }
    if !old.list("schedulingGates").is_empty() && *rule::GATED_POD_MUTABLE.at(check.minor) {
        narrowed(check, map, spec, old);
    }
    munged
}

fn set(object: &mut Value, field: &str, value: Option<&Value>) {
    if let Some(map) = object.as_object_mut() {
        put(map, field, value);
    }
}

fn put(map: &mut serde_json::Map<String, Value>, field: &str, value: Option<&Value>) {
    match value {
        Some(value) => map.insert(field.to_owned(), value.clone()),
        None => map.remove(field),
    };
}

/// A gated Pod's node selector and required node affinity may get more conditions.
fn narrowed(check: &mut Check, map: &mut serde_json::Map<String, Value>, spec: &Value, old: &Value) {
    if spec.field("nodeSelector") != old.field("nodeSelector") {
        let keeps = |key: &String, value: &Value| spec.field("nodeSelector").field(key) == Some(value);
        let kept = old.entries("nodeSelector").is_none_or(|map| map.iter().all(|(key, value)| keeps(key, value)));
        if !kept {
            let text = selector_text(check, spec);
            let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
            check.invalid(&SPEC.child("nodeSelector"), Shown::Rendered(&text), detail);
        }
        put(map, "nodeSelector", old.field("nodeSelector"));
    }
    let of = |spec: &Value| spec.field("affinity").field("nodeAffinity").cloned();
    let before = of(old);
    if of(spec) == before {
        return;
    }
    // Conditions that are added narrow where the Pod may run; nothing else is compared.
    let mut affinity = spec.entries("affinity").cloned().unwrap_or_default();
    put(&mut affinity, "nodeAffinity", before.as_ref());
    let is_gone = affinity.is_empty() && old.field("affinity").is_none();
    put(map, "affinity", (!is_gone).then_some(Value::Object(affinity)).as_ref());
}

/// A node selector as a refusal shows it.
fn selector_text(check: &Check, spec: &Value) -> String {
    let entries = spec.entries("nodeSelector").into_iter().flatten();
    if *rule::VALUES_AS_JSON.at(check.minor) {
        return spec.field("nodeSelector").map_or_else(|| "null".to_owned(), Value::to_string);
    }
    let entries =
        entries.map(|(key, value)| format!("{}:{}", go::quote(key), go::quote(value.as_str().unwrap_or_default())));
    format!("map[string]string{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

/// `ValidatePodStatusUpdate`, as far as it concerns conditions, addresses, the `QoS` class and states that end.
pub(crate) fn status_update(check: &mut Check, pod: &Value, old: &Value) {
    meta::object_meta_update(check, pod.field("metadata"), old.field("metadata"));
    meta::legacy_finalizers(check, pod.field("metadata"));
    annotations::specific_update(check, pod, old);
    let path = Path::root("status");
    let (status, old_status) = (pod.field("status"), old.field("status"));
    for (index, condition) in status.list("conditions").iter().enumerate() {
        let metadata = Path::root("metadata");
        let at = if *rule::CONDITIONS_IN_STATUS.at(check.minor) { &path } else { &metadata };
        let at = at.child("conditions");
        let at = at.index(index);
        let name = condition.text("type");
        if !["PodScheduled", "Ready", "Initialized"].contains(&name) {
            selector::label_name(check, name, &at.child("Type"));
        }
    }
    let nominated = status.text("nominatedNodeName");
    if nominated != old_status.text("nominatedNodeName") && !nominated.is_empty() {
        check.invalid_for_each(&path.child("nominatedNodeName"), nominated, words::dns_subdomain(nominated));
    }
    let is_bound = !old.field("spec").text("nodeName").is_empty();
    if is_bound
        && nominated != old_status.text("nominatedNodeName")
        && !nominated.is_empty()
        && *rule::NOMINATION_ENDS.at(check.minor)
    {
        let detail = "may not be set on pods that are already bound to a node";
        check.forbidden(&path.child("nominatedNodeName"), detail);
    }
    let (class, old_class) = (status.text("qosClass"), old_status.text("qosClass"));
    if class != old_class && *rule::QOS_IMMUTABLE.at(check.minor) {
        check.invalid(&path.child("qosClass"), class, "field is immutable");
    }
    for (list, containers) in [("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")] {
        let spec = old.field("spec");
        ended_states(check, status.list(list), old_status.list(list), &path.child(list), |name, code| {
            let container = spec.list(containers).iter().find(|container| container.text("name") == name);
            match container.text("restartPolicy") {
                "" => may_restart(spec.text("restartPolicy"), code),
                policy => may_restart(policy, code),
            }
        });
    }
    let list = "ephemeralContainerStatuses";
    ended_states(check, status.list(list), old_status.list(list), &path.child(list), |_, _| false);
    addresses(check, status.list("podIPs"), old_status.list("podIPs"), &path.child("podIPs"));
}

/// `validatePodIPs`: new ones are addresses, and there is one of a family.
fn addresses(check: &mut Check, new: &[Value], old: &[Value], path: &Path<'_>) {
    for (index, address) in new.iter().enumerate().filter(|(_, address)| !old.contains(address)) {
        let text = address.text("ip");
        if text.parse::<IpAddr>().is_err() {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            check.invalid(&path.index(index), text, detail);
        }
    }
    let families: Vec<_> =
        new.iter().filter_map(|address| address.text("ip").parse::<IpAddr>().ok()).map(|ip| ip.is_ipv4()).collect();
    if new.len() > 1 && families.len() == new.len() && (new.len() > 2 || families[0] == families[1]) {
        let shown = go::render_pod_ips(check.minor, new);
        check.invalid(path, Shown::Rendered(&shown), "may specify no more than one IP for each IP family");
    }
    for (index, address) in new.iter().enumerate() {
        if new[..index].contains(address) {
            check.duplicate(&path.index(index), address.text("ip"));
        }
    }
}

fn may_restart(policy: &str, exit_code: i64) -> bool {
    policy == "Always" || policy == "OnFailure" && exit_code != 0
}

/// A container that ended and may not start again has ended.
fn ended_states(
    check: &mut Check,
    new: &[Value],
    old: &[Value],
    path: &Path<'_>,
    may_restart: impl Fn(&str, i64) -> bool,
) {
    for (index, before) in old.iter().enumerate() {
        let Some(ended) = before.field("state").field("terminated") else { continue };
        let name = before.text("name");
        if may_restart(name, ended.int("exitCode").unwrap_or_default()) {
            continue;
        }
        let runs = |status: &&Value| status.text("name") == name && status.field("state").field("terminated").is_none();
        if new.iter().any(|status| runs(&status)) {
            check.forbidden(&path.index(index).child("state"), "may not be transitioned to non-terminated state");
        }
    }
}

/// `ValidatePodEphemeralContainersUpdate`: they may only be added.
pub(crate) fn ephemeral_containers_update(check: &mut Check, pod: &Value, old: &Value) {
    meta::object_meta_update(check, pod.field("metadata"), old.field("metadata"));
    meta::legacy_finalizers(check, pod.field("metadata"));
    metadata_and_spec(check, pod);
    annotations::specific_update(check, pod, old);
    let is_static =
        old.field("metadata").field("annotations").is_some_and(|all| all.field(annotations::MIRROR).is_some());
    if is_static && *rule::STATIC_POD_NO_EPHEMERAL.at(check.minor) {
        check.clear();
        check.forbidden(&Path::root(""), "static pods do not support ephemeral containers");
        return;
    }
    let path = SPEC.child("ephemeralContainers");
    let new = pod.field("spec").list("ephemeralContainers");
    for before in old.field("spec").list("ephemeralContainers") {
        let name = go::quote(before.text("name"));
        match new.iter().rev().find(|container| container.text("name") == before.text("name")) {
            None => check.forbidden(&path, format!("existing ephemeral containers {name} may not be removed\n")),
            Some(after) if after != before => {
                let diff = diff::of("ephemeralContainer", before, after);
                check.forbidden(&path, format!("existing ephemeral containers {name} may not be changed\n{diff}"));
            }
            Some(_) => {}
        }
    }
}
