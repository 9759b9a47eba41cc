//! What containers have printed.
//!
//! # Source
//! kubernetes v1.36 `pkg/kubelet/kubelet_pods.go` `validateContainerLogStatus`

use serde_json::Value;

use super::{
    containers::{self, State, Told},
    kubelet, runtime,
};
use crate::{cluster::Simulator, object};

/// The log of one container of a stored Pod.
///
/// What the API server itself refuses (no container of that name, a Pod that is not bound) is not looked at here.
///
/// # Errors
/// The text with which the kubelet refuses; it goes to the client as a 400.
pub(crate) fn log(cluster: &Simulator, pod: &Value, container: &str, previous: bool) -> Result<String, String> {
    let pod_name = object::name(pod);
    let unavailable = || format!("container \"{container}\" in pod \"{pod_name}\" is not available");
    let node = pod.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
    let node = cluster.nodes().iter().find(|profile| profile.name == node).ok_or_else(unavailable)?;
    // A Pod that was rejected has no containers.
    if pod.pointer("/status/podIP").is_none() {
        return Err(unavailable());
    }
    let pod = &*kubelet::runs_as(cluster, pod).ok_or_else(unavailable)?;
    let states = containers::states(cluster, node, pod);
    let (container, state) =
        states.iter().find(|(candidate, _)| candidate.name() == container).ok_or_else(unavailable)?;
    let name = container.name();
    // Only what is started again and again has ended before.
    if previous && !matches!(state, State::BackOff(_)) {
        return Err(format!("previous terminated container \"{name}\" in pod \"{pod_name}\" not found"));
    }
    let waiting = |reason: &str| format!("container \"{name}\" in pod \"{pod_name}\" is waiting to start: {reason}");
    match state {
        State::Initializing => return Err(waiting("PodInitializing")),
        State::Refused(refusal) => return Err(waiting(refusal.reason)),
        State::Running | State::Terminated(_) | State::BackOff(_) => {}
    }
    let Some(program) = cluster.program(container.image()) else {
        return Ok(String::new());
    };
    let mode = runtime::mode(cluster, node, pod, container.spec).map_err(|refusal| waiting(refusal.reason))?;
    let told = Told::from(container.spec);
    Ok(program.output(&containers::view(container, &told, &mode)))
}
