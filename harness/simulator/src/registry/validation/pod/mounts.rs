//! Paths, and what a container mounts.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::super::{check::Check, path::Path};
use super::Whole;

/// `validateLocalDescendingPath`: a relative path without `..`.
pub(super) fn local_descending_path(check: &mut Check, target: &str, path: &Path<'_>) {
    if target.starts_with('/') {
        check.invalid(path, target, "must be a relative path");
    }
    no_backsteps(check, target, path);
}

/// `validatePathNoBacksteps`: a path without `..`.
pub(super) fn no_backsteps(check: &mut Check, target: &str, path: &Path<'_>) {
    if has_backsteps(target) {
        check.invalid(path, target, "must not contain '..'");
    }
}

fn has_backsteps(target: &str) -> bool {
    target.split('/').any(|part| part == "..")
}

/// `ValidateLocalNonReservedPath`: neither does its first part begin with `..`.
pub(super) fn local_non_reserved_path(check: &mut Check, target: &str, path: &Path<'_>) {
    local_descending_path(check, target, path);
    if target.starts_with("..") && !target.starts_with("../") {
        check.invalid(path, target, "must not start with '..'");
    }
}

/// `ValidateVolumeMounts`
pub(super) fn volume_mounts(check: &mut Check, container: &Value, whole: &Whole<'_>, path: &Path<'_>) {
    let mounts = container.list("volumeMounts");
    let path = path.child("volumeMounts");
    for (index, mount) in mounts.iter().enumerate() {
        let at = path.index(index);
        let (name, mount_path) = (mount.text("name"), mount.text("mountPath"));
        if name.is_empty() {
            check.required(&at.child("name"), "");
        }
        let volume = whole.volume(name);
        if volume.is_none() {
            check.not_found(&at.child("name"), name, "");
        }
        if mount_path.is_empty() {
            check.required(&at.child("mountPath"), "");
        }
        if mounts[..index].iter().any(|other| other.text("mountPath") == mount_path) {
            check.invalid(&at.child("mountPath"), mount_path, "must be unique");
        }
        let devices = container.list("volumeDevices");
        if devices.iter().any(|device| device.text("name") == name) {
            check.invalid(&at.child("name"), name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|device| device.text("devicePath") == mount_path) {
            check.invalid(&at.child("mountPath"), mount_path, "must not already exist as a path in volumeDevices");
        }
        sub_paths(check, mount, volume, &at, &path);
        if let Some(propagation) = mount.field("mountPropagation").and_then(Value::as_str) {
            mount_propagation(check, propagation, container, &path.child("mountPropagation"));
        }
        if *rule::RECURSIVE_READ_ONLY.at(check.minor) {
            recursive_read_only(check, mount, &path.child("recursiveReadOnly"));
        }
    }
}

fn sub_paths(check: &mut Check, mount: &Value, volume: Option<&Value>, at: &Path<'_>, path: &Path<'_>) {
    let (sub_path, expression) = (mount.text("subPath"), mount.text("subPathExpr"));
    let is_image = volume.field("image").is_some();
    if is_image && *rule::IMAGE_VOLUME_NO_SUB_PATH.at(check.minor) && !*rule::IMAGE_VOLUME_SUB_PATH.at(check.minor) {
        for (field, value) in [("subPath", sub_path), ("subPathExpr", expression)] {
            if !value.is_empty() {
                check.invalid(&at.child(field), value, "not allowed in image volume sources");
            }
        }
    }
    if !sub_path.is_empty() {
        local_descending_path(check, sub_path, &path.child("subPath"));
    }
    if !expression.is_empty() {
        if !sub_path.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            check.invalid(&at.child("subPathExpr"), expression, detail);
        }
        local_descending_path(check, expression, &path.child("subPathExpr"));
    }
}

fn mount_propagation(check: &mut Check, propagation: &str, container: &Value, path: &Path<'_>) {
    let supported = ["Bidirectional", "HostToContainer", "None"];
    if !supported.contains(&propagation) {
        check.not_supported(path, propagation, &supported);
    }
    if propagation == "Bidirectional" && container.field("securityContext").flag("privileged") != Some(true) {
        check.forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
    }
}

fn recursive_read_only(check: &mut Check, mount: &Value, path: &Path<'_>) {
    let Some(mode) = mount.field("recursiveReadOnly").and_then(Value::as_str) else { return };
    match mode {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if mount.flag("readOnly") != Some(true) {
                check.forbidden(path, "may only be specified when readOnly is true");
            }
            if !matches!(mount.text("mountPropagation"), "" | "None") {
                check.forbidden(path, "may only be specified when mountPropagation is None or not specified");
            }
        }
        other => check.not_supported(path, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

/// `ValidateVolumeDevices`
pub(super) fn volume_devices(check: &mut Check, container: &Value, whole: &Whole<'_>, path: &Path<'_>) {
    let devices = container.list("volumeDevices");
    let path = path.child("volumeDevices");
    let mounts = container.list("volumeMounts");
    for (index, device) in devices.iter().enumerate() {
        let at = path.index(index);
        let (name, device_path) = (device.text("name"), device.text("devicePath"));
        let before = &devices[..index];
        if name.is_empty() {
            check.required(&at.child("name"), "");
        } else if before.iter().any(|other| other.text("name") == name) {
            check.invalid(&at.child("name"), name, "must be unique");
        }
        let with_ephemeral = *rule::EPHEMERAL_DEVICES.at(check.minor);
        match whole.volume(name) {
            None => check.not_found(&at.child("name"), name, ""),
            Some(volume) => {
                let is_block = volume.field("persistentVolumeClaim").is_some()
                    || with_ephemeral && volume.field("ephemeral").is_some();
                if !is_block {
                    let kinds =
                        if with_ephemeral { "PersistentVolumeClaim or Ephemeral" } else { "PersistentVolumeClaim" };
                    let detail = format!("can only use volume source type of {kinds} for block mode");
                    check.invalid(&at.child("name"), name, detail);
                }
            }
        }
        if device_path.is_empty() {
            check.required(&at.child("devicePath"), "");
        }
        let is_used = |other: &Value| other.text("devicePath") == device_path && !has_backsteps(device_path);
        if before.iter().any(is_used) {
            check.invalid(&at.child("devicePath"), device_path, "must be unique");
        }
        if has_backsteps(device_path) {
            check.invalid(&at.child("devicePath"), device_path, "can not contain backsteps ('..')");
        }
        if mounts.iter().any(|mount| mount.text("name") == name) {
            check.invalid(&at.child("name"), name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|mount| mount.text("mountPath") == device_path) {
            check.invalid(&at.child("devicePath"), device_path, "must not already exist as a path in volumeMounts");
        }
    }
}
