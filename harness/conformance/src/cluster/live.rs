//! A real cluster with controllers, nodes and kubelets, whoever made it.

mod node;
mod settle;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use kube_simulator::Minor;
use serde_json::{Value, json};

use self::settle::settle;
use super::{
    Cluster, ClusterError, Observations, create,
    names::{BASELINE, CONFIGURATION, MARK, NODE_LABEL, PREFIX},
    wait_until,
};
use crate::{
    api::{Api, Call, expect_success},
    case::NodeSetting,
    outcome::Answer,
    probe::{ONCE_VARIABLE, PROBE_IMAGE, ProbeReport},
};

/// How often it is looked at what a cluster does of itself.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long a cluster may take over anything that it does of itself.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
/// How often a log is looked at until its probe has printed: for some seconds, for it does so at once.
const LOG_LOOKS: usize = 50;
/// The first minor whose kubelets have the gate `SeccompDefault` on.
///
/// # Source
/// kubernetes v1.25 `pkg/features/kube_features.go` `SeccompDefault`
const GATE_ON_SINCE: u8 = 25;

/// A node that cases run on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiveNode {
    /// Its name.
    pub(crate) name: String,
    /// The value of the label by which Pods find it.
    pub(crate) label: String,
    /// What a container sees there that is explicitly Unconfined; nothing where that is not measured.
    pub(crate) baseline: Option<ProbeReport>,
}

/// A cluster that many cases share.
#[derive(Debug)]
pub(crate) struct LiveCluster {
    pub(crate) api: Api,
    /// The nodes, by what their kubelets' `seccompDefault` is.
    pub(crate) nodes: BTreeMap<bool, LiveNode>,
    /// The nodes from inside; nothing where they cannot be reached.
    pub(crate) kind: Option<kind_cluster::Cluster>,
    /// Whether somebody wants to look into failures.
    pub(crate) keeps_evidence: bool,
    /// The image that the nodes have and Pods run the probe from; without it no container is observed.
    image: Option<String>,
    /// Whether others use the cluster too.
    is_of_others: bool,
    /// Whether the kubelet's `seccompDefault` stands behind a gate that is off by default.
    has_alpha_gate: bool,
    run: String,
    cases: AtomicUsize,
}

impl LiveCluster {
    /// A cluster with `nodes`, of which nothing is known yet; `run` tells its namespaces from those of other runs.
    pub(crate) fn new(api: Api, minor: Minor, nodes: BTreeMap<bool, LiveNode>, run: &str) -> Self {
        let has_alpha_gate = minor.number() < GATE_ON_SINCE;
        Self {
            api,
            nodes,
            kind: None,
            keeps_evidence: false,
            image: Some(PROBE_IMAGE.to_owned()),
            is_of_others: false,
            has_alpha_gate,
            run: run.to_owned(),
            cases: AtomicUsize::new(0),
        }
    }

    /// The same of a cluster that others use too, whose nodes have our executable as `image`, or have it not.
    pub(crate) fn of_others(mut self, image: Option<&str>) -> Self {
        self.image = image.map(str::to_owned);
        self.is_of_others = true;
        self
    }

    /// What Pods ask for, whether the nodes have it or not.
    fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(PROBE_IMAGE)
    }

    /// The name of a namespace that nobody else has.
    pub(crate) fn draw_namespace(&self) -> String {
        format!("{PREFIX}{}-{}", self.run, self.cases.fetch_add(1, Ordering::Relaxed))
    }

    /// The node with this setting, or any where the minor's kubelets do not know it.
    pub(crate) fn node(&self, setting: NodeSetting) -> Option<&LiveNode> {
        self.nodes.get(&setting.seccomp_default).or_else(|| self.nodes.values().next())
    }

    /// Measures each node, so that modes are judged by the difference where a machine filters its nodes.
    ///
    /// What was measured is kept with the node: a kept cluster is not measured again.
    pub(crate) async fn measure(&mut self) -> Result<(), ClusterError> {
        let namespace = self.draw_namespace();
        let mut measured = BTreeMap::new();
        for (setting, node) in &self.nodes {
            let path = format!("/api/v1/nodes/{}", node.name);
            let stored = self.api.call(Call::get(path.as_str())).await?.body;
            let known = stored.pointer("/metadata/annotations").and_then(|all| all.get(BASELINE)?.as_str());
            if let Some(report) = known.and_then(ProbeReport::from_log) {
                measured.insert(*setting, report);
            }
        }
        if measured.len() < self.nodes.len() {
            self.create_namespace(&namespace).await?;
            let looks = self.nodes.iter().filter(|(setting, _)| !measured.contains_key(setting));
            let looks = looks.map(|(setting, node)| async {
                Ok::<_, ClusterError>((*setting, self.baseline(&namespace, node).await?))
            });
            let looks = futures::future::try_join_all(looks).await?;
            measured.extend(looks);
            self.remove_namespace(&namespace).await?;
        }
        for (setting, node) in &mut self.nodes {
            node.baseline = measured.remove(setting);
        }
        Ok(())
    }

    /// The nodes on which a container is filtered that is explicitly Unconfined, and what it sees.
    pub(crate) fn filtered_nodes(&self) -> Vec<String> {
        let measured = self.nodes.values().filter_map(|node| Some((&node.name, node.baseline.as_ref()?)));
        let filtered = measured.filter(|(_, baseline)| baseline.is_filtered_baseline());
        filtered.map(|(name, baseline)| format!("{name}: {baseline}")).collect()
    }

    pub(crate) async fn create_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        create(&self.api, "/api/v1/namespaces", object).await?;
        self.namespace_created(namespace).await
    }

    /// What an Unconfined container sees on `node`, which is kept with the node.
    async fn baseline(&self, namespace: &str, node: &LiveNode) -> Result<ProbeReport, ClusterError> {
        let report = self.look(namespace, &node.label, &node.name, Some("Unconfined")).await?;
        // One that cannot be kept is measured again by the next run.
        let text = serde_json::to_string(&report).unwrap_or_default();
        let patch = json!({"metadata": {"annotations": {BASELINE: text}}});
        self.api.call(Call::patch(format!("/api/v1/nodes/{}", node.name), crate::api::MERGE_PATCH, patch)).await?;
        Ok(report)
    }

    /// Runs the probe on a node as Pod `name`, with a profile or without, and gives its report.
    pub(crate) async fn look(
        &self,
        namespace: &str,
        name: &str,
        node: &str,
        profile: Option<&str>,
    ) -> Result<ProbeReport, ClusterError> {
        let pods = format!("/api/v1/namespaces/{namespace}/pods");
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "nodeName": node,
                "restartPolicy": "Never",
                "tolerations": [{"operator": "Exists"}],
                "securityContext": {"seccompProfile": profile.map(|profile| json!({"type": profile}))},
                "containers": [{
                    "name": "main", "image": self.image(), "imagePullPolicy": "IfNotPresent",
                    // No arguments: the image has to know by itself what it does, for the Pods of cases do not tell it.
                    "env": [{"name": ONCE_VARIABLE, "value": "true"}],
                }],
            },
        });
        create(&self.api, &pods, pod).await?;
        let path = format!("{pods}/{name}");
        let is_over = |answer: &Answer| {
            let phase = answer.body.pointer("/status/phase").and_then(Value::as_str);
            matches!(phase, Some("Succeeded" | "Failed")) || lacking_image(&answer.body).is_some()
        };
        let what = format!("see the probe's end on node `{node}`");
        let answer = self.wait_until(what, Call::get(path.as_str()), is_over).await?;
        if let Some(reason) = lacking_image(&answer.body) {
            let what = format!(
                "pull image `{}` on node `{node}`; load it into the nodes, or name one that they can pull with \
                 --harness-image",
                self.image()
            );
            return Err(ClusterError::Start { what, source: reason.into() });
        }
        let log = self.api.log(Call::get(format!("{path}/log"))).await??;
        ProbeReport::from_log(&log).ok_or_else(|| {
            let first = log.trim().lines().next().unwrap_or_default();
            let what = format!(
                "read what the probe printed on node `{node}`; its image `{}` must have this executable as ENTRYPOINT \
                 and `probe` as CMD",
                self.image()
            );
            ClusterError::Start { what, source: format!("it printed `{first}`").into() }
        })
    }

    /// Makes `call` until its answer is as `is_so` wants it.
    pub(crate) async fn wait_until(
        &self,
        what: String,
        call: Call,
        is_so: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, ClusterError> {
        wait_until(&self.api, what, call, (INTERVAL, LIMIT), is_so).await
    }

    /// Waits for what Pods need and controllers make: the ServiceAccount `default`, and the root certificates.
    async fn namespace_created(&self, namespace: &str) -> Result<(), ClusterError> {
        let path = format!("/api/v1/namespaces/{namespace}");
        let account = Call::get(format!("{path}/serviceaccounts/default"));
        self.wait_until(format!("see the ServiceAccount of `{namespace}`"), account, Answer::is_success).await?;
        let certificates = Call::get(format!("{path}/configmaps/kube-root-ca.crt"));
        self.wait_until(format!("see the root certificates of `{namespace}`"), certificates, Answer::is_success)
            .await?;
        Ok(())
    }

    /// Ends the namespace's Pods at once, and deletes the namespace; its controller does the rest in its own time.
    pub(crate) async fn remove_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        let path = format!("/api/v1/namespaces/{namespace}");
        self.api.call(Call::delete(format!("{path}/pods")).with("gracePeriodSeconds", "0")).await?;
        let answer = self.api.call(Call::delete(path.as_str())).await?;
        // 409: it is on its way out already.
        if !matches!(answer.code, 404 | 409) {
            expect_success(|| format!("delete namespace `{namespace}`"), answer)?;
        }
        if !namespace.starts_with(PREFIX) {
            // The next case may want one of the same name.
            let is_gone = |answer: &Answer| answer.code == 404;
            self.wait_until(format!("see namespace `{namespace}` gone"), Call::get(path), is_gone).await?;
        }
        Ok(())
    }

    /// Removes what a run that was killed left behind: its registration first, for its webhook may be gone.
    pub(crate) async fn forget_killed_runs(&self) -> Result<(), ClusterError> {
        self.api.call(Call::delete(CONFIGURATION)).await?;
        self.restore_nodes().await?;
        self.remove_namespaces(true).await.map(drop)
    }

    /// Deletes namespaces of ours, those of runs that were killed included, and waits until they are gone; gives those
    /// that are not.
    pub(crate) async fn remove_namespaces(&self, of_other_runs: bool) -> Result<Vec<String>, ClusterError> {
        let prefix = if of_other_runs { PREFIX.to_owned() } else { format!("{PREFIX}{}-", self.run) };
        let names = |answer: &Answer| -> Vec<String> {
            let items = answer.body.get("items").and_then(Value::as_array);
            let names = items.into_iter().flatten().filter_map(|item| item.pointer("/metadata/name")?.as_str());
            names.filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect()
        };
        let list = Call::get("/api/v1/namespaces");
        for namespace in names(&self.api.call(list.clone()).await?) {
            self.remove_namespace(&namespace).await?;
        }
        let is_empty = |answer: &Answer| answer.is_success() && names(answer).is_empty();
        match self.wait_until("see the namespaces gone".to_owned(), list.clone(), is_empty).await {
            Ok(_) => Ok(Vec::new()),
            Err(ClusterError::TimedOut { .. }) => Ok(names(&self.api.call(list).await?)),
            Err(error) => Err(error),
        }
    }

    /// The cluster as somebody sees it who does not care on which node.
    pub(crate) fn for_any_node(&self) -> Result<LiveCase<'_>, ClusterError> {
        let setting = self.nodes.keys().next().copied().unwrap_or_default();
        self.for_case(NodeSetting { seccomp_default: setting })
    }

    /// The cluster as the next case sees it.
    pub(crate) fn for_case(&self, setting: NodeSetting) -> Result<LiveCase<'_>, ClusterError> {
        let node =
            self.node(setting).ok_or_else(|| ClusterError::Unable { what: format!("run on a node {setting}") })?;
        Ok(LiveCase { cluster: self, node, namespace: self.draw_namespace() })
    }
}

/// Why the only container of `pod` has no image.
fn lacking_image(pod: &Value) -> Option<&str> {
    let reason = pod.pointer("/status/containerStatuses/0/state/waiting/reason")?.as_str()?;
    matches!(reason, "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName").then_some(reason)
}

/// A live cluster, as one case sees it.
#[derive(Debug)]
pub(crate) struct LiveCase<'a> {
    cluster: &'a LiveCluster,
    node: &'a LiveNode,
    namespace: String,
}

impl Cluster for LiveCase<'_> {
    fn api(&self) -> &Api {
        &self.cluster.api
    }

    fn observations(&self) -> Observations {
        Observations { api: true, kernel: self.cluster.image.is_some() }
    }

    fn node(&self) -> &str {
        &self.node.name
    }

    fn node_label(&self) -> &str {
        &self.node.label
    }

    fn image(&self) -> &str {
        self.cluster.image()
    }

    fn baseline(&self) -> Option<&ProbeReport> {
        self.node.baseline.as_ref()
    }

    fn log_looks(&self) -> usize {
        LOG_LOOKS
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn namespace_label(&self) -> Option<&'static str> {
        self.cluster.is_of_others.then_some(MARK)
    }

    fn outlives_case(&self) -> bool {
        true
    }

    async fn namespace_created(&self, namespace: &str) -> Result<(), ClusterError> {
        self.cluster.namespace_created(namespace).await
    }

    async fn settle(&self, namespace: &str) -> Result<(), ClusterError> {
        let is_ours = |pod: &Value| {
            namespace.starts_with(PREFIX)
                || pod.pointer("/spec/nodeSelector").is_some_and(|labels| labels.get(NODE_LABEL).is_some())
        };
        // Where no container is observed, a Pod that has its node needs not be waited for.
        let is_waited_for =
            |pod: &Value| is_ours(pod) && (self.cluster.image.is_some() || pod.pointer("/spec/nodeName").is_none());
        let settled = tokio::time::timeout(LIMIT, settle(self.api(), namespace, is_waited_for)).await;
        settled.unwrap_or(Err(ClusterError::TimedOut { what: "see the Pods at rest".to_owned(), limit: LIMIT }))
    }

    /// Events and Pods, as they are before they are taken away.
    async fn evidence(&self, namespace: &str) -> Vec<(&'static str, String)> {
        let mut evidence = Vec::new();
        if self.cluster.keeps_evidence {
            let path = format!("/api/v1/namespaces/{namespace}");
            for (file, resource) in [("events.json", "events"), ("pods.json", "pods")] {
                // What cannot be read makes a failure no worse.
                if let Ok(answer) = self.cluster.api.call(Call::get(format!("{path}/{resource}"))).await {
                    evidence.push((file, format!("{:#}\n", answer.body)));
                }
            }
        }
        evidence
    }

    async fn remove_namespace(&self, namespace: &str) -> Result<(), ClusterError> {
        self.cluster.remove_namespace(namespace).await
    }

    fn reaction_limit(&self) -> Duration {
        LIMIT
    }

    async fn write_static_pod(&self, file: &str, manifest: &Value) -> Result<(), ClusterError> {
        self.cluster.write_static_pod(self.node, file, manifest).await
    }

    async fn remove_static_pod(&self, file: &str) -> Result<(), ClusterError> {
        self.cluster.remove_static_pod(self.node, file).await
    }

    async fn set_seccomp_default(&self, seccomp_default: bool) -> Result<(), ClusterError> {
        self.cluster.set_seccomp_default(self.node, seccomp_default).await
    }
}
