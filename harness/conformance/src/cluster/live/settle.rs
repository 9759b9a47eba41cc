//! Waiting until the Pods of a namespace are at rest: the API server tells what changes, and is not asked again and again.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use kube::core::WatchEvent;
use serde_json::Value;

use super::INTERVAL;
use crate::{
    api::{Api, Call, expect_success},
    cluster::{ClusterError, pods::is_settled},
};

/// Waits until scheduler and kubelet have done with each Pod of `namespace` what they do; Pods that are not `ours` live
/// there too, and may never come to rest.
pub(super) async fn settle(api: &Api, namespace: &str, is_ours: impl Fn(&Value) -> bool) -> Result<(), ClusterError> {
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        // A watch may end at any time, but does not so at once.
        interval.tick().await;
        let answer = api.call(Call::get(path.as_str())).await?;
        let mut list = expect_success(|| format!("list the Pods of `{namespace}`"), answer)?.body;
        let items = list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let mut pods = Pods::default();
        items.into_iter().filter(&is_ours).for_each(|pod| pods.put(pod));
        if pods.are_settled() {
            return Ok(());
        }
        let version = list.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
        let mut changes = std::pin::pin!(api.watch(&path, version).await?);
        // One that breaks off is begun anew, from a new list.
        while let Ok(Some(event)) = changes.try_next().await {
            match event {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) if is_ours(&pod) => pods.put(pod),
                // One that was ours may need no more waiting for.
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) | WatchEvent::Deleted(pod) => pods.remove(&pod),
                WatchEvent::Error(_) => break,
                WatchEvent::Bookmark(_) => continue,
            }
            if pods.are_settled() {
                return Ok(());
            }
        }
    }
}

/// Pods of one namespace, each as it was seen last.
#[derive(Debug, Default)]
struct Pods(BTreeMap<String, Value>);

impl Pods {
    fn put(&mut self, pod: Value) {
        self.0.insert(name(&pod), pod);
    }

    fn remove(&mut self, pod: &Value) {
        self.0.remove(&name(pod));
    }

    fn are_settled(&self) -> bool {
        self.0.values().all(is_settled)
    }
}

fn name(pod: &Value) -> String {
    pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_are_at_rest_when_each_is_as_it_was_seen_last() {
        let pod = |name: &str, phase: &str| {
            json!({"metadata": {"name": name}, "spec": {"nodeName": "n", "containers": [{"name": "main"}]},
                   "status": {"phase": phase}})
        };
        let mut pods = Pods::default();
        assert!(pods.are_settled());
        pods.put(pod("a", "Succeeded"));
        pods.put(pod("b", "Pending"));
        assert!(!pods.are_settled());
        pods.remove(&pod("b", "Pending"));
        assert!(pods.are_settled());
        pods.put(pod("a", "Pending"));
        assert!(!pods.are_settled());
    }
}
