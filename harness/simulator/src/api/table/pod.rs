//! The row of a Pod.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, Column, NAME, NONE, age::age, items, or, text, text_at, wide};
use crate::{
    minor::{Minor, api as rows},
    object,
};

pub(super) fn columns(minor: Minor) -> Vec<Column> {
    let restarts = if *rows::RESTARTS_TELL_WHEN.at(minor) { "string" } else { "integer" };
    vec![
        NAME,
        text("Ready"),
        text("Status"),
        Column("Restarts", restarts, "", 0),
        AGE,
        wide("IP"),
        wide("Node"),
        wide("Nominated Node"),
        wide("Readiness Gates"),
    ]
}

/// What marks the row of a Pod that has ended.
pub(super) fn conditions(pod: &Value) -> Option<Value> {
    let (reason, message) = match text_at(pod, "/status/phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

/// # Source
/// kubernetes v1.36 `pkg/printers/internalversion/printers.go` `printPod`
pub(super) fn cells(minor: Minor, pod: &Value, now: Timestamp) -> Vec<Value> {
    let sidecars = items(pod, "/spec/initContainers").filter(|container| is_sidecar(container)).count();
    let total = items(pod, "/spec/containers").len() + sidecars;
    let summary = summarise(minor, pod);
    let restarts = if *rows::RESTARTS_TELL_WHEN.at(minor) {
        match summary.last_restart {
            Some(when) if summary.restarts > 0 => {
                json!(format!("{} ({} ago)", summary.restarts, age(now, &when)))
            }
            _ => json!(summary.restarts.to_string()),
        }
    } else {
        json!(summary.restarts)
    };
    let ip = text_at(pod, "/status/podIP");
    vec![
        json!(object::name(pod)),
        json!(format!("{}/{total}", summary.ready)),
        json!(summary.reason),
        restarts,
        json!(age(now, object::metadata(pod, "creationTimestamp"))),
        json!(or(ip, NONE)),
        json!(or(text_at(pod, "/spec/nodeName"), NONE)),
        json!(or(text_at(pod, "/status/nominatedNodeName"), NONE)),
        json!(readiness_gates(pod)),
    ]
}

/// What the containers' states come to.
struct Summary {
    reason: String,
    ready: usize,
    restarts: u64,
    last_restart: Option<String>,
}

impl Summary {
    fn count(&mut self, status: &Value) {
        self.restarts += status.get("restartCount").and_then(Value::as_u64).unwrap_or_default();
        let finished = text_at(status, "/lastState/terminated/finishedAt");
        // RFC 3339 in UTC sorts as text.
        if !finished.is_empty() && self.last_restart.as_deref().is_none_or(|last| last < finished) {
            self.last_restart = Some(finished.to_owned());
        }
    }
}

fn summarise(minor: Minor, pod: &Value) -> Summary {
    let phase = text_at(pod, "/status/phase");
    let own_reason = text_at(pod, "/status/reason");
    let mut summary = Summary { reason: or(own_reason, phase).to_owned(), ready: 0, restarts: 0, last_restart: None };
    if items(pod, "/status/conditions").any(|condition| {
        text_at(condition, "/type") == "PodScheduled" && text_at(condition, "/reason") == "SchedulingGated"
    }) {
        "SchedulingGated".clone_into(&mut summary.reason);
    }
    let initialising = init_containers(pod, &mut summary);
    if !initialising || has_condition(pod, "Initialized") {
        containers(minor, pod, &mut summary);
    }
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        let ended = matches!(phase, "Succeeded" | "Failed") && *rows::ENDED_PODS_KEEP_THEIR_STATUS.at(minor);
        if own_reason == "NodeLost" {
            "Unknown".clone_into(&mut summary.reason);
        } else if !ended {
            "Terminating".clone_into(&mut summary.reason);
        }
    }
    summary
}

/// Looks at the init containers; says whether one is still at it.
fn init_containers(pod: &Value, summary: &mut Summary) -> bool {
    let total = items(pod, "/spec/initContainers").len();
    for (at, status) in items(pod, "/status/initContainerStatuses").enumerate() {
        summary.count(status);
        let name = text_at(status, "/name");
        let spec = items(pod, "/spec/initContainers").find(|container| text_at(container, "/name") == name);
        let terminated = status.pointer("/state/terminated");
        let waiting = text_at(status, "/state/waiting/reason");
        if terminated.is_some_and(|terminated| exit_code(terminated) == 0) {
            continue;
        }
        if spec.is_some_and(is_sidecar) && status.get("started") == Some(&Value::Bool(true)) {
            summary.ready += usize::from(status.get("ready") == Some(&Value::Bool(true)));
            continue;
        }
        summary.reason = match terminated {
            Some(terminated) => format!("Init:{}", ended(terminated)),
            None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
            None => format!("Init:{at}/{total}"),
        };
        return true;
    }
    false
}

fn containers(minor: Minor, pod: &Value, summary: &mut Summary) {
    summary.restarts = 0;
    summary.last_restart = None;
    let sidecars = items(pod, "/spec/initContainers").filter(|container| is_sidecar(container));
    let sidecars = sidecars.map(|container| text_at(container, "/name")).collect::<Vec<_>>();
    for status in items(pod, "/status/initContainerStatuses") {
        if sidecars.contains(&text_at(status, "/name")) {
            summary.count(status);
        }
    }
    let mut running = false;
    let mut error = String::new();
    for status in items(pod, "/status/containerStatuses").rev() {
        summary.count(status);
        let waiting = text_at(status, "/state/waiting/reason");
        if !waiting.is_empty() {
            waiting.clone_into(&mut summary.reason);
        } else if let Some(terminated) = status.pointer("/state/terminated") {
            summary.reason = ended(terminated);
            if exit_code(terminated) != 0 {
                error.clone_from(&summary.reason);
            }
        } else if status.get("ready") == Some(&Value::Bool(true)) && status.pointer("/state/running").is_some() {
            running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" {
        if running && has_condition(pod, "Ready") {
            "Running".clone_into(&mut summary.reason);
        } else if !error.is_empty() && *rows::COMPLETED_PODS_SHOW_ERRORS.at(minor) {
            summary.reason = error;
        } else if running {
            "NotReady".clone_into(&mut summary.reason);
        }
    }
}

fn exit_code(terminated: &Value) -> i64 {
    terminated.get("exitCode").and_then(Value::as_i64).unwrap_or_default()
}

/// How a container ended.
fn ended(terminated: &Value) -> String {
    match (text_at(terminated, "/reason"), terminated.get("signal").and_then(Value::as_i64)) {
        ("", Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        ("", _) => format!("ExitCode:{}", exit_code(terminated)),
        (reason, _) => reason.to_owned(),
    }
}

fn is_sidecar(container: &Value) -> bool {
    text_at(container, "/restartPolicy") == "Always"
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    items(pod, "/status/conditions")
        .any(|condition| text_at(condition, "/type") == kind && text_at(condition, "/status") == "True")
}

fn readiness_gates(pod: &Value) -> String {
    let gates = items(pod, "/spec/readinessGates");
    match gates.len() {
        0 => NONE.to_owned(),
        total => {
            let open = gates.filter(|gate| has_condition(pod, text_at(gate, "/conditionType"))).count();
            format!("{open}/{total}")
        }
    }
}
