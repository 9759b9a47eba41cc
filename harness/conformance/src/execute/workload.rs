//! The Pods that controllers make of a workload.

use std::collections::BTreeSet;

use seccomp_scenario::pod_template_path;
use serde_json::Value;

use super::{
    ExecuteError, Execution,
    object::{Made, Origin},
    registration::Admitted,
};
use crate::{
    api::Call,
    cluster::{Cluster, ClusterError},
    outcome::{Answer, Invocation, MadePod, Review},
};

/// What may stand between a workload and its Pods.
///
/// # Shape
/// `<group>/<version>/<resource>`
const BETWEEN: [&str; 2] = ["apps/v1/replicasets", "batch/v1/jobs"];

impl Made {
    /// Whether controllers make Pods of it.
    pub(super) fn is_workload(&self) -> bool {
        pod_template_path(&self.kind).is_some()
    }
}

impl<C: Cluster> Execution<'_, C> {
    /// Waits until the controllers of a workload have done what the last step asks for, and takes note of the Pods that are
    /// new since then.
    pub(super) async fn pods_of(&mut self, workload: &Made) -> Result<(), ExecuteError> {
        let owners = self.wait_for_controllers(workload).await?;
        self.cluster.settle(&workload.namespace).await?;
        let pods = self.pods_that_stay(workload, &owners).await?;
        let mut reviews = self.reviews(&workload.namespace).await?;
        for pod in pods {
            let made = made_pod(workload, &pod);
            if self.made.iter().any(|known| known.is_pod() && known.object_name == made.object_name) {
                continue;
            }
            self.executed.masks.learn(&pod);
            // A controller's Pod has no name yet when the webhook is asked: any of the same owner stands for any other.
            let place = reviews.iter().position(|review| controller(&review.request["object"]) == controller(&pod));
            let own: Vec<Review> = place.map(|place| reviews.remove(place)).into_iter().collect();
            let created = Answer { code: 201, ..Answer::default() };
            let invocation = self.joined(own, Admitted::creation(&made, &pod), &created).await?;
            self.count_creation(&made, &as_submitted(&pod, &invocation), Some(&invocation)).await?;
            if let Some(step) = self.executed.outcome.steps.last_mut() {
                step.pods.push(MadePod { name: made.object_name.clone(), invocation });
            }
            self.made.push(made);
        }
        Ok(())
    }

    /// Waits until controllers have come to an end with a workload; gives the uids of all that may own a Pod of it.
    async fn wait_for_controllers(&self, made: &Made) -> Result<BTreeSet<String>, ExecuteError> {
        let mut looks = self.looks();
        loop {
            let workload = self.cluster.api().call(Call::get(made.path())).await?.body;
            if is_at_rest(&made.kind, &workload) {
                return self.owners(made, &workload).await;
            }
            if !looks.again().await {
                let what = format!("see the controllers of {} at rest", made.label());
                return Err(ClusterError::TimedOut { what, limit: looks.limit }.into());
            }
        }
    }

    /// The Pods of a workload, once those are gone that its controllers delete: they do not count for the controllers.
    async fn pods_that_stay(&self, made: &Made, owners: &BTreeSet<String>) -> Result<Vec<Value>, ExecuteError> {
        let path = format!("/api/v1/namespaces/{}/pods", made.namespace);
        let mut looks = self.looks();
        loop {
            let pods = self.owned(&path, owners).await?;
            if !pods.iter().any(is_ending) {
                return Ok(pods);
            }
            if !looks.again().await {
                let what = format!("see the Pods gone that the controllers of {} delete", made.label());
                return Err(ClusterError::TimedOut { what, limit: looks.limit }.into());
            }
        }
    }

    /// Waits until the Pods of a workload that was deleted are gone.
    pub(super) async fn wait_until_pods_gone(&mut self, workload: &Made) -> Result<(), ExecuteError> {
        let origin = Origin::Controllers(workload.object_name.clone());
        let pods: Vec<Made> = self.made.iter().filter(|made| made.origin == origin).cloned().collect();
        for pod in pods {
            self.wait_until_gone(&pod).await?;
        }
        Ok(())
    }

    /// The uids of everything that may own a Pod of the workload.
    async fn owners(&self, made: &Made, workload: &Value) -> Result<BTreeSet<String>, ExecuteError> {
        let uid =
            |object: &Value| object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut owners = BTreeSet::from([uid(workload)]);
        for between in BETWEEN {
            let (group, resource) = between.rsplit_once('/').unwrap_or_default();
            let path = format!("/apis/{group}/namespaces/{}/{resource}", made.namespace);
            let owned = self.owned(&path, &owners).await?;
            owners.extend(owned.iter().map(uid));
        }
        Ok(owners)
    }

    /// The objects of a collection that one of `owners` controls, by name.
    async fn owned(&self, path: &str, owners: &BTreeSet<String>) -> Result<Vec<Value>, ExecuteError> {
        let mut list = self.cluster.api().call(Call::get(path)).await?.body;
        let items = list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        Ok(items.into_iter().filter(|object| owners.contains(controller(object))).collect())
    }
}

/// A Pod that controllers made.
fn made_pod(workload: &Made, pod: &Value) -> Made {
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    Made {
        name: name.to_owned(),
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: workload.namespace.clone(),
        object_name: name.to_owned(),
        exists: true,
        origin: Origin::Controllers(workload.object_name.clone()),
    }
}

/// The uid of the object's controller; empty where it has none.
fn controller(object: &Value) -> &str {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controller = owners.into_iter().flatten().find(|owner| owner.get("controller") == Some(&Value::Bool(true)));
    controller.and_then(|owner| owner.get("uid")?.as_str()).unwrap_or_default()
}

/// The Pod as its controller asked for it: without what the webhook added.
fn as_submitted(pod: &Value, invocation: &Invocation) -> Value {
    match invocation {
        Invocation::Called { reviews } => {
            reviews.first().map_or_else(|| pod.clone(), |review| review.request["object"].clone())
        }
        Invocation::NotCalled { .. } => pod.clone(),
    }
}

/// Whether an object is being deleted, and nothing holds it.
fn is_ending(object: &Value) -> bool {
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    object.pointer("/metadata/deletionTimestamp").is_some() && finalizers.is_none_or(Vec::is_empty)
}

/// Whether the controllers of a workload have come to an end with what its specification asks for, whether or not its Pods
/// are ready.
fn is_at_rest(kind: &str, workload: &Value) -> bool {
    let number = |pointer: &str| workload.pointer(pointer).and_then(Value::as_i64);
    let status = |field: &str| number(&format!("/status/{field}")).unwrap_or_default();
    let is_seen = status("observedGeneration") >= number("/metadata/generation").unwrap_or_default();
    let replicas = number("/spec/replicas").unwrap_or(1);
    match kind {
        "Deployment" => is_seen && status("replicas") == replicas && status("updatedReplicas") == replicas,
        "DaemonSet" => {
            let wanted = status("desiredNumberScheduled");
            is_seen && status("currentNumberScheduled") == wanted && status("updatedNumberScheduled") == wanted
        }
        "Job" => {
            let wanted = number("/spec/parallelism").unwrap_or(1).min(number("/spec/completions").unwrap_or(i64::MAX));
            status("active") + status("succeeded") + status("failed") >= wanted
        }
        // When a CronJob makes a Job is a matter of the clock.
        "CronJob" => true,
        _ => is_seen && status("replicas") == replicas,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::not_seen("Deployment", json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}), false)]
    #[case::rolling("Deployment", json!({"spec": {"replicas": 1}, "status": {"replicas": 2, "updatedReplicas": 1}}), false)]
    #[case::rolled("Deployment", json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "updatedReplicas": 1}}), true)]
    #[case::none_wanted("ReplicaSet", json!({"spec": {"replicas": 0}, "status": {}}), true)]
    #[case::running("Job", json!({"spec": {"parallelism": 2, "completions": 1}, "status": {"active": 1}}), true)]
    fn a_workload_is_at_rest(#[case] kind: &str, #[case] workload: Value, #[case] is_so: bool) {
        assert_eq!(is_at_rest(kind, &workload), is_so);
    }

    #[rstest]
    #[case::stays(json!({}), false)]
    #[case::goes(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), true)]
    #[case::is_held(json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.org/wait"]}), false)]
    fn a_pod_goes(#[case] metadata: Value, #[case] is_so: bool) {
        assert_eq!(is_ending(&json!({"metadata": metadata})), is_so);
    }
}
