//! The kubelet: runs what is bound to its node, and takes away what is being deleted.
//!
//! # Source
//! kubernetes v1.36 `pkg/kubelet/kubelet.go` `SyncPod`, `rejectPod`, `pkg/kubelet/lifecycle/predicate.go` `Admit`,
//! `pkg/kubelet/status/status_manager.go`

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Addresses, NodeProfile, affinity, object::OS_LABEL, scheduler::is_going, static_pod, status};
use crate::{cluster::Simulator, fields, minor::node as rows, object, registry::managed_fields, store::Key};

/// Brings a Pod to the state that it would reach; a node that is not there does nothing.
pub(super) fn sync(cluster: &Simulator, addresses: &mut Addresses, key: &Key, pod: &Value) {
    let name = pod.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
    let nodes = cluster.nodes();
    let Some((index, node)) = nodes.iter().enumerate().find(|(_, node)| node.name == name) else {
        return;
    };
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        take_away(cluster, key, pod);
        return;
    }
    if is_going(pod) {
        return;
    }
    let Some(pod) = runs_as(cluster, pod) else {
        // A mirror of nothing: the kubelet deletes it.
        drop(cluster.store().delete(key, None));
        return;
    };
    let next = match rejection(cluster, &pod, node) {
        Some((reason, message)) => rejected(cluster, &pod, reason, &message),
        None => status::of(cluster, addresses, (index, node), &pod),
    };
    if pod.get("status") != Some(&next) {
        write(cluster, key, next);
    }
}

/// What runs of a stored Pod: itself, or of a mirror what its static Pod says; nothing where there is none.
pub(super) fn runs_as<'a>(cluster: &Simulator, pod: &'a Value) -> Option<Cow<'a, Value>> {
    if static_pod::mirror_hash(pod).is_none() {
        return Some(Cow::Borrowed(pod));
    }
    let mut runs = Value::clone(&*cluster.kubelets().mirrored(pod)?);
    runs["status"] = pod.get("status").cloned().unwrap_or_default();
    Some(Cow::Owned(runs))
}

/// Ends a Pod at once: nothing here needs time to stop.
fn take_away(cluster: &Simulator, key: &Key, pod: &Value) {
    if object::metadata_list(pod, "finalizers").next().is_none() {
        // An error means that it is gone already.
        drop(cluster.store().delete(key, None));
        return;
    }
    // The API server removes it with its last finalizer, once no grace is left.
    let marked = cluster.store().modify(key, |pod| {
        object::metadata_mut(pod).insert("deletionGracePeriodSeconds".to_owned(), json!(0));
    });
    drop(marked);
}

fn write(cluster: &Simulator, key: &Key, status: Value) {
    let minor = cluster.minor();
    let now = cluster.now();
    let written = cluster.store().modify(key, |pod| {
        let old = pod.clone();
        pod["status"] = status;
        match fields::round_trip(minor, "Pod", std::mem::take(pod)) {
            Ok(decoded) => *pod = decoded.object,
            Err(error) => {
                tracing::error!(%error, "a status does not fit its type");
                *pod = old;
                return;
            }
        }
        if pod.get("status") == old.get("status") {
            *pod = old;
            return;
        }
        let manager = managed_fields::Manager { name: "kubelet", subresource: "status", time: &now };
        managed_fields::update(minor, "Pod", "v1", Some(&old), pod, &manager);
    });
    // An error means that the Pod is gone.
    drop(written);
}

/// Why this node does not take a Pod that is bound to it.
fn rejection(cluster: &Simulator, pod: &Value, profile: &NodeProfile) -> Option<(&'static str, String)> {
    let minor = cluster.minor();
    if is_started(pod) {
        return None;
    }
    if *rows::REJECTS_OTHER_SYSTEMS.at(minor) {
        let label = pod.pointer("/metadata/labels").and_then(|labels| labels.get(OS_LABEL));
        if label.is_some_and(|label| label != "linux") {
            let message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
            return Some(("PodOSSelectorNodeLabelDoesNotMatch", message.to_owned()));
        }
        if pod.pointer("/spec/os/name").is_some_and(|name| name != "linux") {
            let message = "Failed to admit pod as the OS field doesn't match node OS";
            return Some(("PodOSNotSupported", message.to_owned()));
        }
    }
    let node = cluster.store().get(&Key::new("nodes", "", &profile.name))?;
    let is_selected = affinity::is_selected(pod, &node);
    (!is_selected).then(|| {
        let reason = rows::NODE_AFFINITY_REASON.at(minor);
        ("NodeAffinity", format!("Predicate NodeAffinity failed: {reason}"))
    })
}

fn is_started(pod: &Value) -> bool {
    pod.pointer("/status/startTime").is_some()
}

fn rejected(cluster: &Simulator, pod: &Value, reason: &str, message: &str) -> Value {
    let prefix = rows::REJECTION_PREFIX.at(cluster.minor());
    let mut status = json!({
        "phase": "Failed",
        "reason": reason,
        "message": format!("{prefix}{message}"),
        "startTime": cluster.now(),
        "qosClass": pod.pointer("/status/qosClass").cloned().unwrap_or_default(),
    });
    if *rows::OBSERVED_GENERATION.at(cluster.minor()) {
        status["observedGeneration"] = pod.pointer("/metadata/generation").cloned().unwrap_or_default();
    }
    status
}
