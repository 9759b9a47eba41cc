//! The objects that a case's steps are about.

use seccomp_scenario::pod_template_path;
use serde_json::{Map, Value, json};

use super::Execution;
use crate::{
    api::collection_path,
    cluster::{Cluster, NODE_LABEL},
    outcome::Verb,
    probe::{ONCE_ARGUMENTS, SCENARIO_IMAGE},
};

/// An object that a `create` step was about, whether it came to be or not.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The name by which later steps and `then` speak of it.
    pub(super) name: String,
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    /// Its own name, as the API server knows it.
    pub(super) object_name: String,
    /// Whether it was created.
    pub(super) exists: bool,
    pub(super) origin: Origin,
}

/// Who created an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// The harness, by a request.
    Request,
    /// The kubelet, of the manifest of this name.
    Manifest(String),
    /// The controllers of the workload of this name.
    Controllers(String),
}

impl Made {
    pub(super) fn collection(&self) -> String {
        collection_path(&self.api_version, &self.kind, &self.namespace)
    }

    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.collection(), self.object_name)
    }

    pub(super) fn is_pod(&self) -> bool {
        self.kind == "Pod" && self.api_version == "v1"
    }

    /// `Pod labelled`.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.kind, self.object_name)
    }
}

impl<C: Cluster> Execution<'_, C> {
    /// The object that `submitted` asks for.
    pub(super) fn named(&self, name: Option<&str>, submitted: &Value) -> Made {
        let text = |pointer| submitted.pointer(pointer).and_then(Value::as_str);
        let own = text("/metadata/name").or(text("/metadata/generateName")).unwrap_or_default();
        Made {
            name: name.unwrap_or(own).to_owned(),
            api_version: text("/apiVersion").unwrap_or("v1").to_owned(),
            kind: text("/kind").unwrap_or_default().to_owned(),
            namespace: text("/metadata/namespace").unwrap_or(&self.namespace).to_owned(),
            object_name: own.to_owned(),
            exists: false,
            origin: Origin::Request,
        }
    }

    /// The object that an earlier `create` made.
    pub(super) fn made(&self, name: &str) -> Made {
        let made = self.made.iter().find(|made| made.name == name).cloned();
        // The scenario's reader has seen to it that there is such a step.
        made.unwrap_or_else(|| self.named(Some(name), &json!({"kind": "Pod", "metadata": {"name": name}})))
    }

    /// What is submitted for what the scenario says: with the probe's image, and on the node that the case is about.
    pub(super) fn submitted(&self, object: &Value, verb: Verb) -> Value {
        let mut submitted = object.clone();
        end_init_containers(&mut submitted);
        set_image(&mut submitted, self.cluster.image());
        let is_new = matches!(verb, Verb::Create | Verb::DryRun);
        if is_new && let Some(pod) = pod_or_template(&mut submitted) {
            self.set_node(pod);
        }
        submitted
    }

    fn set_node(&self, pod: &mut Value) {
        if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut)
            && !spec.contains_key("nodeName")
            && !spec.contains_key("nodeSelector")
        {
            let selector = Map::from_iter([(NODE_LABEL.to_owned(), Value::from(self.cluster.node_label()))]);
            spec.insert("nodeSelector".to_owned(), Value::Object(selector));
        }
    }
}

/// The Pod that an object is, or the template of the Pods that controllers make of it.
fn pod_or_template(object: &mut Value) -> Option<&mut Value> {
    let kind = object.get("kind")?.as_str()?;
    if kind == "Pod" {
        return Some(object);
    }
    pod_template_path(kind)?.iter().try_fold(object, |value, key| value.get_mut(key))
}

/// Sets the probe's image wherever a container asks for the probe.
fn set_image(value: &mut Value, image: &str) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if key == "image" && field == SCENARIO_IMAGE {
                    *field = Value::from(image);
                } else {
                    set_image(field, image);
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| set_image(entry, image)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Tells the probe to end wherever it is an init container: it cannot know that by itself, and the Pod would wait for it.
///
/// Sidecars stay, and a container that says itself what it runs is left alone.
fn end_init_containers(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field.as_array_mut() {
                    Some(containers) if key == "initContainers" => containers.iter_mut().for_each(end),
                    _ => end_init_containers(field),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(end_init_containers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn end(container: &mut Value) {
    let Some(fields) = container.as_object_mut() else { return };
    let is_probe = fields.get("image").is_some_and(|image| image == SCENARIO_IMAGE);
    let is_sidecar = fields.get("restartPolicy").is_some_and(|policy| policy == "Always");
    let says_what_it_runs = ["command", "args"].into_iter().any(|field| fields.contains_key(field));
    if is_probe && !is_sidecar && !says_what_it_runs {
        fields.insert("args".to_owned(), ONCE_ARGUMENTS.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_containers_with_the_probe_are_told_to_end() {
        let sidecar = json!({"image": "probe", "restartPolicy": "Always"});
        let own = json!({"image": "probe", "args": []});
        let mut deployment = json!({"spec": {"template": {"spec": {
            "initContainers": [{"image": "probe"}, sidecar, own, {"image": "other"}],
            "containers": [{"image": "probe"}],
        }}}});
        end_init_containers(&mut deployment);
        let expected = json!({
            "initContainers": [{"image": "probe", "args": ["probe", "--once"]}, sidecar, own, {"image": "other"}],
            "containers": [{"image": "probe"}],
        });
        assert_eq!(deployment["spec"]["template"]["spec"], expected);
    }
}
