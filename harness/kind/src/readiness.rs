//! When a cluster is ready: its API answers, every node is Ready, and Pods can be created.

use std::time::Duration;

use kube::Client;
use serde_json::Value;

use crate::{engine::Container, error::ClusterError};

/// How often a condition is looked at that is waited for.
const INTERVAL: Duration = Duration::from_millis(100);

/// Waits until a cluster of `nodes` nodes is ready.
pub(crate) async fn wait(client: &Client, cluster: &str, nodes: usize, limit: Duration) -> Result<(), ClusterError> {
    let mut last = "nothing was seen".to_owned();
    let look_again = async {
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            match look(client, nodes).await {
                Ok(()) => return,
                Err(not_yet) => last = not_yet,
            }
        }
    };
    if tokio::time::timeout(limit, look_again).await.is_ok() {
        return Ok(());
    }
    Err(ClusterError::TimedOut { what: "see the readiness".to_owned(), cluster: cluster.to_owned(), limit, last })
}

/// Sees that the API server finds each node's kubelet where it looks for it.
///
/// A container engine that starts anew may deal the addresses of its containers out otherwise. A kubelet keeps the one
/// that it was given at first, so that the node is Ready, and every log that is asked of it comes from another node or
/// from none.
pub(crate) async fn check_addresses(
    client: &Client,
    cluster: &str,
    containers: &[Container],
) -> Result<(), ClusterError> {
    let nodes = get(client, "/api/v1/nodes").await.map_err(|source| ClusterError::Api {
        what: "list the nodes".to_owned(),
        cluster: cluster.to_owned(),
        source: Box::new(source),
    })?;
    for node in nodes["items"].as_array().into_iter().flatten() {
        if let Some((container, known)) = containers.iter().find_map(|container| moved(node, container)) {
            return Err(ClusterError::AddressChanged {
                cluster: cluster.to_owned(),
                node: container.name.clone(),
                known: known.to_owned(),
                now: container.addresses.clone(),
            });
        }
    }
    Ok(())
}

/// The node's container, and the address by which the cluster knows it, where the container has others.
fn moved<'a>(node: &'a Value, container: &'a Container) -> Option<(&'a Container, &'a str)> {
    let is_its_own = node["metadata"]["name"] == container.name.as_str();
    // An engine that does not tell them says nothing about them.
    if !is_its_own || container.addresses.is_empty() {
        return None;
    }
    let addresses = node["status"]["addresses"].as_array()?.iter().filter(|address| address["type"] == "InternalIP");
    let known = addresses.filter_map(|address| address["address"].as_str());
    known.filter(|known| !container.addresses.iter().any(|own| own == known)).map(|known| (container, known)).next()
}

/// Looks once; the error says what is not there yet.
async fn look(client: &Client, nodes: usize) -> Result<(), String> {
    get_text(client, "/readyz").await.map_err(|error| format!("the API server does not answer: {error}"))?;
    let list = get(client, "/api/v1/nodes").await.map_err(|error| format!("the nodes cannot be listed: {error}"))?;
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (ready, others): (Vec<&Value>, Vec<_>) = items.iter().partition(|node| is_ready(node));
    if ready.len() < nodes {
        let others: Vec<_> = others.iter().map(|node| describe(node)).collect();
        return Err(format!("{} of {nodes} nodes are Ready; not so: {}", ready.len(), others.join(", ")));
    }
    // Without it, the API server refuses every Pod that names no other.
    get(client, "/api/v1/namespaces/default/serviceaccounts/default")
        .await
        .map(drop)
        .map_err(|error| format!("the ServiceAccount `default` is not there: {error}"))
}

fn condition(node: &Value) -> Option<&Value> {
    node["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Ready")
}

fn is_ready(node: &Value) -> bool {
    condition(node).is_some_and(|condition| condition["status"] == "True")
}

fn describe(node: &Value) -> String {
    let name = node["metadata"]["name"].as_str().unwrap_or("?");
    let message = condition(node).and_then(|condition| condition["message"].as_str()).unwrap_or("no condition yet");
    format!("{name} ({message})")
}

fn request(path: &str) -> Result<http::Request<Vec<u8>>, kube::Error> {
    http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)
}

async fn get(client: &Client, path: &str) -> Result<Value, kube::Error> {
    client.request(request(path)?).await
}

async fn get_text(client: &Client, path: &str) -> Result<String, kube::Error> {
    client.request_text(request(path)?).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_has_moved_when_its_container_has_other_addresses() {
        let address = |kind: &str, address: &str| json!({"type": kind, "address": address});
        let node = |ip: &str| {
            json!({
                "metadata": {"name": "a-worker"},
                "status": {"addresses": [address("InternalIP", ip), address("Hostname", "a-worker")]},
            })
        };
        let container = |name: &str, addresses: &[&str]| Container {
            name: name.to_owned(),
            cluster: "a".to_owned(),
            mounts: Vec::new(),
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        };
        let own = container("a-worker", &["172.18.0.4", "fc00::4"]);
        assert_eq!(moved(&node("172.18.0.2"), &own), Some((&own, "172.18.0.2")));
        assert_eq!(moved(&node("172.18.0.4"), &own), None);
        assert_eq!(moved(&node("172.18.0.2"), &container("a-worker2", &["172.18.0.4"])), None);
        assert_eq!(moved(&node("172.18.0.2"), &container("a-worker", &[])), None);
    }

    #[test]
    fn a_node_is_ready_by_its_condition_alone() {
        let node = |status: &str| {
            json!({"metadata": {"name": "n"}, "status": {"conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": status, "message": "because"},
            ]}})
        };
        assert!(is_ready(&node("True")));
        assert!(!is_ready(&node("Unknown")) && !is_ready(&json!({"metadata": {"name": "n"}})));
        assert_eq!(describe(&node("False")), "n (because)");
    }
}
