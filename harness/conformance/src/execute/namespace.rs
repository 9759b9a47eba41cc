//! The namespace of a case: made for it, or one that is there and given its labels.

use seccomp_webhook::Labels;
use serde_json::{Map, Value, json};

use super::{ExecuteError, Execution, expect_success};
use crate::{
    api::{Call, MERGE_PATCH},
    cluster::Cluster,
    outcome::Answer,
};

/// A namespace and what to do with it in the end.
#[derive(Debug)]
pub(super) struct PreparedNamespace {
    name: String,
    /// The patch that gives a namespace that was there its labels and annotations back; nothing for one that was made.
    restore: Option<Value>,
}

const NAMESPACES: &str = "/api/v1/namespaces";

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
        let existing = existing.filter(Answer::is_success);
        let restore = if let Some(existing) = &existing {
            let patch = json!({"metadata": metadata});
            let restore = restoring(&metadata, &existing.body);
            if labels.is_empty() && given.annotations.is_empty() {
                None
            } else {
                let answer = self.cluster.api().call(Call::patch(path, MERGE_PATCH, patch)).await?;
                expect_success(|| format!("label namespace `{}`", self.namespace), answer)?;
                Some(restore)
            }
        } else {
            let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
            object["metadata"]["name"] = json!(self.namespace);
            let answer = self.cluster.api().call(Call::post(NAMESPACES, object)).await?;
            expect_success(|| format!("create namespace `{}`", self.namespace), answer)?;
            self.cluster.namespace_created(&self.namespace).await?;
            None
        };
        if existing.is_none() || restore.is_some() {
            self.prepared = Some(PreparedNamespace { name: self.namespace.clone(), restore });
        }
        Ok(())
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

    pub(super) async fn restore_namespace(&mut self) -> Result<(), ExecuteError> {
        let Some(PreparedNamespace { name, restore }) = self.prepared.take() else {
            return Ok(());
        };
        let Some(patch) = restore else {
            return Ok(self.cluster.remove_namespace(&name).await?);
        };
        let answer = self.cluster.api().call(Call::patch(format!("{NAMESPACES}/{name}"), MERGE_PATCH, patch)).await?;
        expect_success(|| format!("restore namespace `{name}`"), answer).map(drop)
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
