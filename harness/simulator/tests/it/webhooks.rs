//! Webhooks as an API server calls them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::future::join_all;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use kube_simulator::{Minor, Simulator, SimulatorRequest};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::webhook_server::{AUTHORITY, Behaviour, WebhookServer};

/// What an API server answered.
#[derive(Debug)]
struct Answer {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

async fn post(cluster: &Simulator, path: &str, body: &Value) -> Answer {
    send(cluster, "POST", path, body).await
}

async fn send(cluster: &Simulator, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "case/1")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let response = cluster.service().oneshot(request).await.unwrap();
    let warnings = response.headers().get_all(header::WARNING).iter().map(|value| value.to_str().unwrap().to_owned());
    let (code, warnings) = (response.status().as_u16(), warnings.collect());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { code, body: serde_json::from_slice(&body).unwrap(), warnings }
}

async fn mk_cluster(minor: Minor) -> Simulator {
    let cluster = SimulatorRequest::new(minor).start();
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns", "labels": {"role": "shoot"}}});
    let answer = post(&cluster, "/api/v1/namespaces", &namespace).await;
    assert_eq!(answer.code, 201, "{answer:?}");
    cluster
}

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

async fn register(cluster: &Simulator, kind: &str, name: &str, webhooks: Value) {
    let plural = format!("{}s", kind.to_lowercase());
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "webhooks": webhooks,
    });
    let answer = post(cluster, &format!("/apis/admissionregistration.k8s.io/v1/{plural}"), &configuration).await;
    assert_eq!(answer.code, 201, "{answer:?}");
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
            let seen = case.run(minor.parse().unwrap()).await;
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
        let cluster = mk_cluster(minor.parse().unwrap()).await;
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
