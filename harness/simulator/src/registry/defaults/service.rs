//! A Service's defaults.

use serde_json::{Value, json};

use super::{Fields, below, each, set, text};
use crate::minor::{
    Minor,
    pod::{
        EXTERNAL_IPS_TRAFFIC_POLICY, LOAD_BALANCER_IP_MODE, LOAD_BALANCER_NODE_PORTS, SERVICE_INTERNAL_TRAFFIC_POLICY,
    },
};

/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_Service`
pub(super) fn apply(minor: Minor, service: &mut Fields) {
    let Some(spec) = below(service, "spec") else {
        return;
    };
    affinity(spec);
    set(spec, "type", || "ClusterIP".into());
    for port in each(spec, "ports") {
        set(port, "protocol", || "TCP".into());
        if port.get("targetPort").is_none_or(|target| target == 0 || target == "") {
            let own = port.get("port").cloned().unwrap_or_else(|| 0.into());
            port.insert("targetPort".to_owned(), own);
        }
    }
    let kind = text(spec, "type").to_owned();
    let has_external_ips = spec.contains_key("externalIPs") && kind == "ClusterIP";
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || has_external_ips && *EXTERNAL_IPS_TRAFFIC_POLICY.at(minor)
    {
        set(spec, "externalTrafficPolicy", || "Cluster".into());
    }
    if *SERVICE_INTERNAL_TRAFFIC_POLICY.at(minor) && kind != "ExternalName" {
        set(spec, "internalTrafficPolicy", || "Cluster".into());
    }
    if kind != "LoadBalancer" {
        return;
    }
    if *LOAD_BALANCER_NODE_PORTS.at(minor) {
        set(spec, "allocateLoadBalancerNodePorts", || true.into());
    }
    if *LOAD_BALANCER_IP_MODE.at(minor) {
        let balancer = below(service, "status").and_then(|status| below(status, "loadBalancer"));
        for ingress in balancer.into_iter().flat_map(|balancer| each(balancer, "ingress")) {
            if ingress.contains_key("ip") {
                set(ingress, "ipMode", || "VIP".into());
            }
        }
    }
}

/// How long a client stays with one endpoint.
fn affinity(spec: &mut Fields) {
    const THREE_HOURS: u32 = 10_800;
    set(spec, "sessionAffinity", || "None".into());
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = spec.get("sessionAffinityConfig").unwrap_or(&Value::Null);
            if config["clientIP"]["timeoutSeconds"].is_null() {
                let config = json!({"clientIP": {"timeoutSeconds": THREE_HOURS}});
                spec.insert("sessionAffinityConfig".to_owned(), config);
            }
        }
        _ => {}
    }
}
