//! Clusters: what a scenario runs on. A scenario never knows which one it is.

pub(crate) mod control_plane;
pub(crate) mod kind;
pub(crate) mod kubeconfig;
pub(crate) mod live;
pub(crate) mod names;
mod pods;
pub(crate) mod simulated;

use std::{future::Future, process::ExitStatus, time::Duration};

use seccomp_webhook::CONFIGURATION_NAME;
use serde_json::Value;

use self::control_plane::settings::ProgramError;
pub(crate) use self::names::NODE_LABEL;
use crate::{
    api::{Api, ApiError, Call, Refused, expect_success},
    outcome::Answer,
    probe::{PROBE_IMAGE, ProbeReport},
};

/// What a cluster lets one see; what it does not is not compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Observations {
    /// Answers, stored objects and webhook calls.
    pub api: bool,
    /// Container states and the kernel's seccomp mode.
    pub kernel: bool,
}

/// A cluster, as one case sees it.
///
/// Whatever acts on its own in a cluster (controllers, scheduler, kubelet) is asked to come to rest by [`Cluster::settle`];
/// where the cluster has no such thing, the harness stands in for it there.
pub(crate) trait Cluster: Send + Sync {
    /// The API server.
    fn api(&self) -> &Api;

    /// What can be seen here.
    fn observations(&self) -> Observations;

    /// The name of the node that the case is about.
    fn node(&self) -> &str;

    /// The value of the label by which the case's Pods find that node.
    fn node_label(&self) -> &str {
        self.node()
    }

    /// The image that Pods run the probe from.
    fn image(&self) -> &str {
        PROBE_IMAGE
    }

    /// What a container sees on that node that is explicitly Unconfined; nothing where that is no filter at all.
    fn baseline(&self) -> Option<&ProbeReport> {
        None
    }

    /// How often the log of a container that has started is looked at until its probe has printed.
    fn log_looks(&self) -> usize {
        1
    }

    /// The name of the namespace that is made for the case.
    fn namespace(&self) -> &str;

    /// A label that each namespace of a case has to have, where the webhook is asked about others' namespaces in no case.
    fn namespace_label(&self) -> Option<&'static str> {
        None
    }

    /// Whether the cluster is there after the case, so that everything must be undone.
    fn outlives_case(&self) -> bool;

    /// Waits until `namespace` can take Pods.
    fn namespace_created(&self, namespace: &str) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// Waits until everything that acts on its own has done what the last request made it do in `namespace`.
    fn settle(&self, namespace: &str) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// How long it may take until what acts on its own shows what it has made: a controller a workload's Pods, a kubelet a
    /// static Pod's mirror; nothing where all is at rest between two requests.
    fn reaction_limit(&self) -> Duration;

    /// Writes a static Pod's manifest into the folder that the kubelet of [`Cluster::node`] takes static Pods from, as
    /// `FILE.json`; a file of that name is replaced.
    ///
    /// The write is atomic for the kubelet, which reads the folder whenever it likes: a file with another ending, or one
    /// that begins with a dot, is renamed into it. It does not wait for the kubelet; who needs the mirror Pod does.
    ///
    /// # Shape
    /// `file`: a name that no other case has, of letters, digits and dashes. `manifest`: a Pod with name and namespace.
    fn write_static_pod(&self, file: &str, _manifest: &Value) -> impl Future<Output = Result<(), ClusterError>> + Send {
        unable(format!("write static Pod `{file}`"))
    }

    /// Removes `FILE.json` from the same folder; a file that is not there is as good as removed. It does not wait until the
    /// kubelet has stopped the Pod and deleted its mirror.
    fn remove_static_pod(&self, file: &str) -> impl Future<Output = Result<(), ClusterError>> + Send {
        unable(format!("remove static Pod `{file}`"))
    }

    /// Sets `seccompDefault` of the kubelet of [`Cluster::node`], and the alpha gate that it stands behind from 1.22 to
    /// 1.24, restarts that kubelet and waits until it runs with the new setting and its Node is ready.
    ///
    /// Containers go on running meanwhile. The case has the node for itself, and its ledger sets back what the case's
    /// [`NodeSetting`] says.
    ///
    /// [`NodeSetting`]: crate::case::NodeSetting
    fn set_seccomp_default(&self, _seccomp_default: bool) -> impl Future<Output = Result<(), ClusterError>> + Send {
        unable("set the kubelet's seccompDefault".to_owned())
    }

    /// What the cluster tells of the namespace that a case is about, for whoever looks into a failure: texts by the names of
    /// their files; nothing where nobody wants it.
    fn evidence(&self, _namespace: &str) -> impl Future<Output = Vec<(&'static str, String)>> + Send {
        std::future::ready(Vec::new())
    }

    /// Removes a namespace that was made for the case, with all that is in it.
    fn remove_namespace(&self, namespace: &str) -> impl Future<Output = Result<(), ClusterError>> + Send;
}

/// What a cluster answers whose nodes cannot be reached.
fn unable(what: String) -> std::future::Ready<Result<(), ClusterError>> {
    std::future::ready(Err(ClusterError::Unable { what }))
}

/// Makes `call` until its answer is as `is_so` wants it.
async fn wait_until(
    api: &Api,
    what: String,
    call: Call,
    (interval, limit): (Duration, Duration),
    is_so: impl Fn(&Answer) -> bool,
) -> Result<Answer, ClusterError> {
    let attempt = async {
        let mut interval = tokio::time::interval(interval);
        loop {
            interval.tick().await;
            let answer = api.call(call.clone()).await?;
            if is_so(&answer) {
                return Ok(answer);
            }
        }
    };
    let timed_out = tokio::time::timeout(limit, attempt).await;
    timed_out.unwrap_or(Err(ClusterError::TimedOut { what, limit }))
}

/// Says what was to be done when something beside the API server does not do it.
pub(crate) fn failed<E: std::error::Error + Send + Sync + 'static>(
    what: impl Into<String>,
) -> impl FnOnce(E) -> ClusterError {
    let what = what.into();
    move |source| ClusterError::Start { what, source: Box::new(source) }
}

/// Creates an object that must be created, and gives it as it is stored.
pub(crate) async fn create(api: &Api, path: &str, object: Value) -> Result<Value, ClusterError> {
    let answer = api.call(Call::post(path, object)).await?;
    Ok(expect_success(|| format!("create in `{path}`"), answer)?.body)
}

/// A cluster that could not be started, or did not do what every cluster does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClusterError {
    #[error("call the API server")]
    Api(#[from] ApiError),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{what} within {} s", limit.as_secs())]
    TimedOut { what: String, limit: Duration },
    #[error("run {name}: it ended with {status}: {said}")]
    Ended { name: &'static str, status: ExitStatus, said: String },
    #[error("come to the end before the run is cancelled")]
    Cancelled,
    #[error("{what}: a cluster of this kind cannot")]
    Unable { what: String },
    #[error(
        "another run has the cluster, or one was killed on another machine: if none is running, delete namespace \
         `{namespace}` and MutatingWebhookConfiguration `{CONFIGURATION_NAME}`"
    )]
    Locked { namespace: &'static str },
    #[error(
        "the cluster has a MutatingWebhookConfiguration `{CONFIGURATION_NAME}`, which is Gardener's own or somebody else's \
         and is left alone; run on a cluster without it"
    )]
    Occupied,
    #[error("{what}")]
    Start {
        what: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
