//! Records, taken out over the network.

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use rstest::rstest;
use seccomp_webhook::{Outcome, Record, Running, ServingCertificate, WebhookRequest};
use serde_json::json;

use crate::support::{mk_certificate, mk_get, mk_pod, mk_post, mk_review, send};

fn start(certificate: &ServingCertificate, change: impl FnOnce(WebhookRequest) -> WebhookRequest) -> Result<Running> {
    let request = change(WebhookRequest::new(certificate.server_config()));
    Ok(request.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.serve())
}

async fn ask(server: &Running, certificate: &ServingCertificate, namespace: &str) -> Result<()> {
    let mut review = mk_review(&mk_pod(&json!({ "securityContext": {} })));
    review["request"]["namespace"] = namespace.into();
    send(server.local_addr(), certificate.ca_bundle(), mk_post(review.to_string())).await?;
    Ok(())
}

async fn take(server: &Running, certificate: &ServingCertificate, namespace: &str) -> Result<Vec<Record>> {
    let get = mk_get(&format!("/records?namespace={namespace}"));
    let (head, text) = send(server.local_addr(), certificate.ca_bundle(), get).await?;
    assert_eq!((head.status(), &head.headers()["content-type"]), (StatusCode::OK, &"application/json".parse()?));
    Ok(serde_json::from_str(&text)?)
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn each_namespace_takes_its_own_records_once() -> Result<()> {
    let certificate = mk_certificate();
    let server = start(&certificate, WebhookRequest::with_records_endpoint)?;
    for namespace in ["one", "other", "one"] {
        ask(&server, &certificate, namespace).await?;
    }
    let records = take(&server, &certificate, "one").await?;
    assert_eq!(records.iter().map(|record| record.outcome).collect::<Vec<_>>(), [Outcome::Mutated; 2]);
    assert!(records.iter().all(|record| record.request["request"]["namespace"] == "one"));
    assert_eq!(take(&server, &certificate, "one").await?, []);
    assert_eq!(take(&server, &certificate, "other").await?.len(), 1);
    server.shutdown().await?;
    Ok(())
}

#[rstest]
#[case::without_a_namespace(mk_get("/records"), 400)]
#[case::with_another_query(mk_get("/records?name=one"), 400)]
#[case::head(Request::head("/records?namespace=one").header("host", "a").body(Full::default()).expect("a request is good"), 405)]
#[case::post(Request::post("/records?namespace=one").header("host", "a").body(Full::default()).expect("a request is good"), 405)]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn rejects_what_takes_nothing_out(#[case] request: Request<Full<Bytes>>, #[case] code: u16) -> Result<()> {
    let certificate = mk_certificate();
    let server = start(&certificate, WebhookRequest::with_records_endpoint)?;
    ask(&server, &certificate, "one").await?;
    let (head, _) = send(server.local_addr(), certificate.ca_bundle(), request).await?;
    assert_eq!(head.status().as_u16(), code);
    assert_eq!(take(&server, &certificate, "one").await?.len(), 1);
    server.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn records_are_served_on_request_alone() -> Result<()> {
    let certificate = mk_certificate();
    let server = start(&certificate, |request| request)?;
    let (head, _) = send(server.local_addr(), certificate.ca_bundle(), mk_get("/records?namespace=one")).await?;
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    server.shutdown().await?;
    Ok(())
}
