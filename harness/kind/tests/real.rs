//! Clusters on real kind. `cargo test -p kind-cluster --test real -- --ignored --test-threads=1`
#![cfg(target_os = "linux")]

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use kind_cluster::{
    ArchiveRequest, Cluster, ClusterError, ClusterRequest, Engine, Inventory, KubernetesVersion, NodeRequest, Owner,
};
use rstest::rstest;
use serde_json::{Value, json};

/// Names the owner to a process that this test starts to be killed.
const OWNER_VARIABLE: &str = "KIND_CLUSTER_TEST_OWNER";

fn owner(name: &str) -> Owner {
    name.parse().expect("an owner")
}

fn inventory(owner: &Owner) -> Inventory {
    Inventory::with_engine(owner.clone(), Engine::Docker)
}

/// One control plane, one worker with the kubelet's `seccompDefault`, and one without.
fn three_nodes(version: KubernetesVersion, owner: &Owner) -> ClusterRequest {
    ClusterRequest::new(version)
        .with_owner(owner.clone())
        .with_engine(Engine::Docker)
        .with_node(NodeRequest::worker().with_seccomp_default(true).with_label("seccomp-default", "on"))
        .with_node(NodeRequest::worker().with_label("seccomp-default", "off"))
        .with_kubelet_setting("maxPods", 42)
}

async fn get(cluster: &Cluster, path: &str) -> anyhow::Result<Value> {
    let request = http::Request::get(path).body(Vec::new())?;
    cluster.client().request(request).await.with_context(|| format!("get {path}"))
}

/// This very program as the image of a Pod that prints its seccomp lines.
fn write_archive(folder: &Utf8Path) -> anyhow::Result<kind_cluster::ImageArchive> {
    let program = Utf8PathBuf::try_from(std::env::current_exe()?)?;
    let arguments = ["--exact", "prints_its_seccomp_lines", "--include-ignored", "--nocapture", "--test-threads=1"];
    let request = ArchiveRequest::new("kind-cluster/probe:v1", program);
    let request = arguments.into_iter().fold(request, ArchiveRequest::with_argument);
    Ok(request.write(folder.join("probe.tar"))?)
}

#[test]
#[ignore = "runs in a Pod, started by the other tests"]
fn prints_its_seccomp_lines() {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("Seccomp:")).expect("a kernel with seccomp");
    println!("\n{line}");
}

/// The `Seccomp:` line of a Pod that names no profile, on `node`.
async fn seccomp_line(cluster: &Cluster, node: &str) -> anyhow::Result<String> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("on-{node}")},
        "spec": {
            "nodeName": node, "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "kind-cluster/probe:v1", "imagePullPolicy": "Never"}],
        },
    });
    let path = "/api/v1/namespaces/default/pods";
    let request =
        http::Request::post(path).header("content-type", "application/json").body(serde_json::to_vec(&pod)?)?;
    let _: Value = cluster.client().request(request).await?;
    let path = format!("{path}/on-{node}");
    let ended = async {
        let mut interval = tokio::time::interval(Duration::from_millis(100));
        loop {
            interval.tick().await;
            let pod = get(cluster, &path).await?;
            match pod["status"]["phase"].as_str() {
                Some("Succeeded") => return anyhow::Ok(()),
                Some("Failed") => anyhow::bail!("the Pod failed: {}", pod["status"]),
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ended).await.context("the Pod does not end")??;
    let request = http::Request::get(format!("{path}/log")).body(Vec::new())?;
    let log = cluster.client().request_text(request).await?;
    log.lines().find(|line| line.starts_with("Seccomp:")).map(str::to_owned).with_context(|| format!("log: {log}"))
}

#[rstest]
#[case::oldest(KubernetesVersion::new(24))]
#[case::newest(KubernetesVersion::new(36))]
#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn makes_a_cluster_with_nodes_that_differ(#[case] version: KubernetesVersion) -> anyhow::Result<()> {
    let owner = owner(&format!("kc-nodes-{}", version.minor()));
    let started = std::time::Instant::now();
    let cluster = three_nodes(version, &owner).start().await?;
    println!("{version}: ready after {:?}", started.elapsed());
    ensure!(cluster.version().minor() == version.minor());
    let served = cluster.client().apiserver_version().await?;
    ensure!(served.git_version.starts_with(&format!("v{version}.")), "{served:?}");

    // The labels, and the setting that all kubelets have, as each says itself.
    let nodes = get(&cluster, "/api/v1/nodes").await?;
    let names: Vec<_> = cluster.nodes().iter().map(|node| node.name.as_str()).collect();
    for node in nodes["items"].as_array().context("nodes")? {
        let name = node["metadata"]["name"].as_str().context("a name")?;
        ensure!(names.contains(&name), "{name} is not one of {names:?}");
        let configz = get(&cluster, &format!("/api/v1/nodes/{name}/proxy/configz")).await?;
        let kubelet = &configz["kubeletconfig"];
        ensure!(kubelet["maxPods"] == 42, "{configz}");
        let labelled = node["metadata"]["labels"]["seccomp-default"].as_str();
        let is_on = labelled == Some("on");
        let gate = kubelet["featureGates"]["SeccompDefault"].as_bool();
        ensure!(gate == (is_on && version.minor() < 25).then_some(true), "{name}: {configz}");
        let command_line = cluster.exec(name, ["sh", "-c", "tr '\\0' ' ' </proc/$(pidof kubelet)/cmdline"]).await?;
        ensure!(command_line.contains("--seccomp-default=true") == is_on, "{name}: {command_line}");
    }

    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).context("UTF-8")?;
    let archive = write_archive(folder)?;
    let started = std::time::Instant::now();
    let first = cluster.load_archive(&archive).await?;
    println!("{version}: loaded into three nodes in {:?}", started.elapsed());
    ensure!(first.loaded == names && first.present.is_empty(), "{first:?}");
    let started = std::time::Instant::now();
    let second = cluster.load_archive(&archive).await?;
    println!("{version}: seen on three nodes in {:?}", started.elapsed());
    ensure!(second.present == names && second.loaded.is_empty(), "{second:?}");

    // What the kernel enforces: filtered by the runtime's default, and not at all.
    for node in cluster.nodes().iter().skip(1) {
        let expected = if node.seccomp_default { "Seccomp:\t2" } else { "Seccomp:\t0" };
        let line = seccomp_line(&cluster, &node.name).await?;
        ensure!(line == expected, "{}: {line}", node.name);
    }

    // A node image without crictl has no list of images to export; all else is there.
    let exported = cluster.export_logs(&folder.join("logs")).await;
    ensure!(exported.as_ref().err().is_none_or(|error| error.to_string().contains("crictl images")), "{exported:?}");
    ensure!(folder.join("logs").join(names[0]).is_dir());
    let wrong = cluster.exec("other", ["true"]).await;
    ensure!(matches!(wrong, Err(ClusterError::NoSuchNode { .. })), "{wrong:?}");
    cluster.shutdown().await?;
    ensure!(inventory(&owner).list().await?.is_empty());
    Ok(())
}

#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn finds_a_retained_cluster_again() -> anyhow::Result<()> {
    let owner = owner("kc-reuse");
    let request = || ClusterRequest::new(KubernetesVersion::new(25)).with_owner(owner.clone()).with_retain(true);
    let folder = tempfile::tempdir()?;
    let kubeconfig = Utf8Path::from_path(folder.path()).context("UTF-8")?.join("kubeconfig");

    std::fs::write(&kubeconfig, "kind: Config\n")?;
    let refused = request().with_kubeconfig(&kubeconfig).start().await;
    ensure!(matches!(refused, Err(ClusterError::ForeignKubeconfig { .. })), "{refused:?}");
    std::fs::remove_file(&kubeconfig)?;

    let first = request().with_kubeconfig(&kubeconfig).start().await?;
    let name = first.name().to_owned();
    ensure!(!first.is_reused() && std::fs::read_to_string(&kubeconfig)?.contains("server: https://127.0.0.1:"));
    first.shutdown().await?;
    let left = inventory(&owner).gc(SystemTime::now()).await?;
    ensure!(left.left == [name.clone()] && left.deleted.is_empty(), "{left:?}");

    let started = std::time::Instant::now();
    let second = request().with_kubeconfig(&kubeconfig).start().await?;
    println!("found again in {:?}", started.elapsed());
    ensure!(second.is_reused() && second.name() == name);
    // Released by its destructor too; then one that differs is another cluster, and one that is in use is not taken.
    drop(second);
    let third = request().start().await?;
    ensure!(third.is_reused() && third.name() == name);
    let fourth = request().start().await?;
    ensure!(!fourth.is_reused() && fourth.name() != name);
    fourth.delete().await?;

    // One that broke meanwhile is replaced.
    let broken = format!("{name}-control-plane");
    third.exec(&broken, ["systemctl", "stop", "kubelet", "containerd"]).await?;
    third.exec(&broken, ["sh", "-c", "kill -9 $(pidof kube-apiserver kube etcd)"]).await?;
    third.shutdown().await?;
    let fifth = request().start().await?;
    ensure!(!fifth.is_reused() && fifth.name() != name);
    let name = fifth.name().to_owned();

    // Its time comes whether it is retained or not.
    fifth.shutdown().await?;
    let later = SystemTime::now() + Duration::from_secs(3 * 60 * 60);
    let report = inventory(&owner).gc(later).await?;
    ensure!(report.deleted == [name] && report.left.is_empty(), "{report:?}");
    ensure!(inventory(&owner).list().await?.is_empty());
    Ok(())
}

/// A container engine that starts anew deals its addresses out anew; a kubelet keeps the one that it was given at first.
#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn replaces_a_retained_cluster_whose_node_has_moved() -> anyhow::Result<()> {
    let owner = owner("kc-moved");
    let node = NodeRequest::worker();
    let request = || ClusterRequest::new(KubernetesVersion::new(24)).with_owner(owner.clone()).with_node(node.clone());
    let first = request().with_retain(true).start().await?;
    let name = first.name().to_owned();
    let worker = format!("{name}-worker");
    first.shutdown().await?;
    for arguments in [vec!["disconnect", "kind", &worker], vec!["connect", "--ip", "172.18.255.250", "kind", &worker]] {
        let output = tokio::process::Command::new("docker").arg("network").args(arguments).output().await?;
        ensure!(output.status.success(), "{output:?}");
    }
    let second = request().with_retain(true).start().await?;
    ensure!(!second.is_reused() && second.name() != name);
    second.delete().await?;
    ensure!(inventory(&owner).list().await?.is_empty());
    Ok(())
}

/// The body of the process that [`collects_what_a_killed_process_left`] kills.
#[tokio::test]
#[ignore = "is killed, started by another test"]
#[expect(clippy::disallowed_methods, reason = "the test that starts it tells it so")]
async fn starts_until_it_is_killed() -> anyhow::Result<()> {
    let Ok(name) = std::env::var(OWNER_VARIABLE) else { return Ok(()) };
    let cluster = ClusterRequest::new(KubernetesVersion::new(24)).with_owner(owner(&name)).start().await?;
    println!("READY {}", cluster.name());
    std::future::pending().await
}

#[rstest]
#[case::before_a_container("kc-kill-1", Until::After(Duration::from_millis(700)))]
#[case::with_the_first_container("kc-kill-2", Until::Found)]
#[case::in_the_midst("kc-kill-3", Until::After(Duration::from_secs(6)))]
#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn collects_what_a_killed_process_left(#[case] name: &str, #[case] until: Until) -> anyhow::Result<()> {
    let owner = owner(name);
    let inventory = inventory(&owner);
    let mut victim = tokio::process::Command::new(std::env::current_exe()?);
    victim.args(["--exact", "starts_until_it_is_killed", "--ignored"]).env(OWNER_VARIABLE, name);
    let mut victim = victim.stdout(std::process::Stdio::null()).kill_on_drop(true).spawn()?;
    match until {
        Until::After(time) => {
            let ended = tokio::time::timeout(time, victim.wait()).await;
            ensure!(ended.is_err(), "it ended too early: {ended:?}");
        }
        Until::Found => {
            let mut interval = tokio::time::interval(Duration::from_millis(50));
            while inventory.list().await?.is_empty() {
                interval.tick().await;
            }
            // While its process lives, it is nobody's to collect.
            let report = inventory.gc(SystemTime::now()).await?;
            ensure!(report.left.len() == 1 && report.deleted.is_empty(), "{report:?}");
        }
    }
    victim.kill().await?;
    let report = inventory.gc(SystemTime::now()).await?;
    println!("{name}: {report:?}");
    ensure!(report.left.is_empty(), "{report:?}");
    ensure!(inventory.list().await?.is_empty());
    ensure!(inventory.gc(SystemTime::now()).await? == kind_cluster::GcReport::default());
    let prefix = format!("kind-cluster.{name}.");
    for entry in std::fs::read_dir(std::env::temp_dir())? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        ensure!(!file.starts_with(&prefix), "{file} is left");
    }
    Ok(())
}

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Until {
    After(Duration),
    Found,
}

#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn a_start_that_is_dropped_leaves_nothing() -> anyhow::Result<()> {
    let owner = owner("kc-drop");
    let start = ClusterRequest::new(KubernetesVersion::new(24)).with_owner(owner.clone()).start();
    let dropped = tokio::time::timeout(Duration::from_secs(4), start).await;
    ensure!(dropped.is_err(), "it was ready too early");
    ensure!(inventory(&owner).list().await?.is_empty());
    Ok(())
}

#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn leaves_what_is_not_its_own() -> anyhow::Result<()> {
    let (mine, other) = (owner("kc-mine"), owner("kc-other"));
    let cluster = ClusterRequest::new(KubernetesVersion::new(24)).with_owner(mine.clone()).start().await?;
    let others = inventory(&other);
    ensure!(others.list().await?.is_empty());
    let refused = others.delete(cluster.name()).await;
    ensure!(matches!(refused, Err(ClusterError::NotOurs { .. })), "{refused:?}");
    let later = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    ensure!(others.gc(later).await? == kind_cluster::GcReport::default());
    ensure!(!others.delete("kc-there-is-none").await?);
    ensure!(inventory(&mine).list().await?.len() == 1);
    cluster.shutdown().await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs Docker and kind"]
async fn reports_what_kind_said() -> anyhow::Result<()> {
    let owner = owner("kc-fail");
    let request = ClusterRequest::new(KubernetesVersion::new(24)).with_image("kind-cluster.invalid/node:v1.24.0");
    let error = request.with_owner(owner.clone()).start().await.err().context("there is no such image")?;
    let text = error.to_string();
    ensure!(text.contains("failed to pull image") && text.contains("help: the node image is not on"), "{text}");
    ensure!(text.contains("cluster `kc-fail-24-"), "{text}");
    ensure!(inventory(&owner).list().await?.is_empty());
    Ok(())
}
