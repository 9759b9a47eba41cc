//! A Pod's status, as its kubelet writes it.
//!
//! # Source
//! kubernetes v1.36 `pkg/kubelet/kubelet_pods.go` `generateAPIPodStatus`, `getPhase`,
//! `convertToAPIContainerStatuses`, `pkg/kubelet/prober/prober_manager.go` `UpdatePodStatus`

mod conditions;
mod container;

use serde_json::{Value, json};

use self::container::Statuses;
use super::{
    Addresses, ContainerKind, NodeProfile,
    containers::{self, Container, State},
    object::host_ip,
};
use crate::{cluster::Simulator, minor::node as rows};

/// The status of a Pod on a node; times, addresses and identities of what goes on stay what they were.
pub(super) fn of(
    cluster: &Simulator,
    addresses: &mut Addresses,
    (index, node): (usize, &NodeProfile),
    pod: &Value,
) -> Value {
    let minor = cluster.minor();
    let states = containers::states(cluster, node, pod);
    let old = pod.get("status").unwrap_or(&Value::Null);
    let keep = |field: &str| old.get(field).filter(|value| !value.is_null()).cloned();
    let host = host_ip(index);
    let ip = keep("podIP").unwrap_or_else(|| {
        let is_on_host = pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true));
        json!(if is_on_host { host.clone() } else { addresses.next(index) })
    });
    let phase = phase(&states);
    let mut status = json!({
        "phase": phase,
        "hostIP": host,
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": keep("startTime").unwrap_or_else(|| json!(cluster.now())),
        "qosClass": keep("qosClass").unwrap_or_default(),
        "conditions": conditions::of(cluster, pod, &states, phase),
    });
    if *rows::HOST_IPS.at(minor) {
        status["hostIPs"] = json!([{"ip": host}]);
    }
    if *rows::OBSERVED_GENERATION.at(minor)
        && let Some(generation) = pod.pointer("/metadata/generation")
    {
        status["observedGeneration"] = generation.clone();
    }
    let statuses = Statuses { cluster, pod, old };
    for (field, is_field, is_sorted) in [
        ("initContainerStatuses", is_init as fn(ContainerKind) -> bool, false),
        ("containerStatuses", |kind| kind == ContainerKind::Main, true),
        ("ephemeralContainerStatuses", |kind| kind == ContainerKind::Ephemeral, true),
    ] {
        let mut listed: Vec<_> = states.iter().filter(|(container, _)| is_field(container.kind)).collect();
        if is_sorted {
            listed.sort_by_key(|(container, _)| container.name());
        }
        if !listed.is_empty() {
            let listed = listed.iter().map(|(container, state)| statuses.of(field, container, state));
            status[field] = listed.collect();
        }
    }
    // What others write into the status is theirs.
    for field in ["nominatedNodeName", "resize", "reason", "message", "resourceClaimStatuses"] {
        if let Some(value) = keep(field) {
            status[field] = value;
        }
    }
    status
}

impl Addresses {
    /// The next address within a node's range.
    pub(super) fn next(&mut self, node: usize) -> String {
        self.pods = self.pods.wrapping_add(1);
        let [high, low] = self.pods.to_be_bytes();
        // One range a node would do for 250 Pods; the second number of the address takes what is more.
        format!("10.{}.{node}.{low}", 244_u16.saturating_add(u16::from(high)) % 256)
    }
}

fn is_init(kind: ContainerKind) -> bool {
    matches!(kind, ContainerKind::Init | ContainerKind::Sidecar)
}

/// The phase that follows from the containers' states.
fn phase(states: &[(Container<'_>, State)]) -> &'static str {
    let of_kind = |wanted: fn(ContainerKind) -> bool| {
        states.iter().filter(move |(container, _)| wanted(container.kind)).map(|(_, state)| state)
    };
    let is_failed = |state: &State| matches!(state, State::Terminated(code) if *code != 0);
    if of_kind(|kind| kind == ContainerKind::Init).any(is_failed) {
        return "Failed";
    }
    let main = || of_kind(|kind| kind == ContainerKind::Main);
    let waits = |state: &State| matches!(state, State::Initializing | State::Refused(_));
    let init_is_over =
        states.iter().filter(|(container, _)| is_init(container.kind)).all(|(container, state)| match container.kind {
            ContainerKind::Sidecar => matches!(state, State::Running),
            _ => matches!(state, State::Terminated(0)),
        });
    if !init_is_over || main().any(waits) {
        "Pending"
    } else if main().all(|state| matches!(state, State::Terminated(0))) {
        "Succeeded"
    } else if main().all(|state| matches!(state, State::Terminated(_))) {
        "Failed"
    } else {
        "Running"
    }
}
