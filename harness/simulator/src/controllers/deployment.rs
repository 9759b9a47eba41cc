//! Deployments: a ReplicaSet for each template, scaled up and down until the newest one has all Pods.
//!
//! Old ReplicaSets are kept, whatever `revisionHistoryLimit` says; a Deployment that is paused is left alone; progress has
//! no deadline; ReplicaSets without an owner are not adopted.
//!
//! # Source
//! kubernetes v1.36 `pkg/controller/deployment/{deployment_controller,sync,rolling,recreate}.go`,
//! `pkg/controller/deployment/util/deployment_util.go`; objects of kube-controller-manager 1.24.17 and 1.36.3

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    acting::Component,
    controlled_by, owner,
    replica_set::{self, active_pods, is_ready, wanted},
};
use crate::{
    cluster::Simulator,
    identity::ALPHABET,
    minor::node as rows,
    object,
    registry::{Target, create, read::Read},
    store::Key,
};

const CONTROLLER: Component<'static> = Component::Controller("deployment-controller");
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Brings a Deployment forward by one step.
pub(super) async fn sync(cluster: &Simulator, namespace: &str, name: &str) {
    let Some(deployment) = find(cluster, namespace, name) else {
        return;
    };
    if deployment.field("spec").flag("paused") == Some(true) {
        return;
    }
    let sets = replica_sets(cluster, &deployment);
    let Some(new) = sets.iter().find(|set| is_of_template(set, &deployment)).cloned() else {
        create_set(cluster, &deployment, &sets).await;
        // The new ReplicaSet's event brings this back.
        return write_status(cluster, namespace, name).await;
    };
    let old: Vec<_> = sets.iter().filter(|set| !Arc::ptr_eq(set, &new)).cloned().collect();
    if deployment.field("spec").field("strategy").text("type") == "Recreate" {
        recreate(cluster, &deployment, &new, &old).await;
    } else {
        roll(cluster, &deployment, &new, &old).await;
    }
    write_status(cluster, namespace, name).await;
}

fn find(cluster: &Simulator, namespace: &str, name: &str) -> Option<Arc<Value>> {
    let deployment = cluster.store().get(&Key::new("deployments.apps", namespace, name))?;
    deployment.pointer("/metadata/deletionTimestamp").is_none().then_some(deployment)
}

/// The ReplicaSets of a Deployment, the oldest revision first.
fn replica_sets(cluster: &Simulator, deployment: &Value) -> Vec<Arc<Value>> {
    let mut sets = cluster.store().list("replicasets.apps", Some(object::namespace(deployment)));
    sets.retain(|set| {
        owner(set, "Deployment").is_some_and(|owner| owner.text("uid") == object::metadata(deployment, "uid"))
            && set.pointer("/metadata/deletionTimestamp").is_none()
    });
    sets.sort_by_key(|set| revision(set));
    sets
}

fn revision(set: &Value) -> u64 {
    set.field("metadata").field("annotations").text(REVISION).parse().unwrap_or_default()
}

/// Whether a ReplicaSet's template is the Deployment's, but for the hash that it is labelled with.
fn is_of_template(set: &Value, deployment: &Value) -> bool {
    let mut template = set.field("spec").field("template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
    deployment.field("spec").field("template") == Some(&template)
}

/// The hash of a template; a real one is of another text, and so another one in each minor.
fn hash(template: &Value) -> String {
    let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let sum = template.to_string().bytes().fold(0x811c_9dc5, fold);
    sum.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

async fn create_set(cluster: &Simulator, deployment: &Value, sets: &[Arc<Value>]) {
    let spec = deployment.field("spec");
    let mut template = spec.field("template").cloned().unwrap_or_default();
    let mut selector = spec.field("selector").cloned().unwrap_or_default();
    let hash = hash(&template);
    object::map_mut(&mut template["metadata"], "labels").insert(HASH.to_owned(), json!(hash));
    object::map_mut(&mut selector, "matchLabels").insert(HASH.to_owned(), json!(hash));
    let old = sets.iter().map(|set| wanted(set)).sum();
    let is_recreated = spec.field("strategy").text("type") == "Recreate";
    let replicas = if is_recreated { 0 } else { room(deployment, old) };
    let next = sets.iter().map(|set| revision(set)).max().unwrap_or_default() + 1;
    let mut annotations = annotations(deployment);
    annotations[REVISION] = json!(next.to_string());
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", object::name(deployment)),
            "namespace": object::namespace(deployment),
            "labels": template.pointer("/metadata/labels"),
            "annotations": annotations,
            "ownerReferences": controlled_by("Deployment", deployment),
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    });
    let Some(target) = Target::find(cluster.minor(), "apps", "replicasets", object::namespace(deployment), "") else {
        return;
    };
    let request = CONTROLLER.request("CreateOptions");
    if let Err(status) = create::create(cluster, &target, &request, set.to_string().as_bytes()).await {
        tracing::debug!(name = object::name(deployment), status = status.message, "a ReplicaSet is refused");
    }
}

/// What the Deployment's ReplicaSets say of it.
fn annotations(deployment: &Value) -> Value {
    let mut annotations = deployment.field("metadata").field("annotations").cloned().unwrap_or_else(|| json!({}));
    if let Some(fields) = annotations.as_object_mut() {
        fields.remove("kubectl.kubernetes.io/last-applied-configuration");
        fields.remove(REVISION);
    }
    let replicas = wanted(deployment);
    let surge =
        if deployment.field("spec").field("strategy").text("type") == "Recreate" { 0 } else { limits(deployment).0 };
    annotations["deployment.kubernetes.io/desired-replicas"] = json!(replicas.to_string());
    annotations["deployment.kubernetes.io/max-replicas"] = json!((replicas + surge).to_string());
    annotations
}

/// How many Pods more and how many fewer there may be than are wanted.
///
/// # Source
/// kubernetes v1.36 `pkg/controller/deployment/util/deployment_util.go` `ResolveFenceposts`
fn limits(deployment: &Value) -> (usize, usize) {
    let rolling = deployment.field("spec").field("strategy").field("rollingUpdate");
    let replicas = wanted(deployment);
    let number = |field: &str, is_rounded_up: bool| match rolling.field(field) {
        Some(Value::String(text)) => {
            let percent: usize = text.trim_end_matches('%').parse().unwrap_or_default();
            let parts = percent.saturating_mul(replicas);
            if is_rounded_up { parts.div_ceil(100) } else { parts / 100 }
        }
        Some(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default(),
        None => 0,
    };
    match (number("maxSurge", true), number("maxUnavailable", false)) {
        (0, 0) => (0, 1),
        limits => limits,
    }
}

/// How many Pods the newest ReplicaSet may have beside `old` ones.
fn room(deployment: &Value, old: usize) -> usize {
    let replicas = wanted(deployment);
    replicas.min((replicas + limits(deployment).0).saturating_sub(old))
}

async fn roll(cluster: &Simulator, deployment: &Value, new: &Arc<Value>, old: &[Arc<Value>]) {
    let total: usize = old.iter().map(|set| wanted(set)).sum();
    let replicas = wanted(deployment);
    let now = wanted(new);
    let next = if now > replicas { replicas } else { now.max(room(deployment, total)) };
    scale(cluster, deployment, new, next).await;
    if next != now {
        return;
    }
    // Old Pods go as far as enough others are available.
    let unavailable = now.saturating_sub(active_pods(cluster, new).iter().filter(|pod| is_ready(pod)).count());
    let least = replicas.saturating_sub(limits(deployment).1);
    let mut spare = (total + now).saturating_sub(least + unavailable);
    for set in old {
        let have = wanted(set);
        let gone = have.min(spare);
        spare -= gone;
        if gone > 0 {
            scale(cluster, deployment, set, have - gone).await;
        }
    }
}

async fn recreate(cluster: &Simulator, deployment: &Value, new: &Arc<Value>, old: &[Arc<Value>]) {
    for set in old.iter().filter(|set| wanted(set) > 0) {
        scale(cluster, deployment, set, 0).await;
    }
    if old.iter().all(|set| active_pods(cluster, set).is_empty()) {
        scale(cluster, deployment, new, wanted(deployment)).await;
    }
}

/// Sets how many Pods a ReplicaSet has, and what it says of its Deployment.
async fn scale(cluster: &Simulator, deployment: &Value, set: &Arc<Value>, replicas: usize) {
    let (namespace, name) = (object::namespace(set), object::name(set));
    let Some(target) = Target::find(cluster.minor(), "apps", "replicasets", namespace, name) else {
        return;
    };
    let mut next = Value::clone(set);
    next["spec"]["replicas"] = json!(replicas);
    let own = object::map_mut(&mut next["metadata"], "annotations");
    own.extend(annotations(deployment).as_object().cloned().unwrap_or_default());
    if next == **set {
        return;
    }
    if let Err(status) = CONTROLLER.update(cluster, &target, next).await {
        tracing::debug!(name, status = status.message, "a ReplicaSet is not scaled");
    }
}

async fn write_status(cluster: &Simulator, namespace: &str, name: &str) {
    let target = Target::find(cluster.minor(), "apps", "deployments", namespace, name);
    let Some((deployment, target)) = find(cluster, namespace, name).zip(target) else {
        return;
    };
    let mut next = Value::clone(&deployment);
    let sets = replica_sets(cluster, &deployment);
    if let Some(new) = sets.iter().find(|set| is_of_template(set, &deployment)) {
        object::map_mut(&mut next["metadata"], "annotations")
            .insert(REVISION.to_owned(), json!(revision(new).to_string()));
    }
    next["status"] = status(cluster, &deployment, &sets);
    if let Err(status) = CONTROLLER.update(cluster, &target.status(), next).await {
        tracing::debug!(name, status = status.message, "a Deployment's status stays");
    }
}

fn status(cluster: &Simulator, deployment: &Value, sets: &[Arc<Value>]) -> Value {
    let number = |set: &Value, field: &str| set.field("status").int(field).unwrap_or_default();
    let sum = |field: &str| sets.iter().map(|set| number(set, field)).sum::<i64>();
    let new = sets.iter().find(|set| is_of_template(set, deployment));
    let (replicas, available) = (sum("replicas"), sum("availableReplicas"));
    let wanted = i64::try_from(wanted(deployment)).unwrap_or_default();
    let updated = new.map_or(0, |set| number(set, "replicas"));
    let mut status = json!({
        "observedGeneration": deployment.pointer("/metadata/generation").cloned().unwrap_or_default(),
        "replicas": replicas,
        "updatedReplicas": updated,
        "readyReplicas": sum("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": (replicas.max(wanted) - available).max(0),
    });
    if *rows::TERMINATING_REPLICAS.at(cluster.minor()) {
        status["terminatingReplicas"] = json!(0);
    }
    let mut status = replica_set::without_zeros(status, &["terminatingReplicas"]);
    let least = wanted - i64::try_from(limits(deployment).1).unwrap_or_default();
    let is_complete = updated == wanted && replicas == wanted && available >= wanted;
    status["conditions"] = json!([
        availability(cluster, deployment, available >= least),
        progress(cluster, deployment, new.map(|set| object::name(set)).unwrap_or_default(), is_complete),
    ]);
    status
}

fn availability(cluster: &Simulator, deployment: &Value, is_available: bool) -> Value {
    let (status, reason, message) = if is_available {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    condition(cluster, deployment, "Available", status, reason, message)
}

fn progress(cluster: &Simulator, deployment: &Value, set: &str, is_complete: bool) -> Value {
    let (reason, verb) = if is_complete {
        ("NewReplicaSetAvailable", "has successfully progressed")
    } else {
        ("ReplicaSetUpdated", "is progressing")
    };
    condition(cluster, deployment, "Progressing", "True", reason, &format!("ReplicaSet \"{set}\" {verb}."))
}

/// A condition whose times stay what they were while it says the same.
fn condition(cluster: &Simulator, deployment: &Value, kind: &str, status: &str, reason: &str, message: &str) -> Value {
    let known = deployment.field("status").list("conditions").iter().find(|condition| condition.text("type") == kind);
    let now = json!(cluster.now());
    let kept =
        |field: &str, is_same: bool| known.field(field).filter(|_| is_same).cloned().unwrap_or_else(|| now.clone());
    let is_status = known.text("status") == status;
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastUpdateTime": kept("lastUpdateTime", is_status && known.text("reason") == reason),
        "lastTransitionTime": kept("lastTransitionTime", is_status),
    })
}
