//! `simulator`: one simulated cluster for kubectl and other clients.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use kube_simulator::{NodeProfile, Simulator, SimulatorRequest, SystemClock};
use seccomp_conformance::{PROBE_IMAGE, SimulatedProbe};
use seccomp_webhook::{GardenerRelease, Registration, Reviewer, Running, ServingCertificate, Target, WebhookRequest};

use crate::{
    arguments::SimulatorArguments, command::Context, end::End, error::Failure, terminal, webhook_choice::WebhookChoice,
};

/// The path of the API that webhooks are registered by.
const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// A namespace that Gardener manages.
const NAMESPACE: &str =
    r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"demo","labels":{"gardener.cloud/role":"shoot"}}}"#;
/// The one node.
const NODE: &str = "node-1";

/// Serves until a signal comes.
pub(crate) async fn run(arguments: SimulatorArguments, context: &Context) -> Result<End, Failure> {
    let simulator = start(&arguments);
    let release = arguments.gardener.unwrap_or(GardenerRelease::NEWEST);
    let webhook = match arguments.webhook {
        Some(choice) => Some(register(&simulator, choice, release).await.map_err(Failure::Infrastructure)?),
        None => None,
    };
    let serving = simulator
        .serve(arguments.listen)
        .await
        .with_context(|| format!("serve on {}", arguments.listen))
        .map_err(Failure::Infrastructure)?;
    let kubeconfig = Kubeconfig::write(&arguments.kubeconfig, &serving.kubeconfig())?;
    terminal::note(&usage(&arguments, serving.local_addr(), release));
    context.cancellation.cancelled().await;
    drop(kubeconfig);
    serving.shutdown().await.context("end the cluster's server").map_err(Failure::Infrastructure)?;
    if let Some(webhook) = webhook {
        webhook.shutdown().await.context("end the webhook's server").map_err(Failure::Infrastructure)?;
    }
    Ok(End::Passed)
}

fn start(arguments: &SimulatorArguments) -> Simulator {
    let node = NodeProfile {
        name: NODE.to_owned(),
        labels: [].into(),
        seccomp_default: arguments.seccomp_default,
        localhost_profiles: [].into(),
    };
    SimulatorRequest::new(arguments.kubernetes)
        .with_seed(arguments.seed)
        .with_clock(Arc::new(SystemClock))
        .with_node(node)
        .with_program(PROBE_IMAGE, Arc::new(SimulatedProbe))
        .start()
}

/// Starts the webhook and registers it as `release` does.
async fn register(simulator: &Simulator, choice: WebhookChoice, release: GardenerRelease) -> anyhow::Result<Running> {
    let localhost = Ipv4Addr::LOCALHOST;
    let certificate = ServingCertificate::for_run([localhost.to_string()])?;
    let running = WebhookRequest::new(certificate.server_config())
        .with_reviewer(Reviewer { handler: release.handler(), mutant: choice.mutant() })
        .bind((localhost, 0).into())?
        .serve();
    let registration = Registration::of(release, true, Target::Url(running.url()), certificate.ca_bundle())
        .map(|registration| match choice.mutant() {
            Some(mutant) => registration.with_mutant(mutant),
            None => registration,
        })
        .context("render the webhook's registration")?;
    let request = http::Request::post(CONFIGURATIONS)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(registration.to_json().to_string().into_bytes())?;
    let client = kube::Client::new(simulator.service(), "default");
    client.request::<serde_json::Value>(request).await.context("register the webhook")?;
    Ok(running)
}

/// What to do with the cluster now.
fn usage(arguments: &SimulatorArguments, address: SocketAddr, release: GardenerRelease) -> String {
    let webhook = match arguments.webhook {
        Some(WebhookChoice::Reference) => format!(", the webhook registered as Gardener {release} does"),
        Some(WebhookChoice::Mutant(mutant)) => {
            format!(", the broken webhook {mutant} registered as Gardener {release} does")
        }
        None => String::new(),
    };
    format!(
        "serving Kubernetes {} on https://{address}{webhook}

  export KUBECONFIG={}
  echo '{NAMESPACE}' | kubectl create --filename -
  kubectl --namespace demo run web --image {PROBE_IMAGE}
  kubectl --namespace demo get pod web --output yaml

Ctrl-C ends it and removes the kubeconfig.",
        arguments.kubernetes,
        absolute(&arguments.kubeconfig),
    )
}

fn absolute(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}

/// A kubeconfig that is removed when it is dropped.
#[derive(Debug)]
struct Kubeconfig {
    path: Utf8PathBuf,
}

impl Kubeconfig {
    /// Writes a file that is not there yet, for this user alone: it holds a credential.
    fn write(path: &Utf8Path, text: &str) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::usage(format!("{path} exists, and is not overwritten; name another file with --kubeconfig"))
            }
            _ => Failure::Usage(anyhow::Error::new(error).context(format!("write {path}"))),
        })?;
        let written = Self { path: path.to_owned() };
        file.write_all(text.as_bytes())?;
        Ok(written)
    }
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        // A file that somebody else has removed is as good as removed.
        let _ = fs::remove_file(&self.path);
    }
}
