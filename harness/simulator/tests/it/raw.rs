//! Requests and answers as they are on the wire.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use kube_simulator::{Minor, Simulator, SimulatorRequest};
use serde_json::{Value, json};
use tower::ServiceExt;

/// What an API server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

pub(crate) async fn post(cluster: &Simulator, path: &str, body: &Value) -> Answer {
    send(cluster, "POST", path, body).await
}

pub(crate) async fn send(cluster: &Simulator, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send_bytes(cluster, method, path, "application/json", body.into()).await
}

/// The same with a body of any form.
pub(crate) async fn send_bytes(
    cluster: &Simulator,
    method: &str,
    path: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::USER_AGENT, "case/1")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let response = cluster.service().oneshot(request).await.unwrap();
    let warnings = response.headers().get_all(header::WARNING).iter().map(|value| value.to_str().unwrap().to_owned());
    let (code, warnings) = (response.status().as_u16(), warnings.collect());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { code, body: serde_json::from_slice(&body).unwrap(), warnings }
}

pub(crate) async fn mk_cluster(minor: Minor) -> Simulator {
    let cluster = SimulatorRequest::new(minor).start();
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns", "labels": {"role": "shoot"}}});
    let answer = post(&cluster, "/api/v1/namespaces", &namespace).await;
    assert_eq!(answer.code, 201, "{answer:?}");
    cluster
}

pub(crate) async fn register(cluster: &Simulator, kind: &str, name: &str, webhooks: Value) {
    let plural = format!("{}s", kind.to_lowercase());
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "webhooks": webhooks,
    });
    let answer = post(cluster, &format!("/apis/admissionregistration.k8s.io/v1/{plural}"), &configuration).await;
    assert_eq!(answer.code, 201, "{answer:?}");
}
