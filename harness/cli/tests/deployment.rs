//! The executable as image of probe and webhook, on real kind.
//! `cargo test -p seccomp-harness --test deployment -- --ignored --test-threads=1 --nocapture`
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "what was measured is shown with --nocapture")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use http::Request;
use kind_cluster::{ArchiveRequest, Cluster, ClusterRequest, KubernetesVersion, Owner};
use rstest::rstest;
use seccomp_conformance::{LOCALHOST_PROFILE, ONCE_ARGUMENTS, PROBE_IMAGE, ProbeReport};
use seccomp_webhook::{Deployment, GardenerRelease, Outcome, Record, Registration, ServingCertificate};
use serde_json::{Value, json};

const CASE: &str = "shoot--a--b";
const LIMIT: Duration = Duration::from_secs(120);

struct Kind {
    cluster: Cluster,
}

impl Kind {
    /// A cluster with the executable as the probe's image, the Localhost profile, and a namespace that Gardener manages.
    async fn start(version: KubernetesVersion, folder: &Utf8Path) -> Result<Self> {
        let owner: Owner = format!("webhook-{}", version.minor()).parse()?;
        let cluster = ClusterRequest::new(version).with_owner(owner).start().await?;
        let started = Instant::now();
        // The root file system is the executable alone: its name is the entry point.
        let executable = Utf8PathBuf::from(env!("CARGO_BIN_EXE_seccomp-harness"));
        let archive =
            ArchiveRequest::new(PROBE_IMAGE, &executable).with_argument("probe").write(folder.join("image.tar"))?;
        let sizes = (std::fs::metadata(&executable)?.len() >> 20, std::fs::metadata(archive.path())?.len() >> 20);
        let written = started.elapsed();
        cluster.load_archive(&archive).await?;
        println!(
            "{version}: {} MiB as an image of {} MiB, written in {written:?}, loaded in {:?}",
            sizes.0,
            sizes.1,
            started.elapsed().saturating_sub(written)
        );
        let started = Instant::now();
        ensure!(cluster.load_archive(&archive).await?.loaded.is_empty(), "it was loaded twice");
        println!("{version}: known by its digest in {:?}", started.elapsed());
        let profiles = "/var/lib/kubelet/seccomp/profiles";
        let script = format!("mkdir -p {profiles} && printf '%s' \"$0\" > {profiles}/audit.json");
        for node in cluster.nodes().iter().map(|node| node.name.clone()) {
            cluster.exec(&node, ["sh", "-c", &script, LOCALHOST_PROFILE]).await?;
        }
        let kind = Self { cluster };
        let labels = json!({ "gardener.cloud/role": "shoot" });
        kind.apply(&json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": CASE, "labels": labels },
        }))
        .await?;
        let account = format!("/api/v1/namespaces/{CASE}/serviceaccounts/default");
        kind.wait("the default ServiceAccount", async || Ok(kind.get(&account).await.is_ok())).await?;
        Ok(kind)
    }

    async fn get(&self, path: &str) -> Result<Value> {
        Ok(self.cluster.client().request(Request::get(path).body(Vec::new())?).await?)
    }

    async fn text(&self, path: &str) -> Result<String> {
        Ok(self.cluster.client().request_text(Request::get(path).body(Vec::new())?).await?)
    }

    async fn post(&self, path: &str, object: &Value) -> Result<Value> {
        let request =
            Request::post(path).header("content-type", "application/json").body(serde_json::to_vec(object)?)?;
        Ok(self.cluster.client().request(request).await?)
    }

    async fn delete(&self, path: &str) -> Result<()> {
        let request = Request::delete(path).body(Vec::new())?;
        let _: Value = self.cluster.client().request(request).await.with_context(|| format!("delete {path}"))?;
        Ok(())
    }

    /// Creates an object or brings it up to date; gives its path.
    async fn apply(&self, object: &Value) -> Result<String> {
        let path = path(object);
        let request = Request::patch(format!("{path}?fieldManager=test&force=true&fieldValidation=Strict"))
            .header("content-type", "application/apply-patch+yaml")
            .body(serde_json::to_vec(object)?)?;
        let _: Value = self.cluster.client().request(request).await.with_context(|| format!("apply {path}"))?;
        Ok(path)
    }

    async fn wait(&self, what: &str, holds: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let waiting = async {
            let mut interval = tokio::time::interval(Duration::from_millis(100));
            loop {
                interval.tick().await;
                if holds().await? {
                    return anyhow::Ok(());
                }
            }
        };
        tokio::time::timeout(LIMIT, waiting).await.with_context(|| format!("wait for {what}"))?
    }

    /// The modes of a Pod's containers, each as its probe's report says, when all run or have run.
    async fn modes(&self, pod: &Value) -> Result<Vec<(String, String)>> {
        let pods = format!("/api/v1/namespaces/{CASE}/pods");
        let name = pod["metadata"]["name"].as_str().context("a name")?;
        self.post(&pods, pod).await?;
        let path = format!("{pods}/{name}");
        self.wait(name, async || Ok(self.get(&path).await?["status"]["phase"] == "Running")).await?;
        let mut modes = Vec::new();
        for list in ["initContainers", "containers"] {
            for container in pod["spec"][list].as_array().into_iter().flatten() {
                let container = container["name"].as_str().context("a name")?;
                let log = self.text(&format!("{path}/log?container={container}")).await?;
                let report = ProbeReport::from_log(&log).with_context(|| format!("{container}: {log}"))?;
                println!("  {name}/{container}: {report}");
                modes.push((container.to_owned(), report.mode(None).unwrap_or("unknown").to_owned()));
            }
        }
        Ok(modes)
    }
}

/// Where an object of the kinds that are deployed is.
fn path(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (version, kind) = (text("/apiVersion").unwrap_or_default(), text("/kind").unwrap_or_default());
    let root = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
    let namespace = text("/metadata/namespace").map(|name| format!("/namespaces/{name}")).unwrap_or_default();
    let name = text("/metadata/name").unwrap_or_default();
    format!("{root}{namespace}/{}s/{name}", kind.to_lowercase())
}

fn mk_pod(name: &str, labels: &Value, containers: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": labels },
        "spec": { "terminationGracePeriodSeconds": 0, "containers": containers },
    })
}

/// What a release's webhook is deployed as.
struct Webhook<'a> {
    deployment: &'a Deployment,
    objects: Vec<Value>,
    registration: Value,
}

/// Deploys, registers, asks and undeploys: what was asked is what was recorded.
async fn goes_through(kind: &Kind, webhook: Webhook<'_>) -> Result<()> {
    let started = Instant::now();
    let mut paths = Vec::new();
    for object in &webhook.objects {
        paths.push(kind.apply(object).await?);
    }
    let ready = webhook.deployment.path();
    let ready = kind.wait("the webhook", async || Ok(kind.get(&ready).await?["status"]["readyReplicas"] == 1)).await;
    let namespace = webhook.objects[0]["metadata"]["name"].as_str().context("a name")?.to_owned();
    let pods = format!("/api/v1/namespaces/{namespace}/pods");
    let selected = kind.get(&format!("{pods}?labelSelector={}", Deployment::pod_selector())).await?;
    if let Err(error) = ready {
        bail!("{error:#}: {:#}", selected["items"][0]["status"]);
    }
    println!("  deployed and ready after {:?}", started.elapsed());
    paths.push(kind.apply(&webhook.registration).await?);
    let pod = selected["items"][0]["metadata"]["name"].as_str().context("a Pod")?;
    let records_path = webhook.deployment.records_path(pod, CASE);
    let records = async || Ok::<Vec<Record>, anyhow::Error>(serde_json::from_str(&kind.text(&records_path).await?)?);

    let probe = json!([{ "name": "main", "image": PROBE_IMAGE }]);
    let dry_run = mk_pod("dry", &json!({}), &probe);
    let case = format!("/api/v1/namespaces/{CASE}/pods");
    kind.wait("a dry run that goes through the webhook", async || {
        // A ready Pod is not yet a Service that every node's proxy knows: until then the API server refuses.
        let answered = kind.post(&format!("{case}?dryRun=All"), &dry_run).await;
        Ok(answered.is_ok() && !records().await?.is_empty())
    })
    .await?;
    println!("  registered and asked after {:?}", started.elapsed());

    let mut pod = mk_pod(
        "given",
        &json!({}),
        &json!([
            { "name": "main", "image": PROBE_IMAGE },
            { "name": "privileged", "image": PROBE_IMAGE, "securityContext": { "privileged": true } },
            {
                "name": "own", "image": PROBE_IMAGE,
                "securityContext": { "seccompProfile": { "type": "Localhost", "localhostProfile": "profiles/audit.json" } },
            },
            {
                "name": "hardened", "image": PROBE_IMAGE,
                "securityContext": {
                    "runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                },
            },
        ]),
    );
    pod["spec"]["initContainers"] = json!([{ "name": "init", "image": PROBE_IMAGE, "args": ONCE_ARGUMENTS }]);
    let modes = kind.modes(&pod).await?;
    let expected = [
        ("init", "RuntimeDefault"),
        ("main", "RuntimeDefault"),
        ("privileged", "Unconfined"),
        ("own", "Localhost"),
        ("hardened", "RuntimeDefault"),
    ];
    ensure!(modes == expected.map(|(name, mode)| (name.to_owned(), mode.to_owned())), "{modes:?}");
    let stored = kind.get(&format!("{case}/given")).await?;
    ensure!(stored["spec"]["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", "{stored:#}");

    let skipped = json!({ "seccompprofile.resources.gardener.cloud/skip": "" });
    let modes = kind.modes(&mk_pod("skipped", &skipped, &probe)).await?;
    ensure!(modes == [("main".to_owned(), "Unconfined".to_owned())], "{modes:?}");
    let mut explicit = mk_pod("explicit", &json!({}), &probe);
    explicit["spec"]["securityContext"] = json!({ "seccompProfile": { "type": "Unconfined" } });
    let modes = kind.modes(&explicit).await?;
    ensure!(modes == [("main".to_owned(), "Unconfined".to_owned())], "{modes:?}");

    // The skipped one is not among what was asked, and the versions are those of the registration.
    let records = records().await?;
    let asked: Vec<_> = records.iter().map(|record| (&record.request["request"]["name"], record.outcome)).collect();
    println!("  {asked:?}, {}", records[0].request["apiVersion"]);
    ensure!(asked.len() == 2 && asked[0] == (&json!("given"), Outcome::Mutated), "{asked:?}");
    ensure!(records.iter().all(Record::is_uid_echoed));
    // From 1.34 on, the API server leaves out a null `creationTimestamp`, which managers before 1.132 write again.
    let explicit: Vec<_> = records[1].patch.iter().map(|operation| operation.path().to_string()).collect();
    ensure!(
        asked[1].0 == "explicit" && explicit.iter().all(|path| path == "/metadata/creationTimestamp"),
        "{explicit:?}"
    );
    for name in ["given", "skipped", "explicit"] {
        kind.delete(&format!("{case}/{name}?gracePeriodSeconds=0")).await?;
    }
    for path in paths.iter().rev() {
        kind.delete(path).await?;
    }
    kind.wait("the namespace's end", async || Ok(kind.get(&path(&webhook.objects[0])).await.is_err())).await
}

#[rstest]
#[case::oldest(KubernetesVersion::new(24))]
#[case::newest(KubernetesVersion::new(36))]
#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn both_webhooks_are_deployed_asked_and_recorded(#[case] version: KubernetesVersion) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let kind = Kind::start(version, Utf8Path::from_path(folder.path()).context("UTF-8")?).await?;
    let certificate = ServingCertificate::for_run(Deployment::names("garden"))?;
    let deployment = Deployment::new("garden", PROBE_IMAGE, &certificate).with_label("seccomp-harness/run", "test");
    let registration = |release| {
        let registration = Registration::of(release, true, deployment.target(), certificate.ca_bundle());
        registration.map(|registration| registration.to_json()).context("the gate is on")
    };
    println!("{version}: reference");
    let release = GardenerRelease::NEWEST;
    let objects = deployment.reference(release, None);
    let webhook = Webhook { deployment: &deployment, objects, registration: registration(release)? };
    goes_through(&kind, webhook).await?;
    for release in ["1.89", "1.149"] {
        let release: GardenerRelease = release.parse()?;
        let image = release.resource_manager_image();
        let loading = ["load", "docker-image", &image, "--name", kind.cluster.name()];
        let loaded = tokio::process::Command::new("kind").args(loading).output().await?;
        ensure!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        println!("{version}: {image}");
        let objects = deployment.resource_manager(release, None);
        let webhook = Webhook { deployment: &deployment, objects, registration: registration(release)? };
        goes_through(&kind, webhook).await?;
    }
    kind.cluster.shutdown().await?;
    Ok(())
}
