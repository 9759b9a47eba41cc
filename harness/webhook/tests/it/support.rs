//! Reviews, and a client that speaks TLS.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use seccomp_webhook::{Answer, Handler, Mutant, Reviewer, ServingCertificate, WEBHOOK_PATH};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A review of a Pod's creation in namespace `garden`, as an API server sends it.
pub(crate) fn mk_review(pod: &Value) -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "name": "web",
            "namespace": "garden",
            "operation": "CREATE",
            "userInfo": { "username": "admin" },
            "object": pod,
            "oldObject": null,
            "dryRun": false,
            "options": { "kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1" },
        },
    })
}

/// The same as text, of a Pod that the webhook changes.
pub(crate) fn review() -> String {
    mk_review(&mk_pod(&json!({ "securityContext": {} }))).to_string()
}

/// A Pod with this `spec`.
pub(crate) fn mk_pod(spec: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" }, "spec": spec })
}

pub(crate) fn answer(handler: Handler, mutant: Option<Mutant>, review: &Value) -> Answer {
    Reviewer { handler, mutant }.review(review.to_string().as_bytes())
}

pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("an answer is JSON")
}

/// `object` after the patch that the answer's body carries.
pub(crate) fn patched(answer: &Answer, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(patch) = body(answer).pointer("/response/patch").and_then(Value::as_str) {
        let patch = base64::engine::general_purpose::STANDARD.decode(patch).expect("a patch is base64");
        let patch: json_patch::Patch = serde_json::from_slice(&patch).expect("a patch is a list of operations");
        json_patch::patch(&mut object, &patch).expect("a patch applies");
    }
    object
}

/// Where a server listens that is free to choose its port.
pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) fn mk_certificate() -> ServingCertificate {
    ServingCertificate::for_run(["127.0.0.1", "localhost"]).expect("names are good")
}

/// Shakes hands with the server, trusting `ca_bundle` alone.
pub(crate) async fn connect(address: SocketAddr, ca_bundle: &str) -> Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_bundle.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?)
}

/// Sends one request over a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    ca_bundle: &str,
    request: Request<Full<Bytes>>,
) -> Result<(Response<()>, String)> {
    let stream = connect(address, ca_bundle).await.context("shake hands")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
    drop(sender);
    driving.await??;
    Ok((Response::from_parts(head, ()), text))
}

pub(crate) fn mk_post(review: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post(WEBHOOK_PATH)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(review.into()))
        .expect("a request is good")
}

pub(crate) fn mk_get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "localhost").body(Full::new(Bytes::new())).expect("a request is good")
}
