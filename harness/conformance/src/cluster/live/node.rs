//! What is done to a node of a live cluster from inside it: static Pods, and the kubelet's settings.

use serde_json::Value;

use super::{LiveCluster, LiveNode, PREFIX};
use crate::{api::Call, cluster::ClusterError, outcome::Answer};

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
/// Prints the arguments of the kubelet that runs. They are all that tells: under `/configz` a kubelet shows what its file
/// says, whatever its arguments do (seen on 1.24.17 and 1.36.3).
const ARGUMENTS: &str = r"tr '\0' '\n' </proc/$(pidof kubelet)/cmdline";
/// Gives the kubelet the flags `$1` instead of those that it has for `seccompDefault`, and starts it anew.
const SWITCH: &str = r#"
flags=/var/lib/kubelet/kubeadm-flags.env
sed -i -E -e 's/ ?--seccomp-default(=[a-z]+)?//' -e 's/ ?--feature-gates=SeccompDefault=[a-z]+//' -e "s/\"\$/ $1\"/" "$flags"
systemctl restart kubelet
"#;

fn failed(what: String) -> impl FnOnce(kind_cluster::ClusterError) -> ClusterError {
    move |source| ClusterError::Start { what, source: Box::new(source) }
}

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

    /// Sets the kubelet's `seccompDefault`, and waits until the new kubelet serves and its node is ready.
    pub(super) async fn set_seccomp_default(&self, node: &LiveNode, value: bool) -> Result<(), ClusterError> {
        let flags = match (value, self.has_alpha_gate) {
            (true, true) => "--seccomp-default=true --feature-gates=SeccompDefault=true",
            (true, false) => "--seccomp-default=true",
            (false, _) => "",
        };
        let what = format!("set seccompDefault={value} on node `{}`", node.name);
        self.on_node(node, what.clone(), SWITCH, &[flags]).await?;
        self.wait_until(what.clone(), health(node), Answer::is_success).await?;
        self.wait_until(what, Call::get(format!("/api/v1/nodes/{}", node.name)), is_ready).await?;
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
            if arguments.lines().any(|argument| argument == ON) != *setting {
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

fn is_ready(answer: &Answer) -> bool {
    let conditions = answer.body.pointer("/status/conditions").and_then(Value::as_array);
    let has = |condition: &Value, field: &str, value: &str| condition.get(field).is_some_and(|found| found == value);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| has(condition, "type", "Ready") && has(condition, "status", "True"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_is_ready_when_it_says_so() {
        let node = |status| Answer {
            body: json!({"status": {"conditions": [{"type": "Ready", "status": status}]}}),
            ..Answer::default()
        };
        assert!(is_ready(&node("True")));
        assert!(!is_ready(&node("Unknown")));
    }
}
