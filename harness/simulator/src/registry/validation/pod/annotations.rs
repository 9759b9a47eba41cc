//! Annotations that mean something to a Pod, and how they go together with its fields.

use serde_json::Value;

use crate::{
    fields,
    minor::validation as rule,
    registry::read::{Read, containers},
};

use super::super::{check::Check, go, path::Path};
use super::{SPEC, mounts};

pub(super) const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub(super) const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub(super) const APPARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const MUST_MATCH: &str = "seccomp type in annotation and field must match";

/// `ValidatePodSpecificAnnotations`
///
/// The annotation with which tolerations were once given is not looked into but for being JSON.
pub(super) fn specific(check: &mut Check, pod: &Value) {
    let Some(all) = pod.field("metadata").entries("annotations") else { return };
    let path = Path::root("metadata");
    let path = path.child("annotations");
    let value = |key: &str| all.get(key).and_then(Value::as_str);
    if let Some(mirror) = value(MIRROR)
        && pod.field("spec").text("nodeName").is_empty()
    {
        check.invalid(&path.key(MIRROR), mirror, "must set spec.nodeName if mirror pod annotation is set");
    }
    if let Some(text) = value(TOLERATIONS)
        && !text.is_empty()
        && let Err(error) = fields::parse(text.as_bytes())
    {
        check.invalid(&path, TOLERATIONS, error.detail);
    }
    if *rule::DELETION_COST.at(check.minor)
        && let Some(cost) = value(DELETION_COST)
        && !is_deletion_cost(cost)
    {
        check.invalid(&path.key(DELETION_COST), cost, "must be a 32bit integer");
    }
    if let Some(profile) = value(SECCOMP_POD) {
        seccomp_value(check, profile, &path.child(SECCOMP_POD));
    }
    for (key, profile) in all {
        if key.starts_with(SECCOMP_CONTAINER) {
            seccomp_value(check, profile.as_str().unwrap_or_default(), &path.child(key));
        }
    }
    for (key, profile) in all {
        if let Some(name) = key.strip_prefix(APPARMOR_CONTAINER) {
            apparmor_value(check, pod, name, profile.as_str().unwrap_or_default(), &path.key(key));
        }
    }
}

/// A number as `strconv.ParseInt` and the rules for its first digit take it.
fn is_deletion_cost(cost: &str) -> bool {
    let has_valid_start = cost == "0" || cost.starts_with(|first: char| matches!(first, '-' | '1'..='9'));
    has_valid_start && cost.parse::<i32>().is_ok()
}

fn seccomp_value(check: &mut Check, profile: &str, path: &Path<'_>) {
    match profile {
        "runtime/default" | "docker/default" | "unconfined" => {}
        _ => match profile.strip_prefix("localhost/") {
            Some(local) => mounts::local_descending_path(check, local, path),
            None => check.invalid(path, profile, "must be a valid seccomp profile"),
        },
    }
}

fn apparmor_value(check: &mut Check, pod: &Value, name: &str, profile: &str, path: &Path<'_>) {
    let has_container =
        pod.field("spec").is_some_and(|spec| containers(spec).any(|(_, _, container)| container.text("name") == name));
    if !has_container {
        check.invalid(path, name, "container not found");
    }
    let is_known = matches!(profile, "" | "runtime/default" | "unconfined") || profile.starts_with("localhost/");
    if !is_known {
        check.invalid(path, profile, format!("invalid AppArmor profile name: {}", go::quote(profile)));
    }
}

/// `validateSeccompAnnotationsAndFields`: where both are given, they say the same.
pub(super) fn seccomp_matches(check: &mut Check, pod: &Value) {
    let (Some(all), Some(spec)) = (pod.field("metadata").entries("annotations"), pod.field("spec")) else {
        return;
    };
    let value = |key: &str| all.get(key).and_then(Value::as_str);
    if let (Some(profile), Some(annotation)) =
        (spec.field("securityContext").field("seccompProfile"), value(SECCOMP_POD))
    {
        seccomp_match(check, annotation, profile, &SPEC.child("securityContext").child("seccompProfile"));
    }
    for (list, index, container) in containers(spec) {
        let Some(profile) = container.field("securityContext").field("seccompProfile") else { continue };
        if let Some(annotation) = value(&format!("{SECCOMP_CONTAINER}{}", container.text("name"))) {
            let path = SPEC.child(list);
            let path = path.index(index);
            seccomp_match(check, annotation, profile, &path.child("securityContext").child("seccompProfile"));
        }
    }
}

fn seccomp_match(check: &mut Check, annotation: &str, profile: &Value, path: &Path<'_>) {
    let local = annotation.strip_prefix("localhost/");
    match profile.text("type") {
        "Unconfined" if annotation != "unconfined" => check.forbidden(&path.child("type"), MUST_MATCH),
        "RuntimeDefault" if !matches!(annotation, "runtime/default" | "docker/default") => {
            check.forbidden(&path.child("type"), MUST_MATCH);
        }
        "Localhost" => match local {
            None => check.forbidden(&path.child("type"), MUST_MATCH),
            Some(name) if profile.field("localhostProfile").and_then(Value::as_str) != Some(name) => {
                check.forbidden(&path.child("localhostProfile"), "seccomp profile in annotation and field must match");
            }
            Some(_) => {}
        },
        _ => {}
    }
}

/// `validateAppArmorAnnotationsAndFieldsMatchOnCreate`
pub(super) fn apparmor_matches(check: &mut Check, pod: &Value) {
    let (Some(all), Some(spec)) = (pod.field("metadata").entries("annotations"), pod.field("spec")) else {
        return;
    };
    if spec.field("os").text("name") == "windows" {
        return;
    }
    let of_pod = spec.field("securityContext").field("appArmorProfile");
    for (list, index, container) in containers(spec) {
        let Some(profile) = container.field("securityContext").field("appArmorProfile").or(of_pod) else { continue };
        let key = format!("{APPARMOR_CONTAINER}{}", container.text("name"));
        let Some(annotation) = all.get(&key).and_then(Value::as_str) else { continue };
        let path = SPEC.child(list);
        let path = path.index(index);
        let path = path.child("securityContext");
        let path = path.child("appArmorProfile");
        let type_must_match = "apparmor type in annotation and field must match";
        match (profile.text("type"), annotation.strip_prefix("localhost/")) {
            ("Unconfined", _) if annotation != "unconfined" => check.forbidden(&path.child("type"), type_must_match),
            ("RuntimeDefault", _) if annotation != "runtime/default" => {
                check.forbidden(&path.child("type"), type_must_match);
            }
            ("Localhost", None) => check.forbidden(&path.child("type"), type_must_match),
            ("Localhost", Some(name)) if profile.field("localhostProfile").and_then(Value::as_str) != Some(name) => {
                check.forbidden(&path.child("localhostProfile"), "apparmor profile in annotation and field must match");
            }
            _ => {}
        }
    }
}

/// `ValidatePodSpecificAnnotationUpdates`: annotations that may not come, go or change.
pub(super) fn specific_update(check: &mut Check, new: &Value, old: &Value) {
    let path = Path::root("metadata");
    let path = path.child("annotations");
    let none = serde_json::Map::new();
    let of = |pod: &Value| -> Option<serde_json::Map<String, Value>> {
        pod.field("metadata").entries("annotations").cloned()
    };
    let (new_all, old_all) = (of(new).unwrap_or_else(|| none.clone()), of(old).unwrap_or(none));
    for (key, value) in &old_all {
        if new_all.get(key) == Some(value) {
            continue;
        }
        if key.starts_with(APPARMOR_CONTAINER) {
            check.forbidden(&path.key(key), "may not remove or update AppArmor annotations");
        }
        if key == MIRROR {
            check.forbidden(&path.key(key), "may not remove or update mirror pod annotation");
        }
    }
    for key in new_all.keys().filter(|key| !old_all.contains_key(*key)) {
        if key.starts_with(APPARMOR_CONTAINER) {
            check.forbidden(&path.key(key), "may not add AppArmor annotations");
        }
        if key == MIRROR {
            check.forbidden(&path.key(key), "may not add mirror pod annotation");
        }
    }
    specific(check, new);
}
