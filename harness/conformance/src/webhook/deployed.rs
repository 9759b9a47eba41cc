//! Webhooks that run in the cluster: ours, or Gardener's own behind ours, which records.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use seccomp_webhook::{Deployment, ForeignWebhook, GardenerRelease, Mutant, Record, ServingCertificate, Target};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior};

use super::{Created, Host, HostError, host::Place, review};
use crate::{
    api::{Api, Call, collection_path, expect_success},
    cluster::names::OURS,
    outcome::{Answer, Review},
};

/// The annotation by which a webhook that is there already is known to be the one that is wanted.
const CONTENT: &str = "seccomp-harness/content";
/// How often it is looked whether the webhook is ready.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long it may take: an image may have to be pulled.
const LIMIT: Duration = Duration::from_secs(300);

/// Which webhook is deployed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Deployable {
    /// Our own.
    Reference(Option<Mutant>),
    /// Gardener's own, of this image, or of the release's public one.
    ResourceManager(Option<String>),
    /// One that runs elsewhere; what is deployed stands in front of it.
    Foreign(ForeignWebhook),
}

/// Puts webhooks into a cluster.
#[derive(Debug)]
pub(crate) struct Deployer {
    api: Api,
    deployable: Deployable,
    /// The image with our executable, and what it holds: the same name may hold another one tomorrow.
    image: String,
    image_content: String,
    /// What was created, by its paths.
    created: Created,
}

/// A webhook in a cluster.
#[derive(Debug)]
pub(super) struct Deployed {
    api: Api,
    deployment: Deployment,
    pod: String,
}

impl Deployer {
    pub(crate) fn new(api: Api, deployable: Deployable, image: &str, image_content: &str) -> Self {
        let (image, image_content) = (image.to_owned(), image_content.to_owned());
        Self { api, deployable, image, image_content, created: Created::default() }
    }

    /// What it has created, by its paths in their order.
    pub(super) fn created(&self) -> Vec<String> {
        self.created.paths()
    }

    /// Whether one webhook serves both releases.
    pub(super) fn is_alike(&self, one: GardenerRelease, other: GardenerRelease) -> bool {
        match self.deployable {
            Deployable::Reference(_) => one.handler() == other.handler(),
            Deployable::ResourceManager(_) => one == other,
            Deployable::Foreign(_) => true,
        }
    }

    /// The webhook as it behaves in `release`, deployed and ready; one that is there already is taken as it is.
    pub(super) async fn start(&self, release: GardenerRelease) -> Result<Host, HostError> {
        let namespace = namespace(release);
        let failed = |source: seccomp_webhook::CertificateError| HostError::Certificate(Box::new(source));
        let certificate = ServingCertificate::for_run(Deployment::names(&namespace)).map_err(failed)?;
        let content = self.content(release);
        let deployment = Deployment::new(namespace.as_str(), self.image.as_str(), &certificate)
            .with_annotation(OURS, "true")
            .with_annotation(CONTENT, content.as_str());
        let standing = self.api.call(Call::get(deployment.path())).await?;
        let mut ca_bundle = certificate.ca_bundle().to_owned();
        match self.standing_ca(&standing, &namespace, &content).await? {
            Some(standing) => ca_bundle = standing,
            None => self.apply(&deployment, release, standing.is_success()).await?,
        }
        let pod = self.ready_pod(&deployment, &namespace, &content).await?;
        let target = deployment.target();
        let place = Place::Deployed(Deployed { api: self.api.clone(), deployment, pod });
        let mutant = match self.deployable {
            Deployable::Reference(mutant) => mutant,
            Deployable::ResourceManager(_) | Deployable::Foreign(_) => None,
        };
        Ok(Host::new(place, target, ca_bundle, mutant))
    }

    /// What makes a webhook the one that is wanted.
    fn content(&self, release: GardenerRelease) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.deployable, &self.image, &self.image_content, release.number()).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// The authority of the webhook that stands, where it is the one that is wanted.
    async fn standing_ca(
        &self,
        standing: &Answer,
        namespace: &str,
        content: &str,
    ) -> Result<Option<String>, HostError> {
        let annotation = standing.body.pointer("/metadata/annotations").and_then(|all| all.get(CONTENT)?.as_str());
        if annotation != Some(content) {
            return Ok(None);
        }
        let secret = format!("/api/v1/namespaces/{namespace}/secrets/{}", Deployment::secret_name());
        let secret = self.api.call(Call::get(secret)).await?;
        let encoded = secret.body.pointer("/data").and_then(|data| data.get("ca.crt")?.as_str());
        let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Creates what is not there, and replaces what depends on this run.
    async fn apply(
        &self,
        deployment: &Deployment,
        release: GardenerRelease,
        is_replaced: bool,
    ) -> Result<(), HostError> {
        let objects = match &self.deployable {
            Deployable::Reference(mutant) => deployment.reference(release, *mutant),
            Deployable::ResourceManager(image) => deployment.resource_manager(release, image.as_deref()),
            Deployable::Foreign(foreign) => deployment.foreign(foreign),
        };
        for object in objects {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, name) = (text("/kind"), text("/metadata/name"));
            let collection = collection_path(&text("/apiVersion"), &kind, &text("/metadata/namespace"));
            let path = format!("{collection}/{name}");
            if is_replaced && matches!(kind.as_str(), "Deployment" | "Secret" | "ConfigMap") {
                self.api.call(Call::delete(path.as_str())).await?;
            }
            self.create(&kind, &name, &collection, object).await?;
        }
        Ok(())
    }

    async fn create(&self, kind: &str, name: &str, collection: &str, object: Value) -> Result<(), HostError> {
        let start = Instant::now();
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            let answer = self.api.call(Call::post(collection, object.clone())).await?;
            if answer.is_success() {
                self.created.note(format!("{collection}/{name}"));
                return Ok(());
            }
            if answer.reason() == Some("AlreadyExists") {
                return Ok(());
            }
            // The namespace may still be on its way out, or its parts not yet be there.
            if start.elapsed() > LIMIT || !matches!(answer.code, 403 | 404 | 409) {
                expect_success(|| format!("create {kind} `{name}`"), answer).map_err(HostError::Deploy)?;
            }
        }
    }

    /// The webhook's Pod, once it is ready.
    async fn ready_pod(&self, deployment: &Deployment, namespace: &str, content: &str) -> Result<String, HostError> {
        let pods = format!("/api/v1/namespaces/{namespace}/pods");
        let start = Instant::now();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let answer =
                self.api.call(Call::get(pods.as_str()).with("labelSelector", &Deployment::pod_selector())).await?;
            let items = answer.body.get("items").and_then(Value::as_array);
            let ready = items.into_iter().flatten().find(|pod| is_ready(pod, content));
            if let Some(name) = ready.and_then(|pod| pod.pointer("/metadata/name")?.as_str()) {
                return Ok(name.to_owned());
            }
            if start.elapsed() > LIMIT {
                let last = items.into_iter().flatten().map(describe).collect::<Vec<_>>().join("; ");
                return Err(HostError::NotReady { what: deployment.path(), limit: LIMIT, last });
            }
        }
    }
}

/// The namespace of the webhook as it behaves in `release`. Not Gardener's own `garden`: scenarios are about that name.
fn namespace(release: GardenerRelease) -> String {
    format!("webhook-under-test-{}", release.to_string().replace('.', "-"))
}

fn is_ready(pod: &Value, content: &str) -> bool {
    let annotation = pod.pointer("/metadata/annotations").and_then(|all| all.get(CONTENT)?.as_str());
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    annotation == Some(content)
        && pod.pointer("/metadata/deletionTimestamp").is_none()
        && conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn describe(pod: &Value) -> String {
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let states = statuses.into_iter().flatten().map(|status| format!("{}: {}", status["name"], status["state"]));
    format!("{name} ({})", states.collect::<Vec<_>>().join(", "))
}

impl Deployed {
    /// Takes out what the webhook recorded about objects in `namespace`.
    pub(super) async fn take(&self, namespace: &str) -> Result<Vec<Review>, HostError> {
        let answer = self.api.call(Call::get(self.deployment.records_path(&self.pod, namespace))).await?;
        let answer =
            expect_success(|| format!("read the records of Pod `{}`", self.pod), answer).map_err(HostError::Records)?;
        let records: Vec<Record> = serde_json::from_value(answer.body).map_err(HostError::Unreadable)?;
        Ok(records.into_iter().map(review).collect())
    }

    /// What its containers logged, by container.
    pub(super) async fn logs(&self) -> Vec<(String, String)> {
        let path = match self.deployment.target() {
            Target::Service { namespace, .. } => format!("/api/v1/namespaces/{namespace}/pods/{}", self.pod),
            Target::Url(_) => return Vec::new(),
        };
        let Ok(pod) = self.api.call(Call::get(path.as_str())).await else { return Vec::new() };
        let containers = pod.body.pointer("/spec/containers").and_then(Value::as_array);
        let mut logs = Vec::new();
        for name in containers.into_iter().flatten().filter_map(|container| container.get("name")?.as_str()) {
            let call = Call::get(format!("{path}/log")).with("container", name);
            if let Ok(Ok(log)) = self.api.log(call).await {
                logs.push((name.to_owned(), log));
            }
        }
        logs
    }
}
