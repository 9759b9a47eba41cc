//! What becomes of a Pod.

use insta::assert_snapshot;
use serde_json::Value;

use crate::house::House;

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  serviceAccountName: web
  containers:
    - {name: main, image: nginx}
    - {name: agent, image: agent, securityContext: {privileged: true}}
";

fn house() -> House {
    let house = House::new();
    house.write("pod.yaml", POD);
    house
}

#[test]
fn explains_by_minor_node_and_release() {
    let ended = house().run(&["explain", "pod.yaml"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_snapshot!(ended.stdout, @r#"
    pod.yaml in a namespace labelled gardener.cloud/role=shoot, feature gate DefaultSeccompProfile on
    (left out, as they name other objects and decide nothing here: serviceAccountName)

    Gardener 1.54-1.149
      webhook, on Kubernetes 1.20-1.37: asked, and changes the Pod: [{"op":"add","path":"/spec/securityContext/seccompProfile","value":{"type":"RuntimeDefault"}}]
      container agent  kubelet's seccompDefault off  Unconfined 1.20-1.37
      container agent  kubelet's seccompDefault on   Unconfined 1.20-1.37
      container main   kubelet's seccompDefault off  RuntimeDefault 1.20-1.37
      container main   kubelet's seccompDefault on   RuntimeDefault 1.20-1.37
    "#);
}

#[test]
fn explains_why_the_webhook_is_not_asked() {
    let ended = house().run(&[
        "explain",
        "pod.yaml",
        "--namespace-labels",
        "a=b",
        "--gardener",
        "1.149",
        "--kubernetes",
        "1.24,1.31",
    ]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_snapshot!(ended.stdout, @r"
    pod.yaml in a namespace labelled a=b, feature gate DefaultSeccompProfile on
    (left out, as they name other objects and decide nothing here: serviceAccountName)

    Gardener 1.149
      webhook, on Kubernetes 1.24, 1.31: not asked: namespaceSelector: gardener.cloud/role Exists
      container agent  kubelet's seccompDefault off  Unconfined 1.24, 1.31
      container agent  kubelet's seccompDefault on   Unconfined 1.24, 1.31
      container main   kubelet's seccompDefault off  Unconfined 1.24, 1.31
      container main   kubelet's seccompDefault on   RuntimeDefault 1.24, 1.31
    ");
}

#[test]
fn explains_to_programs() {
    let ended = house().run(&["explain", "pod.yaml", "--feature-gate", "false", "--kubernetes", "1.31", "-o", "json"]);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let said = document["groups"][0]["webhook"][0]["said"].as_str().unwrap();
    assert!(said.contains("DefaultSeccompProfile is off"), "{said}");
}

#[test]
fn takes_the_namespace_that_the_pod_names() {
    let house = House::new();
    house.write("pod.yaml", &POD.replace("name: web}", "name: web, namespace: kube-system}"));
    let ended = house.run(&["explain", "pod.yaml", "--kubernetes", "1.31", "--gardener", "1.149"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("pod.yaml in a namespace kube-system labelled"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("not asked: namespaceSelector: kubernetes.io/metadata.name NotIn"),
        "{}",
        ended.stdout
    );
}

#[test]
fn rejects_a_namespace_that_cannot_be() {
    let ended = house().run(&["explain", "pod.yaml", "--namespace", "Not_A_Name"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: create namespace `Not_A_Name`"), "{}", ended.stderr);
}

#[test]
fn rejects_what_is_no_pod() {
    let house = House::new();
    house.write("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n");
    let ended = house.run(&["explain", "deployment.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("holds a Deployment"), "{}", ended.stderr);
}
