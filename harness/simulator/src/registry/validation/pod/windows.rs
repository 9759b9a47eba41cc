//! Pods for Windows: their options, and what they can not have.

use serde_json::Value;

use crate::{
    minor::validation::{self as rule, OsField},
    registry::read::{Read, containers},
};

use super::super::{check::Check, path::Path, words};
use super::SPEC;

/// `validateWindowsSecurityContextOptions`
pub(super) fn options(check: &mut Check, context: &Value, path: &Path<'_>) {
    let Some(options) = context.field("windowsOptions") else { return };
    let text = |field: &str| options.field(field).and_then(Value::as_str);
    if let Some(name) = text("gmsaCredentialSpecName") {
        check.invalid_for_each(&path.child("gmsaCredentialSpecName"), name, words::dns_subdomain(name));
    }
    if let Some(credential) = text("gmsaCredentialSpec") {
        let at = path.child("gmsaCredentialSpec");
        if credential.is_empty() {
            check.invalid(&at, credential, "gmsaCredentialSpec cannot be an empty string");
        } else if credential.len() > 64 * 1024 {
            check.invalid(&at, credential, "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    if let Some(name) = text("runAsUserName") {
        for detail in user_name(name) {
            check.invalid(&path.child("runAsUserName"), name, detail);
        }
    }
}

/// What is wrong with `DOMAIN\USER`.
fn user_name(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => return vec!["runAsUserName cannot contain more than one backslash"],
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    let mut wrong = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= 256 {
            wrong.push("runAsUserName's Domain length must be under 256 characters");
        }
        if !is_net_bios(domain) && !is_dns(domain) {
            wrong.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
        }
    }
    if user.is_empty() {
        wrong.push("runAsUserName's User cannot be empty");
    } else if user.len() > 104 {
        wrong.push("runAsUserName's User length must not be longer than 104 characters");
    }
    if !user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')) {
        wrong.push("runAsUserName's User cannot contain only periods or spaces");
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        wrong.push("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
    }
    wrong
}

fn is_net_bios(domain: &str) -> bool {
    (1..=15).contains(&domain.chars().count())
        && !domain.starts_with('.')
        && !domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|part| {
        let bytes = part.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    })
}

/// `validateWindowsHostProcessPod`
pub(super) fn host_process(check: &mut Check, spec: &Value) {
    if !*rule::HOST_PROCESS.at(check.minor) {
        return;
    }
    let of_pod = spec.field("securityContext").field("windowsOptions").flag("hostProcess");
    let (mut count, mut host_count) = (0, 0);
    for (list, index, container) in containers(spec) {
        count += 1;
        let of_container = container.field("securityContext").field("windowsOptions").flag("hostProcess");
        if let (Some(pod), Some(own)) = (of_pod, of_container)
            && pod != own
        {
            let path = SPEC.child(list);
            let path = path.index(index);
            let path = path.child("securityContext");
            let path = path.child("windowsOptions");
            let detail = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            check.invalid(&path.child("hostProcess"), own, detail);
        }
        if of_container.or(of_pod) == Some(true) {
            host_count += 1;
        }
    }
    if host_count == 0 {
        return;
    }
    if host_count != count {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        check.invalid(&SPEC, "", detail);
    }
    if spec.flag("hostNetwork") != Some(true) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        check.invalid(&SPEC.child("hostNetwork"), false, detail);
    }
}

/// `validateOS`, `validateLinux`, `validateWindows`
pub(super) fn operating_system(check: &mut Check, spec: &Value) {
    let Some(os) = spec.field("os") else { return };
    let path = SPEC.child("os");
    let empty = match *rule::OS_FIELD.at(check.minor) {
        OsField::Unknown => return,
        OsField::GateOff => {
            check.forbidden(&path, "cannot be set when IdentifyPodOS feature is not enabled");
            return;
        }
        OsField::Known(empty) => empty,
    };
    match os.text("name") {
        "" => check.required(&path.child("name"), empty),
        "linux" => linux(check, spec),
        "windows" => windows(check, spec),
        other => check.not_supported(&path, other, &["linux", "windows"]),
    }
}

fn linux(check: &mut Check, spec: &Value) {
    let detail = "windows options cannot be set for a linux pod";
    if spec.field("securityContext").field("windowsOptions").is_some() {
        check.forbidden(&SPEC.child("securityContext").child("windowsOptions"), detail);
    }
    for (list, index, container) in containers(spec) {
        if container.field("securityContext").field("windowsOptions").is_some() {
            check.forbidden(&SPEC.child(list).index(index).child("securityContext").child("windowsOptions"), detail);
        }
    }
}

/// Fields that a Windows Pod has not, in order; whether they stand in the security context.
const POD_FIELDS: [(&str, bool); 15] = [
    ("appArmorProfile", true),
    ("seLinuxOptions", true),
    ("hostUsers", false),
    ("hostPID", false),
    ("hostIPC", false),
    ("seccompProfile", true),
    ("fsGroup", true),
    ("fsGroupChangePolicy", true),
    ("sysctls", true),
    ("shareProcessNamespace", false),
    ("runAsUser", true),
    ("runAsGroup", true),
    ("supplementalGroups", true),
    ("supplementalGroupsPolicy", true),
    ("seLinuxChangePolicy", true),
];

/// Fields that a Windows Pod's containers have not, in order.
const CONTAINER_FIELDS: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

fn windows(check: &mut Check, spec: &Value) {
    let detail = "cannot be set for a windows pod";
    let context = spec.field("securityContext");
    for (field, is_in_context) in POD_FIELDS {
        let value = if is_in_context { context.field(field) } else { spec.field(field) };
        // Host namespaces are plain truth values, of which false is the same as nothing.
        let is_plain = matches!(field, "hostPID" | "hostIPC");
        let is_set = value.is_some_and(|value| !is_plain || value.as_bool() == Some(true));
        if is_set {
            let owner = SPEC.child("securityContext");
            let owner = if is_in_context { &owner } else { &SPEC };
            check.forbidden(&owner.child(field), detail);
        }
    }
    for (list, index, container) in containers(spec) {
        let path = SPEC.child(list);
        let path = path.index(index);
        let path = path.child("securityContext");
        for field in CONTAINER_FIELDS {
            if container.field("securityContext").field(field).is_some() {
                check.forbidden(&path.child(field), detail);
            }
        }
    }
}
