//! The sources of volumes that have rules of their own.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::super::{
    check::{Check, Shown},
    go,
    path::Path,
    selector, words,
};
use super::{
    resources,
    volumes::{numbered, require},
};

/// `validateISCSIVolumeSource`, but for the forms of names that begin as they should.
pub(super) fn iscsi(check: &mut Check, source: &Value, path: &Path<'_>) {
    require(check, source, path, &["targetPortal", "iqn"]);
    let name = source.text("iqn");
    if !name.is_empty() && !["iqn", "eui", "naa"].iter().any(|form| name.starts_with(form)) {
        check.invalid(&path.child("iqn"), name, "must be valid format starting with iqn, eui, or naa");
    }
    numbered(check, source, path, "lun");
    let is_authenticated = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|name| source.flag(name) == Some(true));
    if is_authenticated && source.field("secretRef").is_none() {
        check.required(&path.child("secretRef"), "");
    }
}

/// `validateQuobyteVolumeSource`
pub(super) fn quobyte(check: &mut Check, source: &Value, path: &Path<'_>) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = source.text("registry");
    let at = path.child("registry");
    if registry.is_empty() {
        check.required(&at, PAIRS);
    } else if source.text("tenant").len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        check.required(&path.child("tenant"), detail);
    } else {
        for _ in registry.split(',').filter(|pair| pair.matches(':').count() != 1) {
            check.invalid(&at, registry, PAIRS);
        }
    }
    require(check, source, path, &["volume"]);
}

/// `validateFCVolumeSource`
pub(super) fn fibre_channel(check: &mut Check, source: &Value, path: &Path<'_>) {
    let (names, ids) = (source.list("targetWWNs"), source.list("wwids"));
    let at = path.child("targetWWNs");
    if names.is_empty() && ids.is_empty() {
        check.required(&at, "must specify either targetWWNs or wwids, but not both");
    }
    if !names.is_empty() && !ids.is_empty() {
        let shown = go::render_texts(check.minor, names.iter().filter_map(Value::as_str));
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        check.invalid(&at, Shown::Rendered(&shown), detail);
    }
    if !names.is_empty() {
        match source.int("lun") {
            None => check.required(&path.child("lun"), "lun is required if targetWWNs is specified"),
            Some(_) => numbered(check, source, path, "lun"),
        }
    }
}

/// `validateAzureDisk`
pub(super) fn azure_disk(check: &mut Check, source: &Value, path: &Path<'_>) {
    const MANAGED: &str =
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    require(check, source, path, &["diskName", "diskURI"]);
    let (caching, kind, uri) = (source.text("cachingMode"), source.text("kind"), source.text("diskURI"));
    let modes = ["None", "ReadOnly", "ReadWrite"];
    if source.field("cachingMode").is_some() && !modes.contains(&caching) {
        check.not_supported(&path.child("cachingMode"), caching, &modes);
    }
    if source.field("kind").is_none() {
        return;
    }
    let kinds = ["Dedicated", "Managed", "Shared"];
    if !kinds.contains(&kind) {
        check.not_supported(&path.child("kind"), kind, &kinds);
    }
    let (prefix, form) = if kind == "Managed" { ("/subscriptions/", MANAGED) } else { ("https://", BLOB) };
    if !uri.starts_with(prefix) {
        check.not_supported(&path.child("diskURI"), uri, &[form]);
    }
}

/// `validateStorageOSVolumeSource`
pub(super) fn storage_os(check: &mut Check, source: &Value, path: &Path<'_>) {
    for (field, is_required) in [("volumeName", true), ("volumeNamespace", false)] {
        let name = source.text(field);
        if !name.is_empty() {
            let messages = words::dns_label(check.minor, name);
            check.invalid_for_each(&path.child(field), name, messages);
        } else if is_required {
            check.required(&path.child(field), "");
        }
    }
    if let Some(secret) = source.field("secretRef") {
        require(check, secret, &path.child("secretRef"), &["name"]);
    }
}

/// `ValidatePersistentVolumeClaimSpec`, but for where its data comes from.
pub(super) fn claim(check: &mut Check, spec: Option<&Value>, path: &Path<'_>) {
    access_modes(check, spec, &path.child("accessModes"));
    selector::label_selector(check, spec.field("selector"), &path.child("selector"));
    let at = path.child("resources");
    let at = at.key("storage");
    match spec.field("resources").field("requests").field("storage") {
        None => check.required(&at, ""),
        Some(storage) => {
            let is_positive =
                resources::amount(storage).is_some_and(|amount| !amount.is_negative() && !amount.is_zero());
            if !is_positive {
                check.invalid(&at, storage.as_str().unwrap_or_default(), "must be greater than zero");
            }
        }
    }
    let class = spec.text("storageClassName");
    if !class.is_empty() {
        check.invalid_for_each(&path.child("storageClassName"), class, words::dns_subdomain(class));
    }
    if let Some(mode) = spec.field("volumeMode").and_then(Value::as_str)
        && !["Block", "Filesystem"].contains(&mode)
    {
        check.not_supported(&path.child("volumeMode"), mode, &["Block", "Filesystem"]);
    }
}

fn access_modes(check: &mut Check, spec: Option<&Value>, path: &Path<'_>) {
    const ALONE: &str = "ReadWriteOncePod";
    let modes = spec.list("accessModes");
    if modes.is_empty() {
        check.required(path, "at least 1 access mode is required");
    }
    let known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", ALONE];
    let known = if *rule::READ_WRITE_ONCE_POD.at(check.minor) { &known[..] } else { &known[..3] };
    for mode in modes.iter().filter_map(Value::as_str).filter(|mode| !known.contains(mode)) {
        check.not_supported(path, mode, known);
    }
    let has_alone = modes.iter().any(|mode| mode == ALONE) && known.contains(&ALONE);
    let has_other = modes.iter().filter_map(Value::as_str).any(|mode| mode != ALONE && known.contains(&mode));
    if has_alone && has_other {
        check.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}
