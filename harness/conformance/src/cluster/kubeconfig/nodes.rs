//! The nodes of a cluster that exists, and what their kubelets do for a Pod that asks for nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    api::{Api, Call, expect_success},
    cluster::{
        ClusterError,
        live::{LiveCluster, LiveNode},
        names::NODE,
    },
};

/// How many nodes are looked at, in the order of their names.
const LOOKED_AT: usize = 8;

/// The nodes that Pods without tolerations come to, by name; none where there is no node at all.
pub(super) async fn candidates(api: &Api) -> Result<Vec<String>, ClusterError> {
    let answer = api.call(Call::get("/api/v1/nodes")).await?;
    let list = expect_success(|| "list the nodes".to_owned(), answer)?.body;
    let nodes = list.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    // One that a run without nodes left is none.
    let nodes: Vec<_> = nodes.iter().filter(|node| text(node, "/metadata/name") != Some(NODE)).collect();
    let takers = nodes.iter().filter(|node| takes_pods(node));
    let mut names: Vec<_> = takers.filter_map(|node| text(node, "/metadata/name").map(str::to_owned)).collect();
    names.sort();
    if names.is_empty() && !nodes.is_empty() {
        let what = "run on any node: none runs Linux, is ready and takes Pods without a toleration".to_owned();
        return Err(ClusterError::Unable { what });
    }
    Ok(names)
}

/// A node for each setting of `seccompDefault` that there is, told by what a container without a profile sees.
///
/// A kubelet's own account of its configuration does not say what it was told by a flag.
pub(super) async fn measure(live: &LiveCluster, names: &[String]) -> Result<BTreeMap<bool, LiveNode>, ClusterError> {
    let namespace = live.draw_namespace();
    live.create_namespace(&namespace).await?;
    let looks = names.iter().take(LOOKED_AT).map(|name| look(live, &namespace, name));
    let mut found = BTreeMap::new();
    for (setting, node) in futures::future::try_join_all(looks).await? {
        found.entry(setting).or_insert(node);
    }
    live.remove_namespace(&namespace).await?;
    Ok(found)
}

async fn look(live: &LiveCluster, namespace: &str, name: &str) -> Result<(bool, LiveNode), ClusterError> {
    let (explicit, plain) = (format!("{name}-unconfined"), format!("{name}-default"));
    let (unconfined, default) = tokio::try_join!(
        live.look(namespace, &explicit, name, Some("Unconfined")),
        live.look(namespace, &plain, name, None),
    )?;
    let setting = match default.mode(Some(&unconfined)) {
        Some("Unconfined") => false,
        Some("RuntimeDefault") => true,
        _ => {
            let what = format!("tell what node `{name}` does to a container without a profile: it sees {default}");
            return Err(ClusterError::Unable { what: format!("{what}, and one that is Unconfined {unconfined}") });
        }
    };
    Ok((setting, LiveNode { name: name.to_owned(), label: name.to_owned(), baseline: Some(unconfined) }))
}

/// Whether Pods without tolerations come to run on `node`.
fn takes_pods(node: &Value) -> bool {
    let list = |pointer| node.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let is_ready = list("/status/conditions")
        .any(|condition| text(condition, "/type") == Some("Ready") && text(condition, "/status") == Some("True"));
    let is_tainted = list("/spec/taints").any(|taint| text(taint, "/effect") != Some("PreferNoSchedule"));
    let is_closed = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    is_ready && !is_tainted && !is_closed && text(node, "/status/nodeInfo/operatingSystem") == Some("linux")
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::ready(json!({}), true)]
    #[case::cordoned(json!({"unschedulable": true}), false)]
    #[case::control_plane(json!({"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}), false)]
    #[case::not_preferred(json!({"taints": [{"key": "spare", "effect": "PreferNoSchedule"}]}), true)]
    fn takes_nodes_that_pods_come_to(#[case] spec: Value, #[case] is_so: bool) {
        let status = json!({
            "conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"operatingSystem": "linux"},
        });
        assert_eq!(takes_pods(&json!({"spec": spec, "status": status})), is_so);
        assert!(!takes_pods(&json!({"spec": spec, "status": {"nodeInfo": {"operatingSystem": "linux"}}})));
    }
}
