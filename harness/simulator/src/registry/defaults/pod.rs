//! A Pod's defaults.

use serde_json::{Value, json};

use super::{Fields, below, each, image, mirror, resources, set, text};
use crate::minor::{
    Minor,
    pod::{FILE_KEY_OPTIONAL_DEFAULT, IMAGE_VOLUMES, NEGATIVE_GRACE_IS_ONE, POD_LEVEL_RESOURCES},
};

/// The lists of containers in a Pod's spec.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` and `zz_generated.defaults.go` `SetObjectDefaults_Pod`
pub(super) fn apply(minor: Minor, pod: &mut Fields) {
    drop_init_container_annotations(pod);
    if let Some(status) = below(pod, "status") {
        mirror(status, "podIP", "podIPs", |ip| json!({ "ip": ip }), |item| item["ip"].clone());
    }
    if let Some(spec) = below(pod, "spec") {
        pod_alone(minor, spec);
    }
    template(minor, pod);
}

/// What a Pod is given, and the template of one is not.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_Pod`
fn pod_alone(minor: Minor, spec: &mut Fields) {
    for list in ["containers", "initContainers"] {
        for container in each(spec, list) {
            if let Some(resources) = below(container, "resources") {
                resources::fill(resources, "limits", "requests");
            }
        }
    }
    if *POD_LEVEL_RESOURCES.at(minor) {
        resources::pod_level(spec);
    }
    let grace = "terminationGracePeriodSeconds";
    if *NEGATIVE_GRACE_IS_ONE.at(minor) && spec.get(grace).and_then(Value::as_i64).is_some_and(|seconds| seconds < 0) {
        spec.insert(grace.to_owned(), 1.into());
    }
    set(spec, "enableServiceLinks", || true.into());
    if spec.get("hostNetwork").is_some_and(|host_network| host_network == true) {
        host_ports(spec);
    }
}

/// What the template of a Pod is given as well.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_PodSpec` and what it is made of
pub(super) fn template(minor: Minor, template: &mut Fields) {
    let Some(spec) = below(template, "spec") else {
        return;
    };
    self::spec(spec);
    for volume in each(spec, "volumes") {
        self::volume(minor, volume);
    }
    for list in CONTAINERS {
        for container in each(spec, list) {
            self::container(minor, container);
        }
    }
    convert(spec);
}

fn host_ports(spec: &mut Fields) {
    for list in ["containers", "initContainers"] {
        for port in each(spec, list).flat_map(|container| each(container, "ports")) {
            let container_port = port.get("containerPort").cloned().unwrap_or_default();
            if container_port != 0 {
                set(port, "hostPort", || container_port);
            }
        }
    }
}

fn spec(spec: &mut Fields) {
    set(spec, "dnsPolicy", || "ClusterFirst".into());
    set(spec, "restartPolicy", || "Always".into());
    set(spec, "securityContext", || json!({}));
    set(spec, "terminationGracePeriodSeconds", || 30.into());
    set(spec, "schedulerName", || "default-scheduler".into());
    resources::round(spec, "overhead");
    if let Some(whole) = below(spec, "resources") {
        resources::round(whole, "limits");
        resources::round(whole, "requests");
    }
}

fn container(minor: Minor, container: &mut Fields) {
    if !container.contains_key("imagePullPolicy") {
        let policy = pull_policy(text(container, "image"));
        container.insert("imagePullPolicy".to_owned(), policy.into());
    }
    set(container, "terminationMessagePath", || "/dev/termination-log".into());
    set(container, "terminationMessagePolicy", || "File".into());
    for port in each(container, "ports") {
        // `protocol` has no `omitempty` in a status' port alone.
        set(port, "protocol", || "TCP".into());
    }
    for source in each(container, "env").filter_map(|env| below(env, "valueFrom")) {
        field_ref(source);
        if let Some(key) = below(source, "fileKeyRef").filter(|_| *FILE_KEY_OPTIONAL_DEFAULT.at(minor)) {
            set(key, "optional", || false.into());
        }
    }
    if let Some(resources) = below(container, "resources") {
        resources::round(resources, "limits");
        resources::round(resources, "requests");
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = below(container, name) {
            self::probe(probe);
        }
    }
    if let Some(lifecycle) = below(container, "lifecycle") {
        for handler in ["postStart", "preStop"] {
            if let Some(handler) = below(lifecycle, handler) {
                http_get(handler);
            }
        }
    }
}

fn pull_policy(image: &str) -> &'static str {
    if image::tag(image) == Some("latest") { "Always" } else { "IfNotPresent" }
}

fn probe(probe: &mut Fields) {
    set(probe, "timeoutSeconds", || 1.into());
    set(probe, "periodSeconds", || 10.into());
    set(probe, "successThreshold", || 1.into());
    set(probe, "failureThreshold", || 3.into());
    http_get(probe);
    if let Some(grpc) = below(probe, "grpc") {
        // Without `omitempty`, an unset service is there as null.
        if grpc.get("service").is_none_or(Value::is_null) {
            grpc.insert("service".to_owned(), "".into());
        }
    }
}

fn http_get(handler: &mut Fields) {
    if let Some(get) = below(handler, "httpGet") {
        set(get, "path", || "/".into());
        set(get, "scheme", || "HTTP".into());
    }
}

fn field_ref(source: &mut Fields) {
    if let Some(field) = below(source, "fieldRef") {
        set(field, "apiVersion", || "v1".into());
    }
}

fn volume(minor: Minor, volume: &mut Fields) {
    if volume.keys().all(|name| name == "name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = below(volume, name) {
            set(source, "defaultMode", || 420.into());
        }
    }
    if let Some(sources) = below(volume, "projected").and_then(|source| source.get_mut("sources"))
        && sources.as_array().is_some_and(Vec::is_empty)
    {
        // No conversion keeps a list with nothing in it, and this one is always written.
        *sources = Value::Null;
    }
    if let Some(source) = below(volume, "hostPath") {
        set(source, "type", || "".into());
    }
    if let Some(source) = below(volume, "downwardAPI") {
        each(source, "items").for_each(field_ref);
    }
    for source in below(volume, "projected").into_iter().flat_map(|projected| each(projected, "sources")) {
        if let Some(items) = below(source, "downwardAPI") {
            each(items, "items").for_each(field_ref);
        }
        if let Some(token) = below(source, "serviceAccountToken") {
            set(token, "expirationSeconds", || 3600.into());
        }
    }
    if let Some(image) = below(volume, "image").filter(|_| *IMAGE_VOLUMES.at(minor)) {
        let policy = pull_policy(text(image, "reference"));
        set(image, "pullPolicy", || policy.into());
    }
    claim(volume);
    storage(volume);
}

fn claim(volume: &mut Fields) {
    let template = below(volume, "ephemeral").and_then(|source| below(source, "volumeClaimTemplate"));
    if let Some(spec) = template.and_then(|template| below(template, "spec")) {
        set(spec, "volumeMode", || "Filesystem".into());
        if let Some(resources) = below(spec, "resources") {
            resources::round(resources, "limits");
            resources::round(resources, "requests");
        }
    }
}

/// The defaults of each kind of storage.
fn storage(volume: &mut Fields) {
    const DEFAULTS: [(&str, &str, &str); 9] = [
        ("iscsi", "iscsiInterface", "default"),
        ("rbd", "pool", "rbd"),
        ("rbd", "user", "admin"),
        ("rbd", "keyring", "/etc/ceph/keyring"),
        ("scaleIO", "storageMode", "ThinProvisioned"),
        ("scaleIO", "fsType", "xfs"),
        ("azureDisk", "cachingMode", "ReadWrite"),
        ("azureDisk", "fsType", "ext4"),
        ("azureDisk", "kind", "Shared"),
    ];
    for (source, name, value) in DEFAULTS {
        if let Some(source) = below(volume, source) {
            set(source, name, || value.into());
        }
    }
    if let Some(disk) = below(volume, "azureDisk") {
        set(disk, "readOnly", || false.into());
    }
}

/// What the way to the internal version and back leaves behind: `serviceAccount` mirrors `serviceAccountName`.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/conversion.go` `Convert_v1_PodSpec_To_core_PodSpec` and its way back
fn convert(spec: &mut Fields) {
    let name = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount"),
        name => name,
    };
    if name.is_empty() || name == text(spec, "serviceAccount") && name == text(spec, "serviceAccountName") {
        return;
    }
    let name = Value::from(name);
    spec.insert("serviceAccountName".to_owned(), name.clone());
    spec.insert("serviceAccount".to_owned(), name);
}

/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/conversion.go` `dropInitContainerAnnotations`
fn drop_init_container_annotations(pod: &mut Fields) {
    const DROPPED: [&str; 4] = [
        "pod.beta.kubernetes.io/init-containers",
        "pod.alpha.kubernetes.io/init-containers",
        "pod.beta.kubernetes.io/init-container-statuses",
        "pod.alpha.kubernetes.io/init-container-statuses",
    ];
    let Some(metadata) = below(pod, "metadata") else {
        return;
    };
    let Some(annotations) = below(metadata, "annotations") else {
        return;
    };
    for name in DROPPED {
        annotations.remove(name);
    }
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}
