//! ReplicaSets: as many Pods as are wanted.
//!
//! Pods without an owner are not adopted, and `minReadySeconds` is no time at all.
//!
//! # Source
//! kubernetes v1.36 `pkg/controller/replicaset/replica_set.go` `syncReplicaSet`, `manageReplicas`,
//! `replica_set_utils.go` `calculateStatus`, `pkg/controller/controller_utils.go` `GetPodFromTemplate`,
//! `ActivePodsWithRanks`

use std::{cmp::Reverse, sync::Arc};

use serde_json::{Value, json};

use super::{acting::Component, controlled_by, owner};
use crate::{
    cluster::Simulator,
    minor::node as rows,
    object,
    registry::{Target, create, delete, read::Read},
    status::Status,
    store::Key,
};

const CONTROLLER: Component<'static> = Component::Controller("replicaset-controller");

/// Makes or deletes Pods, and says in the status how many there are.
pub(super) async fn sync(cluster: &Simulator, namespace: &str, name: &str) {
    let Some(set) = find(cluster, namespace, name) else {
        return;
    };
    let wanted = wanted(&set);
    let mut pods = active_pods(cluster, &set);
    let mut failure = None;
    if pods.len() < wanted {
        for _ in pods.len()..wanted {
            if let Err(status) = create_pod(cluster, &set).await {
                failure = Some(status);
                break;
            }
        }
    } else if pods.len() > wanted {
        pods.sort_by_cached_key(|pod| first_to_go(pod));
        for pod in &pods[..pods.len() - wanted] {
            delete_pod(cluster, pod).await;
        }
    }
    write_status(cluster, namespace, name, failure).await;
}

fn find(cluster: &Simulator, namespace: &str, name: &str) -> Option<Arc<Value>> {
    let set = cluster.store().get(&Key::new("replicasets.apps", namespace, name))?;
    set.pointer("/metadata/deletionTimestamp").is_none().then_some(set)
}

/// How many Pods a workload asks for.
pub(super) fn wanted(workload: &Value) -> usize {
    let replicas = workload.field("spec").int("replicas").unwrap_or(1);
    usize::try_from(replicas).unwrap_or_default()
}

/// The Pods of a ReplicaSet that count: those that have not come to their end.
pub(super) fn active_pods(cluster: &Simulator, set: &Value) -> Vec<Arc<Value>> {
    let mut pods = cluster.store().list("pods", Some(object::namespace(set)));
    pods.retain(|pod| {
        owner(pod, "ReplicaSet").is_some_and(|owner| owner.text("uid") == object::metadata(set, "uid"))
            && pod.pointer("/metadata/deletionTimestamp").is_none()
            && !matches!(pod.field("status").text("phase"), "Failed" | "Succeeded")
    });
    pods
}

/// Whether a Pod says of itself that it is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.field("status").list("conditions");
    conditions.iter().any(|condition| condition.text("type") == "Ready" && condition.text("status") == "True")
}

/// Pods that do least go first; where all is equal, a real cluster takes any.
fn first_to_go(pod: &Value) -> impl Ord + use<> {
    let is_bound = pod.field("spec").field("nodeName").is_some();
    let is_running = pod.field("status").text("phase") == "Running";
    let created = object::metadata(pod, "creationTimestamp").to_owned();
    (is_bound, is_running, is_ready(pod), Reverse(created), object::name(pod).to_owned())
}

async fn create_pod(cluster: &Simulator, set: &Value) -> Result<(), Status> {
    let template = set.field("spec").field("template");
    let mut metadata = json!({
        "generateName": format!("{}-", object::name(set)),
        "ownerReferences": controlled_by("ReplicaSet", set),
    });
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.field("metadata").field(field) {
            metadata[field] = value.clone();
        }
    }
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": template.field("spec").cloned().unwrap_or_default(),
    });
    let Some(target) = pods(cluster, object::namespace(set), "") else {
        return Ok(());
    };
    let request = CONTROLLER.request("CreateOptions");
    create::create(cluster, &target, &request, pod.to_string().as_bytes()).await.map(drop)
}

async fn delete_pod(cluster: &Simulator, pod: &Value) {
    let Some(target) = pods(cluster, object::namespace(pod), object::name(pod)) else {
        return;
    };
    let request = CONTROLLER.request("DeleteOptions");
    if let Err(status) = delete::delete(cluster, &target, &request, &delete::Wish::default()).await {
        tracing::debug!(name = target.name, status = status.message, "a Pod too many stays");
    }
}

fn pods(cluster: &Simulator, namespace: &str, name: &str) -> Option<Target> {
    Target::find(cluster.minor(), "", "pods", namespace, name)
}

async fn write_status(cluster: &Simulator, namespace: &str, name: &str, failure: Option<Status>) {
    let target = Target::find(cluster.minor(), "apps", "replicasets", namespace, name);
    let Some((set, target)) = find(cluster, namespace, name).zip(target) else {
        return;
    };
    let mut next = Value::clone(&set);
    next["status"] = status(cluster, &set, failure);
    if let Err(status) = CONTROLLER.update(cluster, &target.status(), next).await {
        tracing::debug!(name, status = status.message, "a ReplicaSet's status stays");
    }
}

fn status(cluster: &Simulator, set: &Value, failure: Option<Status>) -> Value {
    let pods = active_pods(cluster, set);
    let labels = set.field("spec").field("template").field("metadata").entries("labels");
    let is_labelled = |pod: &&Arc<Value>| {
        let own = pod.field("metadata").field("labels");
        labels.into_iter().flatten().all(|(key, value)| own.field(key) == Some(value))
    };
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let mut status = json!({
        "replicas": pods.len(),
        "fullyLabeledReplicas": pods.iter().filter(is_labelled).count(),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "observedGeneration": set.pointer("/metadata/generation").cloned().unwrap_or_default(),
    });
    if *rows::TERMINATING_REPLICAS.at(cluster.minor()) {
        status["terminatingReplicas"] = json!(0);
    }
    if let Some(failure) = failure {
        let known = set.field("status").list("conditions").iter().find(|condition| condition.text("type") == FAILURE);
        let since = known.field("lastTransitionTime").cloned().unwrap_or_else(|| json!(cluster.now()));
        status["conditions"] = json!([{
            "type": FAILURE, "status": "True", "reason": "FailedCreate", "message": failure.message,
            "lastTransitionTime": since,
        }]);
    }
    without_zeros(status, &["replicas", "terminatingReplicas"])
}

const FAILURE: &str = "ReplicaFailure";

/// Numbers that are 0 are not written, but for those in `kept`.
pub(super) fn without_zeros(mut status: Value, kept: &[&str]) -> Value {
    if let Some(fields) = status.as_object_mut() {
        fields.retain(|field, value| *value != 0 || kept.contains(&field.as_str()));
    }
    status
}
