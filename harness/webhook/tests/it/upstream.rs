//! A webhook behind the recording server.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rstest::rstest;
use seccomp_webhook::{Mutant, Outcome, Recorder, Reviewer, Running, ServingCertificate, Upstream, WebhookRequest};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_rustls::TlsAcceptor;

use crate::support::{loopback, mk_certificate, mk_post, review, send};

const SERVICE: &str = "gardener-resource-manager.garden.svc";

/// A recording server in front of `upstream`.
struct Proxy {
    server: Running,
    certificate: ServingCertificate,
    recorder: Arc<Recorder>,
}

impl Proxy {
    fn start(upstream: Upstream, limit: Duration) -> Result<Self> {
        let (certificate, recorder) = (mk_certificate(), Arc::new(Recorder::default()));
        let request = WebhookRequest::new(certificate.server_config())
            .with_upstream(upstream)
            .with_upstream_timeout(limit)
            .with_recorder(Arc::clone(&recorder));
        Ok(Self { server: request.bind(loopback())?.serve(), certificate, recorder })
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(Response<()>, String)> {
        send(self.server.local_addr(), self.certificate.ca_bundle(), request).await
    }
}

/// Our own webhook as the one behind, with a certificate for its Service alone.
fn mk_upstream(mutant: Option<Mutant>) -> Result<(Running, ServingCertificate)> {
    let certificate = ServingCertificate::for_run([SERVICE])?;
    let reviewer = Reviewer { mutant, ..Reviewer::default() };
    let request = WebhookRequest::new(certificate.server_config()).with_reviewer(reviewer);
    Ok((request.bind(loopback())?.serve(), certificate))
}

const LONG: Duration = Duration::from_secs(30);

#[rstest]
#[case::changed(None, Outcome::Mutated, 1)]
#[case::left_alone(Some(Mutant::NeverMutates), Outcome::LeftAlone, 0)]
#[case::refused(Some(Mutant::RefusesInstead), Outcome::Refused, 0)]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn answers_and_records_what_the_upstream_says(
    #[case] mutant: Option<Mutant>,
    #[case] outcome: Outcome,
    #[case] operations: usize,
) -> Result<()> {
    let (behind, trusted) = mk_upstream(mutant)?;
    let upstream = Upstream::new(&behind.url(), trusted.ca_bundle())?.with_name(SERVICE)?;
    let proxy = Proxy::start(upstream, LONG)?;
    let (head, text) = proxy.send(mk_post(review())).await?;
    let (direct, said) = {
        let own = Reviewer { mutant, ..Reviewer::default() }.review(review().as_bytes());
        (own.http_status, String::from_utf8(own.body)?)
    };
    assert_eq!((head.status().as_u16(), &text), (direct, &said));
    assert_eq!(head.headers()["content-type"], "application/json");
    let records = proxy.recorder.take("garden");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].request, serde_json::from_str::<Value>(&review())?);
    assert_eq!(records[0].response, serde_json::from_str::<Value>(&said)?);
    assert_eq!((records[0].outcome, records[0].patch.len()), (outcome, operations));
    assert_eq!(proxy.server.metrics().reviews(outcome), 1);
    proxy.server.shutdown().await?;
    behind.shutdown().await?;
    Ok(())
}

#[rstest]
#[case::itself(true, SERVICE, Ok(()))]
#[case::for_another_name(true, "other.garden.svc", Err("certificate not valid for name"))]
#[case::gone(false, SERVICE, Err("Connection refused"))]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn reaches_only_the_one_that_is_trusted(
    #[case] is_there: bool,
    #[case] name: &str,
    #[case] expected: Result<(), &str>,
) -> Result<()> {
    let (behind, trusted) = mk_upstream(None)?;
    let upstream = Upstream::new(&behind.url(), trusted.ca_bundle())?.with_name(name)?;
    if !is_there {
        behind.shutdown().await?;
    }
    let reached = upstream.reach(LONG).await.map_err(|error| error.to_string());
    match (&reached, expected) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
        _ => panic!("{reached:?}"),
    }
    Ok(())
}

/// What is no review is the upstream's to refuse, with its own words.
#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn hands_on_what_is_no_review() -> Result<()> {
    let (behind, trusted) = mk_upstream(None)?;
    let proxy = Proxy::start(Upstream::new(&behind.url(), trusted.ca_bundle())?.with_name(SERVICE)?, LONG)?;
    let (head, text) = proxy.send(mk_post("")).await?;
    assert_eq!(head.status(), StatusCode::BAD_REQUEST);
    assert!(text.contains("request body is empty"), "{text}");
    let records = proxy.recorder.drain();
    assert_eq!((records.len(), records[0].outcome), (1, Outcome::Unanswered));
    proxy.server.shutdown().await?;
    behind.shutdown().await?;
    Ok(())
}

/// A server that answers everything with `answer`, and tells what it was asked and over how many connections.
struct Echo {
    address: SocketAddr,
    certificate: ServingCertificate,
    connections: Arc<AtomicUsize>,
    asked: mpsc::UnboundedReceiver<Request<Bytes>>,
}

async fn mk_echo(answer: impl Fn() -> Option<Response<Full<Bytes>>> + Copy + Send + Sync + 'static) -> Result<Echo> {
    let certificate = mk_certificate();
    let listener = TcpListener::bind(loopback()).await?;
    let address = listener.local_addr()?;
    let acceptor = TlsAcceptor::from(certificate.server_config());
    let connections = Arc::new(AtomicUsize::new(0));
    let (sender, asked) = mpsc::unbounded_channel();
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            counter.fetch_add(1, Ordering::Relaxed);
            let sender = sender.clone();
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let sender = sender.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    // The test may have ended.
                    let _ = sender.send(Request::from_parts(head, body));
                    match answer() {
                        Some(answer) => anyhow::Ok(answer),
                        None => std::future::pending().await,
                    }
                }
            });
            let executor = hyper_util::rt::TokioExecutor::new();
            tokio::spawn(async move {
                let builder = hyper_util::server::conn::auto::Builder::new(executor);
                builder.serve_connection(TokioIo::new(stream), service).await.is_ok()
            });
        }
    });
    Ok(Echo { address, certificate, connections, asked })
}

impl Echo {
    fn upstream(&self, path: &str) -> Result<Upstream> {
        Ok(Upstream::new(&format!("https://{}{path}", self.address), self.certificate.ca_bundle())?)
    }
}

/// Method, query, headers and body go on; status, headers and body come back; and the connection is kept.
#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn passes_requests_and_answers_unchanged() -> Result<()> {
    let mut echo = mk_echo(|| {
        let answer = Response::builder().status(418).header("x-answer", "yes").body(Full::from("tea"));
        answer.ok()
    })
    .await?;
    let proxy = Proxy::start(echo.upstream("/hook")?, LONG)?;
    for body in ["one", "two"] {
        let mut request = mk_post(body);
        *request.uri_mut() = "/webhooks/seccomp-profile?timeout=10s".parse()?;
        request.headers_mut().insert("user-agent", "kube-apiserver-admission".parse()?);
        let (head, text) = proxy.send(request).await?;
        assert_eq!((head.status(), text.as_str()), (StatusCode::IM_A_TEAPOT, "tea"));
        assert_eq!(head.headers()["x-answer"], "yes");
        let asked = echo.asked.recv().await.expect("the upstream was asked");
        assert_eq!((asked.method(), asked.body().as_ref()), (&Method::POST, body.as_bytes()));
        assert_eq!((asked.uri().path(), asked.uri().query()), ("/hook", Some("timeout=10s")));
        assert_eq!(asked.headers()["content-type"], "application/json");
        assert_eq!(asked.headers()["user-agent"], "kube-apiserver-admission");
    }
    assert_eq!(echo.connections.load(Ordering::Relaxed), 1);
    let records = proxy.recorder.drain();
    assert_eq!(records.iter().map(|record| &record.response).collect::<Vec<_>>(), ["tea", "tea"]);
    proxy.server.shutdown().await?;
    Ok(())
}

/// Nothing listens, the certificate is somebody else's or for another name: always a 502 that says so, and a record.
#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn an_upstream_that_cannot_be_asked_is_a_bad_gateway() -> Result<()> {
    let (behind, trusted) = mk_upstream(None)?;
    let closed = {
        let listener = std::net::TcpListener::bind(loopback())?;
        format!("https://{}", listener.local_addr()?)
    };
    let cases = [
        (Upstream::new(&closed, trusted.ca_bundle())?, "Connection refused"),
        (Upstream::new(&behind.url(), mk_certificate().ca_bundle())?.with_name(SERVICE)?, "invalid peer certificate: "),
        (Upstream::new(&behind.url(), trusted.ca_bundle())?, "not valid for"),
    ];
    for (upstream, reason) in cases {
        let url = upstream.url();
        let proxy = Proxy::start(upstream, LONG)?;
        let (head, text) = proxy.send(mk_post(review())).await?;
        assert_eq!(head.status(), StatusCode::BAD_GATEWAY);
        assert!(text.contains(reason) && text.contains(&url), "{text}");
        let records = proxy.recorder.take("garden");
        assert_eq!((records.len(), records[0].outcome), (1, Outcome::Unanswered));
        assert_eq!(records[0].response, text.trim_end());
        proxy.server.shutdown().await?;
    }
    behind.shutdown().await?;
    Ok(())
}

#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_silent_upstream_is_not_waited_for_longer_than_it_may_take() -> Result<()> {
    let echo = mk_echo(|| None).await?;
    let proxy = Proxy::start(echo.upstream("/hook")?, Duration::from_millis(50))?;
    let (head, text) = proxy.send(mk_post(review())).await?;
    assert_eq!(head.status(), StatusCode::BAD_GATEWAY);
    assert!(text.ends_with("did not answer within 0.05 s\n"), "{text}");
    assert_eq!(proxy.recorder.take("garden").len(), 1);
    proxy.server.shutdown().await?;
    Ok(())
}

/// An API server that gives up leaves a record all the same.
#[rstest]
#[timeout(Duration::from_secs(30))]
#[tokio::test]
async fn a_client_that_goes_away_is_recorded() -> Result<()> {
    let mut echo = mk_echo(|| None).await?;
    let proxy = Proxy::start(echo.upstream("/hook")?, LONG)?;
    let asking = proxy.send(mk_post(review()));
    tokio::select! {
        answered = asking => anyhow::bail!("the upstream never answers: {answered:?}"),
        _ = echo.asked.recv() => {}
    }
    // The connection's end reaches the server when it does; its shutdown waits for that.
    proxy.server.shutdown().await?;
    let records = proxy.recorder.take("garden");
    assert_eq!((records.len(), records[0].outcome), (1, Outcome::Unanswered));
    assert_eq!(records[0].response, "the client went away before the upstream answered");
    Ok(())
}
