//! What real clusters have and the simulator has not: it says so, and does not look like a cluster without it.

use http::Request;
use http_body_util::{BodyExt, Full};
use kube_simulator::{Minor, SimulatorRequest};
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::raw;

#[rstest]
#[case::stateful_set("POST", "/apis/apps/v1/namespaces/default/statefulsets", "statefulsets.apps")]
#[case::job("GET", "/apis/batch/v1/namespaces/default/jobs/j", "jobs.batch")]
#[case::quota("GET", "/api/v1/namespaces/default/resourcequotas", "resourcequotas")]
#[case::exec("POST", "/api/v1/namespaces/default/pods/p/exec", "pods/exec")]
#[case::token("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", "serviceaccounts/token")]
#[case::discovery("GET", "/apis/batch/v1", "batch/v1")]
#[case::metrics("GET", "/metrics", "/metrics")]
#[tokio::test]
async fn reports_what_is_not_modelled(#[case] method: &str, #[case] path: &str, #[case] what: &str) {
    for minor in Minor::all() {
        let answer = raw::send(&SimulatorRequest::new(minor).start(), method, path, &json!({})).await;
        assert_eq!(answer.code, 404, "{minor}: {answer:?}");
        assert_eq!(answer.body["kind"], "Status", "{minor}");
        assert_eq!(answer.body["reason"], "NotFound", "{minor}");
        assert_eq!(answer.body["message"], format!("the simulator does not model {what}"), "{minor}");
    }
}

/// As kube-apiserver 1.24.17 and 1.36.3 answer.
#[rstest]
#[case::resource("/apis/scheduling.k8s.io/v1/nosuch", true)]
#[case::core_resource("/api/v1/nosuch", true)]
#[case::subresource("/api/v1/namespaces/default/pods/p/nosuch", true)]
#[case::group("/apis/nosuch/v1/x", false)]
#[case::path("/nosuch", false)]
#[tokio::test]
async fn answers_in_the_real_words_what_no_cluster_has(#[case] path: &str, #[case] is_status: bool) {
    let cluster = SimulatorRequest::new(Minor::NEWEST).start();
    let request = Request::get(path).body(Full::<bytes::Bytes>::default()).unwrap();
    let response = cluster.service().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 404);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    if is_status {
        let status = serde_json::from_slice::<Value>(&body).unwrap();
        assert_eq!(status["message"], "the server could not find the requested resource");
    } else {
        assert_eq!(&body[..], b"404 page not found\n");
    }
}
