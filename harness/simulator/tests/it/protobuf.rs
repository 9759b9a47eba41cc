//! Bodies in protobuf, as kubectl sends them for the objects that it has types for.

use kube_simulator::{Minor, Simulator, SimulatorRequest};
use serde_json::{Value, json};

use crate::raw::{self, Answer};

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// `v1 Namespace`, `metadata.name: proto-x`, empty `spec` and `status`, as kubectl 1.36.3 sends
/// `kubectl create namespace proto-x`.
const NAMESPACE: &[u8] = b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x1f\x0a\x17\x0a\x07proto-x\x12\0\x1a\0\x22\0*\x002\x008\0B\0\x12\0\x1a\x02\x0a\0\x1a\0\x22\0";

async fn send(cluster: &Simulator, method: &str, path: &str, body: &[u8]) -> Answer {
    raw::send_bytes(cluster, method, path, PROTOBUF, body.to_vec()).await
}

fn without_identity(mut object: Value) -> Value {
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    object
}

#[tokio::test]
async fn accepts_a_namespace_and_stores_the_same_as_from_json() {
    for minor in Minor::all() {
        let created = send(&SimulatorRequest::new(minor).start(), "POST", "/api/v1/namespaces", NAMESPACE).await;
        assert_eq!(created.code, 201, "{minor}: {created:?}");
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "proto-x"}});
        let expected = raw::post(&SimulatorRequest::new(minor).start(), "/api/v1/namespaces", &body).await;
        let (created, expected) = (without_identity(created.body), without_identity(expected.body));
        assert_eq!(created, expected, "{minor}");
    }
}

#[tokio::test]
async fn accepts_a_replacement() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    send(&cluster, "POST", "/api/v1/namespaces", NAMESPACE).await;
    let updated = send(&cluster, "PUT", "/api/v1/namespaces/proto-x", NAMESPACE).await;
    assert_eq!(updated.code, 200, "{updated:?}");
    assert_eq!(updated.body["metadata"]["name"], "proto-x");
}

/// meta/v1 `generated.proto`: `DeleteOptions.gracePeriodSeconds` = 1, `preconditions` = 2, `Preconditions.uid` = 1.
#[tokio::test]
async fn reads_the_options_of_a_deletion() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a", "image": "x"}]},
    });
    let created = raw::post(&cluster, "/api/v1/namespaces/default/pods", &pod).await;
    assert_eq!(created.code, 201, "{created:?}");
    let path = "/api/v1/namespaces/default/pods/p";
    let refused = send(&cluster, "DELETE", path, b"k8s\0\x12\x05\x12\x03\x0a\x01u").await;
    assert_eq!(refused.code, 409, "{refused:?}");
    let deleted = send(&cluster, "DELETE", path, b"k8s\0\x12\x02\x08\x00").await;
    assert_eq!(deleted.code, 200, "{deleted:?}");
    assert_eq!(raw::send(&cluster, "GET", path, &Value::Null).await.code, 404);
    let broken = send(&cluster, "DELETE", path, b"k8s\0\x12\x02\x08").await;
    assert_eq!((broken.code, &broken.body["message"]), (400, &json!("unexpected EOF")));
}

/// As kube-apiserver 1.24.17, 1.25.16 and 1.36.3 answer.
#[tokio::test]
async fn rejects_what_is_no_such_message() {
    let cluster = SimulatorRequest::new(Minor::new(24).unwrap()).start();
    for (body, message) in [
        (&b""[..], "the object provided is unrecognized (must be of type Namespace): empty data (<empty>)"),
        (
            b"x",
            "the object provided is unrecognized (must be of type Namespace): provided data does not appear to be a \
             protobuf message, expected prefix [107 56 115 0] (78)",
        ),
        (b"k8s\0", "the object provided is unrecognized (must be of type Namespace): empty body (6b387300)"),
        (
            b"k8s\0\x12\x02\x08\x01",
            "Namespace in version \"v1\" cannot be handled as a Namespace: proto: wrong wireType = 0 for field \
             ObjectMeta",
        ),
        (
            b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x02\x0a\x00",
            "Pod in version \"v1\" cannot be handled as a Namespace: converting (v1.Pod) to (core.Namespace): unknown \
             conversion",
        ),
        (
            b"k8s\0\x0a\x0b\x0a\x02v1\x12\x05Other\x12\x02\x0a\x00",
            "Other in version \"v1\" cannot be handled as a Namespace: no kind \"Other\" is registered for version \
             \"v1\" in scheme \"pkg/runtime/scheme.go:100\"",
        ),
    ] {
        let answer = send(&cluster, "POST", "/api/v1/namespaces", body).await;
        assert_eq!((answer.code, answer.body["message"].as_str()), (400, Some(message)), "{body:?}");
    }
}

#[tokio::test]
async fn rejects_what_is_too_large() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let answer = send(&cluster, "POST", "/api/v1/namespaces", &vec![b'k'; 3 * 1024 * 1024 + 1]).await;
    assert_eq!(answer.code, 413, "{answer:?}");
}

#[tokio::test]
async fn rejects_patches_in_protobuf() {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let answer = send(&cluster, "PATCH", "/api/v1/namespaces/default", NAMESPACE).await;
    assert_eq!(answer.code, 415, "{answer:?}");
}
