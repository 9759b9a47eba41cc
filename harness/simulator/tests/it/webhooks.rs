//! Webhooks as an API server calls them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::join_all;
use kube_simulator::{Minor, SimulatorRequest};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    raw::{mk_cluster, post, register, send},
    webhook_server::{AUTHORITY, Behaviour, WebhookServer},
};

fn mk_pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

fn mk_webhook(url: &str) -> Value {
    json!({
        "name": "hook.example.com",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": url, "caBundle": STANDARD.encode(AUTHORITY.bundle("ca"))},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
    })
}

fn patch(operations: &Value) -> Value {
    json!({"patchType": "JSONPatch", "patch": STANDARD.encode(operations.to_string())})
}

#[tokio::test]
async fn a_webhook_changes_a_pod() {
    let profile =
        json!([{"op": "add", "path": "/spec/securityContext/seccompProfile", "value": {"type": "RuntimeDefault"}}]);
    for minor in Minor::all() {
        let server = WebhookServer::start(Behaviour::answering(&patch(&profile))).await;
        let cluster = mk_cluster(minor).await;
        register(&cluster, "MutatingWebhookConfiguration", "a", json!([mk_webhook(&server.url())])).await;
        let answer = post(&cluster, "/api/v1/namespaces/ns/pods", &mk_pod()).await;
        assert_eq!(answer.code, 201, "{minor}: {answer:?}");
        assert_eq!(answer.body["spec"]["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{minor}");
        let (head, review) = server.requests().remove(0);
        assert_eq!(head[0], "POST /hook?timeout=10s HTTP/1.1", "{minor}");
        assert_eq!(review["request"]["object"]["spec"]["serviceAccountName"], "default", "{minor}: {review}");
    }
}

/// A webhook's behaviour, and what API servers of four minors answered to it.
///
/// # Shape
/// `answers`: by the minor from which it holds; asked were 1.24, 1.25, 1.31 and 1.36.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    server: Behaviour,
    #[serde(default)]
    webhook: Value,
    #[serde(default = "trusted")]
    ca_bundle: String,
    /// Instead of the webhook's own address; `{port}` stands for its port.
    url: Option<String>,
    #[serde(default)]
    validating: bool,
    #[serde(default)]
    query: String,
    answers: BTreeMap<String, Value>,
}

fn trusted() -> String {
    "ca".to_owned()
}

impl Case {
    /// What the simulator answers, in the shape of the recorded answers.
    async fn run(&self, minor: Minor) -> Value {
        let server = WebhookServer::start(self.server.clone()).await;
        let cluster = mk_cluster(minor).await;
        let port = server.address.port().to_string();
        let mut webhook =
            mk_webhook(&self.url.as_ref().map_or_else(|| server.url(), |url| url.replace("{port}", &port)));
        webhook["clientConfig"]["caBundle"] = json!(STANDARD.encode(AUTHORITY.bundle(&self.ca_bundle)));
        for (field, value) in self.webhook.as_object().into_iter().flatten() {
            webhook[field] = value.clone();
        }
        let kind = if self.validating { "ValidatingWebhookConfiguration" } else { "MutatingWebhookConfiguration" };
        register(&cluster, kind, "a", json!([webhook])).await;
        let answer = post(&cluster, &format!("/api/v1/namespaces/ns/pods{}", self.query), &mk_pod()).await;
        let requests = server.requests();
        let hide = |text: &str| {
            let text = text.replace(&port, "[port]");
            let text = requests.iter().fold(text, |text, (_, review)| {
                text.replace(review["request"]["uid"].as_str().unwrap_or("no uid"), "[uid]")
            });
            let text = between(&text, "current time ", " is", "[time]");
            between(&text, " tcp ", "->", "[local]")
        };
        let mut seen = json!({"code": answer.code, "requests": requests.len()});
        if answer.code >= 400 {
            for field in ["reason", "message", "details"] {
                if let Some(value) = answer.body.get(field) {
                    seen[field] = serde_json::from_str(&hide(&value.to_string())).unwrap();
                }
            }
        } else if let Some(labels) = answer.body["metadata"].get("labels") {
            seen["object"] = json!({"labels": labels});
        }
        if !answer.warnings.is_empty() {
            seen["warnings"] = json!(answer.warnings);
        }
        seen
    }
}

/// Puts `name` for what stands between two marks, once.
fn between(text: &str, from: &str, to: &str, name: &str) -> String {
    let Some((head, rest)) = text.split_once(from) else { return text.to_owned() };
    let Some((_, tail)) = rest.split_once(to) else { return text.to_owned() };
    // A message stands in the details again.
    format!(
        "{head}{from}{name}{to}{}",
        if tail.contains(from) { between(tail, from, to, name) } else { tail.to_owned() }
    )
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_as_recorded(#[files("tests/cases/webhook/*.json")] path: PathBuf) {
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let runs = cases.iter().map(|case| async move {
        let minors = ["1.24", "1.25", "1.31", "1.36"].map(|minor| async move {
            let (_, expected) = case.answers.range(..=minor.to_owned()).next_back().unwrap();
            let mut seen = case.run(minor.parse().unwrap()).await;
            // How much got through before the time was up says more of the machine than of the API server.
            if expected.get("requests").is_none() {
                seen.as_object_mut().unwrap().remove("requests");
            }
            (seen != *expected).then(|| format!("{} on {minor}\n  expected {expected}\n  answered {seen}", case.name))
        });
        join_all(minors).await.into_iter().flatten().collect::<Vec<_>>()
    });
    let differences: Vec<String> = join_all(runs).await.into_iter().flatten().collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A request, and the review that API servers of four minors made of it.
///
/// # Shape
/// `reviews`: by the minor from which they look so; `userInfo` is left out, as each cluster has its own users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reviewed {
    name: String,
    method: String,
    path: String,
    body: Value,
    reviews: BTreeMap<String, Value>,
}

/// Replaces what differs from run to run.
fn normalise(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    ("uid", Some(_)) => *value = json!("[uid]"),
                    ("time" | "creationTimestamp", Some(_)) => *value = json!("[time]"),
                    ("resourceVersion", Some(_)) => *value = json!("[version]"),
                    ("name", Some(text)) if text.starts_with("kube-api-access-") => {
                        *value = json!("kube-api-access-[suffix]");
                    }
                    _ => normalise(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(normalise),
        _ => {}
    }
}

#[tokio::test]
async fn reviews_are_as_recorded() {
    let steps: Vec<Reviewed> = serde_json::from_str(include_str!("../cases/reviews.json")).unwrap();
    for minor in ["1.24", "1.25", "1.31", "1.36"] {
        let server = WebhookServer::start(Behaviour::answering(&json!({}))).await;
        let cluster = SimulatorRequest::new(minor.parse().unwrap()).start();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}});
        post(&cluster, "/api/v1/namespaces", &namespace).await;
        let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}});
        post(&cluster, "/api/v1/namespaces/ns/configmaps", &config_map).await;
        let mut webhook = mk_webhook(&server.url());
        webhook["rules"][0]["resources"] = json!(["pods", "namespaces", "configmaps"]);
        webhook["rules"][0]["operations"] = json!(["*"]);
        register(&cluster, "MutatingWebhookConfiguration", "a", json!([webhook])).await;
        for step in &steps {
            let answer = send(&cluster, &step.method, &step.path, &step.body).await;
            assert!(answer.code < 300, "{minor} {}: {answer:?}", step.name);
            let (_, mut review) = server.requests().pop().unwrap();
            review["request"].as_object_mut().unwrap().remove("userInfo");
            normalise(&mut review);
            let (_, expected) = step.reviews.range(..=minor.to_owned()).next_back().unwrap();
            let (seen, expected) = (format!("{review:#}"), format!("{expected:#}"));
            assert_eq!(seen, expected, "{minor} {}", step.name);
        }
    }
}

/// One operation that adds a label.
fn label(name: &str) -> Value {
    patch(&json!([{"op": "add", "path": "/metadata/labels", "value": {"by": name}}]))
}

#[tokio::test]
async fn webhooks_are_called_by_configuration_name_and_see_what_came_before() {
    let first = WebhookServer::start(Behaviour::answering(&label("first"))).await;
    let second = WebhookServer::start(Behaviour::answering(&label("second"))).await;
    let third = WebhookServer::start(Behaviour::answering(&json!({}))).await;
    let cluster = mk_cluster(Minor::NEWEST).await;
    register(&cluster, "MutatingWebhookConfiguration", "b", json!([mk_webhook(&third.url())])).await;
    let both = json!([mk_webhook(&first.url()), mk_webhook(&second.url())]);
    let mut both = both;
    both[1]["name"] = json!("second.example.com");
    register(&cluster, "MutatingWebhookConfiguration", "a", both).await;
    let answer = post(&cluster, "/api/v1/namespaces/ns/pods", &mk_pod()).await;
    assert_eq!(answer.code, 201, "{answer:?}");
    let labels = |server: &WebhookServer| server.requests()[0].1["request"]["object"]["metadata"]["labels"].clone();
    assert_eq!(labels(&first), Value::Null);
    assert_eq!(labels(&second), json!({"by": "first"}));
    assert_eq!(labels(&third), json!({"by": "second"}));
    // Never is the default: a later change calls nobody again.
    assert_eq!([first, second, third].map(|server| server.requests().len()), [1, 1, 1]);
}

#[tokio::test]
async fn a_webhook_is_called_again_if_a_later_one_changed_the_object() {
    let first = WebhookServer::start(Behaviour::answering(&json!({}))).await;
    let container = json!([{"op": "add", "path": "/spec/containers/-", "value": {"name": "more", "image": "i"}}]);
    let second = WebhookServer::start(Behaviour::answering(&patch(&container))).await;
    let cluster = mk_cluster(Minor::NEWEST).await;
    let mut webhooks = json!([mk_webhook(&first.url()), mk_webhook(&second.url())]);
    webhooks[0]["reinvocationPolicy"] = json!("IfNeeded");
    webhooks[1]["name"] = json!("second.example.com");
    register(&cluster, "MutatingWebhookConfiguration", "a", webhooks).await;
    let answer = post(&cluster, "/api/v1/namespaces/ns/pods", &mk_pod()).await;
    assert_eq!(answer.code, 201, "{answer:?}");
    assert_eq!(first.requests().len(), 2);
    assert_eq!(second.requests().len(), 1);
    // The in-tree plug-ins ran again before the second call, and found a container without a token.
    let again = &first.requests()[1].1["request"]["object"]["spec"]["containers"][1];
    assert_eq!(again["volumeMounts"][0]["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount", "{again}");
    assert_eq!(first.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn a_webhooks_own_change_does_not_call_it_again() {
    let server = WebhookServer::start(Behaviour::answering(&label("me"))).await;
    let cluster = mk_cluster(Minor::NEWEST).await;
    let mut webhook = mk_webhook(&server.url());
    webhook["reinvocationPolicy"] = json!("IfNeeded");
    register(&cluster, "MutatingWebhookConfiguration", "a", json!([webhook])).await;
    assert_eq!(post(&cluster, "/api/v1/namespaces/ns/pods", &mk_pod()).await.code, 201);
    assert_eq!(server.requests().len(), 1);
}

/// Which requests reach a webhook: `fields` are put into it, `rule` into its rule.
#[rstest]
#[case::as_it_is(json!({}), json!({}), 1)]
#[case::namespace_selected(json!({"namespaceSelector": {"matchLabels": {"role": "shoot"}}}), json!({}), 1)]
#[case::namespace_by_name(json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ns"}}}), json!({}), 1)]
#[case::namespace_not_selected(json!({"namespaceSelector": {"matchExpressions": [{"key": "role", "operator": "NotIn", "values": ["shoot"]}]}}), json!({}), 0)]
#[case::object_not_selected(json!({"objectSelector": {"matchExpressions": [{"key": "skip", "operator": "Exists"}]}}), json!({}), 0)]
#[case::object_selected(json!({"objectSelector": {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]}}), json!({}), 1)]
#[case::other_resource(json!({}), json!({"resources": ["configmaps"]}), 0)]
#[case::any_resource(json!({}), json!({"resources": ["*"]}), 1)]
#[case::subresources_and_the_resource_itself(json!({}), json!({"resources": ["pods/*"]}), 1)]
#[case::subresource(json!({}), json!({"resources": ["pods/status"]}), 0)]
#[case::other_operation(json!({}), json!({"operations": ["UPDATE", "DELETE"]}), 0)]
#[case::other_group(json!({}), json!({"apiGroups": ["apps"]}), 0)]
#[case::other_version(json!({}), json!({"apiVersions": ["v2"]}), 0)]
#[case::namespaced(json!({}), json!({"scope": "Namespaced"}), 1)]
#[case::cluster(json!({}), json!({"scope": "Cluster"}), 0)]
#[tokio::test]
async fn a_webhook_is_called_where_it_matches(#[case] fields: Value, #[case] rule: Value, #[case] calls: usize) {
    let server = WebhookServer::start(Behaviour::answering(&json!({}))).await;
    let cluster = mk_cluster(Minor::NEWEST).await;
    let mut webhook = mk_webhook(&server.url());
    webhook.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    webhook["rules"][0].as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
    register(&cluster, "MutatingWebhookConfiguration", "a", json!([webhook])).await;
    let answer = post(&cluster, "/api/v1/namespaces/ns/pods", &mk_pod()).await;
    assert_eq!(answer.code, 201, "{answer:?}");
    assert_eq!(server.requests().len(), calls);
}

#[tokio::test]
async fn webhook_configurations_reach_no_webhook() {
    let server = WebhookServer::start(Behaviour::answering(&json!({"allowed": false}))).await;
    let cluster = mk_cluster(Minor::NEWEST).await;
    let mut webhook = mk_webhook(&server.url());
    webhook["rules"] = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"]}]);
    for name in ["a", "b"] {
        register(&cluster, "ValidatingWebhookConfiguration", name, json!([webhook])).await;
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn match_conditions_are_refused_rather_than_ignored() {
    let server = WebhookServer::start(Behaviour::answering(&json!({}))).await;
    for (minor, code) in [("1.27", 201), ("1.28", 501)] {
        let cluster = mk_cluster(minor.parse().unwrap()).await;
        let mut webhook = mk_webhook(&server.url());
        webhook["matchConditions"] = json!([{"name": "a", "expression": "false"}]);
        register(&cluster, "MutatingWebhookConfiguration", "a", json!([webhook])).await;
        let answer = post(&cluster, "/api/v1/namespaces/ns/pods", &mk_pod()).await;
        assert_eq!(answer.code, code, "{minor}: {answer:?}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_service_is_reached_at_its_endpoint_under_its_own_name() {
    let server = WebhookServer::start(Behaviour::answering(&label("service"))).await;
    let cluster =
        SimulatorRequest::new(Minor::NEWEST).with_service_endpoint("ns", "hook", 8443, server.address).start();
    let mut webhook = mk_webhook("");
    webhook["clientConfig"] = json!({
        "service": {"namespace": "ns", "name": "hook", "path": "/x", "port": 8443},
        "caBundle": webhook["clientConfig"]["caBundle"],
    });
    register(&cluster, "MutatingWebhookConfiguration", "a", json!([webhook])).await;
    let answer = post(&cluster, "/api/v1/namespaces/default/pods", &mk_pod()).await;
    assert_eq!(answer.body["metadata"]["labels"]["by"], "service", "{answer:?}");
    let (head, _) = server.requests().remove(0);
    assert!(head.contains(&"host: hook.ns.svc:8443".to_owned()), "{head:?}");
}
