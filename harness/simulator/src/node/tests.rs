use std::sync::Arc;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::{Minor, Simulator, SimulatorRequest, controllers};

/// Prints its mode, and how it was started.
#[derive(Debug)]
struct Echo;

impl Program for Echo {
    fn output(&self, container: &ContainerView<'_>) -> String {
        format!("{:?} {:?} {}\n", container.mode, container.kind, container.arguments.join(" "))
    }
}

/// Exits with the code that is its argument.
#[derive(Debug)]
struct Exit;

impl Program for Exit {
    fn output(&self, _container: &ContainerView<'_>) -> String {
        "bye\n".to_owned()
    }

    fn exit_code(&self, container: &ContainerView<'_>) -> Option<i32> {
        container.arguments.first().and_then(|argument| argument.parse().ok())
    }
}

fn minor(number: u8) -> Minor {
    Minor::new(number).expect("the minor is modelled")
}

fn mk_node(name: &str, seccomp_default: bool) -> NodeProfile {
    NodeProfile {
        name: name.to_owned(),
        labels: BTreeMap::from([("pool".to_owned(), name.to_owned())]),
        seccomp_default,
        localhost_profiles: BTreeSet::from(["profiles/audit.json".to_owned()]),
    }
}

fn start(number: u8) -> Simulator {
    SimulatorRequest::new(minor(number))
        .with_node(mk_node("plain", false))
        .with_node(mk_node("hardened", true))
        .with_program("probe", Arc::new(Echo))
        .with_program("exit", Arc::new(Exit))
        .start()
}

/// Stores a Pod on node `plain` unless its `spec` says otherwise, and lets the cluster come to rest.
fn run(cluster: &Simulator, spec: &Value) -> Arc<Value> {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "uid": "u", "generation": 1},
        "spec": {"restartPolicy": "Always", "schedulerName": "default-scheduler", "nodeSelector": {"pool": "plain"}},
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][field] = value.clone();
    }
    cluster.store().insert(&key_of(&pod), pod).expect("the name is free");
    settle(cluster)
}

fn settle(cluster: &Simulator) -> Arc<Value> {
    controllers::react(cluster);
    cluster.store().get(&Key::new("pods", "default", "p")).expect("the Pod is there")
}

fn condition<'a>(pod: &'a Value, kind: &str) -> &'a Value {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array).expect("there are conditions");
    conditions.iter().find(|condition| condition["type"] == kind).expect("the condition is there")
}

/// kubernetes.md 9.2, from top to bottom; expected on a node without and on one with `seccompDefault`.
#[rstest]
#[case::nothing_set(json!({}), json!({}), "Unconfined", "RuntimeDefault")]
#[case::pod_runtime_default(json!({"type": "RuntimeDefault"}), json!({}), "RuntimeDefault", "RuntimeDefault")]
#[case::pod_unconfined(json!({"type": "Unconfined"}), json!({}), "Unconfined", "Unconfined")]
#[case::container_over_pod(
    json!({"type": "RuntimeDefault"}), json!({"seccompProfile": {"type": "Unconfined"}}), "Unconfined", "Unconfined"
)]
#[case::privileged_over_all(
    json!({"type": "RuntimeDefault"}),
    json!({"privileged": true, "seccompProfile": {"type": "RuntimeDefault"}}), "Unconfined", "Unconfined"
)]
#[case::localhost(
    json!({"type": "Localhost", "localhostProfile": "profiles/audit.json"}), json!({}),
    "Localhost(\"profiles/audit.json\")", "Localhost(\"profiles/audit.json\")"
)]
#[case::privileged_with_a_profile_that_is_missing(
    json!({"type": "Localhost", "localhostProfile": "missing.json"}), json!({"privileged": true}),
    "Unconfined", "Unconfined"
)]
fn the_most_specific_profile_wins(
    #[case] profile: Value,
    #[case] context: Value,
    #[case] plain: &str,
    #[case] hardened: &str,
    #[values(22, 24, 25, 31, 37)] number: u8,
    #[values("plain", "hardened")] node: &str,
) {
    let cluster = start(number);
    let pod_context = if profile == json!({}) { json!({}) } else { json!({"seccompProfile": profile}) };
    let pod = run(
        &cluster,
        &json!({
            "nodeSelector": {"pool": node},
            "securityContext": pod_context,
            "containers": [{"name": "main", "image": "probe", "securityContext": context}],
        }),
    );
    let mode = if node == "plain" { plain } else { hardened };
    assert_eq!(pod["spec"]["nodeName"], json!(node));
    assert_eq!(log(&cluster, &pod, "main", false), Ok(format!("{mode} Main \n")));
}

#[rstest]
#[case(20)]
#[case(21)]
fn kubelets_before_1_22_know_no_seccomp_default(#[case] number: u8) {
    let cluster = start(number);
    let containers = json!([{"name": "main", "image": "probe"}]);
    let pod = run(&cluster, &json!({"nodeSelector": {"pool": "hardened"}, "containers": containers}));
    assert_eq!(log(&cluster, &pod, "main", false), Ok("Unconfined Main \n".to_owned()));
}

#[test]
fn a_profile_that_is_not_on_the_node_ends_in_create_container_error() {
    let cluster = start(31);
    let profile = json!({"type": "Localhost", "localhostProfile": "missing.json"});
    let pod = run(
        &cluster,
        &json!({
            "containers": [
                {"name": "main", "image": "probe", "securityContext": {"seccompProfile": profile}},
                {"name": "beside", "image": "probe"},
            ],
        }),
    );
    let statuses = &pod["status"]["containerStatuses"];
    assert_eq!(statuses[0]["name"], json!("beside"));
    assert_eq!(statuses[0]["ready"], json!(true));
    assert_eq!(
        statuses[1]["state"],
        json!({"waiting": {
            "reason": "CreateContainerError",
            "message": "failed to create containerd container: cannot load seccomp profile \
                \"/var/lib/kubelet/seccomp/missing.json\": open /var/lib/kubelet/seccomp/missing.json: no such file or \
                directory",
        }})
    );
    assert_eq!((&statuses[1]["ready"], &statuses[1]["started"]), (&json!(false), &json!(false)));
    assert_eq!(pod["status"]["phase"], json!("Pending"));
    assert_eq!(condition(&pod, "Ready")["message"], json!("containers with unready status: [main]"));
    assert_eq!(
        log(&cluster, &pod, "main", false),
        Err("container \"main\" in pod \"p\" is waiting to start: CreateContainerError".to_owned())
    );
}

/// CVE-2023-2431: before the fix, such a container ran unconfined.
#[rstest]
#[case::before(23, false, None)]
#[case::before_and_privileged(23, true, None)]
#[case::since(24, false, Some("CreateContainerConfigError"))]
#[case::since_and_privileged(31, true, Some("CreateContainerConfigError"))]
fn a_localhost_profile_without_a_name(#[case] number: u8, #[case] privileged: bool, #[case] reason: Option<&str>) {
    let cluster = start(number);
    let pod = run(
        &cluster,
        &json!({
            "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": ""}},
            "containers": [{"name": "main", "image": "probe", "securityContext": {"privileged": privileged}}],
        }),
    );
    let state = &pod["status"]["containerStatuses"][0]["state"];
    match reason {
        None => assert_eq!(log(&cluster, &pod, "main", false), Ok("Unconfined Main \n".to_owned())),
        Some(reason) => assert_eq!(
            state["waiting"],
            json!({"reason": reason, "message": "localhostProfile must be set if seccompProfile type is Localhost."})
        ),
    }
}

#[rstest]
#[case::init(json!({"name": "first", "image": "probe"}), "Init", json!({"terminated": true}), 31)]
#[case::sidecar(
    json!({"name": "first", "image": "probe", "restartPolicy": "Always"}), "Sidecar", json!({"running": true}), 31
)]
#[case::no_sidecar_yet(
    json!({"name": "first", "image": "probe", "restartPolicy": "Always"}), "Init", json!({"terminated": true}), 28
)]
fn init_containers_come_first(#[case] init: Value, #[case] kind: &str, #[case] reached: Value, #[case] number: u8) {
    let cluster = start(number);
    let pod = run(
        &cluster,
        &json!({
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [init],
            "containers": [{"name": "main", "image": "probe", "command": ["probe"], "args": ["--watch", "1"]}],
        }),
    );
    assert_eq!(pod["status"]["phase"], json!("Running"));
    let state = pod["status"]["initContainerStatuses"][0]["state"].as_object().expect("a state is an object");
    assert!(state.keys().eq(reached.as_object().expect("an object").keys()), "{state:?}");
    assert_eq!(pod["status"]["initContainerStatuses"][0]["ready"], json!(true));
    assert_eq!(condition(&pod, "Initialized")["status"], json!("True"));
    assert_eq!(log(&cluster, &pod, "first", false), Ok(format!("RuntimeDefault {kind} \n")));
    assert_eq!(log(&cluster, &pod, "main", false), Ok("RuntimeDefault Main probe --watch 1\n".to_owned()));
}

#[test]
fn a_failed_init_container_holds_the_rest_back() {
    let cluster = start(31);
    let pod = run(
        &cluster,
        &json!({
            "initContainers": [{"name": "first", "image": "exit", "args": ["3"]}, {"name": "second", "image": "probe"}],
            "containers": [{"name": "main", "image": "probe"}],
        }),
    );
    assert_eq!(pod["status"]["phase"], json!("Pending"));
    let init = &pod["status"]["initContainerStatuses"];
    assert_eq!(init[0]["state"]["waiting"]["reason"], json!("CrashLoopBackOff"));
    assert_eq!(init[0]["lastState"]["terminated"]["exitCode"], json!(3));
    assert_eq!(init[1]["state"], json!({"waiting": {"reason": "PodInitializing"}}));
    assert_eq!(condition(&pod, "Initialized")["message"], json!("containers with incomplete status: [first second]"));
    assert_eq!(
        log(&cluster, &pod, "main", false),
        Err("container \"main\" in pod \"p\" is waiting to start: PodInitializing".to_owned())
    );
    assert_eq!(log(&cluster, &pod, "first", true), Ok("bye\n".to_owned()));
    assert_eq!(
        log(&cluster, &pod, "main", true),
        Err("previous terminated container \"main\" in pod \"p\" not found".to_owned())
    );
}

#[rstest]
#[case::well("Never", "0", "Succeeded", "Completed")]
#[case::badly("Never", "1", "Failed", "Error")]
#[case::well_on_failure("OnFailure", "0", "Succeeded", "Completed")]
fn a_pod_ends_with_its_containers(#[case] policy: &str, #[case] code: &str, #[case] phase: &str, #[case] reason: &str) {
    let cluster = start(31);
    let containers = json!([{"name": "main", "image": "exit", "args": [code]}]);
    let pod = run(&cluster, &json!({"restartPolicy": policy, "containers": containers}));
    assert_eq!(pod["status"]["phase"], json!(phase));
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["terminated"]["reason"], json!(reason));
    assert_eq!(condition(&pod, "Ready")["reason"], json!(if phase == "Failed" { "PodFailed" } else { "PodCompleted" }));
}

#[test]
fn an_ephemeral_container_gets_the_pods_profile() {
    let cluster = start(31);
    let pod = run(
        &cluster,
        &json!({
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "main", "image": "probe"}],
        }),
    );
    let started = pod["status"]["containerStatuses"][0].clone();
    let debugger = json!([{"name": "debug", "image": "probe", "targetContainerName": "main"}]);
    cluster.store().modify(&key_of(&pod), |pod| pod["spec"]["ephemeralContainers"] = debugger).expect("it is there");
    let pod = settle(&cluster);
    assert_eq!(log(&cluster, &pod, "debug", false), Ok("RuntimeDefault Ephemeral \n".to_owned()));
    let status = &pod["status"]["ephemeralContainerStatuses"][0];
    assert_eq!((&status["ready"], status.get("started")), (&json!(false), None));
    assert_eq!(pod["status"]["containerStatuses"][0], started, "the other container was touched");
}

#[test]
fn another_image_starts_another_container() {
    let cluster = start(31);
    let pod = run(&cluster, &json!({"containers": [{"name": "main", "image": "probe"}]}));
    let id = pod["status"]["containerStatuses"][0]["containerID"].clone();
    let changed = json!("exit:v2");
    cluster.store().modify(&key_of(&pod), |pod| pod["spec"]["containers"][0]["image"] = changed).expect("it is there");
    let pod = settle(&cluster);
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!((&status["restartCount"], &status["image"]), (&json!(1), &json!("docker.io/library/exit:v2")));
    assert_ne!(status["containerID"], id);
}

/// The fields of a running Pod's status by minor; read in kubernetes v1.20 to v1.37 `pkg/features/kube_features.go`.
#[rstest]
#[case(20, &["Initialized", "Ready", "ContainersReady", "PodScheduled"], &[])]
#[case(29, &["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"], &["hostIPs"])]
#[case(
    34, &["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"],
    &["hostIPs", "observedGeneration"]
)]
fn a_status_has_the_fields_of_its_minor(#[case] number: u8, #[case] conditions: &[&str], #[case] more: &[&str]) {
    let cluster = start(number);
    let pod = run(&cluster, &json!({"containers": [{"name": "main", "image": "probe", "resources": {}}]}));
    let status = pod["status"].as_object().expect("a status is an object");
    let kinds: Vec<_> = status["conditions"].as_array().expect("a list").iter().map(|one| &one["type"]).collect();
    assert_eq!(kinds, conditions);
    let mut fields =
        vec!["conditions", "containerStatuses", "hostIP", "phase", "podIP", "podIPs", "qosClass", "startTime"];
    fields.extend(more);
    fields.sort_unstable();
    let mut found: Vec<_> = status.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, fields);
    assert_eq!(status["phase"], json!("Running"));
    let container = status["containerStatuses"][0].as_object().expect("a status is an object");
    for (field, since) in [("started", 20), ("resources", 33), ("user", 33)] {
        assert_eq!(container.contains_key(field), number >= since, "{field}");
    }
}

#[rstest]
#[case(20, "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity.")]
#[case(23, "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.")]
#[case(
    24,
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: \
     2 Preemption is not helpful for scheduling."
)]
fn a_pod_that_suits_no_node_waits(#[case] number: u8, #[case] message: &str) {
    let cluster = start(number);
    let spec = json!({"nodeSelector": {"pool": "none"}, "containers": [{"name": "main", "image": "probe"}]});
    let pod = run(&cluster, &spec);
    assert_eq!(pod["spec"].get("nodeName"), None);
    let scheduled = condition(&pod, "PodScheduled");
    assert_eq!((&scheduled["reason"], &scheduled["message"]), (&json!("Unschedulable"), &json!(message)));
    assert_eq!(pod["status"]["phase"], json!("Pending"));

    let node = Key::new("nodes", "", "plain");
    cluster.store().modify(&node, |node| node["metadata"]["labels"]["pool"] = json!("none")).expect("it is there");
    assert_eq!(settle(&cluster)["spec"]["nodeName"], json!("plain"));
}

#[rstest]
#[case::gated(json!({"schedulingGates": [{"name": "example.org/wait"}]}))]
#[case::another_scheduler(json!({"schedulerName": "other"}))]
#[case::a_node_that_is_not_there(json!({"nodeName": "gone"}))]
fn a_pod_that_is_not_ours_is_left_alone(#[case] mut spec: Value) {
    let cluster = start(31);
    spec["containers"] = json!([{"name": "main", "image": "probe"}]);
    let pod = run(&cluster, &spec);
    assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
}

#[rstest]
#[case::taint(json!({"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}), json!([]), false)]
#[case::tolerated(
    json!({"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}),
    json!([{"key": "a", "operator": "Exists"}]), true
)]
#[case::preferred_only(json!({"taints": [{"key": "a", "effect": "PreferNoSchedule"}]}), json!([]), true)]
#[case::cordoned(json!({"unschedulable": true}), json!([]), false)]
fn taints_keep_pods_away(#[case] node: Value, #[case] tolerations: Value, #[case] is_scheduled: bool) {
    let cluster = start(31);
    cluster.store().modify(&Key::new("nodes", "", "plain"), |plain| plain["spec"] = node).expect("it is there");
    let containers = json!([{"name": "main", "image": "probe"}]);
    let pod = run(&cluster, &json!({"tolerations": tolerations, "containers": containers}));
    assert_eq!(pod["spec"].get("nodeName").is_some(), is_scheduled);
}

#[rstest]
#[case::field_in(json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["hardened"]}]}), true)]
#[case::expression(json!({"matchExpressions": [{"key": "pool", "operator": "NotIn", "values": ["plain"]}]}), true)]
#[case::exists_not(json!({"matchExpressions": [{"key": "pool", "operator": "DoesNotExist"}]}), false)]
#[case::empty(json!({}), false)]
fn required_affinity_selects(#[case] term: Value, #[case] is_scheduled: bool) {
    let cluster = start(31);
    let affinity = json!({"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
    }});
    let containers = json!([{"name": "main", "image": "probe"}]);
    let pod = run(&cluster, &json!({"nodeSelector": {}, "affinity": affinity, "containers": containers}));
    assert_eq!(pod["spec"].get("nodeName"), is_scheduled.then(|| json!("hardened")).as_ref());
}

/// `spec.os` does not steer the scheduler; the kubelet refuses what is not for its system.
#[rstest]
#[case(25, "Pod Failed to admit pod as the OS field doesn't match node OS")]
#[case(31, "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS")]
fn a_pod_for_windows_is_rejected(#[case] number: u8, #[case] message: &str) {
    let cluster = start(number);
    let spec = json!({"os": {"name": "windows"}, "containers": [{"name": "main", "image": "probe"}]});
    let pod = run(&cluster, &spec);
    assert_eq!(pod["spec"]["nodeName"], json!("plain"));
    assert_eq!(pod["status"]["phase"], json!("Failed"));
    assert_eq!((&pod["status"]["reason"], &pod["status"]["message"]), (&json!("PodOSNotSupported"), &json!(message)));
    assert!(log(&cluster, &pod, "main", false).is_err());
}

#[test]
fn a_pod_that_is_bound_to_a_node_that_does_not_suit_it_is_rejected() {
    let cluster = start(31);
    let spec = json!({"nodeName": "hardened", "containers": [{"name": "main", "image": "probe"}]});
    assert_eq!(run(&cluster, &spec)["status"]["reason"], json!("NodeAffinity"));
}

#[test]
fn a_pod_that_is_being_deleted_goes_once_its_finalizers_are_off() {
    let cluster = start(31);
    let pod = run(&cluster, &json!({"containers": [{"name": "main", "image": "probe"}]}));
    let key = key_of(&pod);
    let marked = cluster.store().modify(&key, |pod| {
        pod["metadata"]["finalizers"] = json!(["example.org/wait"]);
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:30Z");
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    });
    marked.expect("it is there");
    assert_eq!(settle(&cluster)["metadata"]["deletionGracePeriodSeconds"], json!(0));
    cluster.store().modify(&key, |pod| pod["metadata"]["finalizers"] = json!([])).expect("it is there");
    controllers::react(&cluster);
    assert_eq!(cluster.store().get(&key), None);
}

#[test]
fn the_same_seed_gives_the_same_cluster() {
    let spec = json!({"containers": [{"name": "main", "image": "probe"}]});
    assert_eq!(run(&start(31), &spec), run(&start(31), &spec));
}

/// A cluster that is started from another's beginning shares nothing with it.
#[test]
fn clusters_of_the_same_kind_do_not_see_each_other() {
    let spec = json!({"containers": [{"name": "main", "image": "probe"}]});
    let (first, second) = (start(32), start(32));
    run(&first, &spec);
    assert!(second.store().list("pods", None).is_empty());
    let others = SimulatorRequest::new(minor(32)).with_node(mk_node("other", false)).start();
    assert_eq!(others.store().list("nodes", None).len(), 1);
    assert_eq!(run(&start(32), &spec), run(&second, &spec));
}

#[test]
fn addresses_are_not_given_twice() {
    let mut addresses = Addresses::default();
    let drawn: BTreeSet<_> = (0..1000).map(|_| addresses.next(0)).collect();
    assert_eq!(drawn.len(), 1000);
    assert!(drawn.iter().all(|address| address.parse::<std::net::Ipv4Addr>().is_ok()));
}

#[test]
fn nodes_have_the_labels_of_their_profile_and_their_own() {
    let cluster = start(31);
    let node = cluster.store().get(&Key::new("nodes", "", "hardened")).expect("the node is there");
    let labels = &node["metadata"]["labels"];
    assert_eq!((&labels["pool"], &labels["kubernetes.io/os"]), (&json!("hardened"), &json!("linux")));
    assert_eq!(labels["kubernetes.io/hostname"], json!("hardened"));
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], json!("v1.31.14"));
}

#[test]
fn a_switched_kubelet_leaves_alone_what_runs() {
    let cluster = start(25);
    let pod = run(&cluster, &json!({"containers": [{"name": "main", "image": "probe"}]}));
    let mode = |pod: &Value, container: &str| log(&cluster, pod, container, false).expect("it runs");
    assert!(mode(&pod, "main").starts_with("Unconfined"));
    cluster.set_seccomp_default("plain", true).expect("there is such a node");
    assert!(mode(&settle(&cluster), "main").starts_with("Unconfined"), "it ran before");
    let grown = cluster.store().modify(&key_of(&pod), |pod| {
        pod["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "probe"}]);
    });
    grown.expect("the Pod is there");
    let pod = settle(&cluster);
    assert!(mode(&pod, "debug").starts_with("RuntimeDefault"), "it is started now");
    cluster.set_seccomp_default("plain", false).expect("there is such a node");
    assert!(mode(&pod, "debug").starts_with("RuntimeDefault"), "each keeps what it was started with");
    assert!(mode(&pod, "main").starts_with("Unconfined"));
    assert!(cluster.set_seccomp_default("other", false).is_err());
}

#[test]
fn a_mirror_of_nothing_is_deleted() {
    let cluster = start(36);
    let mirror = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "p", "namespace": "default", "uid": "u",
            "annotations": {"kubernetes.io/config.mirror": "0", "kubernetes.io/config.hash": "0"},
        },
        "spec": {"nodeName": "plain", "containers": [{"name": "main", "image": "probe"}]},
    });
    let key = key_of(&mirror);
    cluster.store().insert(&key, mirror).expect("the name is free");
    controllers::react(&cluster);
    assert!(cluster.store().get(&key).is_none());
}
