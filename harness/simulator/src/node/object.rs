//! Node objects, as kubelets register them.

use serde_json::{Value, json};

use super::NodeProfile;
use crate::{
    cluster::Simulator,
    minor::{Minor, node as rows},
    object,
    registry::system,
};

/// The label that names a node's operating system.
pub(super) const OS_LABEL: &str = "kubernetes.io/os";

/// Writes the cluster's nodes.
pub(crate) fn register(cluster: &Simulator) {
    for (index, profile) in cluster.nodes().iter().enumerate() {
        let uuid = cluster.identities().uid();
        let node = mk_node(cluster.minor(), index, profile, &cluster.now(), &uuid);
        system::make(cluster, "kubelet", "", "nodes", node);
    }
}

/// The address of a node.
pub(super) fn host_ip(index: usize) -> String {
    format!("172.18.0.{}", index.saturating_add(2))
}

fn mk_node(minor: Minor, index: usize, profile: &NodeProfile, now: &str, uuid: &str) -> Value {
    let cidr = format!("10.244.{index}.0/24");
    let resources = json!({
        "cpu": "8", "ephemeral-storage": "100Gi", "hugepages-1Gi": "0", "hugepages-2Mi": "0", "memory": "16Gi",
        "pods": "110",
    });
    let mut node = json!({
        "metadata": {
            "name": profile.name,
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": profile.name,
                OS_LABEL: "linux",
            },
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "conditions": conditions(now),
            "addresses": [
                {"type": "InternalIP", "address": host_ip(index)},
                {"type": "Hostname", "address": profile.name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": uuid.replace('-', ""),
                "systemUUID": uuid,
                "bootID": uuid,
                "kernelVersion": "6.1.0",
                "osImage": "Simulated",
                "containerRuntimeVersion": rows::CONTAINER_RUNTIME.at(minor),
                "kubeletVersion": rows::KUBELET_VERSION.at(minor),
                "kubeProxyVersion": rows::KUBELET_VERSION.at(minor),
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    });
    let labels = object::map_mut(&mut node["metadata"], "labels");
    labels.extend(profile.labels.iter().map(|(key, value)| (key.clone(), json!(value))));
    node
}

fn conditions(now: &str) -> Value {
    let rows = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    rows.iter()
        .map(|(kind, status, reason, message)| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": now, "lastTransitionTime": now,
            })
        })
        .collect()
}
