//! The clusters of a run: a simulated one for each case, or a real one for each minor.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use camino::Utf8PathBuf;

use kube_simulator::Minor;
use seccomp_scenario::Node;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

use super::{
    ClusterKind, RunError, RunOptions, infrastructure,
    order::{clusters_at_once, order},
    source::{Source, Supplies},
    stage::Stage,
};
use crate::{
    artifacts::cluster_folder,
    case::NodeSetting,
    cluster::{
        Cluster, ClusterError, Observations, create, kind,
        kubeconfig::{Existing, KubeconfigSettings},
        simulated::SimulatedCluster,
    },
    error::chain,
    event::ClusterDescription,
    execute::{Executed, execute},
    fidelity::Certificate,
    needs::Abilities,
    plan::Planned,
    snapshot::{Masks, Moment, PlatformParts},
    verdict::Failure,
    webhook::{LocalWebhooks, Registrar, Webhooks},
};

/// What a control plane takes at most of memory, in MiB: seen were 450, of which etcd has 60.
const CONTROL_PLANE_MEMORY: u64 = 1024;
/// What a kind cluster of three nodes takes at most, in MiB: seen were 700, and Pods come to it.
const KIND_MEMORY: u64 = 2048;

/// The clusters of a run.
#[derive(Debug)]
pub(super) enum Clusters {
    /// One for each case, started with it.
    Simulated(Arc<LocalWebhooks>),
    /// One for each minor, started when its first case comes.
    Real {
        kind: &'static str,
        observations: Observations,
        abilities: Abilities,
        /// How many of them the machine has room for at a time.
        at_once: usize,
        stages: BTreeMap<Minor, Slot>,
    },
}

/// The place of a minor's cluster.
#[derive(Debug)]
pub(super) struct Slot {
    source: Source,
    stage: OnceCell<Result<Arc<Stage>, String>>,
    /// How many cases are still to come; the cluster ends with the last one.
    left: Mutex<usize>,
    /// Where its logs are kept when a case fails.
    logs: Option<Utf8PathBuf>,
    has_failed: AtomicBool,
    has_ended: Mutex<bool>,
}

impl Clusters {
    /// Sees which minors there are, and that what their clusters need is there; nothing is started yet.
    pub(super) async fn prepare(options: &RunOptions, supplies: Supplies) -> Result<Self, RunError> {
        let seen = |kernel| Observations { api: true, kernel };
        let supplies = Arc::new(supplies);
        let (kind, observations, abilities, at_once) = match &options.cluster {
            ClusterKind::Simulated => return Ok(Self::Simulated(Arc::clone(&supplies.local))),
            ClusterKind::ControlPlane { .. } => {
                ("control-plane", seen(false), Abilities::API_SERVER, clusters_at_once(CONTROL_PLANE_MEMORY))
            }
            ClusterKind::Kind(_) => {
                ("kind", seen(true), Abilities::ALL, clusters_at_once(KIND_MEMORY).min(kind::at_once()))
            }
            ClusterKind::Kubeconfig(settings) => return Self::existing(settings, options, &supplies).await,
        };
        let sources = Source::all(options, &supplies).await?;
        let slot = |(minor, source)| {
            let logs = options.artifacts.as_ref().map(|root| cluster_folder(root, minor));
            (minor, Slot::new(source, logs))
        };
        let stages = sources.into_iter().map(slot).collect();
        Ok(Self::Real { kind, observations, abilities, at_once, stages })
    }

    /// One that exists, locked for this run.
    async fn existing(
        settings: &KubeconfigSettings,
        options: &RunOptions,
        supplies: &Arc<Supplies>,
    ) -> Result<Self, RunError> {
        let found = Existing::find(settings, &supplies.run, &options.cancellation).await;
        let existing = Arc::new(found.map_err(infrastructure("cluster of the kubeconfig"))?);
        let source = match Source::existing(Arc::clone(&existing), &options.control_plane, supplies) {
            Ok(source) => source,
            Err(error) => {
                for left in existing.restore().await {
                    tracing::warn!(left, "left behind");
                }
                return Err(error);
            }
        };
        let abilities = Abilities {
            controllers: existing.has_nodes(),
            node: false,
            // Nobody looks for them where no container is observed.
            profiles: existing.image().is_none(),
            seccomp_default: [false, true].map(|setting| existing.serves(setting)),
            named_namespace: false,
        };
        let logs = options.artifacts.as_ref().map(|root| cluster_folder(root, existing.minor()));
        let slot = Slot::new(source, logs);
        Ok(Self::Real {
            kind: "kubeconfig",
            observations: Observations { api: true, kernel: existing.image().is_some() },
            abilities,
            at_once: 1,
            stages: BTreeMap::from([(existing.minor(), slot)]),
        })
    }

    /// The minors that there are, oldest first.
    pub(super) fn minors(&self) -> Vec<Minor> {
        match self {
            Self::Simulated(_) => Minor::all().collect(),
            Self::Real { stages, .. } => stages.keys().copied().collect(),
        }
    }

    /// Puts cases into the order in which they are run best, and takes note of how many there are for each cluster.
    pub(super) async fn plan(&self, cases: &mut Vec<Planned>) {
        let Self::Real { stages, at_once, .. } = self else {
            return;
        };
        order(cases, *at_once);
        for (minor, slot) in stages {
            *slot.left.lock().await = cases.iter().filter(|planned| planned.case.minor == *minor).count();
        }
    }

    /// What there is besides API servers.
    pub(super) fn abilities(&self) -> Abilities {
        match self {
            Self::Simulated(_) => Abilities::ALL,
            Self::Real { abilities, .. } => *abilities,
        }
    }

    pub(super) fn observations(&self) -> Observations {
        match self {
            Self::Simulated(_) => Observations { api: true, kernel: true },
            Self::Real { observations, .. } => *observations,
        }
    }

    pub(super) fn description(&self) -> ClusterDescription {
        let name = match self {
            Self::Simulated(_) => "simulated",
            Self::Real { kind, .. } => kind,
        };
        let is_real = !matches!(self, Self::Simulated(_));
        let verified = if is_real { None } else { Certificate::shipped().map(|certificate| certificate.to_string()) };
        ClusterDescription { name: name.to_owned(), observations: self.observations(), is_real, verified }
    }

    /// Whether cases leave something to be undone when they are cut off.
    pub(super) const fn outlive_cases(&self) -> bool {
        matches!(self, Self::Real { .. })
    }

    /// Runs one case on its cluster.
    pub(super) async fn execute(&self, planned: &Planned, cancellation: &CancellationToken) -> Executed {
        match self {
            Self::Simulated(webhooks) => {
                let node = &planned.instance().given.node;
                let cluster = SimulatedCluster::start(planned.case.minor, node, planned.case.node);
                let registrar = Registrar::new(cluster.api().clone(), Webhooks::Local(Arc::clone(webhooks)), None);
                execute(&cluster, planned, &registrar, cancellation).await
            }
            Self::Real { .. } => match self.stage_until(planned.case.minor, cancellation).await {
                Ok(stage) => stage.execute(planned, cancellation).await,
                Err(message) => Executed { failures: vec![Failure::Infrastructure { message }], ..Executed::default() },
            },
        }
    }

    async fn stage_until(&self, minor: Minor, cancellation: &CancellationToken) -> Result<Arc<Stage>, String> {
        tokio::select! {
            biased;
            // What is being started ends with the future that starts it.
            () = cancellation.cancelled() => Err("the run was cancelled".to_owned()),
            stage = self.stage(minor) => stage,
        }
    }

    /// The cluster of `minor`, started by whoever asks first; why it could not be is told to all.
    async fn stage(&self, minor: Minor) -> Result<Arc<Stage>, String> {
        let Self::Real { stages, .. } = self else {
            return Err("simulated clusters are not shared".to_owned());
        };
        let Some(slot) = stages.get(&minor) else {
            return Err(format!("there is no cluster of Kubernetes {minor}"));
        };
        let start = async || {
            let started = slot.source.start().await;
            started.map(Arc::new).map_err(|error| format!("start Kubernetes {minor}: {}", chain(&error)))
        };
        slot.stage.get_or_init(start).await.clone()
    }

    /// What `minor` gives a Pod that asks for nothing.
    pub(super) async fn platform(&self, minor: Minor) -> Result<PlatformParts, RunError> {
        let failed = |source| RunError::Infrastructure { what: format!("platform of Kubernetes {minor}"), source };
        let parts = match self {
            Self::Simulated(_) => {
                let node = Node { seccomp_default: vec![false], localhost_profiles: std::collections::BTreeSet::new() };
                platform_parts(&SimulatedCluster::start(minor, &node, NodeSetting::default())).await
            }
            Self::Real { .. } => {
                let stage = self.stage(minor).await.map_err(|message| failed(message.into()))?;
                stage.platform().await
            }
        };
        parts.map_err(|source| failed(Box::new(source)))
    }

    /// One case of `minor` is done; after the last one its cluster ends, and what is left behind there is told.
    pub(super) async fn finished(&self, minor: Minor, has_failed: bool) -> Vec<String> {
        let Self::Real { stages, .. } = self else {
            return Vec::new();
        };
        let Some(slot) = stages.get(&minor) else {
            return Vec::new();
        };
        slot.has_failed.fetch_or(has_failed, Ordering::Relaxed);
        let mut left = slot.left.lock().await;
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Vec::new();
        }
        slot.end().await
    }

    /// The nodes of clusters that were started which the machine filters themselves, in words.
    pub(super) fn filtered_nodes(&self) -> Vec<String> {
        let Self::Real { stages, .. } = self else { return Vec::new() };
        let started = stages.iter().filter_map(|(minor, slot)| Some((minor, slot.stage.get()?.as_ref().ok()?)));
        let nodes = started.flat_map(|(minor, stage)| stage.filtered_nodes().iter().map(move |node| (minor, node)));
        nodes.map(|(minor, node)| format!("Kubernetes {minor}, node {node}")).collect()
    }

    /// Ends everything that was started, and says what is left behind.
    pub(super) async fn shutdown(&self) -> Vec<String> {
        let mut left = Vec::new();
        if let Self::Real { stages, .. } = self {
            for ended in futures::future::join_all(stages.values().map(Slot::end)).await {
                left.extend(ended);
            }
        }
        left
    }
}

impl Slot {
    fn new(source: Source, logs: Option<Utf8PathBuf>) -> Self {
        let has_failed = AtomicBool::new(false);
        let (left, has_ended) = (Mutex::new(0), Mutex::new(false));
        Self { source, stage: OnceCell::new(), left, logs, has_failed, has_ended }
    }

    /// Ends the cluster, once: when it has ended it may already be somebody else's.
    async fn end(&self) -> Vec<String> {
        let mut has_ended = self.has_ended.lock().await;
        if std::mem::replace(&mut *has_ended, true) {
            return Vec::new();
        }
        match self.stage.get() {
            Some(Ok(stage)) => {
                let logs = self.logs.as_deref().filter(|_| self.has_failed.load(Ordering::Relaxed));
                stage.shutdown(logs).await
            }
            // One that did not come to its end may have left something.
            _ => self.source.abandon().await,
        }
    }
}

/// What a Pod that asks for nothing is given in `cluster`.
pub(super) async fn platform_parts<C: Cluster>(cluster: &C) -> Result<PlatformParts, ClusterError> {
    let namespace = cluster.namespace();
    let object = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    create(cluster.api(), "/api/v1/namespaces", object).await?;
    cluster.namespace_created(namespace).await?;
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asks-for-nothing"},
        "spec": {"containers": [{"name": "main", "image": cluster.image()}]},
    });
    let stored = create(cluster.api(), &format!("/api/v1/namespaces/{namespace}/pods"), pod).await?;
    cluster.remove_namespace(namespace).await?;
    let masks = Masks::of_case(namespace, cluster.node(), "").with_image(cluster.image());
    Ok(PlatformParts::of(&masks.apply(&stored, Moment::Creation)))
}
