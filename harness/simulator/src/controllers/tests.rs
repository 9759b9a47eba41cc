use rstest::rstest;
use serde_json::{Value, json};

use crate::{Minor, Simulator, SimulatorRequest, controllers, registry::system, store::Key};

fn start(number: u8) -> Simulator {
    SimulatorRequest::new(Minor::new(number).expect("the minor is modelled")).start()
}

fn get(cluster: &Simulator, resource: &str, namespace: &str, name: &str) -> Option<Value> {
    cluster.store().get(&Key::new(resource, namespace, name)).map(|object| Value::clone(&object))
}

/// Makes a namespace as the API server stores it.
fn mk_namespace(cluster: &Simulator, name: &str) {
    system::make(cluster, "test", "", "namespaces", json!({"metadata": {"name": name}, "spec": {}}));
    controllers::react(cluster);
}

fn end_namespace(cluster: &Simulator, name: &str) {
    let marked = cluster.store().modify(&Key::new("namespaces", "", name), |namespace| {
        namespace["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        namespace["status"]["phase"] = json!("Terminating");
    });
    marked.expect("it is there");
    controllers::react(cluster);
}

#[rstest]
#[case::oldest(20)]
#[case::newest(37)]
fn each_namespace_has_a_service_account_and_the_root_ca(#[case] number: u8) {
    let cluster = start(number);
    mk_namespace(&cluster, "mine");
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease", "mine"] {
        assert!(get(&cluster, "serviceaccounts", namespace, "default").is_some(), "{namespace}");
        let ca = get(&cluster, "configmaps", namespace, "kube-root-ca.crt").expect("there is a root CA");
        assert!(ca["data"]["ca.crt"].as_str().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    }
}

/// kubernetes v1.24 CHANGELOG: `LegacyServiceAccountTokenNoAutoGeneration` is on.
#[rstest]
#[case(20, true)]
#[case(23, true)]
#[case(24, false)]
fn service_accounts_have_a_token_secret_before_1_24(#[case] number: u8, #[case] has_token: bool) {
    let cluster = start(number);
    let account = get(&cluster, "serviceaccounts", "default", "default").expect("it is there");
    let secrets = account.get("secrets").and_then(Value::as_array);
    assert_eq!(secrets.map(Vec::len), has_token.then_some(1));
    for secret in secrets.into_iter().flatten() {
        let name = secret["name"].as_str().expect("a name is a text");
        assert!(name.starts_with("default-token-") && name.len() == "default-token-".len() + 5, "{name}");
        let secret = get(&cluster, "secrets", "default", name).expect("the token is there");
        assert_eq!(secret["type"], json!("kubernetes.io/service-account-token"));
        let annotations = &secret["metadata"]["annotations"];
        assert_eq!(annotations["kubernetes.io/service-account.uid"], account["metadata"]["uid"]);
        assert!(["ca.crt", "namespace", "token"].iter().all(|key| secret["data"][key].is_string()));
    }
}

#[test]
fn what_is_taken_away_is_made_anew() {
    let cluster = start(20);
    let account = Key::new("serviceaccounts", "default", "default");
    let before = cluster.store().get(&account).expect("it is there");
    cluster.store().delete(&account, None).expect("it is there");
    controllers::react(&cluster);
    let after = cluster.store().get(&account).expect("it is there again");
    assert_ne!(before["metadata"]["uid"], after["metadata"]["uid"]);
    let old = before["secrets"][0]["name"].as_str().expect("a name is a text");
    assert_eq!(get(&cluster, "secrets", "default", old), None, "the old token stays");
    let new = after["secrets"][0]["name"].as_str().expect("a name is a text");
    cluster.store().delete(&Key::new("secrets", "default", new), None).expect("it is there");
    controllers::react(&cluster);
    let account = cluster.store().get(&account).expect("it is there");
    assert_eq!(account["secrets"].as_array().map(Vec::len), Some(1));
    assert_ne!(account["secrets"][0]["name"], json!(new));
}

#[rstest]
#[case(20)]
#[case(37)]
fn a_namespace_ends_with_all_that_is_in_it(#[case] number: u8) {
    let cluster = start(number);
    mk_namespace(&cluster, "mine");
    let pod = json!({
        "metadata": {"name": "p", "namespace": "mine"},
        "spec": {"containers": [{"name": "main", "image": "probe"}]},
    });
    system::make(&cluster, "test", "", "pods", pod);
    controllers::react(&cluster);
    end_namespace(&cluster, "mine");
    assert_eq!(get(&cluster, "namespaces", "", "mine"), None);
    assert!(cluster.store().in_namespace("mine").is_empty());
    assert!(get(&cluster, "namespaces", "", "default").is_some());
}

#[test]
fn a_finalizer_holds_a_namespace() {
    let cluster = start(31);
    mk_namespace(&cluster, "mine");
    let held = json!({"metadata": {"name": "held", "namespace": "mine", "finalizers": ["example.org/wait"]}});
    system::make(&cluster, "test", "", "configmaps", held);
    end_namespace(&cluster, "mine");
    let namespace = get(&cluster, "namespaces", "", "mine").expect("it is still there");
    assert_eq!(namespace["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(cluster.store().in_namespace("mine").len(), 1);

    let key = Key::new("configmaps", "mine", "held");
    cluster.store().delete(&key, None).expect("it is there");
    controllers::react(&cluster);
    assert_eq!(get(&cluster, "namespaces", "", "mine"), None);
}
