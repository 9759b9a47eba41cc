//! A request as kind's configuration, and the digest by which equal clusters are found again.
//!
//! kind writes a kubeadm configuration and applies our patches to it. Which form it writes depends on Kubernetes' version
//! and on kind's own release, so that arguments are given in each of the three forms, each for its own API version: kind
//! applies a patch to the version it names alone. A map of arguments is merged (v1beta2, v1beta3); a list of them would
//! be replaced by a merge, and is added to (v1beta4).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    hex::hex,
    image::ChosenImage,
    mark::Mark,
    request::{ClusterRequest, NodeRequest, Role},
};

const MAP_FORMS: [&str; 2] = ["v1beta2", "v1beta3"];
const LIST_FORM: &str = "v1beta4";
/// Before this minor the kubelet's gate is off; from it on, on by default.
const SECCOMP_DEFAULT_GATE_ON_SINCE: u16 = 25;

/// Some arguments of a program, and where kubeadm's configuration has them.
struct Arguments<'a> {
    kind: &'static str,
    /// The fields down to the arguments.
    path: [&'static str; 2],
    values: &'a BTreeMap<String, String>,
}

impl Arguments<'_> {
    /// The merge patches, for the forms where arguments are a map.
    fn merge_patches(&self) -> impl Iterator<Item = String> + '_ {
        let [outer, inner] = self.path;
        MAP_FORMS.iter().map(move |form| {
            let version = format!("kubeadm.k8s.io/{form}");
            json!({"apiVersion": version, "kind": self.kind, outer: {inner: self.values}}).to_string()
        })
    }

    /// The JSON patch, for the form where arguments are a list.
    fn json_patch(&self) -> Value {
        let path = format!("/{}/-", self.path.join("/"));
        let operations = self.values.iter();
        let operations =
            operations.map(|(name, value)| json!({"op": "add", "path": path, "value": {"name": name, "value": value}}));
        let patch = Value::Array(operations.collect()).to_string();
        json!({"group": "kubeadm.k8s.io", "version": LIST_FORM, "kind": self.kind, "patch": patch})
    }
}

/// What `node`'s kubelet is started with, beyond what kind gives it.
///
/// A kubelet takes most of its settings from a configuration that kubeadm gives all nodes alike, so what holds for one
/// node stands on its command line. From 1.22 to 1.24 the gate must stand there too: `--seccomp-default` is checked
/// before the configuration is read.
fn kubelet_arguments(
    node: &NodeRequest,
    cluster_gates: &BTreeMap<String, bool>,
    minor: u16,
) -> BTreeMap<String, String> {
    let mut arguments = node.kubelet_arguments.clone();
    let mut gates = node.kubelet_feature_gates.clone();
    if node.seccomp_default {
        arguments.insert("seccomp-default".to_owned(), "true".to_owned());
        if minor < SECCOMP_DEFAULT_GATE_ON_SINCE {
            gates.insert("SeccompDefault".to_owned(), true);
        }
    }
    if !gates.is_empty() {
        // The command line's gates replace those of the configuration.
        for (name, is_on) in cluster_gates {
            gates.entry(name.clone()).or_insert(*is_on);
        }
        let gates: Vec<_> = gates.iter().map(|(name, is_on)| format!("{name}={is_on}")).collect();
        let named = arguments.entry("feature-gates".to_owned()).or_default();
        *named = [named.as_str(), &gates.join(",")]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(",");
    }
    arguments
}

fn node(node: &NodeRequest, request: &ClusterRequest, image: &ChosenImage) -> Value {
    let role = match node.role {
        Role::ControlPlane => "control-plane",
        Role::Worker => "worker",
    };
    let mut rendered = json!({"role": role, "image": image.reference, "labels": node.labels});
    let arguments = kubelet_arguments(node, &request.feature_gates, image.version.minor());
    if !arguments.is_empty() {
        // The first node is initialised, all others join; kind gives each node both documents.
        let kinds = ["InitConfiguration", "JoinConfiguration"];
        let patches =
            kinds.map(|kind| Arguments { kind, path: ["nodeRegistration", "kubeletExtraArgs"], values: &arguments });
        rendered["kubeadmConfigPatches"] = patches.iter().flat_map(Arguments::merge_patches).collect();
        rendered["kubeadmConfigPatchesJSON6902"] = patches.iter().map(Arguments::json_patch).collect();
    }
    rendered
}

/// The configuration of `request` on `image`, without name and mark.
pub(crate) fn render(request: &ClusterRequest, image: &ChosenImage) -> Value {
    let nodes: Vec<_> = request.all_nodes().iter().map(|each| node(each, request, image)).collect();
    let mut config = json!({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes});
    if !request.feature_gates.is_empty() {
        config["featureGates"] = json!(request.feature_gates);
    }
    if !request.runtime_config.is_empty() {
        config["runtimeConfig"] = json!(request.runtime_config);
    }
    let mut patches = Vec::new();
    if !request.kubelet_configuration.is_empty() {
        let mut patch = request.kubelet_configuration.clone();
        patch.insert("apiVersion".to_owned(), json!("kubelet.config.k8s.io/v1beta1"));
        patch.insert("kind".to_owned(), json!("KubeletConfiguration"));
        patches.push(Value::Object(patch).to_string());
    }
    if !request.api_server_arguments.is_empty() {
        let path = ["apiServer", "extraArgs"];
        let arguments = Arguments { kind: "ClusterConfiguration", path, values: &request.api_server_arguments };
        patches.extend(arguments.merge_patches());
        config["kubeadmConfigPatchesJSON6902"] = json!([arguments.json_patch()]);
    }
    if !patches.is_empty() {
        config["kubeadmConfigPatches"] = json!(patches);
    }
    config
}

/// The digest of a configuration without name and mark: equal for clusters that can stand in for each other.
pub(crate) fn settings(config: &Value) -> String {
    let digest = Sha256::digest(config.to_string());
    hex(&digest[..12])
}

/// Puts `mark` on every node of `config`.
pub(crate) fn marked(mut config: Value, mark: &Mark) -> Value {
    for node in config["nodes"].as_array_mut().into_iter().flatten() {
        node["extraMounts"] = json!([{"hostPath": "/dev/null", "containerPath": mark.path(), "readOnly": true}]);
    }
    config
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use rstest::rstest;

    use super::*;
    use crate::{mark::Owner, version::KubernetesVersion};

    fn image(minor: u16) -> ChosenImage {
        let version = KubernetesVersion::release(minor, 1);
        ChosenImage { reference: format!("kindest/node:v{version}"), version, kind_release: None }
    }

    fn request(minor: u16) -> ClusterRequest {
        ClusterRequest::new(KubernetesVersion::new(minor))
            .with_node(NodeRequest::worker().with_seccomp_default(true).with_label("seccomp", "on"))
            .with_node(NodeRequest::worker())
    }

    /// What kubeadm's documentation of each form has for a worker's kubelet arguments.
    #[rstest]
    #[case::gate_needed(22, json!({"feature-gates": "SeccompDefault=true", "seccomp-default": "true"}))]
    #[case::gate_still_needed(24, json!({"feature-gates": "SeccompDefault=true", "seccomp-default": "true"}))]
    #[case::gate_on(25, json!({"seccomp-default": "true"}))]
    #[case::gate_removed(36, json!({"seccomp-default": "true"}))]
    fn gives_one_worker_seccomp_default(#[case] minor: u16, #[case] arguments: Value) {
        let config = render(&request(minor), &image(minor));
        let worker = &config["nodes"][1];
        let patches = worker["kubeadmConfigPatches"].as_array().expect("patches");
        let patches: Vec<Value> =
            patches.iter().map(|text| serde_json::from_str(text.as_str().expect("text")).expect("JSON")).collect();
        let join = patches.iter().filter(|patch| patch["kind"] == "JoinConfiguration").collect::<Vec<_>>();
        let versions: Vec<_> = join.iter().map(|patch| patch["apiVersion"].as_str().expect("a version")).collect();
        assert_eq!(versions, ["kubeadm.k8s.io/v1beta2", "kubeadm.k8s.io/v1beta3"]);
        assert!(join.iter().all(|patch| patch["nodeRegistration"]["kubeletExtraArgs"] == arguments), "{join:?}");

        let list = worker["kubeadmConfigPatchesJSON6902"].as_array().expect("patches");
        let join = list.iter().find(|patch| patch["kind"] == "JoinConfiguration").expect("one for joining");
        assert_eq!((&join["group"], &join["version"]), (&json!("kubeadm.k8s.io"), &json!("v1beta4")));
        let operations: Value = serde_json::from_str(join["patch"].as_str().expect("text")).expect("JSON");
        let expected = arguments.as_object().expect("a map").iter().map(|(name, value)| {
            json!({"op": "add", "path": "/nodeRegistration/kubeletExtraArgs/-", "value": {"name": name, "value": value}})
        });
        assert_eq!(operations, Value::Array(expected.collect()));
    }

    #[test]
    fn leaves_the_other_nodes_as_kind_has_them() {
        let config = render(&request(36), &image(36));
        let expected = json!({"role": "worker", "image": "kindest/node:v1.36.1", "labels": {}});
        assert_eq!(config["nodes"][2], expected);
        assert_eq!(config["nodes"][0]["role"], "control-plane");
        assert_eq!(config["nodes"][1]["labels"], json!({"seccomp": "on"}));
    }

    #[test]
    fn keeps_the_gates_of_the_cluster_where_a_node_has_its_own() {
        let node = NodeRequest::worker().with_seccomp_default(true).with_kubelet_argument("feature-gates", "A=true");
        let gates = BTreeMap::from([("B".to_owned(), false)]);
        let arguments = kubelet_arguments(&node, &gates, 24);
        assert_eq!(arguments["feature-gates"], "A=true,B=false,SeccompDefault=true");
    }

    #[test]
    fn renders_settings_of_the_whole_cluster() {
        let request = ClusterRequest::new(KubernetesVersion::new(36))
            .with_feature_gate("MutatingAdmissionPolicy", true)
            .with_runtime_config("api/beta", "true")
            .with_api_server_argument("audit-log-path", "/var/log/audit.log")
            .with_kubelet_setting("maxPods", 7);
        let config = render(&request, &image(36));
        assert_eq!(config["featureGates"], json!({"MutatingAdmissionPolicy": true}));
        assert_eq!(config["runtimeConfig"], json!({"api/beta": "true"}));
        let patches = config["kubeadmConfigPatches"].as_array().expect("patches");
        let patches: Vec<Value> =
            patches.iter().map(|text| serde_json::from_str(text.as_str().expect("text")).expect("JSON")).collect();
        let server = |version: &str| {
            let arguments = json!({"extraArgs": {"audit-log-path": "/var/log/audit.log"}});
            json!({"apiVersion": version, "kind": "ClusterConfiguration", "apiServer": arguments})
        };
        let kubelet =
            json!({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 7});
        assert_eq!(patches, [kubelet, server("kubeadm.k8s.io/v1beta2"), server("kubeadm.k8s.io/v1beta3")]);
        let list = &config["kubeadmConfigPatchesJSON6902"][0];
        let operations: Value = serde_json::from_str(list["patch"].as_str().expect("text")).expect("JSON");
        let value = json!({"name": "audit-log-path", "value": "/var/log/audit.log"});
        assert_eq!(operations, json!([{"op": "add", "path": "/apiServer/extraArgs/-", "value": value}]));
    }

    #[test]
    fn a_digest_is_equal_for_equal_settings_alone() {
        let digest = |request: &ClusterRequest, minor| settings(&render(request, &image(minor)));
        let one = digest(&request(36), 36);
        assert_eq!(one, digest(&request(36).with_run("other").with_retain(true), 36));
        assert_ne!(one, digest(&request(36), 35));
        assert_ne!(one, digest(&request(36).with_node(NodeRequest::worker()), 36));
        assert_ne!(one, digest(&request(36).with_kubelet_setting("maxPods", 7), 36));
    }

    #[test]
    fn every_node_is_marked_and_nothing_else_changes() {
        let config = render(&request(24), &image(24));
        let mark = Mark::new(Owner::default(), "r".to_owned(), settings(&config), false, SystemTime::UNIX_EPOCH);
        let mut marked = marked(config.clone(), &mark);
        for node in marked["nodes"].as_array_mut().expect("nodes") {
            let mounts = node.as_object_mut().expect("a node").remove("extraMounts").expect("mounts");
            assert_eq!(mounts, json!([{"hostPath": "/dev/null", "containerPath": mark.path(), "readOnly": true}]));
        }
        assert_eq!(marked, config);
    }
}
