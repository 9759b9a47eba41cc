//! What an API server makes by itself when it starts.
//!
//! # Source
//! `kubectl get namespaces,priorityclasses,services -A` on fresh kube-apiservers 1.24.17 and 1.36.3

use serde_json::{Value, json};

use super::Simulator;
use crate::{
    minor::resource::Resource,
    registry::{defaults, managed_fields, metadata, prepare},
    store::Key,
};

const NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// Writes the system's own objects.
pub(super) fn run(cluster: &Simulator) {
    for name in NAMESPACES {
        put(cluster, "", "v1", "namespaces", json!({"metadata": {"name": name}, "spec": {}}));
    }
    for (name, value, description) in [
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
    ] {
        let class = json!({
            "metadata": {"name": name},
            "value": value,
            "description": description,
            "preemptionPolicy": "PreemptLowerPriority",
        });
        put(cluster, "scheduling.k8s.io", "v1", "priorityclasses", class);
    }
    let mut service = json!({
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
    });
    if *crate::minor::api::SERVICE_INTERNAL_TRAFFIC_POLICY.at(cluster.minor()) {
        service["spec"]["internalTrafficPolicy"] = json!("Cluster");
    }
    put(cluster, "", "v1", "services", service);
}

fn put(cluster: &Simulator, group: &str, version: &str, resource: &str, mut object: Value) {
    let minor = cluster.minor();
    let Some(resource) = Resource::find(minor, group, version, resource) else {
        return;
    };
    let api_version = resource.api_version();
    object["kind"] = json!(resource.kind);
    object["apiVersion"] = json!(api_version);
    defaults::apply(minor, resource.kind, &mut object);
    let now = cluster.now();
    let manager = managed_fields::Manager { name: "kube-apiserver", subresource: "", time: &now };
    managed_fields::update(minor, resource.kind, &api_version, None, &mut object, &manager);
    // Nothing warns of the system's own objects.
    let _ = prepare::for_create(minor, resource, &mut object);
    metadata::fill_system_fields(cluster, &mut object);
    let key = Key::new(resource.stored_as, crate::object::namespace(&object), crate::object::name(&object));
    if let Err(error) = cluster.store().insert(&key, object) {
        tracing::warn!(%error, name = key.name, "cannot make a system object");
    }
}
