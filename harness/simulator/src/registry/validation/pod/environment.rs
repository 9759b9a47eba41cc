//! Environment variables and what they are taken from.

use serde_json::Value;

use crate::{
    minor::{Minor, validation as rule},
    registry::read::{Read, containers},
};

use super::super::{check::Check, path::Path, words};
use super::{SPEC, mounts};

/// Fields of a Pod that a volume can show.
pub(super) const VOLUME_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Fields of a Pod that a variable can show.
fn variable_fields(minor: Minor) -> &'static [&'static str] {
    if *rule::HOST_IPS.at(minor) {
        &[
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
            "spec.nodeName",
            "spec.serviceAccountName",
            "status.hostIP",
            "status.hostIPs",
            "status.podIP",
            "status.podIPs",
        ]
    } else {
        &[
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
            "spec.nodeName",
            "spec.serviceAccountName",
            "status.hostIP",
            "status.podIP",
            "status.podIPs",
        ]
    }
}

/// Fields that can be converted at all, whether or not they can be shown.
const CONVERTIBLE: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// `ValidateEnv`
pub(super) fn variables(check: &mut Check, container: &Value, path: &Path<'_>) {
    for (index, variable) in container.list("env").iter().enumerate() {
        let at = path.index(index);
        let name = variable.text("name");
        if name.is_empty() {
            check.required(&at.child("name"), "");
        } else {
            let messages = words::environment_name(check.minor, name);
            check.invalid_for_each(&at.child("name"), name, messages);
        }
        if let Some(source) = variable.field("valueFrom") {
            value_from(check, source, !variable.text("value").is_empty(), &at.child("valueFrom"));
        }
    }
}

/// `validateEnvVarValueFrom`
fn value_from(check: &mut Check, source: &Value, has_value: bool, path: &Path<'_>) {
    let mut count = 0;
    if let Some(field) = source.field("fieldRef") {
        count += 1;
        field_ref(check, field, variable_fields(check.minor), &path.child("fieldRef"));
    }
    if let Some(resource) = source.field("resourceFieldRef") {
        count += 1;
        resource_ref(check, resource, false, &path.child("resourceFieldRef"));
    }
    for field in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(reference) = source.field(field) {
            count += 1;
            key_ref(check, reference, &path.child(field));
        }
    }
    let has_files = *rule::ENVIRONMENT_FILES.at(check.minor);
    if let Some(reference) = source.field("fileKeyRef")
        && has_files
    {
        count += 1;
        file_ref(check, reference, &path.child("fileKeyRef"));
    }
    if count == 0 {
        let detail = if has_files {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        } else {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        };
        check.invalid(path, "", detail);
    } else if has_value {
        check.invalid(path, "", "may not be specified when `value` is not empty");
    } else if count > 1 {
        check.invalid(path, "", "may not have more than one field specified at a time");
    }
}

/// `validateConfigMapKeySelector`, `validateSecretKeySelector`
fn key_ref(check: &mut Check, reference: &Value, path: &Path<'_>) {
    let (name, key) = (reference.text("name"), reference.text("key"));
    check.invalid_for_each(&path.child("name"), name, words::dns_subdomain(name));
    if key.is_empty() {
        check.required(&path.child("key"), "");
    } else {
        check.invalid_for_each(&path.child("key"), key, words::config_key(key));
    }
}

/// `validateFileKeySelector`
fn file_ref(check: &mut Check, reference: &Value, path: &Path<'_>) {
    let (key, volume, file) = (reference.text("key"), reference.text("volumeName"), reference.text("path"));
    if key.is_empty() {
        check.required(&path.child("key"), "");
    } else {
        let messages = words::environment_name(check.minor, key);
        check.invalid_for_each(&path.child("key"), key, messages);
    }
    if volume.is_empty() {
        check.required(&path.child("volumeName"), "");
    } else {
        let messages = words::dns_label(check.minor, volume);
        check.invalid_for_each(&path.child("volumeName"), volume, messages);
    }
    if file.is_empty() {
        check.required(&path.child("path"), "");
    } else {
        mounts::no_backsteps(check, file, &path.child("path"));
    }
}

/// `validateFileKeyRefVolumes`: a variable's file lies in an empty directory of the Pod.
pub(super) fn files(check: &mut Check, spec: &Value) {
    if !*rule::ENVIRONMENT_FILES.at(check.minor) {
        return;
    }
    for (list, index, container) in containers(spec) {
        for (place, variable) in container.list("env").iter().enumerate() {
            let Some(reference) = variable.field("valueFrom").field("fileKeyRef") else { continue };
            let name = reference.text("volumeName");
            let volume = spec.list("volumes").iter().rev().find(|volume| volume.text("name") == name);
            let path = SPEC.child(list);
            let path = path.index(index);
            let path = path.child("env");
            let path = path.index(place);
            let path = path.child("valueFrom");
            let path = path.child("fileKeyRef");
            let path = path.child("volumeName");
            match volume {
                None => check.not_found(&path, name, ""),
                Some(volume) if volume.field("emptyDir").is_none() => {
                    check.invalid(&path, name, "referenced volume must be of type emptyDir");
                }
                Some(_) => {}
            }
        }
    }
}

/// `validateObjectFieldSelector`
pub(super) fn field_ref(check: &mut Check, reference: &Value, shown: &[&str], path: &Path<'_>) {
    let (version, field) = (reference.text("apiVersion"), reference.text("fieldPath"));
    if version.is_empty() {
        check.required(&path.child("apiVersion"), "");
        return;
    }
    if field.is_empty() {
        check.required(&path.child("fieldPath"), "");
        return;
    }
    let at = path.child("fieldPath");
    let unconverted = |check: &mut Check, why: String| {
        check.invalid(&at, field, format!("error converting fieldPath: {why}"));
    };
    if version != "v1" {
        unconverted(check, format!("unsupported pod version: {version}"));
        return;
    }
    if let Some((of, subscript)) = subscripted(field) {
        if !matches!(of, "metadata.annotations" | "metadata.labels") {
            unconverted(check, format!("field label does not support subscript: {field}"));
            return;
        }
        let lower = subscript.to_lowercase();
        let looked_up = if of == "metadata.annotations" { lower.as_str() } else { subscript };
        let messages = words::qualified_name(check.minor, looked_up);
        let value = if *rule::SUBSCRIPT_LOWER_CASE.at(check.minor) { looked_up } else { subscript };
        check.invalid_for_each(path, value, messages);
        return;
    }
    let internal = if field == "spec.host" { "spec.nodeName" } else { field };
    let is_convertible =
        CONVERTIBLE.contains(&internal) || *rule::HOST_IPS.at(check.minor) && internal == "status.hostIPs";
    if !is_convertible {
        unconverted(check, format!("field label not supported: {field}"));
    } else if !shown.contains(&internal) {
        check.not_supported(&at, internal, shown);
    }
}

/// `path['key']` in its parts.
fn subscripted(field: &str) -> Option<(&str, &str)> {
    field.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

/// `validateContainerResourceFieldSelector`
pub(super) fn resource_ref(check: &mut Check, reference: &Value, is_volume: bool, path: &Path<'_>) {
    let resource = reference.text("resource");
    let is_huge_pages = ["limits.hugepages-", "requests.hugepages-"].iter().any(|prefix| resource.starts_with(prefix));
    let allows_huge_pages = *rule::HUGE_PAGES_DOWNWARD.at(check.minor);
    if is_volume && reference.text("containerName").is_empty() {
        check.required(&path.child("containerName"), "");
    } else if resource.is_empty() {
        check.required(&path.child("resource"), "");
    } else if !(RESOURCES.contains(&resource) || is_huge_pages && allows_huge_pages) {
        check.not_supported(&path.child("resource"), resource, RESOURCES);
    }
    divisor(check, reference, resource, is_huge_pages, path);
}

/// `validateContainerResourceDivisor`
fn divisor(check: &mut Check, reference: &Value, resource: &str, is_huge_pages: bool, path: &Path<'_>) {
    let divisor = reference.text("divisor");
    if matches!(divisor, "" | "0") {
        return;
    }
    let units = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let what = match resource {
        "limits.cpu" | "requests.cpu" => {
            if !["1m", "1"].contains(&divisor) {
                let detail = "only divisor's values 1m and 1 are supported with the cpu resource";
                check.invalid(&path.child("divisor"), resource, detail);
            }
            return;
        }
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if is_huge_pages => "hugepages",
        _ => return,
    };
    if !units.contains(&divisor) {
        let detail = format!("only divisor's values {} are supported with the {what} resource", units.join(", "));
        check.invalid(&path.child("divisor"), resource, detail);
    }
}

/// `ValidateEnvFrom`
pub(super) fn sources(check: &mut Check, container: &Value, path: &Path<'_>) {
    for (index, source) in container.list("envFrom").iter().enumerate() {
        let at = path.index(index);
        let prefix = source.text("prefix");
        if !prefix.is_empty() {
            let messages = words::environment_name(check.minor, prefix);
            check.invalid_for_each(&at.child("prefix"), prefix, messages);
        }
        let mut count = 0;
        for field in ["configMapRef", "secretRef"] {
            let Some(reference) = source.field(field) else { continue };
            count += 1;
            let name = reference.text("name");
            let within = at.child(field);
            if name.is_empty() {
                check.required(&within.child("name"), "");
            } else {
                let masked = words::mask_trailing_dash(name);
                check.invalid_for_each(&within.child("name"), name, words::dns_subdomain(&masked));
            }
        }
        if count == 0 {
            check.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
        } else if count > 1 {
            check.invalid(path, "", "may not have more than one field specified at a time");
        }
    }
}
