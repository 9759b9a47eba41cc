//! What is done to a node of a live cluster from inside it: static Pods, and the kubelet's settings.

use serde_json::Value;

use super::{LiveCluster, LiveNode};
use crate::{
    api::Call,
    cluster::{ClusterError, failed, names::PREFIX},
    outcome::Answer,
};

/// The folder that kubeadm tells kubelets to take static Pods from.
const MANIFESTS: &str = "/etc/kubernetes/manifests";
/// Writes `$3` to the file `$2` in the folder `$1`; the kubelet passes over a name that begins with a dot.
const WRITE: &str = r#"mkdir -p "$1"; printf %s "$3" >"$1/.$2"; mv "$1/.$2" "$1/$2""#;
/// Removes the files `$@` in the folder `$1`.
const REMOVE: &str = r#"cd "$1" 2>/dev/null || exit 0; shift; rm -f "$@""#;
/// Removes what begins with `$2` in the folder `$1`.
const REMOVE_ALL: &str = r#"rm -f "$1/$2"* "$1/.$2"*"#;
/// The argument that switches the setting on.
const ON: &str = "--seccomp-default=true";
/// Prints the arguments of the kubelet, nothing where none runs. They are all that tells: under `/configz` a kubelet shows
/// what its file says, whatever its arguments do (seen on 1.24.17 and 1.36.3).
const ARGUMENTS: &str = r"if pid=$(pidof kubelet); then tr '\0' '\n' </proc/$pid/cmdline; fi";
/// Stops the kubelet, and gives it the flags `$1` instead of those that it has for `seccompDefault`.
const STOP: &str = r#"
systemctl stop kubelet
flags=/var/lib/kubelet/kubeadm-flags.env
sed -i -E -e 's/ ?--seccomp-default(=[a-z]+)?//' -e 's/ ?--feature-gates=SeccompDefault=[a-z]+//' -e "s/\"\$/ $1\"/" "$flags"
"#;
const START: &str = "systemctl start kubelet";
/// The taints of a node to which the scheduler gives no Pods, since its kubelet said or says nothing good.
///
/// # Source
/// kubernetes v1.36 `staging/src/k8s.io/api/core/v1/well_known_taints.go`
const NOT_READY: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

impl LiveCluster {
    /// Runs a script on a node.
    async fn on_node(
        &self,
        node: &LiveNode,
        what: String,
        script: &str,
        arguments: &[&str],
    ) -> Result<String, ClusterError> {
        let Some(cluster) = &self.kind else {
            return Err(ClusterError::Unable { what });
        };
        let command: Vec<&str> = ["sh", "-euc", script, "sh"].into_iter().chain(arguments.iter().copied()).collect();
        cluster.exec(&node.name, command).await.map_err(failed(what))
    }

    pub(super) async fn write_static_pod(
        &self,
        node: &LiveNode,
        file: &str,
        manifest: &Value,
    ) -> Result<(), ClusterError> {
        let what = format!("write static Pod `{file}` on node `{}`", node.name);
        self.on_node(node, what, WRITE, &[MANIFESTS, &format!("{file}.json"), &manifest.to_string()]).await.map(drop)
    }

    pub(super) async fn remove_static_pod(&self, node: &LiveNode, file: &str) -> Result<(), ClusterError> {
        let what = format!("remove static Pod `{file}` on node `{}`", node.name);
        self.on_node(node, what, REMOVE, &[MANIFESTS, &format!("{file}.json"), &format!(".{file}.json")])
            .await
            .map(drop)
    }

    /// Sets the kubelet's `seccompDefault`, and waits until the new kubelet serves and its node takes Pods.
    ///
    /// A new kubelet first says that its node is not ready. What the old one said last is therefore read while none runs: only
    /// another word is the new one's.
    pub(super) async fn set_seccomp_default(&self, node: &LiveNode, value: bool) -> Result<(), ClusterError> {
        let flags = match (value, self.has_alpha_gate) {
            (true, true) => "--seccomp-default=true --feature-gates=SeccompDefault=true",
            (true, false) => "--seccomp-default=true",
            (false, _) => "",
        };
        let what = format!("set seccompDefault={value} on node `{}`", node.name);
        let stored = Call::get(format!("/api/v1/nodes/{}", node.name));
        self.on_node(node, what.clone(), STOP, &[flags]).await?;
        let before = ready_condition(&self.api.call(stored.clone()).await?.body).cloned();
        self.on_node(node, what.clone(), START, &[]).await?;
        self.wait_until(what.clone(), health(node), Answer::is_success).await?;
        let is_new = |answer: &Answer| takes_pods(&answer.body) && ready_condition(&answer.body) != before.as_ref();
        self.wait_until(what, stored, is_new).await?;
        Ok(())
    }

    /// Gives the nodes back what a run that was killed did to them.
    pub(super) async fn restore_nodes(&self) -> Result<(), ClusterError> {
        if self.kind.is_none() {
            return Ok(());
        }
        for (setting, node) in &self.nodes {
            let what = format!("remove static Pods of killed runs on node `{}`", node.name);
            self.on_node(node, what, REMOVE_ALL, &[MANIFESTS, PREFIX]).await?;
            let what = format!("read the kubelet's settings on node `{}`", node.name);
            let arguments = self.on_node(node, what, ARGUMENTS, &[]).await?;
            // A run may have been killed while the kubelet was stopped.
            if arguments.is_empty() || arguments.lines().any(|argument| argument == ON) != *setting {
                self.set_seccomp_default(node, *setting).await?;
            }
        }
        Ok(())
    }
}

/// Answers when the node's kubelet serves.
fn health(node: &LiveNode) -> Call {
    Call::get(format!("/api/v1/nodes/{}/proxy/healthz", node.name))
}

/// What the node's kubelet said last of its being ready, and when.
fn ready_condition(node: &Value) -> Option<&Value> {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().find(|condition| condition.get("type").is_some_and(|name| name == "Ready"))
}

/// Whether the node is ready, and the scheduler may know it.
fn takes_pods(node: &Value) -> bool {
    let taints = node.pointer("/spec/taints").and_then(Value::as_array);
    let mut keys = taints.into_iter().flatten().filter_map(|taint| taint.get("key")?.as_str());
    let status = ready_condition(node).and_then(|condition| condition.get("status"));
    status.is_some_and(|status| status == "True") && !keys.any(|key| NOT_READY.contains(&key))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::ready("True", &[], true)]
    #[case::tainted_otherwise("True", &["example.org/mine"], true)]
    #[case::was_not_ready("True", &["node.kubernetes.io/not-ready"], false)]
    #[case::silent("Unknown", &[], false)]
    fn a_node_takes_pods(#[case] status: &str, #[case] taints: &[&str], #[case] is_so: bool) {
        let taints: Vec<_> = taints.iter().map(|key| json!({"key": key, "effect": "NoSchedule"})).collect();
        let node = json!({
            "spec": {"taints": taints},
            "status": {"conditions": [{"type": "MemoryPressure"}, {"type": "Ready", "status": status}]},
        });
        assert_eq!(takes_pods(&node), is_so);
    }
}
