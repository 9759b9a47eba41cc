//! When a Pod on a real node has come as far as it comes by itself.

use serde_json::Value;

/// The reasons for which a container waits and goes on waiting.
///
/// # Source
/// kubernetes v1.36 `pkg/kubelet/kuberuntime/kuberuntime_container.go`, `pkg/kubelet/images/types.go`
const STUCK: [&str; 9] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "StartError",
];
/// The scheduler of Pods that name none.
const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// Whether `pod` has come as far as it comes by itself: each container runs, has ended or waits for what does not come.
///
/// A Pod that is being deleted is somebody else's to wait for.
pub(crate) fn is_settled(pod: &Value) -> bool {
    let text = |pointer| pod.pointer(pointer).and_then(Value::as_str);
    if text("/metadata/deletionTimestamp").is_some() || matches!(text("/status/phase"), Some("Succeeded" | "Failed")) {
        return true;
    }
    if text("/spec/nodeName").is_none() {
        return is_left_unscheduled(pod);
    }
    let mut is_blocked = false;
    for init in list(pod, "/spec/initContainers") {
        match state(pod, "initContainerStatuses", init) {
            State::Stuck => is_blocked = true,
            // One that goes on beside the others has started, and lets the next one come.
            State::Running if is_sidecar(init) => {}
            State::Ended => {}
            State::Running | State::Coming => return is_blocked,
        }
    }
    let is_over = |field, container| state(pod, field, container) != State::Coming;
    let main = list(pod, "/spec/containers").all(|container| is_over("containerStatuses", container));
    let ephemeral = || list(pod, "/spec/ephemeralContainers").all(|one| is_over("ephemeralContainerStatuses", one));
    (is_blocked || main) && ephemeral()
}

/// Whether the scheduler has said that it does not take the Pod, or nobody is to schedule it.
fn is_left_unscheduled(pod: &Value) -> bool {
    let scheduler = pod.pointer("/spec/schedulerName").and_then(Value::as_str);
    let mut conditions = list(pod, "/status/conditions");
    let is_refused = conditions.any(|condition| {
        condition.get("type").is_some_and(|name| name == "PodScheduled")
            && condition.get("status").is_some_and(|status| status == "False")
    });
    is_refused || scheduler.is_some_and(|scheduler| scheduler != DEFAULT_SCHEDULER)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Running,
    Ended,
    Stuck,
    /// Something is still to come.
    Coming,
}

fn state(pod: &Value, field: &str, container: &Value) -> State {
    let name = container.get("name");
    let statuses = format!("/status/{field}");
    let mut statuses = list(pod, &statuses);
    let Some(status) = statuses.find(|status| status.get("name") == name) else {
        return State::Coming;
    };
    let reason = status.pointer("/state/waiting/reason").and_then(Value::as_str);
    if status.pointer("/state/running").is_some() {
        State::Running
    } else if status.pointer("/state/terminated").is_some() {
        State::Ended
    } else if reason.is_some_and(|reason| STUCK.contains(&reason)) {
        State::Stuck
    } else {
        State::Coming
    }
}

fn is_sidecar(container: &Value) -> bool {
    container.get("restartPolicy").is_some_and(|policy| policy == "Always")
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn mk_pod(status: &Value) -> Value {
        json!({
            "metadata": {"name": "p"},
            "spec": {
                "nodeName": "n",
                "schedulerName": "default-scheduler",
                "initContainers": [{"name": "before"}, {"name": "beside", "restartPolicy": "Always"}],
                "containers": [{"name": "main"}],
            },
            "status": status,
        })
    }

    fn waiting(name: &str, reason: &str) -> Value {
        json!({"name": name, "state": {"waiting": {"reason": reason}}})
    }

    fn running(name: &str) -> Value {
        json!({"name": name, "state": {"running": {}}})
    }

    fn ended(name: &str) -> Value {
        json!({"name": name, "state": {"terminated": {"reason": "Completed"}}})
    }

    #[rstest]
    #[case::nothing_known(json!({}), false)]
    #[case::starting(json!({"initContainerStatuses": [running("before"), waiting("beside", "PodInitializing")]}), false)]
    #[case::all_run(json!({
        "initContainerStatuses": [ended("before"), running("beside")], "containerStatuses": [running("main")],
    }), true)]
    #[case::main_is_coming(json!({
        "initContainerStatuses": [ended("before"), running("beside")],
        "containerStatuses": [waiting("main", "ContainerCreating")],
    }), false)]
    #[case::main_is_stuck(json!({
        "initContainerStatuses": [ended("before"), running("beside")],
        "containerStatuses": [waiting("main", "CreateContainerError")],
    }), true)]
    #[case::init_is_stuck(json!({
        "initContainerStatuses": [waiting("before", "CreateContainerConfigError"), waiting("beside", "PodInitializing")],
        "containerStatuses": [waiting("main", "PodInitializing")],
    }), true)]
    #[case::refused_by_the_kubelet(json!({"phase": "Failed", "reason": "PodOSNotSupported"}), true)]
    fn a_pod_on_a_node(#[case] status: Value, #[case] is_so: bool) {
        assert_eq!(is_settled(&mk_pod(&status)), is_so);
    }

    #[rstest]
    #[case::not_yet_seen(json!({}), "default-scheduler", false)]
    #[case::no_node_fits(json!({"conditions": [{"type": "PodScheduled", "status": "False"}]}), "default-scheduler", true)]
    #[case::nobody_schedules(json!({}), "other", true)]
    fn a_pod_on_no_node(#[case] status: Value, #[case] scheduler: &str, #[case] is_so: bool) {
        let mut pod = mk_pod(&status);
        pod["spec"]["nodeName"] = Value::Null;
        pod["spec"]["schedulerName"] = json!(scheduler);
        assert_eq!(is_settled(&pod), is_so);
    }
}
