//! Volumes and their sources.
//!
//! Of sources that nothing here runs (cloud disks, network file systems) it is checked what they must name.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::super::{check::Check, path::Path, words};
use super::{SPEC, environment, mounts, resources, sources};

/// A kind of volume: its field, and the names under which its errors stand where those differ.
struct Kind {
    field: &'static str,
    /// Where there is another kind before it.
    forbidden_as: &'static str,
    checked_as: &'static str,
    check: fn(&mut Check, &Value, &Path<'_>),
}

const fn kind(field: &'static str, check: fn(&mut Check, &Value, &Path<'_>)) -> Kind {
    Kind { field, forbidden_as: field, checked_as: field, check }
}

/// All kinds but `emptyDir`, in the order in which Kubernetes looks for them.
static KINDS: [Kind; 29] = [
    kind("hostPath", host_path),
    kind("gitRepo", |check, source, path| {
        require(check, source, path, &["repository"]);
        mounts::local_descending_path(check, source.text("directory"), &path.child("directory"));
    }),
    Kind {
        checked_as: "persistentDisk",
        ..kind("gcePersistentDisk", |check, source, path| {
            require(check, source, path, &["pdName"]);
            numbered(check, source, path, "partition");
        })
    },
    kind("awsElasticBlockStore", |check, source, path| {
        require(check, source, path, &["volumeID"]);
        numbered(check, source, path, "partition");
    }),
    kind("secret", |check, source, path| {
        require(check, source, path, &["secretName"]);
        files(check, source, path);
    }),
    kind("nfs", |check, source, path| {
        require(check, source, path, &["server", "path"]);
        if !source.text("path").starts_with('/') {
            check.invalid(&path.child("path"), source.text("path"), "must be an absolute path");
        }
    }),
    kind("iscsi", sources::iscsi),
    kind("glusterfs", |check, source, path| require(check, source, path, &["endpoints", "path"])),
    kind("flocker", |check, source, path| {
        let (name, uuid) = (source.text("datasetName"), source.text("datasetUUID"));
        if name.is_empty() && uuid.is_empty() {
            check.required(path, "one of datasetName and datasetUUID is required");
        }
        if !name.is_empty() && !uuid.is_empty() {
            check.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }
        if name.contains('/') {
            check.invalid(&path.child("datasetName"), name, "must not contain '/'");
        }
    }),
    kind("persistentVolumeClaim", |check, source, path| require(check, source, path, &["claimName"])),
    kind("rbd", |check, source, path| {
        monitors(check, source, path);
        require(check, source, path, &["image"]);
    }),
    kind("cinder", |check, source, path| require(check, source, path, &["volumeID"])),
    Kind { forbidden_as: "cephFS", ..kind("cephfs", monitors) },
    kind("quobyte", sources::quobyte),
    Kind {
        forbidden_as: "downwarAPI",
        ..kind("downwardAPI", |check, source, path| {
            default_mode(check, source, path);
            for file in source.list("items") {
                downward_file(check, file, path);
            }
        })
    },
    kind("fc", sources::fibre_channel),
    kind("flexVolume", |check, source, path| require(check, source, path, &["driver"])),
    kind("configMap", |check, source, path| {
        require(check, source, path, &["name"]);
        files(check, source, path);
    }),
    kind("azureFile", |check, source, path| require(check, source, path, &["secretName", "shareName"])),
    kind("vsphereVolume", |check, source, path| require(check, source, path, &["volumePath"])),
    kind("photonPersistentDisk", |check, source, path| require(check, source, path, &["pdID"])),
    kind("portworxVolume", |check, source, path| require(check, source, path, &["volumeID"])),
    kind("azureDisk", sources::azure_disk),
    kind("storageos", sources::storage_os),
    kind("projected", projected),
    kind("scaleIO", |check, source, path| require(check, source, path, &["gateway", "system", "volumeName"])),
    kind("csi", |check, source, path| {
        require(check, source, path, &["driver"]);
        let driver = source.text("driver");
        if !driver.is_empty() {
            check.invalid_for_each(&path.child("driver"), driver, words::dns_subdomain(&driver.to_lowercase()));
        }
        if let Some(secret) = source.field("nodePublishSecretRef") {
            require(check, secret, &path.child("nodePublishSecretRef"), &["name"]);
        }
    }),
    kind("ephemeral", |check, source, path| {
        let path = path.child("volumeClaimTemplate");
        match source.field("volumeClaimTemplate") {
            Some(template) => sources::claim(check, template.field("spec"), &path.child("spec")),
            None => check.required(&path, ""),
        }
    }),
    kind("image", |check, source, path| {
        require(check, source, path, &["reference"]);
        check.one_of(&path.child("pullPolicy"), source.text("pullPolicy"), &["Always", "IfNotPresent", "Never"]);
    }),
];

/// `ValidateVolumes`: gives the volumes that are valid.
pub(super) fn volumes<'a>(check: &mut Check, spec: &'a Value, pod: &str) -> Vec<&'a Value> {
    let all = spec.list("volumes");
    let path = SPEC.child("volumes");
    let mut valid: Vec<&Value> = Vec::with_capacity(all.len());
    for (index, volume) in all.iter().enumerate() {
        let at = path.index(index);
        let found = check.count();
        let name = volume.text("name");
        source(check, volume, &at);
        if is_ephemeral(volume) && !pod.is_empty() && !name.is_empty() {
            let claim = format!("{pod}-{name}");
            for message in words::dns_subdomain(&claim) {
                check.invalid(&at.child("name"), name, format!("PVC name {claim:?}: {message}"));
            }
        }
        if name.is_empty() {
            check.required(&at.child("name"), "");
        } else {
            let messages = words::dns_label(check.minor, name);
            check.invalid_for_each(&at.child("name"), name, messages);
        }
        if valid.iter().any(|other| other.text("name") == name) {
            check.duplicate(&at.child("name"), name);
        }
        if check.count() == found {
            valid.push(volume);
        }
        claim_of_ephemeral(check, volume, all, pod, &at);
    }
    valid
}

/// Whether it is looked at as an ephemeral volume: of two kinds, the second is not.
fn is_ephemeral(volume: &Value) -> bool {
    let before = KINDS.iter().map(|kind| kind.field).take_while(|field| *field != "ephemeral");
    volume.field("ephemeral").is_some()
        && std::iter::once("emptyDir").chain(before).all(|field| volume.field(field).is_none())
}

/// A claim that the Pod names may not be one that is made for it.
fn claim_of_ephemeral(check: &mut Check, volume: &Value, all: &[Value], pod: &str, at: &Path<'_>) {
    let claim = volume.field("persistentVolumeClaim").text("claimName");
    if claim.is_empty() || pod.is_empty() {
        return;
    }
    let is_made = |other: &Value| {
        other.field("ephemeral").is_some()
            && claim.strip_prefix(pod).and_then(|rest| rest.strip_prefix('-')) == Some(other.text("name"))
    };
    if all.iter().any(is_made) {
        check.invalid(
            &at.child("persistentVolumeClaim").child("claimName"),
            claim,
            "must not reference a PVC that gets created for an ephemeral volume",
        );
    }
}

/// `validateVolumeSource`
fn source(check: &mut Check, volume: &Value, at: &Path<'_>) {
    let mut count = 0;
    if let Some(directory) = volume.field("emptyDir") {
        count += 1;
        let limit = directory.field("sizeLimit");
        if limit.and_then(resources::amount).is_some_and(resources::is_negative) {
            check.forbidden(
                &at.child("emptyDir").child("sizeLimit"),
                "SizeLimit field must be a valid resource quantity",
            );
        }
    }
    for kind in &KINDS {
        let Some(source) = volume.field(kind.field) else { continue };
        if kind.field == "image" && !*rule::IMAGE_VOLUMES.at(check.minor) {
            continue;
        }
        if count > 0 {
            check.forbidden(&at.child(kind.forbidden_as), "may not specify more than 1 volume type");
        } else {
            count += 1;
            (kind.check)(check, source, &at.child(kind.checked_as));
        }
    }
    if count == 0 {
        check.required(at, "must specify a volume type");
    }
}

pub(super) fn require(check: &mut Check, source: &Value, path: &Path<'_>, fields: &[&str]) {
    for field in fields {
        if source.text(field).is_empty() {
            check.required(&path.child(field), "");
        }
    }
}

fn monitors(check: &mut Check, source: &Value, path: &Path<'_>) {
    if source.list("monitors").is_empty() {
        check.required(&path.child("monitors"), "");
    }
}

/// A partition or a unit, of which there are 256.
pub(super) fn numbered(check: &mut Check, source: &Value, path: &Path<'_>, field: &str) {
    let number = source.int(field).unwrap_or_default();
    if !(0..=255).contains(&number) {
        check.invalid(&path.child(field), number, words::inclusive_range(0, 255));
    }
}

fn host_path(check: &mut Check, source: &Value, path: &Path<'_>) {
    let target = source.text("path");
    if target.is_empty() {
        check.required(&path.child("path"), "");
        return;
    }
    mounts::no_backsteps(check, target, &path.child("path"));
    let supported =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if !supported.contains(&source.text("type")) {
        check.not_supported(&path.child("type"), source.text("type"), &supported);
    }
}

fn mode(check: &mut Check, owner: &Value, field: &str, path: &Path<'_>) {
    if let Some(mode) = owner.int(field)
        && !(0..=0o777).contains(&mode)
    {
        check.invalid(&path.child(field), mode, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

fn default_mode(check: &mut Check, source: &Value, path: &Path<'_>) {
    mode(check, source, "defaultMode", path);
}

/// The mode and items of a Secret or `ConfigMap`.
fn files(check: &mut Check, source: &Value, path: &Path<'_>) {
    default_mode(check, source, path);
    for (index, item) in source.list("items").iter().enumerate() {
        key_to_path(check, item, &path.child("items").index(index));
    }
}

fn key_to_path(check: &mut Check, item: &Value, path: &Path<'_>) {
    require(check, item, path, &["key", "path"]);
    mounts::local_non_reserved_path(check, item.text("path"), &path.child("path"));
    mode(check, item, "mode", path);
}

/// `validateDownwardAPIVolumeFile`; errors do not tell which file.
fn downward_file(check: &mut Check, file: &Value, path: &Path<'_>) {
    require(check, file, path, &["path"]);
    mounts::local_non_reserved_path(check, file.text("path"), &path.child("path"));
    match (file.field("fieldRef"), file.field("resourceFieldRef")) {
        (Some(field), resource) => {
            environment::field_ref(check, field, environment::VOLUME_FIELDS, &path.child("fieldRef"));
            if resource.is_some() {
                check.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
        }
        (None, Some(resource)) => {
            environment::resource_ref(check, resource, true, &path.child("resourceFieldRef"));
        }
        (None, None) => check.required(path, "one of fieldRef and resourceFieldRef is required"),
    }
    mode(check, file, "mode", path);
}

fn projected(check: &mut Check, source: &Value, path: &Path<'_>) {
    default_mode(check, source, path);
    let mut paths: Vec<&str> = Vec::new();
    let sources = path.child("sources");
    for (index, projection) in source.list("sources").iter().enumerate() {
        let at = sources.index(index);
        let mut count = 0;
        for field in ["secret", "configMap"] {
            let Some(files) = projection.field(field) else { continue };
            count += 1;
            let within = at.child(field);
            require(check, files, &within, &["name"]);
            for (place, item) in files.list("items").iter().enumerate() {
                key_to_path(check, item, &within.child("items").index(place));
                unique_path(check, &mut paths, item.text("path"), files.text("name"), path);
            }
        }
        if let Some(downward) = projection.field("downwardAPI") {
            count += 1;
            for file in downward.list("items") {
                downward_file(check, file, &at.child("downwardAPI"));
                unique_path(check, &mut paths, file.text("path"), file.text("path"), path);
            }
        }
        if let Some(token) = projection.field("serviceAccountToken") {
            count += 1;
            service_account_token(check, token, path, &at.child("serviceAccountToken"));
        }
        for field in ["clusterTrustBundle", "podCertificate"] {
            count += u32::from(projection.field(field).is_some());
        }
        if count > 1 {
            check.forbidden(&at, *rule::PROJECTION_KINDS.at(check.minor));
        }
    }
}

/// No two items of a projected volume have the same path; `owner` is what the error shows.
fn unique_path<'a>(check: &mut Check, paths: &mut Vec<&'a str>, target: &'a str, owner: &str, path: &Path<'_>) {
    if target.is_empty() {
        return;
    }
    if paths.contains(&target) {
        check.invalid(path, owner, "conflicting duplicate paths");
    } else {
        paths.push(target);
    }
}

fn service_account_token(check: &mut Check, token: &Value, path: &Path<'_>, at: &Path<'_>) {
    let seconds = token.int("expirationSeconds").unwrap_or_default();
    if seconds < 600 {
        check.invalid(&at.child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes");
    }
    if seconds > 1 << 32 {
        check.invalid(&at.child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds");
    }
    if token.text("path").is_empty() {
        check.required(&path.child("path"), "");
    } else if *rule::TOKEN_PATH_LOCAL.at(check.minor) {
        mounts::local_non_reserved_path(check, token.text("path"), &path.child("path"));
    }
}
