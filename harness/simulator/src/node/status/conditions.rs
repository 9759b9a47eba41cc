//! The conditions that the kubelet owns.
//!
//! # Source
//! kubernetes v1.36 `pkg/kubelet/status/generate.go`

use serde_json::{Value, json};

use super::is_init;
use crate::{
    cluster::Simulator,
    minor::node as rows,
    node::{
        ContainerKind,
        containers::{Container, State},
    },
};

/// What the kubelet owns; all else was written by others and stays, in front.
const OWNED: [&str; 5] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// A condition's status, with reason and message where it does not hold.
type Verdict = (&'static str, &'static str, String);

fn holds() -> Verdict {
    ("True", "", String::new())
}

/// The conditions of a Pod whose containers are in these states.
pub(super) fn of(cluster: &Simulator, pod: &Value, states: &[(Container<'_>, State)], phase: &str) -> Vec<Value> {
    let minor = cluster.minor();
    let old = pod.pointer("/status/conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let kind = |condition: &Value| condition.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let foreign = old.iter().filter(|condition| !OWNED.contains(&kind(condition).as_str())).cloned();
    let mut conditions: Vec<Value> = foreign.collect();
    let containers_ready = containers_ready(states, phase);
    let own = [
        rows::READY_TO_START_CONDITION.at(minor).then(|| ("PodReadyToStartContainers", holds())),
        Some(("Initialized", initialized(states, phase))),
        Some(("Ready", ready(pod, &conditions, &containers_ready))),
        Some(("ContainersReady", containers_ready)),
        Some(("PodScheduled", holds())),
    ];
    let generation = rows::OBSERVED_GENERATION.at(minor).then(|| pod.pointer("/metadata/generation")).flatten();
    for (kind, (status, reason, message)) in own.into_iter().flatten() {
        let before = old.iter().find(|condition| condition.get("type").is_some_and(|old| old == kind));
        let unchanged = before.filter(|before| before.get("status").is_some_and(|old| old == status));
        let since = unchanged.and_then(|before| before.get("lastTransitionTime")).cloned();
        let mut condition = json!({
            "type": kind,
            "status": status,
            "lastProbeTime": null,
            "lastTransitionTime": since.unwrap_or_else(|| json!(cluster.now())),
        });
        for (field, text) in [("reason", reason), ("message", message.as_str())] {
            if !text.is_empty() {
                condition[field] = json!(text);
            }
        }
        if let Some(generation) = generation {
            condition["observedGeneration"] = generation.clone();
        }
        conditions.push(condition);
    }
    conditions
}

fn initialized(states: &[(Container<'_>, State)], phase: &str) -> Verdict {
    if phase == "Succeeded" {
        return ("True", "PodCompleted", String::new());
    }
    let has_started = states.iter().any(|(container, state)| container.kind == ContainerKind::Main && has_run(state));
    let incomplete = names(states, |container, state| match container.kind {
        ContainerKind::Init => !matches!(state, State::Terminated(0)),
        ContainerKind::Sidecar => !matches!(state, State::Running),
        _ => false,
    });
    if has_started || incomplete.is_empty() {
        return holds();
    }
    ("False", "ContainersNotInitialized", format!("containers with incomplete status: [{}]", incomplete.join(" ")))
}

fn has_run(state: &State) -> bool {
    !matches!(state, State::Initializing | State::Refused(_))
}

fn containers_ready(states: &[(Container<'_>, State)], phase: &str) -> Verdict {
    match phase {
        "Succeeded" => return ("False", "PodCompleted", String::new()),
        "Failed" => return ("False", "PodFailed", String::new()),
        _ => {}
    }
    let unready = names(states, |container, state| match container.kind {
        ContainerKind::Main | ContainerKind::Sidecar => !matches!(state, State::Running),
        ContainerKind::Init | ContainerKind::Ephemeral => false,
    });
    if unready.is_empty() {
        return holds();
    }
    ("False", "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
}

/// Ready where the containers are and every readiness gate holds.
fn ready(pod: &Value, conditions: &[Value], containers_ready: &Verdict) -> Verdict {
    if containers_ready.0 != "True" {
        return containers_ready.clone();
    }
    let gates = pod.pointer("/spec/readinessGates").and_then(Value::as_array);
    let gates = gates.into_iter().flatten().filter_map(|gate| gate.get("conditionType")?.as_str());
    let unmet: Vec<_> = gates
        .filter_map(|gate| {
            let found = conditions.iter().find(|condition| condition.get("type").is_some_and(|kind| kind == gate));
            match found.map(|condition| condition.get("status").and_then(Value::as_str).unwrap_or_default()) {
                None => Some(format!("corresponding condition of pod readiness gate \"{gate}\" does not exist.")),
                Some("True") => None,
                Some(status) => {
                    Some(format!("the status of pod readiness gate \"{gate}\" is not \"True\", but {status}"))
                }
            }
        })
        .collect();
    if unmet.is_empty() { holds() } else { ("False", "ReadinessGatesNotReady", unmet.join(", ")) }
}

/// The names of those that meet `wanted`, sidecars before main containers.
fn names<'a>(states: &[(Container<'a>, State)], wanted: impl Fn(&Container<'a>, &State) -> bool) -> Vec<&'a str> {
    let (init, rest): (Vec<_>, Vec<_>) = states
        .iter()
        .filter(|(container, state)| wanted(container, state))
        .map(|(container, _)| container)
        .partition(|container| is_init(container.kind));
    init.into_iter().chain(rest).map(Container::name).collect()
}
