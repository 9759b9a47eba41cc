//! A Pod's containers: which there are, and the state that each reaches.

use serde_json::Value;

use super::{
    ContainerKind, ContainerView, NodeProfile,
    runtime::{self, Refusal},
};
use crate::{
    cluster::Simulator,
    minor::{Minor, node as rows},
};

/// One container of a Pod's specification.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container<'a> {
    pub(super) kind: ContainerKind,
    pub(super) spec: &'a Value,
}

impl<'a> Container<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.spec.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn image(&self) -> &'a str {
        self.spec.get("image").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The state that a container comes to rest in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// It waits for the init containers before it.
    Initializing,
    /// It is not created.
    Refused(Refusal),
    /// It runs.
    Running,
    /// It ran, and is not started again.
    Terminated(i32),
    /// It ran, and is started again and again.
    BackOff(i32),
}

impl State {
    /// Whether an init container in this state lets the next one start.
    fn lets_pass(&self, kind: ContainerKind) -> bool {
        match kind {
            ContainerKind::Sidecar => matches!(self, Self::Running),
            _ => matches!(self, Self::Terminated(0)),
        }
    }
}

/// The containers of `pod`: init containers, containers, ephemeral containers, each in their order.
pub(super) fn of(minor: Minor, pod: &Value) -> Vec<Container<'_>> {
    let list = |field: &str| pod.pointer(&format!("/spec/{field}")).and_then(Value::as_array).into_iter().flatten();
    let knows_sidecars = *rows::SIDECARS.at(minor);
    let init = list("initContainers").map(move |spec| {
        let is_sidecar = knows_sidecars && spec.get("restartPolicy").is_some_and(|policy| policy == "Always");
        Container { kind: if is_sidecar { ContainerKind::Sidecar } else { ContainerKind::Init }, spec }
    });
    let main = list("containers").map(|spec| Container { kind: ContainerKind::Main, spec });
    let ephemeral = list("ephemeralContainers").map(|spec| Container { kind: ContainerKind::Ephemeral, spec });
    init.chain(main).chain(ephemeral).collect()
}

/// The state that each container of `pod` comes to rest in, in the order of [`of`].
///
/// Ephemeral containers do not wait for init containers, as in the kubelet.
pub(super) fn states<'a>(cluster: &Simulator, node: &NodeProfile, pod: &'a Value) -> Vec<(Container<'a>, State)> {
    let mut is_blocked = false;
    of(cluster.minor(), pod)
        .into_iter()
        .map(|container| {
            if is_blocked && container.kind != ContainerKind::Ephemeral {
                return (container, State::Initializing);
            }
            let state = start(cluster, node, pod, &container);
            let is_init = matches!(container.kind, ContainerKind::Init | ContainerKind::Sidecar);
            is_blocked |= is_init && !state.lets_pass(container.kind);
            (container, state)
        })
        .collect()
}

fn start(cluster: &Simulator, node: &NodeProfile, pod: &Value, container: &Container<'_>) -> State {
    match runtime::mode(cluster, node, pod, container.spec) {
        Err(refusal) => State::Refused(refusal),
        Ok(mode) => match exit_code(cluster, container, &mode) {
            None => State::Running,
            Some(code) if is_restarted(pod, container.kind, code) => State::BackOff(code),
            Some(code) => State::Terminated(code),
        },
    }
}

fn is_restarted(pod: &Value, kind: ContainerKind, code: i32) -> bool {
    let policy = pod.pointer("/spec/restartPolicy").and_then(Value::as_str).unwrap_or("Always");
    match kind {
        ContainerKind::Ephemeral => false,
        ContainerKind::Sidecar => true,
        ContainerKind::Init => code != 0 && policy != "Never",
        ContainerKind::Main => policy == "Always" || (policy == "OnFailure" && code != 0),
    }
}

/// A program that is not known ends where it must, and runs on elsewhere.
fn exit_code(cluster: &Simulator, container: &Container<'_>, mode: &super::SeccompMode) -> Option<i32> {
    let told = Told::from(container.spec);
    let view = view(container, &told, mode);
    match cluster.program(container.image()) {
        Some(program) => program.exit_code(&view),
        None => (container.kind == ContainerKind::Init).then_some(0),
    }
}

/// What a container's program is told.
#[derive(Debug)]
pub(super) struct Told {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl From<&Value> for Told {
    fn from(spec: &Value) -> Self {
        let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            arguments: list("command").chain(list("args")).filter_map(text).collect(),
            environment: list("env")
                .filter_map(|variable| Some((text(variable.get("name")?)?, text(variable.get("value")?)?)))
                .collect(),
        }
    }
}

pub(super) fn view<'a>(container: &Container<'a>, told: &'a Told, mode: &'a super::SeccompMode) -> ContainerView<'a> {
    ContainerView {
        name: container.name(),
        kind: container.kind,
        arguments: &told.arguments,
        environment: &told.environment,
        mode,
        privileged: runtime::is_privileged(container.spec),
    }
}
