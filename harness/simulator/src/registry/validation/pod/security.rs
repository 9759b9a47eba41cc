//! Security contexts.

use serde_json::Value;

use crate::{
    minor::validation as rule,
    registry::read::{Read, containers},
};

use super::super::{
    check::{Check, Shown},
    go,
    path::Path,
    words,
};
use super::{SPEC, Whole, mounts, network, windows};

/// `validateSeccompProfileField`
pub(super) fn seccomp_profile(check: &mut Check, owner: &Value, path: &Path<'_>) {
    let Some(profile) = owner.field("seccompProfile") else { return };
    let path = path.child("seccompProfile");
    let kind = profile.text("type");
    match kind {
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        "" => check.required(&path.child("type"), "type is required when seccompProfile is set"),
        other => check.not_supported(&path.child("type"), other, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
    let at = path.child("localhostProfile");
    let local = profile.field("localhostProfile").and_then(Value::as_str);
    match (kind, local) {
        ("Localhost", None) => check.required(&at, "must be set when seccomp type is Localhost"),
        ("Localhost", Some(local)) => mounts::local_descending_path(check, local, &at),
        (_, Some(_)) => {
            let text = go::render(check.minor, &go::SECCOMP_PROFILE, profile);
            check.invalid(&at, Shown::Rendered(&text), "can only be set when seccomp type is Localhost");
        }
        (_, None) => {}
    }
}

/// `ValidateAppArmorProfileField`
fn apparmor_profile(check: &mut Check, owner: &Value, path: &Path<'_>) {
    let Some(profile) = owner.field("appArmorProfile") else { return };
    let path = path.child("appArmorProfile");
    let at = path.child("localhostProfile");
    let local = profile.field("localhostProfile").and_then(Value::as_str);
    let required = "must be set when AppArmor type is Localhost";
    match (profile.text("type"), local) {
        ("Localhost", None) => check.required(&at, required),
        ("Localhost", Some(local)) => {
            if local.trim() != local {
                check.invalid(&at, local, "must not be padded with whitespace");
            } else if local.is_empty() {
                check.required(&at, required);
            }
            if local.len() > 4095 {
                check.too_long_in_words(&at, rule::APPARMOR_TOO_LONG.at(check.minor));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(local)) => {
            check.invalid(&at, local, "can only be set when AppArmor type is Localhost");
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => check.required(&path.child("type"), "type is required when appArmorProfile is set"),
        (other, _) => {
            check.not_supported(&path.child("type"), other, &["Localhost", "RuntimeDefault", "Unconfined"]);
        }
    }
}

fn unix_id(check: &mut Check, owner: &Value, field: &str, path: &Path<'_>) {
    if let Some(id) = owner.int(field)
        && let Some(message) = words::unix_id(id)
    {
        check.invalid(&path.child(field), id, message);
    }
}

/// `ValidateSecurityContext`: of a container. Privileged containers are allowed, as kubeadm and kind set it.
pub(super) fn security_context(check: &mut Check, container: &Value, whole: &Whole<'_>, path: &Path<'_>) {
    let Some(context) = container.field("securityContext") else { return };
    unix_id(check, context, "runAsUser", path);
    unix_id(check, context, "runAsGroup", path);
    if let Some(mount) = context.field("procMount").and_then(Value::as_str) {
        let at = path.child("procMount");
        if !["Default", "Unmasked"].contains(&mount) {
            check.not_supported(&at, mount, &["Default", "Unmasked"]);
        }
        if mount == "Unmasked" && whole.host_users && *rule::UNMASKED_NEEDS_USER_NAMESPACE.at(check.minor) {
            check.invalid(&at, mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp_profile(check, context, path);
    if context.flag("allowPrivilegeEscalation") == Some(false) {
        no_privilege_escalation(check, context, path);
    }
    windows::options(check, context, &path.child("windowsOptions"));
    if *rule::APPARMOR_FIELDS.at(check.minor) {
        apparmor_profile(check, context, path);
    }
}

fn no_privilege_escalation(check: &mut Check, context: &Value, path: &Path<'_>) {
    let refuse = |check: &mut Check, detail: &str| {
        let text = go::render(check.minor, &go::SECURITY_CONTEXT, context);
        check.invalid(path, Shown::Rendered(&text), detail);
    };
    if context.flag("privileged") == Some(true) {
        refuse(check, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    if *rule::SYS_ADMIN_IGNORED.at(check.minor) {
        return;
    }
    for _ in context.field("capabilities").list("add").iter().filter(|name| *name == "CAP_SYS_ADMIN") {
        refuse(check, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
    }
}

/// `validatePodSpecSecurityContext`, and what before stood with it.
pub(super) fn pod_security_context(check: &mut Check, spec: &Value) {
    if !*rule::HOST_PORTS_EARLY.at(check.minor) {
        network::host_ports(check, spec);
    }
    let nothing = Value::Null;
    let context = spec.field("securityContext").unwrap_or(&nothing);
    let path = SPEC.child("securityContext");
    unix_id(check, context, "fsGroup", &path);
    unix_id(check, context, "runAsUser", &path);
    unix_id(check, context, "runAsGroup", &path);
    for (index, group) in context.list("supplementalGroups").iter().enumerate() {
        let id = group.as_i64().unwrap_or_default();
        if let Some(message) = words::unix_id(id) {
            check.invalid(&path.child("supplementalGroups").index(index), id, message);
        }
    }
    share_process_namespace(check, spec, &path);
    sysctls(check, spec, context, &path.child("sysctls"));
    let one_of = |check: &mut Check, field: &str, supported: &[&str]| {
        if let Some(value) = context.field(field).and_then(Value::as_str)
            && !supported.contains(&value)
        {
            check.not_supported(&path.child(field), value, supported);
        }
    };
    one_of(check, "fsGroupChangePolicy", &["Always", "OnRootMismatch"]);
    seccomp_profile(check, context, &path);
    windows::options(check, context, &path.child("windowsOptions"));
    if *rule::APPARMOR_FIELDS.at(check.minor) {
        apparmor_profile(check, context, &path);
    }
    if *rule::SUPPLEMENTAL_GROUPS_POLICY.at(check.minor) {
        one_of(check, "supplementalGroupsPolicy", &["Merge", "Strict"]);
    }
    let policies = *rule::SELINUX_CHANGE_POLICY.at(check.minor);
    if !policies.is_empty() {
        one_of(check, "seLinuxChangePolicy", policies);
    }
}

fn share_process_namespace(check: &mut Check, spec: &Value, path: &Path<'_>) {
    if spec.flag("shareProcessNamespace") == Some(true) && spec.flag("hostPID") == Some(true) {
        let owner = if *rule::SHARE_PROCESS_ON_SPEC.at(check.minor) { &SPEC } else { path };
        check.invalid(
            &owner.child("shareProcessNamespace"),
            true,
            "ShareProcessNamespace and HostPID cannot both be enabled",
        );
    }
}

/// `validateSysctls`
fn sysctls(check: &mut Check, spec: &Value, context: &Value, path: &Path<'_>) {
    let all = context.list("sysctls");
    let (regex, allows_slash) = *rule::SYSCTL.at(check.minor);
    for (index, sysctl) in all.iter().enumerate() {
        let at = path.index(index);
        let at = at.child("name");
        let name = sysctl.text("name");
        if name.is_empty() {
            check.required(&at, "");
        } else if !is_sysctl(name, allows_slash) {
            check.invalid(&at, name, format!("must have at most 253 characters and match regex {regex}"));
        } else if all[..index].iter().any(|other| other.text("name") == name) {
            check.duplicate(&at, name);
        }
        if *rule::HOST_SYSCTLS.at(check.minor) {
            let dotted = name.replace('/', ".");
            let is_of_ipc = ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|start| dotted.starts_with(start))
                || dotted == "kernel.sem";
            if spec.flag("hostNetwork") == Some(true) && dotted.starts_with("net.") {
                check.invalid(&at, name, "may not be specified when 'hostNetwork' is true");
            } else if spec.flag("hostIPC") == Some(true) && is_of_ipc {
                check.invalid(&at, name, "may not be specified when 'hostIPC' is true");
            }
        }
    }
}

fn is_sysctl(name: &str, allows_slash: bool) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        is_edge(bytes.first())
            && is_edge(bytes.last())
            && bytes.iter().all(|byte| is_edge(Some(byte)) || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.split(|c| c == '.' || allows_slash && c == '/').all(is_part)
}

/// `validateHostUsers`: in a user namespace of its own, a Pod shares no other with the host.
pub(super) fn host_users(check: &mut Check, spec: &Value) {
    if spec.flag("hostUsers") != Some(false) || !*rule::HOST_USERS.at(check.minor) {
        return;
    }
    let detail = *rule::HOST_USERS_WORDS.at(check.minor);
    if !*rule::HOST_USERS_ANY_VOLUME.at(check.minor) {
        for (index, volume) in spec.list("volumes").iter().enumerate() {
            let known = ["emptyDir", "secret", "downwardAPI", "configMap", "projected"];
            if !known.iter().any(|kind| volume.field(kind).is_some()) {
                check.forbidden(
                    &SPEC.child("volumes").index(index),
                    "volume type not supported when `pod.Spec.HostUsers` is false",
                );
            }
        }
    }
    for (field, name) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.flag(field) == Some(true) {
            check.forbidden(&SPEC.child(name), detail);
        }
    }
    if *rule::HOST_USERS_DEVICES.at(check.minor) {
        for (list, index, container) in containers(spec) {
            if !container.list("volumeDevices").is_empty() {
                check.forbidden(&SPEC.child(list).index(index).child("volumeDevices"), detail);
            }
        }
    }
}
