//! What real clusters are started from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use camino::Utf8PathBuf;
use kind_cluster::{Engine, KubernetesVersion};
use kube_simulator::Minor;
use seccomp_webhook::Mutant;
use tokio::sync::{Mutex, RwLock};

use super::{
    ClusterKind, KindSettings, RunError, RunOptions, WebhookKind, infrastructure,
    stage::{RealCluster, Stage},
};
use crate::{
    api::Api,
    cluster::{
        ClusterError,
        control_plane::{ControlPlane, settings::ControlPlaneSettings},
        kind,
        kind::request::KindOptions,
        kubeconfig::Existing,
    },
    image::Archive,
    probe::PROBE_IMAGE,
    webhook::{Deployable, Deployer, Launcher, LocalWebhooks, Webhooks},
};

/// What all clusters of a run are made with.
#[derive(Debug)]
pub(super) struct Supplies {
    /// Tells what is of this run.
    pub(super) run: String,
    pub(super) local: Arc<LocalWebhooks>,
    pub(super) mutant: Option<Mutant>,
    pub(super) webhook: WebhookKind,
    pub(super) archive: Archive,
    /// Whether somebody wants to look into failures.
    pub(super) keeps_evidence: bool,
    /// The images of a webhook that is not ours, for the releases of this run.
    pub(super) webhook_images: Vec<String>,
    /// The Localhost profiles that scenarios name.
    pub(super) profiles: BTreeSet<String>,
}

/// What a cluster is started from.
#[derive(Debug)]
pub(super) struct Source {
    kind: SourceKind,
    supplies: Arc<Supplies>,
}

#[derive(Debug)]
enum SourceKind {
    /// A folder with the programs, and how they are run.
    ControlPlane(Utf8PathBuf, ControlPlaneSettings),
    /// A version for kind.
    Kind { version: KubernetesVersion, options: KindOptions },
    /// A cluster that exists, and how programs beside it are run.
    Existing(Arc<Existing>, ControlPlaneSettings),
}

impl Source {
    /// What there is, by minor.
    pub(super) async fn all(options: &RunOptions, supplies: &Arc<Supplies>) -> Result<BTreeMap<Minor, Self>, RunError> {
        let mut sources = BTreeMap::new();
        let source = |kind| Self { kind, supplies: Arc::clone(supplies) };
        match &options.cluster {
            ClusterKind::Simulated | ClusterKind::Kubeconfig(_) => {}
            ClusterKind::ControlPlane { assets } => {
                let mut folders = BTreeMap::new();
                for folder in assets {
                    let minor = ControlPlane::minor_in(folder, &options.control_plane).await;
                    let minor = minor.map_err(infrastructure(&format!("control plane of `{folder}`")))?;
                    if let Some(other) = folders.insert(minor, folder).filter(|other| *other != folder) {
                        let (one, other) = (other.to_string(), folder.to_string());
                        return Err(RunError::SameMinor { minor, one, other });
                    }
                }
                let settings = &options.control_plane;
                let kind = |folder: &Utf8PathBuf| SourceKind::ControlPlane(folder.clone(), settings.clone());
                sources.extend(folders.into_iter().map(|(minor, folder)| (minor, source(kind(folder)))));
            }
            ClusterKind::Kind(settings) => {
                Engine::detect().await.map_err(infrastructure("kind"))?;
                for (minor, kind) in kinds(settings, &options.selection.minors)? {
                    sources.insert(minor, source(kind));
                }
            }
        }
        Ok(sources)
    }

    /// A cluster that exists.
    pub(super) fn existing(
        existing: Arc<Existing>,
        settings: &ControlPlaneSettings,
        supplies: &Arc<Supplies>,
    ) -> Result<Self, RunError> {
        supplies.webhook.check_fit_existing(existing.image().is_some())?;
        Ok(Self { kind: SourceKind::Existing(existing, settings.clone()), supplies: Arc::clone(supplies) })
    }

    /// Takes away what a start left that did not come to its end, and says what is left behind.
    pub(super) async fn abandon(&self) -> Vec<String> {
        match &self.kind {
            SourceKind::Existing(existing, _) => existing.restore().await,
            // These end with what is being started.
            SourceKind::ControlPlane(..) | SourceKind::Kind { .. } => Vec::new(),
        }
    }

    /// Starts it, and prepares it for cases.
    pub(super) async fn start(&self) -> Result<Stage, ClusterError> {
        let supplies = &self.supplies;
        match &self.kind {
            SourceKind::ControlPlane(folder, settings) => {
                let plane = ControlPlane::start(folder, settings).await?;
                let webhooks = self.beside(plane.api(), plane.kubeconfig(), settings);
                Stage::new(RealCluster::ControlPlane(Mutex::new(plane)), webhooks).await
            }
            SourceKind::Kind { version, options } => {
                let archive = supplies.archive.get().await?;
                let mut cluster = kind::start(*version, options, archive, &supplies.profiles, &supplies.run).await?;
                cluster.keeps_evidence = supplies.keeps_evidence;
                for image in &supplies.webhook_images {
                    kind::load_image(&cluster, image).await?;
                }
                let deployer = Deployer::new(cluster.api.clone(), self.deployable(), PROBE_IMAGE, archive.digest());
                let cluster = RealCluster::Live { cluster: RwLock::new(Some(cluster)), is_kept: options.is_retained };
                Stage::new(cluster, Webhooks::Deployed(deployer)).await
            }
            SourceKind::Existing(existing, settings) => self.start_in(existing, settings).await,
        }
    }

    /// The webhooks of a cluster that exists, and what cases see of it.
    async fn start_in(&self, existing: &Arc<Existing>, settings: &ControlPlaneSettings) -> Result<Stage, ClusterError> {
        let has_program = matches!(&self.supplies.webhook, WebhookKind::ResourceManager { program: Some(_), .. });
        let webhooks = match existing.image() {
            Some(image) if !has_program => {
                Webhooks::Deployed(Deployer::new(existing.api().clone(), self.deployable(), image, image))
            }
            _ => self.beside(existing.api(), existing.kubeconfig(), settings),
        };
        let cluster = if existing.has_nodes() {
            let mut live = existing.with_nodes().await?;
            live.keeps_evidence = self.supplies.keeps_evidence;
            RealCluster::Live { cluster: RwLock::new(Some(live)), is_kept: true }
        } else {
            RealCluster::ControlPlane(Mutex::new(existing.without_nodes().await?))
        };
        Ok(Stage::new(cluster, webhooks).await?.in_existing(Arc::clone(existing)))
    }

    /// The webhooks of an API server without nodes: on this machine.
    fn beside(&self, api: &Api, kubeconfig: &str, settings: &ControlPlaneSettings) -> Webhooks {
        let local = Arc::clone(&self.supplies.local);
        match &self.supplies.webhook {
            WebhookKind::ResourceManager { program: Some(program), .. } => {
                Webhooks::Launched(Launcher::new(api.clone(), kubeconfig, program.clone(), settings.clone(), local))
            }
            _ => Webhooks::Local(local),
        }
    }

    fn deployable(&self) -> Deployable {
        match &self.supplies.webhook {
            WebhookKind::Reference | WebhookKind::Mutant(_) => Deployable::Reference(self.supplies.mutant),
            WebhookKind::ResourceManager { image, .. } => Deployable::ResourceManager(image.clone()),
            WebhookKind::Url(foreign) => Deployable::Foreign(foreign.clone()),
        }
    }
}

/// The minors that kind clusters are made for without a selection: the last one before kubelets could be told to default to
/// the runtime's profile without a gate, and the first one after.
const KIND_MINORS: [u8; 2] = [24, 25];

/// What is asked of kind, by minor.
fn kinds(settings: &KindSettings, selected: &[Minor]) -> Result<BTreeMap<Minor, SourceKind>, RunError> {
    let mut images = BTreeMap::new();
    for image in &settings.node_images {
        let minor = KubernetesVersion::of_image(image).and_then(kind::minor_of);
        let only = if let [only] = selected { Some(*only) } else { None };
        let Some(minor) = minor.or(only) else {
            return Err(RunError::UnknownNodeImage { image: image.clone() });
        };
        match images.insert(minor, image.clone()) {
            Some(other) if other != *image => {
                return Err(RunError::SameMinor { minor, one: other, other: image.clone() });
            }
            _ => {}
        }
    }
    let default = || {
        if images.is_empty() {
            KIND_MINORS.into_iter().filter_map(Minor::new).collect()
        } else {
            images.keys().copied().collect()
        }
    };
    let minors: BTreeSet<Minor> = if selected.is_empty() { default() } else { selected.iter().copied().collect() };
    let kind = |minor: Minor| {
        let options = KindOptions {
            node_image: images.get(&minor).cloned(),
            workers: Vec::new(),
            lifetime: settings.lifetime,
            is_retained: settings.is_kept,
        };
        (minor, SourceKind::Kind { version: KubernetesVersion::new(minor.number().into()), options })
    };
    Ok(minors.into_iter().map(kind).collect())
}
