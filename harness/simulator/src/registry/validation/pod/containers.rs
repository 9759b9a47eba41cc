//! Containers, init containers and ephemeral containers.

use serde_json::Value;

use crate::{
    minor::validation::{self as rule, ContainerOrder},
    registry::read::Read,
};

use super::super::{
    check::{Check, Shown},
    go,
    path::Path,
    words,
};
use super::{SPEC, Whole, environment, mounts, probes, resources, security};

/// `validateContainers`
pub(super) fn containers(check: &mut Check, whole: &Whole<'_>) {
    let path = SPEC.child("containers");
    let all = whole.spec.list("containers");
    if all.is_empty() {
        check.required(&path, "");
        return;
    }
    regular(check, all, whole, &path, false);
}

/// The containers of one list, as regular ones.
fn regular(check: &mut Check, all: &[Value], whole: &Whole<'_>, path: &Path<'_>, is_init: bool) {
    let order = *rule::CONTAINER_ORDER.at(check.minor);
    for (index, container) in all.iter().enumerate() {
        let at = path.index(index);
        let name = container.text("name");
        let is_taken = all[..index].iter().any(|other| other.text("name") == name);
        if order != ContainerOrder::CommonFirst {
            mixed(check, container, is_taken, whole, &at, order);
            continue;
        }
        common(check, container, whole, &at);
        if is_taken {
            check.duplicate(&at.child("name"), name);
        }
        probes::all(check, container, whole, &at);
        restart_policy(check, container, &at);
    }
    if is_init {
        for container in all {
            host_ports(check, std::slice::from_ref(container), path);
        }
    } else {
        host_ports(check, all, path);
    }
}

/// A container as it was looked at before 1.25.
fn mixed(
    check: &mut Check,
    container: &Value,
    is_taken: bool,
    whole: &Whole<'_>,
    at: &Path<'_>,
    order: ContainerOrder,
) {
    let name = container.text("name");
    container_name(check, name, at);
    if is_taken {
        check.duplicate(&at.child("name"), name);
    }
    if container.text("image").is_empty() {
        check.required(&at.child("image"), "");
    }
    probes::mixed(check, container, whole, at, order == ContainerOrder::MixedStartupTwice);
    let path = at.child("terminationMessagePolicy");
    let detail = "must be 'File' or 'FallbackToLogsOnError'";
    match container.text("terminationMessagePolicy") {
        "File" | "FallbackToLogsOnError" => {}
        "" => check.required(&path, detail),
        other => check.invalid(&path, other, detail),
    }
    probes::probe(check, container, "readinessProbe", whole, at);
    parts(check, container, whole, at);
}

/// `validateContainerCommon`
fn common(check: &mut Check, container: &Value, whole: &Whole<'_>, at: &Path<'_>) {
    container_name(check, container.text("name"), at);
    if container.text("image").is_empty() {
        check.required(&at.child("image"), "");
    }
    let policy = container.text("terminationMessagePolicy");
    check.one_of(&at.child("terminationMessagePolicy"), policy, &["File", "FallbackToLogsOnError"]);
    parts(check, container, whole, at);
}

/// What all orders have in common and at the end.
fn parts(check: &mut Check, container: &Value, whole: &Whole<'_>, at: &Path<'_>) {
    ports(check, container, &at.child("ports"));
    environment::variables(check, container, &at.child("env"));
    environment::sources(check, container, &at.child("envFrom"));
    mounts::volume_mounts(check, container, whole, at);
    mounts::volume_devices(check, container, whole, at);
    let policy = container.text("imagePullPolicy");
    check.one_of(&at.child("imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
    resources::of_container(check, container, whole, at);
    if *rule::RESIZE_POLICY.at(check.minor) {
        resources::resize_policy(check, container, whole, &at.child("resizePolicy"));
    }
    security::security_context(check, container, whole, &at.child("securityContext"));
}

fn container_name(check: &mut Check, name: &str, at: &Path<'_>) {
    if name.is_empty() {
        check.required(&at.child("name"), "");
    } else {
        let messages = words::dns_label(check.minor, name);
        check.invalid_for_each(&at.child("name"), name, messages);
    }
}

/// `validateContainerPorts`
fn ports(check: &mut Check, container: &Value, path: &Path<'_>) {
    let ports = container.list("ports");
    let mut names: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let at = path.index(index);
        let name = port.text("name");
        if !name.is_empty() {
            let messages = words::port_name(check.minor, name);
            if !messages.is_empty() {
                check.invalid_for_each(&at.child("name"), name, messages);
            } else if names.contains(&name) {
                check.duplicate(&at.child("name"), name);
            } else {
                names.push(name);
            }
        }
        let number = port.int("containerPort").unwrap_or_default();
        if number == 0 {
            check.required(&at.child("containerPort"), "");
        } else if let Some(message) = words::port_number(number) {
            check.invalid(&at.child("containerPort"), number, message);
        }
        let host = port.int("hostPort").unwrap_or_default();
        if host != 0
            && let Some(message) = words::port_number(host)
        {
            check.invalid(&at.child("hostPort"), host, message);
        }
        check.one_of(&at.child("protocol"), port.text("protocol"), &["SCTP", "TCP", "UDP"]);
    }
}

/// `checkHostPortConflicts`: no two ports of these containers are the same on the host.
fn host_ports(check: &mut Check, containers: &[Value], path: &Path<'_>) {
    let mut taken: Vec<(&str, &str, i64)> = Vec::new();
    for (index, container) in containers.iter().enumerate() {
        for (place, port) in container.list("ports").iter().enumerate() {
            let number = port.int("hostPort").unwrap_or_default();
            if number == 0 {
                continue;
            }
            let key = (port.text("protocol"), port.text("hostIP"), number);
            if taken.contains(&key) {
                let at = path.index(index);
                let shown = format!("{}/{}/{}", key.0, key.1, key.2);
                check.duplicate(&at.child("ports").index(place).child("hostPort"), &shown);
            } else {
                taken.push(key);
            }
        }
    }
}

/// The restart policy of a regular container.
fn restart_policy(check: &mut Check, container: &Value, at: &Path<'_>) {
    if *rule::CONTAINER_RESTART_RULES.at(check.minor) {
        restart_rules(check, container, at);
    } else if container.field("restartPolicy").is_some() {
        check.forbidden(&at.child("restartPolicy"), "may not be set for non-init containers");
    }
}

/// `validateContainerRestartPolicy`
fn restart_rules(check: &mut Check, container: &Value, at: &Path<'_>) {
    let rules = container.list("restartPolicyRules");
    let path = at.child("restartPolicy");
    match container.field("restartPolicy").and_then(Value::as_str) {
        None if rules.is_empty() => return,
        None => check.required(&path, "must specify restartPolicy when restart rules are used"),
        Some("Always" | "Never" | "OnFailure") => {}
        Some(other) => check.not_supported(&path, other, &["Always", "Never", "OnFailure"]),
    }
    let path = at.child("restartPolicyRules");
    if rules.len() > 20 {
        check.too_many(&path, rules.len(), 20);
    }
    let actions: &[&str] =
        if *rule::RESTART_ALL_CONTAINERS.at(check.minor) { &["Restart", "RestartAllContainers"] } else { &["Restart"] };
    for (index, rule) in rules.iter().enumerate() {
        let at = path.index(index);
        if !actions.contains(&rule.text("action")) {
            check.not_supported(&at.child("action"), rule.text("action"), actions);
        }
        let codes = at.child("exitCodes");
        match rule.field("exitCodes") {
            None => check.required(&codes, "must be specified"),
            Some(exit_codes) => {
                if !["In", "NotIn"].contains(&exit_codes.text("operator")) {
                    check.not_supported(&codes.child("operator"), exit_codes.text("operator"), &["In", "NotIn"]);
                }
                let values = exit_codes.list("values");
                if values.len() > 255 {
                    check.too_many(&codes.child("values"), values.len(), 255);
                }
            }
        }
    }
}

/// `validateInitContainers`
pub(super) fn init_containers(check: &mut Check, whole: &Whole<'_>) {
    let all = whole.spec.list("initContainers");
    let path = SPEC.child("initContainers");
    let is_common_first = *rule::CONTAINER_ORDER.at(check.minor) == ContainerOrder::CommonFirst;
    if !is_common_first && !all.is_empty() {
        regular(check, all, whole, &path, true);
    }
    let regular_names = whole.spec.list("containers");
    for (index, container) in all.iter().enumerate() {
        let at = path.index(index);
        let name = container.text("name");
        let mut is_sidecar = false;
        if is_common_first {
            common(check, container, whole, &at);
            if *rule::SIDECARS.at(check.minor) {
                init_restart_policy(check, container, &at);
                is_sidecar = container.text("restartPolicy") == "Always";
            }
        }
        let is_named = |other: &Value| other.text("name") == name;
        let is_taken = regular_names.iter().any(is_named) || !name.is_empty() && all[..index].iter().any(is_named);
        if is_taken {
            check.duplicate(&at.child("name"), name);
        }
        if is_common_first {
            // Each by itself, for they run one after the other.
            host_ports(check, std::slice::from_ref(container), &path);
        }
        if is_sidecar {
            probes::all(check, container, whole, &at);
        } else {
            hooks_of_init_container(check, container, &at);
        }
        resources::init_resize_policy(check, container, is_sidecar, &at.child("resizePolicy"));
    }
}

/// `validateInitContainerRestartPolicy`
fn init_restart_policy(check: &mut Check, container: &Value, at: &Path<'_>) {
    let rules = container.list("restartPolicyRules");
    let Some(policy) = container.field("restartPolicy").and_then(Value::as_str) else {
        if !rules.is_empty() {
            check.required(&at.child("restartPolicy"), "must specify restartPolicy when restart rules are used");
        }
        return;
    };
    if !*rule::CONTAINER_RESTART_RULES.at(check.minor) {
        if policy != "Always" {
            check.not_supported(&at.child("restartPolicy"), policy, &["Always"]);
        }
        return;
    }
    if policy != "Always" || *rule::RESTART_ALL_CONTAINERS.at(check.minor) {
        restart_rules(check, container, at);
    } else if !rules.is_empty() {
        check.forbidden(
            &at.child("restartPolicyRules"),
            "restartPolicyRules are not allowed for init containers with restart policy Always",
        );
    }
}

/// Init containers that end have neither hooks nor probes.
fn hooks_of_init_container(check: &mut Check, container: &Value, at: &Path<'_>) {
    let detail = *rule::INIT_CONTAINER_HOOKS.at(check.minor);
    for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(hook) = container.field(field) else { continue };
        if *rule::CONTAINER_ORDER.at(check.minor) == ContainerOrder::CommonFirst {
            check.forbidden(&at.child(field), detail);
        } else {
            let shown = go::render_hook(check.minor, field != "lifecycle", hook);
            check.invalid(&at.child(field), Shown::Rendered(&shown), detail);
        }
    }
}

/// Fields of a container that an ephemeral one has not, in the order of the Go struct.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// `validateEphemeralContainers`
pub(super) fn ephemeral_containers(check: &mut Check, whole: &Whole<'_>) {
    let all = whole.spec.list("ephemeralContainers");
    let path = SPEC.child("ephemeralContainers");
    let is_common_first = *rule::CONTAINER_ORDER.at(check.minor) == ContainerOrder::CommonFirst;
    for (index, container) in all.iter().enumerate() {
        let at = path.index(index);
        let name = container.text("name");
        let is_other = |wanted: &str| {
            ["containers", "initContainers"]
                .iter()
                .any(|list| whole.spec.list(list).iter().any(|other| other.text("name") == wanted))
        };
        let is_before = |wanted: &str| all[..index].iter().any(|other| other.text("name") == wanted);
        let target = container.text("targetContainerName");
        if is_common_first {
            common(check, container, whole, &at);
            image_without_spaces(check, container, &at);
        } else {
            if !target.is_empty() && !is_other(target) && !is_before(target) {
                check.not_found(&at.child("targetContainerName"), target, "");
            }
            if name.is_empty() {
                check.required(&at, "ephemeralContainer requires a name");
                continue;
            }
            regular(check, std::slice::from_ref(container), whole, &at, false);
            image_without_spaces(check, container, &at.index(0));
        }
        if is_other(name) || is_before(name) {
            check.duplicate(&at.child("name"), name);
        }
        if is_common_first && !target.is_empty() && !is_other(target) {
            check.not_found(&at.child("targetContainerName"), target, "");
        }
        only_of_ephemeral(check, container, &at);
    }
}

fn only_of_ephemeral(check: &mut Check, container: &Value, at: &Path<'_>) {
    let detail = "cannot be set for an Ephemeral Container";
    for field in NOT_EPHEMERAL {
        let is_set = container.field(field).is_some_and(|value| value.as_object().is_none_or(|map| !map.is_empty()));
        if is_set {
            check.forbidden(&at.child(field), detail);
        }
    }
    if !*rule::EPHEMERAL_NO_SUB_PATH.at(check.minor) {
        return;
    }
    let mounts = at.child("volumeMounts");
    for (index, mount) in container.list("volumeMounts").iter().enumerate() {
        for field in ["subPath", "subPathExpr"] {
            if !mount.text(field).is_empty() {
                check.forbidden(&mounts.index(index).child(field), detail);
            }
        }
    }
}

/// `validateContainersOnlyForPod`
pub(super) fn only_for_pod(check: &mut Check, spec: &Value, list: &str) {
    let path = SPEC.child(list);
    for (index, container) in spec.list(list).iter().enumerate() {
        image_without_spaces(check, container, &path.index(index));
    }
}

/// An image's name has no space at its ends.
pub(super) fn image_without_spaces(check: &mut Check, container: &Value, at: &Path<'_>) {
    let image = container.text("image");
    if image.trim().len() != image.len() {
        check.invalid(&at.child("image"), image, "must not have leading or trailing whitespace");
    }
}
