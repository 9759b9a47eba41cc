//! What is wrong with a Pod, in the order in which Kubernetes looks.
//!
//! # Source
//! kubernetes v1.20 to v1.37 `pkg/apis/core/validation/validation.go`

mod annotations;
mod containers;
mod diff;
mod environment;
mod mounts;
mod network;
mod probes;
mod resources;
mod scheduling;
mod security;
mod sources;
mod update;
mod volumes;
mod windows;

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::{
    check::Check,
    meta::{self, NameForm},
    path::Path,
    words,
};

pub(crate) use update::{ephemeral_containers_update, status_update, update};

const SPEC: Path<'static> = Path::root("spec");

/// What the parts of a Pod must know of the whole.
#[derive(Debug)]
struct Whole<'a> {
    /// The Pod's name, empty where it has none.
    name: &'a str,
    spec: &'a Value,
    /// The volumes that are valid.
    volumes: Vec<&'a Value>,
    /// Whether the Pod runs in the host's user namespace.
    host_users: bool,
}

impl<'a> Whole<'a> {
    fn volume(&self, name: &str) -> Option<&'a Value> {
        self.volumes.iter().rev().copied().find(|volume| volume.text("name") == name)
    }
}

/// `ValidatePodCreate`
pub(crate) fn create(check: &mut Check, pod: &Value) {
    metadata_and_spec(check, pod);
    let spec = pod.field("spec");
    if !spec.list("ephemeralContainers").is_empty() {
        check.forbidden(&SPEC.child("ephemeralContainers"), "cannot be set on create");
    }
    if *rule::SCHEDULING_GATES.at(check.minor)
        && !spec.text("nodeName").is_empty()
        && !spec.list("schedulingGates").is_empty()
    {
        check.forbidden(&SPEC.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }
    annotations::seccomp_matches(check, pod);
    if *rule::APPARMOR_FIELDS.at(check.minor) {
        annotations::apparmor_matches(check, pod);
    }
}

/// `validatePodMetadataAndSpec`
fn metadata_and_spec(check: &mut Check, pod: &Value) {
    let metadata = pod.field("metadata");
    meta::object_meta(check, metadata, true, NameForm::Subdomain);
    meta::legacy_finalizers(check, metadata);
    annotations::specific(check, pod);
    let nothing = Value::Null;
    let spec = pod.field("spec").unwrap_or(&nothing);
    pod_spec(check, spec, metadata);
    if spec.text("serviceAccountName").is_empty() {
        token_sources(check, spec);
    }
    if *rule::GRACE_PERIOD_NOT_NEGATIVE.at(check.minor)
        && let Some(seconds) = spec.int("terminationGracePeriodSeconds")
    {
        meta::non_negative(check, seconds, &SPEC.child("terminationGracePeriodSeconds"));
    }
    containers::only_for_pod(check, spec, "containers");
    containers::only_for_pod(check, spec, "initContainers");
}

/// `ValidatePodTemplateSpec`, where the template stands in `spec.template`.
pub(crate) fn template(check: &mut Check, template: &Value) {
    let mut own = Check::new(check.minor);
    let nothing = Value::Null;
    let metadata = template.field("metadata");
    meta::labels(&mut own, metadata.unwrap_or(&nothing), "labels", &Path::root("metadata"));
    annotations::specific(&mut own, template);
    let spec = template.field("spec").unwrap_or(&nothing);
    pod_spec(&mut own, spec, metadata);
    annotations::seccomp_matches(&mut own, template);
    if !spec.list("ephemeralContainers").is_empty() {
        own.forbidden(&SPEC.child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
    check.adopt("spec.template", own);
}

/// Projected service account tokens need a service account.
fn token_sources(check: &mut Check, spec: &Value) {
    let volumes = SPEC.child("volumes");
    for (index, volume) in spec.list("volumes").iter().enumerate() {
        for (place, source) in volume.field("projected").list("sources").iter().enumerate() {
            if source.field("serviceAccountToken").is_some() {
                check.forbidden(
                    &volumes.index(index).child("projected").child("sources").index(place).child("serviceAccountToken"),
                    "must not be specified when serviceAccountName is not set",
                );
            }
        }
    }
}

/// `ValidatePodSpec`
fn pod_spec(check: &mut Check, spec: &Value, metadata: Option<&Value>) {
    let minor = check.minor;
    if *rule::GRACE_PERIOD_REQUIRED.at(minor) && spec.int("terminationGracePeriodSeconds").is_none() {
        check.required(&SPEC.child("terminationGracePeriodSeconds"), "");
    }
    let mut whole = Whole {
        name: metadata.text("name"),
        spec,
        volumes: Vec::new(),
        host_users: spec.flag("hostUsers") != Some(false),
    };
    whole.volumes = volumes::volumes(check, spec, whole.name);
    if *rule::RESOURCE_CLAIMS.at(minor) {
        resources::claims(check, spec, metadata);
    }
    containers::containers(check, &whole);
    containers::init_containers(check, &whole);
    containers::ephemeral_containers(check, &whole);
    if *rule::POD_RESOURCES.at(minor) {
        resources::pod_resources(check, spec);
    }
    if *rule::HOST_PORTS_EARLY.at(minor) {
        network::host_ports(check, spec);
    }
    restart_policy(check, spec);
    network::dns_policy(check, spec);
    meta::labels(check, spec, "nodeSelector", &SPEC);
    security::pod_security_context(check, spec);
    scheduling::affinity(check, spec);
    network::dns_config(check, spec);
    scheduling::readiness_gates(check, spec);
    scheduling::scheduling_gates(check, spec);
    scheduling::topology_spread(check, spec);
    windows::host_process(check, spec);
    security::host_users(check, spec);
    network::hostname_override(check, spec);
    names(check, spec);
    windows::operating_system(check, spec);
    environment::files(check, spec);
}

fn restart_policy(check: &mut Check, spec: &Value) {
    check.one_of(&SPEC.child("restartPolicy"), spec.text("restartPolicy"), &["Always", "OnFailure", "Never"]);
}

/// The fields of a spec that are a name or a number, and what stands between them.
fn names(check: &mut Check, spec: &Value) {
    let subdomain = |check: &mut Check, field: &str| {
        let name = spec.text(field);
        if !name.is_empty() {
            check.invalid_for_each(&SPEC.child(field), name, words::dns_subdomain(name));
        }
    };
    let label = |check: &mut Check, field: &str| {
        let name = spec.text(field);
        if !name.is_empty() {
            let messages = words::dns_label(check.minor, name);
            check.invalid_for_each(&SPEC.child(field), name, messages);
        }
    };
    subdomain(check, "serviceAccountName");
    subdomain(check, "nodeName");
    if let Some(seconds) = spec.int("activeDeadlineSeconds")
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = words::inclusive_range(1, i64::from(i32::MAX));
        check.invalid(&SPEC.child("activeDeadlineSeconds"), seconds, detail);
    }
    label(check, "hostname");
    label(check, "subdomain");
    scheduling::tolerations(check, spec);
    network::host_aliases(check, spec);
    subdomain(check, "priorityClassName");
    if let Some(name) = spec.field("runtimeClassName").and_then(Value::as_str) {
        check.invalid_for_each(&SPEC.child("runtimeClassName"), name, words::dns_subdomain(name));
    }
    if let Some(policy) = spec.field("preemptionPolicy").and_then(Value::as_str) {
        check.one_of(&SPEC.child("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
    }
    if spec.field("overhead").is_some() {
        resources::overhead(check, spec);
    }
}
