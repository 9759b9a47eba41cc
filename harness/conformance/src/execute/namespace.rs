//! The namespace of a case: made for it, or one that is there and given its labels.

use std::time::Duration;

use seccomp_webhook::Labels;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{ExecuteError, Execution, registration::Admitted};
use crate::{
    api::{Call, MERGE_PATCH, expect_success},
    cluster::{Cluster, ClusterError},
    outcome::Answer,
    webhook::plain_pod,
};

const NAMESPACES: &str = "/api/v1/namespaces";
/// How often it is asked whether labels count.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long it may take until they do.
const LIMIT: Duration = Duration::from_secs(30);

impl<C: Cluster> Execution<'_, C> {
    /// Makes the namespace, or takes the one that is there, with the labels and annotations that are given.
    pub(super) async fn prepare_namespace(&mut self) -> Result<(), ExecuteError> {
        let given = &self.planned.instance().given.namespace;
        let mut labels = given.labels.clone();
        if self.namespace == "kube-system" {
            // What Gardener itself writes there is part of its behaviour.
            for (key, value) in self.planned.release.kube_system_labels() {
                labels.entry((*key).to_owned()).or_insert_with(|| (*value).to_owned());
            }
        }
        let metadata = json!({"labels": labels, "annotations": given.annotations});
        let path = format!("{NAMESPACES}/{}", self.namespace);
        let existing = match given.name {
            Some(_) => Some(self.cluster.api().call(Call::get(path.as_str())).await?),
            // One that is made for the case is new.
            None => None,
        };
        let Some(existing) = existing.filter(Answer::is_success) else {
            return self.make_namespace(&metadata).await;
        };
        if labels.is_empty() && given.annotations.is_empty() {
            return Ok(());
        }
        self.ledger.changed(&path, format!("namespace `{}`", self.namespace), restoring(&metadata, &existing.body));
        let patch = json!({"metadata": metadata});
        let answer = self.cluster.api().call(Call::patch(path, MERGE_PATCH, patch)).await?;
        expect_success(|| format!("label namespace `{}`", self.namespace), answer)?;
        let namespace = self.namespace.clone();
        self.wait_until_labels_count(&namespace).await
    }

    /// Waits until the API server selects by the labels that `namespace` has now: it learns of them by a watch.
    pub(super) async fn wait_until_labels_count(&mut self, namespace: &str) -> Result<(), ExecuteError> {
        if !self.cluster.outlives_case() {
            return Ok(());
        }
        self.namespace_labels = None;
        let mut pod = plain_pod();
        pod["metadata"]["namespace"] = json!(namespace);
        let made = self.named(None, &pod);
        let is_selected = self.explain(Admitted::creation(&made, &pod)).await?.is_selected();
        let start = Instant::now();
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            let (is_asked, answer) = self.lease.try_pod(namespace).await?;
            // A namespace that takes no Pod shows nothing.
            if is_asked == is_selected || (400..500).contains(&answer.code) {
                return Ok(());
            }
            if start.elapsed() > LIMIT {
                let what = format!("see the labels of namespace `{namespace}` count");
                return Err(ClusterError::TimedOut { what, limit: LIMIT }.into());
            }
        }
    }

    async fn make_namespace(&mut self, metadata: &Value) -> Result<(), ExecuteError> {
        let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        object["metadata"]["name"] = json!(self.namespace);
        if let Some(label) = self.cluster.namespace_label() {
            object["metadata"]["labels"][label] = json!("true");
        }
        self.ledger.namespace(&self.namespace);
        let answer = self.cluster.api().call(Call::post(NAMESPACES, object)).await?;
        expect_success(|| format!("create namespace `{}`", self.namespace), answer)?;
        Ok(self.cluster.namespace_created(&self.namespace).await?)
    }

    /// The labels of a namespace as they are now; none where it does not exist.
    pub(super) async fn namespace_labels(&mut self, namespace: &str) -> Result<Labels, ExecuteError> {
        if let Some((_, labels)) = self.namespace_labels.as_ref().filter(|(known, _)| known == namespace) {
            return Ok(labels.clone());
        }
        let answer = self.cluster.api().call(Call::get(format!("{NAMESPACES}/{namespace}"))).await?;
        let labels = labels(&answer.body);
        self.namespace_labels = Some((namespace.to_owned(), labels.clone()));
        Ok(labels)
    }
}

/// `metadata.labels` of an object.
pub(super) fn labels(object: &Value) -> Labels {
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    labels.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The patch that undoes setting `metadata` on `existing`.
fn restoring(metadata: &Value, existing: &Value) -> Value {
    let before = |field: &str| {
        let set = metadata.get(field).and_then(Value::as_object);
        let value =
            |key: &String| existing.pointer(&format!("/metadata/{field}")).and_then(|map| map.get(key)).cloned();
        let values = set.into_iter().flatten().map(|(key, _)| (key.clone(), value(key).unwrap_or_default()));
        Value::Object(values.collect::<Map<_, _>>())
    };
    json!({"metadata": {"labels": before("labels"), "annotations": before("annotations")}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_undone() {
        let existing = json!({"metadata": {"labels": {"kept": "1", "changed": "old"}}});
        let metadata = json!({"labels": {"changed": "new", "added": "x"}, "annotations": {}});
        let undo = restoring(&metadata, &existing);
        assert_eq!(undo, json!({"metadata": {"labels": {"changed": "old", "added": null}, "annotations": {}}}));
    }
}
