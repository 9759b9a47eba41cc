//! Static Pods: what a kubelet makes of a manifest in its folder, and the mirror by which the API server shows it.
//!
//! The kubelet runs what the manifest says. The mirror goes through admission as every new Pod does, and what becomes of it
//! there changes nothing of what runs; a mirror that is refused is not created, and is not tried again here.
//!
//! # Source
//! kubernetes v1.36 `pkg/kubelet/config/{file,common}.go` `applyDefaults`, `pkg/kubelet/pod/mirror_client.go`
//! `CreateMirrorPod`; Pods of kubelets 1.24.17 and 1.36.3

use std::sync::Arc;

use serde_json::{Value, json};

use super::{NodeProfile, containers, kubelets::Started};
use crate::{
    cluster::Simulator,
    controllers::{self, Component, Task},
    digest, fields, object,
    registry::{Target, create, defaults, delete, validation},
    store::Key,
};

const HASH: &str = "kubernetes.io/config.hash";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// A static Pod, or a setting, that a node does not take.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The cluster has no such node.
    #[error("there is no node `{node}`")]
    NoSuchNode {
        /// The name that was given.
        node: String,
    },
    /// The kubelet passes over the manifest.
    #[error("the kubelet does not take the manifest `{file}`: {problem}")]
    Invalid {
        /// The manifest's name.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Simulator {
    /// Writes a Pod's manifest into the folder from which a node's kubelet takes static Pods; a file of that name is
    /// replaced. The Pod runs, and its mirror is created, when this returns.
    ///
    /// # Errors
    /// [`NodeError`]
    pub async fn write_static_pod(&self, node: &str, file: &str, manifest: &Value) -> Result<(), NodeError> {
        let node = self.profile(node)?;
        let pod = made_of(self, &node.name, file, manifest)
            .map_err(|problem| NodeError::Invalid { file: file.to_owned(), problem })?;
        let mirror = (object::namespace(&pod).to_owned(), object::name(&pod).to_owned());
        if let Some(before) = self.kubelets().put(&node.name, file, pod) {
            remove_mirror(self, &node.name, &before).await;
        }
        self.controllers().add(Task::Mirror { namespace: mirror.0, name: mirror.1, node: node.name.clone() });
        controllers::act(self).await;
        Ok(())
    }

    /// Removes a manifest from a kubelet's folder: the Pod ends, and its mirror is gone when this returns.
    ///
    /// # Errors
    /// [`NodeError::NoSuchNode`]; a file that is not there is as good as removed.
    pub async fn remove_static_pod(&self, node: &str, file: &str) -> Result<(), NodeError> {
        let node = self.profile(node)?;
        if let Some(pod) = self.kubelets().take(&node.name, file) {
            remove_mirror(self, &node.name, &pod).await;
        }
        Ok(())
    }

    /// Switches `seccompDefault` of a node's kubelet, which is then started anew.
    ///
    /// Containers that run already go on with what they have; those that are started afterwards get what is set then.
    ///
    /// # Errors
    /// [`NodeError::NoSuchNode`]
    pub fn set_seccomp_default(&self, node: &str, seccomp_default: bool) -> Result<(), NodeError> {
        let node = self.profile(node)?;
        let mut pods = self.store().list("pods", None);
        pods.retain(|pod| pod.pointer("/status/podIP").is_some() && mirror_hash(pod).is_none());
        pods.retain(|pod| pod.pointer("/spec/nodeName").is_some_and(|name| *name == node.name));
        pods.extend(self.kubelets().static_pods(&node.name));
        let running = pods.iter().flat_map(|pod| running(self, node, pod)).collect();
        self.kubelets().switch(node, seccomp_default, running);
        Ok(())
    }

    fn profile(&self, node: &str) -> Result<&NodeProfile, NodeError> {
        let found = self.nodes().iter().find(|profile| profile.name == node);
        found.ok_or_else(|| NodeError::NoSuchNode { node: node.to_owned() })
    }
}

/// The containers of a Pod that run, or ran and are not started again.
fn running(cluster: &Simulator, node: &NodeProfile, pod: &Value) -> Vec<Started> {
    let states = containers::states(cluster, node, pod).into_iter();
    let started =
        states.filter(|(_, state)| matches!(state, containers::State::Running | containers::State::Terminated(_)));
    started.map(|(container, _)| Started::of(pod, container.spec)).collect()
}

/// The hash by which a mirror names its static Pod; nothing for a Pod that is no mirror.
pub(super) fn mirror_hash(pod: &Value) -> Option<&str> {
    pod.pointer("/metadata/annotations")?.get(MIRROR)?.as_str()
}

/// The static Pod that a kubelet makes of a manifest.
fn made_of(cluster: &Simulator, node: &str, file: &str, manifest: &Value) -> Result<Value, String> {
    let minor = cluster.minor();
    let decoded = fields::round_trip(minor, "Pod", manifest.clone()).map_err(|error| error.detail)?;
    let mut pod = decoded.object;
    if manifest.get("kind").is_none_or(|kind| kind != "Pod") {
        return Err("it is no Pod".to_owned());
    }
    defaults::apply(minor, "Pod", &mut pod);
    let name = format!("{}-{}", object::name(&pod), node.to_lowercase());
    object::set_metadata(&mut pod, "name", name);
    if object::namespace(&pod).is_empty() {
        object::set_metadata(&mut pod, "namespace", "default");
    }
    let hash = hash(&[node, file, &pod.to_string()]);
    object::set_metadata(&mut pod, "uid", hash.as_str());
    let annotations = object::map_mut(&mut pod["metadata"], "annotations");
    annotations.insert(HASH.to_owned(), json!(hash));
    annotations.insert("kubernetes.io/config.seen".to_owned(), json!(cluster.now()));
    annotations.insert("kubernetes.io/config.source".to_owned(), json!("file"));
    let spec = object::map_mut(&mut pod, "spec");
    spec.insert("nodeName".to_owned(), json!(node));
    let everything = json!({"operator": "Exists", "effect": "NoExecute"});
    match spec.get_mut("tolerations").and_then(Value::as_array_mut) {
        Some(tolerations) if tolerations.contains(&everything) => {}
        Some(tolerations) => tolerations.push(everything),
        None => drop(spec.insert("tolerations".to_owned(), json!([everything]))),
    }
    pod["status"] = json!({"phase": "Pending"});
    let errors = validation::create(minor, "Pod", &pod);
    let problems: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect();
    if problems.is_empty() { Ok(pod) } else { Err(problems.join("; ")) }
}

/// 32 hexadecimal digits that are the same for the same parts; a kubelet's own are those of MD5.
fn hash(parts: &[&str]) -> String {
    digest::hexadecimal(&parts.iter().flat_map(|part| part.bytes().chain([0])), 2)
}

/// Creates the mirror of a static Pod that is there and has none.
pub(crate) async fn create_mirror(cluster: &Simulator, node: &str, namespace: &str, name: &str) {
    let is_it = |pod: &&Arc<Value>| object::name(pod) == name && object::namespace(pod) == namespace;
    let Some(pod) = cluster.kubelets().static_pods(node).iter().find(is_it).cloned() else {
        return;
    };
    if cluster.store().get(&Key::new("pods", namespace, name)).is_some() {
        return;
    }
    let mut mirror = Value::clone(&pod);
    let hash = object::metadata(&pod, "uid").to_owned();
    object::map_mut(&mut mirror["metadata"], "annotations").insert(MIRROR.to_owned(), json!(hash));
    if let Some(owner) = cluster.store().get(&Key::new("nodes", "", node)) {
        let uid = object::metadata(&owner, "uid");
        mirror["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid, "controller": true}]);
    }
    let Some(target) = target(cluster, namespace, "") else {
        return;
    };
    let body = mirror.to_string();
    let request = Component::Kubelet(node).request("CreateOptions");
    if let Err(status) = create::create(cluster, &target, &request, body.as_bytes()).await {
        tracing::debug!(name, status = status.message, "the mirror of a static Pod is refused");
    }
}

async fn remove_mirror(cluster: &Simulator, node: &str, pod: &Value) {
    let Some(target) = target(cluster, object::namespace(pod), object::name(pod)) else {
        return;
    };
    let request = Component::Kubelet(node).request("DeleteOptions");
    let wish = delete::Wish { grace_period_seconds: Some(0), ..delete::Wish::default() };
    if let Err(status) = delete::delete(cluster, &target, &request, &wish).await {
        tracing::debug!(name = target.name, status = status.message, "the mirror of a static Pod stays");
    }
}

fn target(cluster: &Simulator, namespace: &str, name: &str) -> Option<Target> {
    Target::find(cluster.minor(), "", "pods", namespace, name)
}
