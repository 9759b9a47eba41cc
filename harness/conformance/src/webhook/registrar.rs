//! The one registration of a cluster: cases that want the same share it, one that wants another waits.
//!
//! Gardener's configuration has one name in a cluster, and a change of it takes the API server a moment. So cases hold a
//! [`Lease`] on the registration as they want it; a case that changes it on its way holds the only one.

use std::{sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use seccomp_webhook::{CONFIGURATION_NAME, GardenerRelease, Registration};
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock},
    time::{Instant, MissedTickBehavior},
};

use super::{Host, HostError, Webhooks};
use crate::{
    api::{Api, ApiError, Call, Refused, expect_success},
    cluster::{Cluster, ClusterError, create},
    outcome::{Answer, Review},
    probe::PROBE_IMAGE,
};

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// How often it is asked whether a registration is in force.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long a registration may take until the API server acts on it: it learns of it by a watch.
const IN_FORCE_LIMIT: Duration = Duration::from_secs(30);

/// A registration that could not be made or did not come into force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RegisterError {
    #[error("call the API server")]
    Api(#[from] ApiError),
    #[error("use the webhook")]
    Host(#[from] HostError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("see that the webhook is {what} within {} s: {last}", limit.as_secs())]
    TimedOut { what: &'static str, limit: Duration, last: String },
}

/// How it is seen that a registration is in force, where the API server learns of it by a watch.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    /// A namespace whose Pods every registration selects, and in which nothing else happens.
    pub(crate) namespace: String,
    /// How long it may take.
    pub(crate) limit: Duration,
}

impl InForce {
    /// Makes the namespace in which it is seen that a registration is in force.
    pub(crate) async fn prepare<C: Cluster>(cluster: &C) -> Result<Self, ClusterError> {
        let namespace = cluster.namespace().to_owned();
        // Selected by Gardener's registrations of every release.
        let labels = json!({"gardener.cloud/role": "shoot"});
        let mut object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}});
        if let Some(label) = cluster.namespace_label() {
            object["metadata"]["labels"][label] = json!("true");
        }
        create(cluster.api(), "/api/v1/namespaces", object).await?;
        cluster.namespace_created(&namespace).await?;
        Ok(Self { namespace, limit: IN_FORCE_LIMIT })
    }
}

/// The registration of one cluster, and the webhooks that it may be of.
#[derive(Debug)]
pub(crate) struct Registrar {
    api: Api,
    webhooks: Webhooks,
    /// The webhooks started, each with a release that behaves like it.
    hosts: Mutex<Vec<(GardenerRelease, Arc<Host>)>>,
    in_force: Option<InForce>,
    /// The label of the only namespaces that the webhook is asked about.
    within: Option<&'static str>,
    standing: Arc<RwLock<Standing>>,
}

/// What stands in the cluster.
#[derive(Debug, Default)]
struct Standing {
    /// The registration that stands, and the webhook that it is of.
    registered: Option<(Registration, Arc<Host>)>,
    /// Whether a change was cut off, so that nobody knows.
    is_uncertain: bool,
}

impl Registrar {
    /// Nothing is registered yet; without `in_force` a registration takes no time.
    pub(crate) fn new(api: Api, webhooks: Webhooks, in_force: Option<InForce>) -> Self {
        Self { api, webhooks, hosts: Mutex::default(), in_force, within: None, standing: Arc::default() }
    }

    /// Registers for namespaces with this label alone, on top of what Gardener's registration says.
    pub(crate) fn within(mut self, label: Option<&'static str>) -> Self {
        self.within = label;
        self
    }

    /// The registration as `release` has it with the gate on or off, for as long as the lease is held.
    ///
    /// With `is_exclusive`, nobody else holds one meanwhile, and the holder may change it.
    pub(crate) async fn lease(
        &self,
        release: GardenerRelease,
        gate: bool,
        is_exclusive: bool,
    ) -> Result<Lease<'_>, RegisterError> {
        let host = self.host(release).await?;
        let wanted = self.wanted(&host, release, gate);
        if !is_exclusive {
            let shared = Arc::clone(&self.standing).read_owned().await;
            if shared.is(wanted.as_ref()) {
                return Ok(Lease { registrar: self, guard: Guard::Shared(shared), host, release });
            }
        }
        let mut standing = Arc::clone(&self.standing).write_owned().await;
        self.change(&mut standing, wanted, &host).await?;
        let guard = if is_exclusive { Guard::Exclusive(standing) } else { Guard::Shared(standing.downgrade()) };
        Ok(Lease { registrar: self, guard, host, release })
    }

    fn wanted(&self, host: &Host, release: GardenerRelease, gate: bool) -> Option<Registration> {
        let registration = if gate { host.registration(release) } else { None }?;
        Some(match self.within {
            Some(label) => registration.within(label),
            None => registration,
        })
    }

    /// The webhook as it behaves in `release`, started when it is first wanted.
    async fn host(&self, release: GardenerRelease) -> Result<Arc<Host>, HostError> {
        let mut hosts = self.hosts.lock().await;
        if let Some((_, host)) = hosts.iter().find(|(started, _)| self.webhooks.is_alike(*started, release)) {
            return Ok(Arc::clone(host));
        }
        let host = Arc::new(self.webhooks.start(release).await?);
        hosts.push((release, Arc::clone(&host)));
        Ok(host)
    }

    /// Makes what stands what is wanted.
    async fn change(
        &self,
        standing: &mut Standing,
        wanted: Option<Registration>,
        host: &Arc<Host>,
    ) -> Result<(), RegisterError> {
        if standing.is(wanted.as_ref()) {
            return Ok(());
        }
        let before = standing.registered.take();
        let was_uncertain = std::mem::replace(&mut standing.is_uncertain, true);
        if before.is_some() || was_uncertain {
            self.remove().await?;
            let former = before.as_ref().map_or(host, |(_, former)| former);
            self.wait_until(former, false).await?;
        }
        host.set_gate(wanted.is_some());
        if let Some(registration) = wanted {
            let answer = self.api.call(Call::post(CONFIGURATIONS, registration.to_json())).await?;
            expect_success(|| "register the webhook".to_owned(), answer)?;
            self.wait_until(host, true).await?;
            standing.registered = Some((registration, Arc::clone(host)));
        }
        standing.is_uncertain = false;
        Ok(())
    }

    async fn remove(&self) -> Result<(), RegisterError> {
        let answer = self.api.call(Call::delete(format!("{CONFIGURATIONS}/{CONFIGURATION_NAME}"))).await?;
        // One that is gone is as good.
        if answer.code != 404 {
            expect_success(|| "unregister the webhook".to_owned(), answer)?;
        }
        Ok(())
    }

    /// Removes the registration: nothing else in the cluster may depend on a webhook that ends.
    pub(crate) async fn unregister(&self) -> Result<(), RegisterError> {
        let mut standing = self.standing.write().await;
        if standing.registered.take().is_some() || standing.is_uncertain {
            standing.is_uncertain = true;
            self.remove().await?;
            standing.is_uncertain = false;
        }
        Ok(())
    }

    /// Lets the webhooks end where the API server, and with it the registration, has ended.
    pub(crate) async fn forget(&self) {
        *self.standing.write().await = Standing::default();
        self.hosts.lock().await.clear();
    }

    /// What was put into the cluster for webhooks, by its paths in the order of creation.
    pub(crate) fn created(&self) -> Vec<String> {
        self.webhooks.created()
    }

    /// The files that webhooks on this machine log to.
    pub(crate) async fn log_files(&self) -> Vec<Utf8PathBuf> {
        self.hosts.lock().await.iter().filter_map(|(_, host)| host.log_file()).collect()
    }

    /// What the webhooks logged, by the release and the name of what logged it.
    pub(crate) async fn logs(&self) -> Vec<(String, String)> {
        let mut logs = Vec::new();
        for (release, host) in self.hosts.lock().await.iter() {
            let named = host.logs().await.into_iter().map(|(name, log)| (format!("webhook-{release}-{name}"), log));
            logs.extend(named);
        }
        logs
    }

    /// Whether `host` is asked about a Pod in `namespace` that asks for nothing, and what becomes of it; nothing is stored.
    async fn try_pod(&self, host: &Host, namespace: &str) -> Result<(bool, Answer), RegisterError> {
        let call = Call::post(format!("/api/v1/namespaces/{namespace}/pods"), plain_pod()).with("dryRun", "All");
        let answer = self.api.call(call).await?;
        Ok((!host.take(namespace).await?.is_empty(), answer))
    }

    /// Waits until `host` is asked about a Pod that asks for nothing, or is not.
    async fn wait_until(&self, host: &Host, is_asked: bool) -> Result<(), RegisterError> {
        let Some(InForce { namespace, limit }) = &self.in_force else {
            return Ok(());
        };
        let start = Instant::now();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let (was_asked, answer) = self.try_pod(host, namespace).await?;
            if was_asked == is_asked && (is_asked || answer.is_success()) {
                return Ok(());
            }
            if start.elapsed() > *limit {
                let what = if is_asked { "asked" } else { "asked no more" };
                let last = format!("{} {}", answer.code, answer.message().unwrap_or_default());
                return Err(RegisterError::TimedOut { what, limit: *limit, last });
            }
        }
    }
}

/// A Pod that asks for nothing.
pub(crate) fn plain_pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "is-the-webhook-asked"},
        "spec": {"containers": [{"name": "main", "image": PROBE_IMAGE}]},
    })
}

impl Standing {
    fn is(&self, wanted: Option<&Registration>) -> bool {
        !self.is_uncertain && self.registered.as_ref().map(|(registration, _)| registration) == wanted
    }
}

#[derive(Debug)]
enum Guard {
    Shared(OwnedRwLockReadGuard<Standing>),
    Exclusive(OwnedRwLockWriteGuard<Standing>),
}

/// The registration as a case wants it, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    registrar: &'a Registrar,
    guard: Guard,
    host: Arc<Host>,
    release: GardenerRelease,
}

impl Lease<'_> {
    /// What is registered; nothing while the gate is off.
    pub(crate) fn registration(&self) -> Option<&Registration> {
        let standing = match &self.guard {
            Guard::Shared(standing) => standing,
            Guard::Exclusive(standing) => &**standing,
        };
        standing.registered.as_ref().map(|(registration, _)| registration)
    }

    /// The address that the webhook is registered by.
    pub(crate) fn url(&self) -> &str {
        self.host.url()
    }

    /// Takes out what the webhook was asked about objects in `namespace` since the last time, and what it said.
    pub(crate) async fn take(&self, namespace: &str) -> Result<Vec<Review>, HostError> {
        self.host.take(namespace).await
    }

    /// Whether the webhook is asked about a Pod in `namespace` that asks for nothing, and what becomes of it.
    pub(crate) async fn try_pod(&self, namespace: &str) -> Result<(bool, Answer), RegisterError> {
        self.registrar.try_pod(&self.host, namespace).await
    }

    /// Turns the gate on or off; nothing happens to a lease that is shared.
    pub(crate) async fn set_gate(&mut self, gate: bool) -> Result<(), RegisterError> {
        let wanted = self.registrar.wanted(&self.host, self.release, gate);
        if let Guard::Exclusive(standing) = &mut self.guard {
            self.registrar.change(standing, wanted, &self.host).await?;
        }
        Ok(())
    }
}
