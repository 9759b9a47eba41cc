//! Runs on a cluster that exists; a simulated one, served to others, stands for it.

#![cfg(unix)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use rstest::rstest;
use serde_json::Value;

use crate::house::{Ended, House, SKIP_LABEL};

/// A scenario that makes an object in no namespace.
const PRIORITY_CLASS: &str =
    "  - create: {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1}\nthen:\n";

/// A scenario that runs in a namespace with a name of its own, which may be somebody's.
const NAMED: &str = "namespace: {name: garden, labels: {gardener.cloud/role: shoot}}";

/// A cluster that is served until it is dropped.
struct Served {
    house: House,
    child: Child,
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(scenario: &str) -> Self {
        let house = House::with_scenario(scenario);
        let mut command = house.command(&["simulator", "--kubernetes", "1.31", "--kubeconfig", "config"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        lines.find(|line| line.contains("serving")).expect("it serves");
        Self { house, child }
    }

    /// With what a kubeconfig is found by.
    fn run(&self, flags: &[&str], variables: &[(&str, &str)]) -> Ended {
        let arguments = [&["run", "--cluster", "kubeconfig", "--update-snapshots", "always"], flags].concat();
        let mut command = self.house.command(&arguments);
        crate::house::ended(command.envs(variables.iter().copied()))
    }

    async fn client(&self) -> Client {
        let kubeconfig = Kubeconfig::read_from(self.house.path().join("config")).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        Client::try_from(config).unwrap()
    }

    /// Namespaces, registrations and the labels of nodes: all that a run could leave.
    async fn state(&self) -> Vec<Value> {
        let client = self.client().await;
        let mut state = Vec::new();
        for path in [
            "/api/v1/namespaces",
            "/api/v1/nodes",
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        ] {
            let list: Value = client.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
            let items = list["items"].as_array().unwrap().iter();
            state.extend(
                items.map(|item| {
                    Value::from(vec![item["metadata"]["name"].clone(), item["metadata"]["labels"].clone()])
                }),
            );
        }
        state
    }

    async fn create(&self, path: &str, object: &Value) {
        let request = http::Request::post(path).header("content-type", "application/json");
        let request = request.body(serde_json::to_vec(object).unwrap()).unwrap();
        let _: Value = self.client().await.request(request).await.unwrap();
    }
}

#[rstest]
#[case::by_flag(&["--kubeconfig", "config"], &[])]
#[case::as_kubectl_finds_it(&[], &[("KUBECONFIG", "config")])]
#[tokio::test]
async fn leaves_nothing_in_a_cluster_that_exists(#[case] flags: &[&str], #[case] variables: &[(&str, &str)]) {
    let served = Served::start(&SKIP_LABEL.replace("then:\n", PRIORITY_CLASS));
    let (before, file) = (served.state().await, fs::read(served.house.path().join("config")).unwrap());
    let ended = served.run(flags, variables);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("on Kubernetes 1.31 (kubeconfig)"), "{}", ended.stdout);
    assert_eq!(served.state().await, before);
    assert_eq!(fs::read(served.house.path().join("config")).unwrap(), file);
}

/// A minor that was asked for and not run shall not pass for one that was.
#[tokio::test]
async fn rejects_minors_that_the_cluster_is_not_of() {
    let served = Served::start(SKIP_LABEL);
    let before = served.state().await;
    let ended = served.run(&["--kubeconfig", "config", "--kubernetes", "1.31,1.24"], &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("run on Kubernetes 1.24: there is no cluster of it, but of 1.31"),
        "{}",
        ended.stderr
    );
    assert_eq!(served.state().await, before);
}

#[tokio::test]
async fn keeps_to_namespaces_of_its_own() {
    let served = Served::start(&SKIP_LABEL.replace("namespace: {labels: {gardener.cloud/role: shoot}}", NAMED));
    let before = served.state().await;
    let ended = served.run(&["--kubeconfig", "config"], &[]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("namespaces of its own"), "{}", ended.stderr);
    assert_eq!(served.state().await, before);
}

#[rstest]
#[case::registered(
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "gardener-resource-manager",
    "Gardener's own"
)]
#[case::locked("/api/v1/namespaces", "seccomp-harness-lock", "another run has the cluster")]
#[tokio::test]
async fn leaves_a_cluster_alone_that_is_somebodys(#[case] path: &str, #[case] name: &str, #[case] expected: &str) {
    let served = Served::start(SKIP_LABEL);
    served.create(path, &serde_json::json!({"metadata": {"name": name}})).await;
    let before = served.state().await;
    let ended = served.run(&["--kubeconfig", "config"], &[]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert_eq!(served.state().await, before);
}

#[rstest]
#[case::another_cluster(&["--kubeconfig", "config"], "--kubeconfig goes with --cluster kubeconfig")]
#[case::an_image_that_changes(&["--cluster", "kubeconfig", "--harness-image", "registry/harness"], "--harness-image")]
fn rejects_wrong_usage_with_2(#[case] flags: &[&str], #[case] expected: &str) {
    let ended = House::with_scenario(SKIP_LABEL).run(&[&["run"], flags].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

/// Whoever kills a run finds what it left, by the marks; so does the next run.
#[tokio::test]
async fn takes_over_from_a_run_that_was_killed() {
    let served = Served::start(SKIP_LABEL);
    let before = served.state().await;
    // A process of this machine that has ended.
    let mut gone = Command::new("true").spawn().unwrap();
    let creator = kind_cluster::Creator::this_process().to_string();
    let creator: Vec<_> = creator.split('.').collect();
    gone.wait().unwrap();
    let creator = [creator[0], creator[1], "1", &gone.id().to_string()].join(".");
    let lock = serde_json::json!({"metadata": {
        "name": "seccomp-harness-lock", "annotations": {"seccomp-harness/creator": creator},
    }});
    served.create("/api/v1/namespaces", &lock).await;
    served.create("/api/v1/namespaces", &serde_json::json!({"metadata": {"name": "seccomp-harness-12345678-0"}})).await;
    let ended = served.run(&["--kubeconfig", "config"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(served.state().await, before);
}

/// Nodes that are looked at may take minutes to show that they have not the image.
#[tokio::test]
async fn gives_a_cluster_back_where_a_signal_comes_while_it_is_looked_at() {
    let served = Served::start(SKIP_LABEL);
    let before = served.state().await;
    let image = ["--harness-image", "nobody/has-it:v1"];
    let arguments = [&["run", "--cluster", "kubeconfig", "--kubeconfig", "config"], &image[..]].concat();
    let mut child = served.house.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while served.state().await == before {
        assert!(child.try_wait().unwrap().is_none(), "it has the cluster until it is told to end");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(served.state().await, before);
}
