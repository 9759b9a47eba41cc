//! When a cluster is ready: its API answers, every node is Ready, and Pods can be created.

use std::time::Duration;

use kube::Client;
use serde_json::Value;

use crate::error::ClusterError;

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
