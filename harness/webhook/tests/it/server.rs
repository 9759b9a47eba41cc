//! The server over real TLS.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use rstest::{fixture, rstest};
use seccomp_webhook::{Outcome, Recorder, Running, ServingCertificate, WEBHOOK_PATH, WebhookRequest};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::support::{connect, loopback, mk_certificate, mk_get, mk_post, review, send};

const LIMIT: usize = 7 * 1024 * 1024;

/// A server, and what a client must know of it.
struct Server {
    running: Running,
    certificate: ServingCertificate,
}

impl Server {
    fn start(certificate: ServingCertificate, change: impl FnOnce(WebhookRequest) -> WebhookRequest) -> Result<Self> {
        let running = change(WebhookRequest::new(certificate.server_config())).bind(loopback())?.serve();
        Ok(Self { running, certificate })
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(http::Response<()>, String)> {
        send(self.running.local_addr(), self.certificate.ca_bundle(), request).await
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>> {
        connect(self.running.local_addr(), self.certificate.ca_bundle()).await
    }

    /// A connection on which a review of this size has begun.
    ///
    /// With `Expect`, the server says that it has begun: there is nothing to guess.
    async fn begin_review(&self, size: usize) -> Result<TlsStream<TcpStream>> {
        let mut stream = self.connect().await?;
        let head = format!(
            "POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\
             Expect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut begun = [0; 25];
        stream.read_exact(&mut begun).await?;
        assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
        Ok(stream)
    }
}

#[fixture]
fn certificate() -> ServingCertificate {
    mk_certificate()
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn answers_and_records_a_review(certificate: ServingCertificate) -> Result<()> {
    let recorder = Arc::new(Recorder::default());
    let server = Server::start(certificate, |request| request.with_recorder(Arc::clone(&recorder)))?;
    let (head, text) = server.send(mk_post(review())).await?;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["content-type"], "application/json");
    let records = recorder.drain();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].request.to_string(), serde_json::from_str::<Value>(&review())?.to_string());
    assert_eq!(records[0].response, serde_json::from_str::<Value>(&text)?);
    assert_eq!((records[0].outcome, records[0].patch.len()), (Outcome::Mutated, 1));
    assert!(records[0].is_uid_echoed());
    assert_eq!(serde_json::from_value::<seccomp_webhook::Record>(serde_json::to_value(&records[0])?)?, records[0]);
    assert!(recorder.is_empty());
    server.running.shutdown().await?;
    Ok(())
}

fn post(content_type: Option<&str>, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut request = mk_post(body);
    request.headers_mut().remove("content-type");
    if let Some(content_type) = content_type {
        request.headers_mut().insert("content-type", content_type.parse().expect("a header value"));
    }
    request
}

/// The texts and codes of controller-runtime v0.24.1 `pkg/webhook/admission/http.go`.
#[rstest]
#[case::wrong_type(post(Some("text/plain"), review()), 400, "contentType=text/plain, expected application/json")]
#[case::with_charset(
    post(Some("application/json; charset=utf-8"), review()),
    400,
    "contentType=application/json; charset=utf-8, expected application/json"
)]
#[case::no_type(post(None, review()), 400, "contentType=, expected application/json")]
#[case::no_body(mk_post(""), 400, "request body is empty")]
#[case::too_large(
    mk_post(vec![b' '; LIMIT + 1]), 413, "request entity is too large; limit is 7340032 bytes"
)]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn rejects_bad_transport(
    certificate: ServingCertificate,
    #[case] request: Request<Full<Bytes>>,
    #[case] code: u16,
    #[case] message: &str,
) -> Result<()> {
    let server = Server::start(certificate, |request| request)?;
    let (head, text) = server.send(request).await?;
    assert_eq!(head.status().as_u16(), code, "{text}");
    let wanted = json!({ "response": {
        "uid": "", "allowed": false, "status": { "metadata": {}, "message": message, "code": code },
    } });
    assert_eq!(serde_json::from_str::<Value>(&text)?, wanted);
    server.running.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn accepts_a_review_of_the_largest_size(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request)?;
    let mut review = review();
    review.push_str(&" ".repeat(LIMIT - review.len()));
    let (head, _) = server.send(mk_post(review)).await?;
    assert_eq!(head.status(), StatusCode::OK);
    server.running.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn the_gate_takes_the_path_away_and_gives_it_back(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request.with_gate(false))?;
    let (head, _) = server.send(mk_post(review())).await?;
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    server.running.set_gate(true);
    let (head, _) = server.send(mk_post(review())).await?;
    assert_eq!(head.status(), StatusCode::OK);
    server.running.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn tells_health_and_metrics(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request)?;
    server.send(mk_post(review())).await?;
    server.send(mk_post("{]")).await?;
    for path in ["/healthz", "/readyz"] {
        let (head, text) = server.send(mk_get(path)).await?;
        assert_eq!((head.status(), text.as_str()), (StatusCode::OK, "ok"));
    }
    let (_, text) = server.send(mk_get("/metrics")).await?;
    for line in [
        "seccomp_webhook_reviews_total{outcome=\"mutated\"} 1",
        "seccomp_webhook_reviews_total{outcome=\"malformed\"} 1",
        "seccomp_webhook_review_duration_seconds_bucket{le=\"+Inf\"} 2",
        "seccomp_webhook_review_duration_seconds_count 2",
        "seccomp_webhook_reviews_in_flight 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    assert_eq!(server.running.metrics().reviews(Outcome::Mutated), 1);
    let (head, _) = server.send(mk_get("/elsewhere")).await?;
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    server.running.shutdown().await?;
    Ok(())
}

/// A client that begins and goes silent is cut off, wherever it stopped.
#[rstest]
#[case::in_the_head("POST /webhooks/seccomp-profile HTTP/1.1\r\nHost: a\r\n", "")]
#[case::in_the_body(
    "POST /webhooks/seccomp-profile HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    "HTTP/1.1 408 Request Timeout"
)]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn slow_clients_are_cut_off(
    certificate: ServingCertificate,
    #[case] sent: &str,
    #[case] answered: &str,
) -> Result<()> {
    let soon = Duration::from_millis(50);
    let server = Server::start(certificate, |request| request.with_header_timeout(soon).with_body_timeout(soon))?;
    let mut stream = server.connect().await?;
    stream.write_all(sent.as_bytes()).await?;
    let mut text = Vec::new();
    // The end of the stream, in whatever way, is what is waited for; the server may not close it politely.
    let _ = stream.read_to_end(&mut text).await;
    assert!(String::from_utf8_lossy(&text).starts_with(answered), "{}", String::from_utf8_lossy(&text));
    server.running.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_client_without_a_handshake_is_cut_off(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request.with_handshake_timeout(Duration::from_millis(50)))?;
    let mut stream = TcpStream::connect(server.running.local_addr()).await?;
    let _ = stream.read_to_end(&mut Vec::new()).await;
    server.running.shutdown().await?;
    Ok(())
}

/// What has begun is answered; what comes later is not taken.
#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_shutdown_waits_for_what_has_begun(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request)?;
    let address = server.running.local_addr();
    let authority = server.certificate.ca_bundle().to_owned();
    let review = review();
    let mut stream = server.begin_review(review.len()).await?;

    let mut shutdown = Box::pin(server.running.shutdown());
    assert!(futures_poll(shutdown.as_mut()).await, "the shutdown did not wait");
    stream.write_all(review.as_bytes()).await?;
    shutdown.await?;
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    assert!(text.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&text));
    assert!(connect(address, &authority).await.is_err(), "a new connection was taken");
    Ok(())
}

/// Polls once; whether there is more to wait for.
async fn futures_poll(future: std::pin::Pin<&mut impl Future>) -> bool {
    let mut future = Some(future);
    std::future::poll_fn(|context| {
        let pending = future.take().is_some_and(|future| future.poll(context).is_pending());
        std::task::Poll::Ready(pending)
    })
    .await
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request.with_drain_timeout(Duration::from_millis(50)))?;
    let _stream = server.begin_review(9).await?;
    let error = server.running.shutdown().await.expect_err("a connection was cut off");
    assert_eq!(error.to_string(), "drain connections within 0 s: 1 were cut off");
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn an_address_that_is_taken_is_reported(certificate: ServingCertificate) -> Result<()> {
    let server = Server::start(certificate, |request| request)?;
    let address = server.running.local_addr();
    let error =
        WebhookRequest::new(server.certificate.server_config()).bind(address).err().context("the address is taken")?;
    assert_eq!(error.to_string(), format!("listen on `{address}`"));
    server.running.shutdown().await?;
    Ok(())
}
