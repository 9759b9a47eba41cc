//! What acts on its own: the controllers of Deployments, and kubelets with static Pods.

use kube_simulator::{Minor, Simulator, SimulatorRequest};
use rstest::rstest;
use serde_json::{Value, json};

use crate::raw::send;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";
const PODS: &str = "/api/v1/namespaces/default/pods";

fn mk_deployment(replicas: usize) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": "i"}]},
            },
        },
    })
}

async fn get(cluster: &Simulator, path: &str) -> Value {
    send(cluster, "GET", path, &Value::Null).await.body
}

async fn names(cluster: &Simulator, path: &str) -> Vec<String> {
    let list = get(cluster, path).await;
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

async fn patch(cluster: &Simulator, spec: Value) -> Value {
    let mut deployment = get(cluster, &format!("{DEPLOYMENTS}/web")).await;
    for (field, value) in spec.as_object().unwrap() {
        deployment["spec"][field] = value.clone();
    }
    let answer = send(cluster, "PUT", &format!("{DEPLOYMENTS}/web"), &deployment).await;
    assert_eq!(answer.code, 200, "{}", answer.body);
    answer.body
}

#[rstest]
#[case::oldest(Minor::OLDEST)]
#[case::newest(Minor::NEWEST)]
#[tokio::test]
async fn a_deployment_has_its_pods_when_its_creation_is_answered(#[case] minor: Minor) {
    let cluster = SimulatorRequest::new(minor).start();
    let answer = send(&cluster, "POST", DEPLOYMENTS, &mk_deployment(2)).await;
    assert_eq!(answer.code, 201, "{}", answer.body);
    assert_eq!(answer.body["status"], json!({}), "the answer is from before");
    let pods = get(&cluster, PODS).await;
    assert_eq!(pods["items"].as_array().unwrap().len(), 2);
    let set = &get(&cluster, SETS).await["items"][0];
    let hash = set["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert_eq!(set["metadata"]["name"], json!(format!("web-{hash}")));
    for pod in pods["items"].as_array().unwrap() {
        assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], set["metadata"]["uid"]);
        assert_eq!(pod["metadata"]["labels"], json!({"app": "web", "pod-template-hash": hash}));
        assert_eq!(pod["status"]["phase"], "Running");
    }
    let status = get(&cluster, &format!("{DEPLOYMENTS}/web")).await["status"].clone();
    for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(status[field], 2, "{status}");
    }
    assert_eq!(status["conditions"][1]["reason"], "NewReplicaSetAvailable", "{status}");
}

#[tokio::test]
async fn a_deployment_grows_and_shrinks_by_the_same_pods() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    send(&cluster, "POST", DEPLOYMENTS, &mk_deployment(1)).await;
    let first = names(&cluster, PODS).await;
    patch(&cluster, json!({"replicas": 3})).await;
    let grown = names(&cluster, PODS).await;
    assert_eq!(grown.len(), 3);
    assert!(grown.contains(&first[0]));
    patch(&cluster, json!({"replicas": 0})).await;
    assert!(names(&cluster, PODS).await.is_empty());
}

#[rstest]
#[case::rolling(json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}))]
#[case::without_surge(json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "50%"}}))]
#[case::recreated(json!({"type": "Recreate"}))]
#[tokio::test]
async fn another_template_replaces_all_pods(#[case] strategy: Value) {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let mut deployment = mk_deployment(3);
    deployment["spec"]["strategy"] = strategy;
    send(&cluster, "POST", DEPLOYMENTS, &deployment).await;
    let before = names(&cluster, PODS).await;
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["annotations"] = json!({"restarted": "1"});
    patch(&cluster, json!({"template": template})).await;
    let after = names(&cluster, PODS).await;
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");
    let sets = get(&cluster, SETS).await;
    let mut replicas: Vec<_> =
        sets["items"].as_array().unwrap().iter().map(|set| set["spec"]["replicas"].clone()).collect();
    replicas.sort_by_key(Value::as_u64);
    assert_eq!(replicas, [json!(0), json!(3)]);
    let status = get(&cluster, &format!("{DEPLOYMENTS}/web")).await;
    assert_eq!(status["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
}

#[tokio::test]
async fn what_a_deployment_owned_goes_with_it() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    send(&cluster, "POST", DEPLOYMENTS, &mk_deployment(2)).await;
    let orphaned = send(&cluster, "DELETE", &format!("{DEPLOYMENTS}/web?propagationPolicy=Orphan"), &Value::Null).await;
    assert_eq!(orphaned.code, 501, "what is not modelled is not pretended: {}", orphaned.body);
    send(&cluster, "DELETE", &format!("{DEPLOYMENTS}/web"), &Value::Null).await;
    assert!(names(&cluster, SETS).await.is_empty());
    assert!(names(&cluster, PODS).await.is_empty());
}

#[tokio::test]
async fn a_pod_that_is_deleted_is_replaced() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    send(&cluster, "POST", DEPLOYMENTS, &mk_deployment(1)).await;
    let before = names(&cluster, PODS).await;
    send(&cluster, "DELETE", &format!("{PODS}/{}", before[0]), &Value::Null).await;
    let after = names(&cluster, PODS).await;
    assert_eq!(after.len(), 1);
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_template_that_is_no_pod_is_refused_where_it_stands() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let mut deployment = mk_deployment(1);
    deployment["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    deployment["spec"]["template"]["spec"]["containers"] = json!([]);
    let answer = send(&cluster, "POST", DEPLOYMENTS, &deployment).await;
    assert_eq!(answer.code, 422);
    let causes = answer.body["details"]["causes"].as_array().unwrap().iter().map(|cause| cause["field"].clone());
    assert_eq!(causes.collect::<Vec<_>>(), ["spec.template.metadata.labels", "spec.template.spec.containers"]);
}

fn mk_static(image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "static", "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "main", "image": image}]},
    })
}

/// As kubelet 1.36.3 makes it.
#[tokio::test]
async fn a_static_pod_has_a_mirror() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    cluster.write_static_pod("node", "a", &mk_static("i")).await.unwrap();
    let mirror = get(&cluster, &format!("{PODS}/static-node")).await;
    let annotations = &mirror["metadata"]["annotations"];
    assert_eq!(annotations["kubernetes.io/config.source"], "file");
    assert_eq!(annotations["kubernetes.io/config.mirror"], annotations["kubernetes.io/config.hash"]);
    assert_ne!(mirror["metadata"]["uid"], annotations["kubernetes.io/config.hash"]);
    assert_eq!(mirror["metadata"]["ownerReferences"][0]["kind"], "Node");
    assert_eq!(mirror["spec"]["tolerations"], json!([{"operator": "Exists", "effect": "NoExecute"}]));
    assert_eq!(mirror["spec"]["serviceAccountName"], Value::Null);
    assert_eq!(mirror["status"]["phase"], "Running");
    cluster.remove_static_pod("node", "a").await.unwrap();
    assert_eq!(send(&cluster, "GET", &format!("{PODS}/static-node"), &Value::Null).await.code, 404);
}

#[tokio::test]
async fn a_mirror_comes_back_and_follows_its_file() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let path = format!("{PODS}/static-node");
    cluster.write_static_pod("node", "a", &mk_static("i")).await.unwrap();
    let first = get(&cluster, &path).await;
    send(&cluster, "DELETE", &path, &Value::Null).await;
    let second = get(&cluster, &path).await;
    assert_eq!(second["metadata"]["annotations"], first["metadata"]["annotations"]);
    assert_ne!(second["metadata"]["uid"], first["metadata"]["uid"]);
    cluster.write_static_pod("node", "a", &mk_static("other")).await.unwrap();
    let third = get(&cluster, &path).await;
    assert_eq!(third["spec"]["containers"][0]["image"], "other");
    assert_ne!(third["metadata"]["annotations"], first["metadata"]["annotations"]);
}

#[tokio::test]
async fn a_node_takes_no_manifest_that_is_no_pod() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let error = cluster.write_static_pod("other", "a", &mk_static("i")).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no node `other`");
    let without_containers = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}, "spec": {}});
    let error = cluster.write_static_pod("node", "a", &without_containers).await.unwrap_err();
    assert!(error.to_string().contains("spec.containers"));
    assert_eq!(send(&cluster, "GET", &format!("{PODS}/x-node"), &Value::Null).await.code, 404);
}
