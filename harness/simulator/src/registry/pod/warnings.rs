//! What a client that creates a Pod is warned of.

mod paths;

use serde_json::Value;

use crate::{
    fields::quantity::Quantity,
    minor::{
        Minor,
        validation::{self as rule, DuplicateVariable},
    },
    registry::{
        read::{Read, containers},
        validation::dns_label,
    },
};

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Labels of nodes that have other names now.
const NODE_LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
];

/// Annotations that do nothing any more.
const ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// `GetWarningsForPod`: texts for `Warning` headers; `old` is nothing on create.
///
/// Updates are not warned of at all, as in Kubernetes.
///
/// # Source
/// kubernetes v1.22 to v1.37 `pkg/api/pod/warnings.go`, `pkg/registry/core/pod/strategy.go` `WarningsOnCreate`
pub(crate) fn warnings(minor: Minor, pod: &Value, old: Option<&Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    let (Some(spec), None, true) = (pod.field("spec"), old, *rule::WARNINGS.at(minor)) else { return warnings };
    let metadata = pod.field("metadata");
    if *rule::WARN_HOSTNAME.at(minor) {
        let messages = dns_label(minor, metadata.text("name"));
        if !messages.is_empty() {
            warnings.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS \
                 label is recommended: [{}]",
                messages.join(" ")
            ));
        }
    }
    node_labels(spec, &mut warnings);
    spread(minor, spec, &mut warnings);
    let annotations = metadata.field("annotations");
    for (key, message) in ANNOTATIONS {
        if annotations.field(key).is_some() {
            warnings.push(format!("metadata.annotations[{key}]: {message}"));
        }
    }
    volumes(minor, spec, &mut warnings);
    if *rule::WARN_OVERLAPPING_PATHS.at(minor) {
        paths::overlapping(spec, &mut warnings);
    }
    duplicates(minor, spec, &mut warnings);
    seccomp_pod(minor, spec, annotations, &mut warnings);
    for (list, index, container) in containers(spec) {
        let path = format!("spec.{list}[{index}]");
        seccomp_container(minor, container, annotations, &mut warnings);
        fractions(container, &path, &mut warnings);
        variables(minor, container, &path, &mut warnings);
    }
    if *rule::WARN_PORTS_AND_SELECTORS.at(minor) {
        ports(spec, &mut warnings);
    }
    if *rule::WARN_PORT_NAMES.at(minor) {
        port_names(spec, &mut warnings);
    }
    if *rule::WARN_HOSTNAME.at(minor) && spec.int("terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 0) {
        warnings.push(
            "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
                .to_owned(),
        );
    }
    if *rule::WARN_PORTS_AND_SELECTORS.at(minor) {
        affinity_selectors(spec, &mut warnings);
    }
    warnings
}

fn deprecated_label(key: &str) -> Option<&'static str> {
    NODE_LABELS.iter().find(|(label, _)| *label == key).map(|(_, message)| *message)
}

fn node_labels(spec: &Value, warnings: &mut Vec<String>) {
    for key in spec.entries("nodeSelector").into_iter().flat_map(|map| map.keys()) {
        if let Some(message) = deprecated_label(key) {
            warnings.push(format!("spec.nodeSelector[{key}]: {message}"));
        }
    }
    let affinity = spec.field("affinity").field("nodeAffinity");
    let path = "spec.affinity.nodeAffinity";
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    for (index, term) in affinity.field(required).list("nodeSelectorTerms").iter().enumerate() {
        node_term(term, &format!("{path}.{required}.nodeSelectorTerms[{index}]"), warnings);
    }
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    for (index, term) in affinity.list(preferred).iter().enumerate() {
        if let Some(term) = term.field("preference") {
            node_term(term, &format!("{path}.{preferred}[{index}].preference"), warnings);
        }
    }
}

fn node_term(term: &Value, path: &str, warnings: &mut Vec<String>) {
    for (index, expression) in term.list("matchExpressions").iter().enumerate() {
        let key = expression.text("key");
        if let Some(message) = deprecated_label(key) {
            warnings.push(format!("{path}.matchExpressions[{index}].key: {key} is {message}"));
        }
    }
}

const SELECTS_NOTHING: &str = "a null labelSelector results in matching no pod";

fn spread(minor: Minor, spec: &Value, warnings: &mut Vec<String>) {
    for (index, constraint) in spec.list("topologySpreadConstraints").iter().enumerate() {
        let path = format!("spec.topologySpreadConstraints[{index}]");
        let key = constraint.text("topologyKey");
        if let Some(message) = deprecated_label(key) {
            warnings.push(format!("{path}.topologyKey: {key} is {message}"));
        }
        if *rule::WARN_PORTS_AND_SELECTORS.at(minor) && constraint.field("labelSelector").is_none() {
            warnings.push(format!("{path}.labelSelector: {SELECTS_NOTHING}"));
        }
    }
}

fn affinity_selectors(spec: &Value, warnings: &mut Vec<String>) {
    for field in ["podAffinity", "podAntiAffinity"] {
        let affinity = spec.field("affinity").field(field);
        for (list, inner) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", None),
            ("preferredDuringSchedulingIgnoredDuringExecution", Some("podAffinityTerm")),
        ] {
            for (index, term) in affinity.list(list).iter().enumerate() {
                let (term, below) = match inner {
                    Some(inner) => (term.field(inner), ".podAffinityTerm"),
                    None => (Some(term), ""),
                };
                if term.field("labelSelector").is_none() {
                    let path = format!("spec.affinity.{field}.{list}[{index}]{below}");
                    warnings.push(format!("{path}.labelSelector: {SELECTS_NOTHING}"));
                }
            }
        }
    }
}

/// Elements whose name was seen before.
fn duplicates(minor: Minor, spec: &Value, warnings: &mut Vec<String>) {
    let mut look = |list: &str, field: &str, what: &str| {
        let items = spec.list(list);
        for (index, item) in items.iter().enumerate() {
            let name = item.text(field);
            if items[..index].iter().any(|other| other.text(field) == name) {
                warnings.push(format!("spec.{list}[{index}].{field}: duplicate {what} {name:?}"));
            }
        }
    };
    look("hostAliases", "ip", "ip");
    look("imagePullSecrets", "name", "name");
    for (index, secret) in spec.list("imagePullSecrets").iter().enumerate() {
        if secret.text("name").is_empty() {
            warnings.push(format!("spec.imagePullSecrets[{index}].name: invalid empty name \"\""));
        }
    }
    if !*rule::WARN_PORTS_AND_SELECTORS.at(minor) {
        let items = spec.list("volumes");
        for (index, item) in items.iter().enumerate() {
            let name = item.text("name");
            if items[..index].iter().any(|other| other.text("name") == name) {
                warnings.push(format!("spec.volumes[{index}].name: duplicate name {name:?}"));
            }
        }
    }
    for name in ["memory", "ephemeral-storage"] {
        fraction(spec.field("overhead"), name, "spec.overhead", warnings);
    }
}

fn seccomp_pod(minor: Minor, spec: &Value, annotations: Option<&Value>, warnings: &mut Vec<String>) {
    let has_field = spec.field("securityContext").field("seccompProfile").is_some();
    if !has_field && annotations.field(SECCOMP_POD).is_some() {
        warnings.push(seccomp_text(minor, SECCOMP_POD));
    }
}

fn seccomp_container(minor: Minor, container: &Value, annotations: Option<&Value>, warnings: &mut Vec<String>) {
    if annotations.is_none() || container.field("securityContext").field("seccompProfile").is_some() {
        return;
    }
    let key = format!("{SECCOMP_CONTAINER}{}", container.text("name"));
    if annotations.field(&key).is_some() {
        warnings.push(seccomp_text(minor, &key));
    }
}

fn seccomp_text(minor: Minor, key: &str) -> String {
    let state = rule::SECCOMP_WARNING.at(minor);
    format!("metadata.annotations[{key}]: {state}; use the \"seccompProfile\" field instead")
}

fn fractions(container: &Value, path: &str, warnings: &mut Vec<String>) {
    for name in ["memory", "ephemeral-storage"] {
        for field in ["limits", "requests"] {
            let amounts = container.field("resources").field(field);
            if amounts.is_some() {
                fraction(amounts, name, &format!("{path}.resources.{field}"), warnings);
            }
        }
    }
}

/// Kinds of volumes that are on their way out.
fn volumes(minor: Minor, spec: &Value, warnings: &mut Vec<String>) {
    let removed = Some(*rule::WARN_REMOVED_VOLUMES.at(minor));
    let ceph = *rule::WARN_CEPH.at(minor);
    let kinds = [
        ("photonPersistentDisk", "photonPersistentDisk", Some("deprecated in v1.11, non-functional in v1.16+")),
        ("gitRepo", "gitRepo", Some(*rule::WARN_GIT_REPO.at(minor))),
        ("scaleIO", "scaleIO", Some("deprecated in v1.16, non-functional in v1.22+")),
        ("flocker", "flocker", removed),
        ("storageos", "storageOS", removed),
        ("quobyte", "quobyte", removed),
        ("glusterfs", "glusterfs", *rule::WARN_GLUSTERFS.at(minor)),
        ("cephfs", "cephfs", ceph),
        ("rbd", "rbd", ceph),
    ];
    for (index, volume) in spec.list("volumes").iter().enumerate() {
        for (field, shown, message) in kinds {
            if let Some(message) = message.filter(|_| volume.field(field).is_some()) {
                warnings.push(format!("spec.volumes[{index}].{shown}: {message}"));
            }
        }
    }
}

/// Bytes are whole.
fn fraction(amounts: Option<&Value>, name: &str, path: &str, warnings: &mut Vec<String>) {
    let text = amounts.text(name);
    let is_fraction = text.parse::<Quantity>().is_ok_and(|amount| amount.milli_value() % 1000 != 0);
    if is_fraction {
        warnings.push(format!("{path}[{name}]: fractional byte value {text:?} is invalid, must be an integer"));
    }
}

fn variables(minor: Minor, container: &Value, path: &str, warnings: &mut Vec<String>) {
    let all = container.list("env");
    for (index, variable) in all.iter().enumerate().skip(1) {
        let name = variable.text("name");
        if !all[..index].iter().any(|other| other.text("name") == name) {
            continue;
        }
        match *rule::WARN_VARIABLES.at(minor) {
            DuplicateVariable::Always => warnings.push(format!("{path}.env[{index}].name: duplicate name {name:?}")),
            DuplicateVariable::WhereHidden(rest) => {
                let (value, reference) = (variable.text("value"), format!("$({name})"));
                let hides = variable.field("valueFrom").is_some() || value == reference || !value.contains(&reference);
                if hides {
                    warnings.push(format!("{path}.env[{index}]: hides previous definition of {name:?}{rest}"));
                }
            }
        }
    }
}

/// A port with where it stands.
struct Port<'a> {
    path: String,
    value: &'a Value,
}

fn all_ports(spec: &Value) -> impl Iterator<Item = Port<'_>> {
    containers(spec).flat_map(|(list, index, container)| {
        let ports = container.list("ports").iter().enumerate();
        ports.map(move |(place, value)| Port { path: format!("spec.{list}[{index}].ports[{place}]"), value })
    })
}

fn ports(spec: &Value, warnings: &mut Vec<String>) {
    let mut seen: Vec<Port<'_>> = Vec::new();
    for port in all_ports(spec) {
        let (ip, host) = (port.value.text("hostIP"), port.value.int("hostPort").unwrap_or_default());
        let (number, protocol) = (port.value.int("containerPort").unwrap_or_default(), port.value.text("protocol"));
        let path = &port.path;
        if !ip.is_empty() && host == 0 {
            let name = port.value.text("name");
            warnings.push(format!(
                "{path}: hostIP set without hostPort: {{Name:{name} HostPort:{host} ContainerPort:{number} \
                 Protocol:{protocol} HostIP:{ip}}}"
            ));
        }
        let is_same = |other: &&Port<'_>| {
            other.value.int("containerPort").unwrap_or_default() == number && other.value.text("protocol") == protocol
        };
        for other in seen.iter().filter(is_same) {
            let (other_ip, other_host) = (other.value.text("hostIP"), other.value.int("hostPort").unwrap_or_default());
            let at = &other.path;
            if ip == other_ip && host == other_host {
                warnings.push(format!("{path}: duplicate port definition with {at}"));
            } else if host == 0 || other_host == 0 {
                warnings.push(format!("{path}: overlapping port definition with {at}"));
            } else if host == other_host && ip.is_empty() != other_ip.is_empty() {
                warnings.push(format!("{path}: dangerously ambiguous port definition with {at}"));
            }
        }
        seen.push(port);
    }
}

fn port_names(spec: &Value, warnings: &mut Vec<String>) {
    let mut seen: Vec<Port<'_>> = Vec::new();
    for port in all_ports(spec) {
        let name = port.value.text("name");
        if name.is_empty() {
            continue;
        }
        match seen.iter().find(|other| other.value.text("name") == name) {
            Some(first) => {
                let (path, first) = (&port.path, &first.path);
                warnings.push(format!(
                    "{path}: duplicate port name {name:?} with {first}, services and probes that select ports by name \
                     will use {first}"
                ));
            }
            None => seen.push(port),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::none_before(21, None)]
    #[case::first_form(22, Some("deprecated since v1.19"))]
    #[case::with_removal(23, Some("deprecated since v1.19, non-functional in v1.25+"))]
    #[case::postponed(25, Some("deprecated since v1.19, non-functional in a future release"))]
    #[case::done(27, Some("non-functional in v1.27+"))]
    fn a_seccomp_annotation_without_field(#[case] number: u8, #[case] expected: Option<&str>) {
        let minor = Minor::new(number).expect("modelled");
        let pod = json!({"metadata": {"name": "p", "annotations": {SECCOMP_POD: "unconfined"}}, "spec": {}});
        let expected = expected.map(|text| {
            format!("metadata.annotations[{SECCOMP_POD}]: {text}; use the \"seccompProfile\" field instead")
        });
        assert_eq!(warnings(minor, &pod, None), expected.into_iter().collect::<Vec<_>>());
    }

    #[rstest]
    #[case::none_before(31, &[])]
    #[case::one_a_source(36, &["volume \"v\" (Projected) has no sources provided"])]
    fn a_projected_source_that_names_nothing(#[case] number: u8, #[case] expected: &[&str]) {
        let minor = Minor::new(number).expect("modelled");
        let volume = json!({"name": "v", "projected": {"sources": [{}]}});
        let pod = json!({"metadata": {"name": "p"}, "spec": {"volumes": [volume]}});
        assert_eq!(warnings(minor, &pod, None), expected);
    }

    #[test]
    fn an_empty_pod_gives_none() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}});
        assert!(warnings(Minor::NEWEST, &pod, None).is_empty());
    }
}
