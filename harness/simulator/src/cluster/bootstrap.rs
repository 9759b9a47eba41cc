//! What an API server makes by itself when it starts.
//!
//! # Source
//! `kubectl get namespaces,priorityclasses,services -A` on fresh kube-apiservers 1.24.17 and 1.36.3

use serde_json::json;

use super::Simulator;
use crate::registry::system;

const NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// Writes the system's own objects.
pub(super) fn run(cluster: &Simulator) {
    let make = |group, resource, object| system::make(cluster, "kube-apiserver", group, resource, object);
    for name in NAMESPACES {
        make("", "namespaces", json!({"metadata": {"name": name}, "spec": {}}));
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
        make("scheduling.k8s.io", "priorityclasses", class);
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
    make("", "services", service);
}
