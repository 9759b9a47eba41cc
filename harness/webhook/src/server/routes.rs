//! What is served under which path.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Request, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::{Shared, proxy};
use crate::{
    record::Entry,
    registration::WEBHOOK_PATH,
    review::{Answer, malformed},
};

/// The largest review that is read, and the largest answer of an upstream.
///
/// # Units
/// Bytes.
///
/// # Source
/// controller-runtime v0.24.1 `pkg/webhook/admission/http.go` `maxRequestSize`
pub(super) const MAX_BYTES: usize = 7 * 1024 * 1024;

/// Where records are taken out.
const RECORDS_PATH: &str = "/records";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let router = Router::new()
        .route(WEBHOOK_PATH, any(review))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics));
    let router = if shared.records_endpoint { router.route(RECORDS_PATH, any(records)) } else { router };
    router.with_state(shared)
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    if shared.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining").into_response();
    }
    "ok".into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shared.metrics.render()).into_response()
}

/// Gives the records of one namespace, and forgets them; a HEAD would forget what nobody has read.
async fn records(State(shared): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")], "expected GET\n").into_response();
    }
    // A namespace's name holds nothing that a query would escape.
    let Some(namespace) = uri.query().and_then(|query| query.strip_prefix("namespace=")) else {
        return (StatusCode::BAD_REQUEST, "expected ?namespace=NAME\n").into_response();
    };
    let records = shared.recorder.as_ref().map(|recorder| recorder.take(namespace)).unwrap_or_default();
    ([(header::CACHE_CONTROL, "no-store")], Json(records)).into_response()
}

async fn review(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    if !shared.gate.load(Ordering::Relaxed) {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    let _in_flight = shared.metrics.enter();
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let (body, answer) = match read(&shared, body).await {
        Ok(body) => match &shared.upstream {
            Some(upstream) => return proxy::review(&shared, upstream, &head, body, started).await,
            None => (body.clone(), answer(&shared, &head.headers, &body)),
        },
        Err(answer) => (Bytes::new(), answer),
    };
    let status = StatusCode::from_u16(answer.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = Bytes::from(answer.body);
    if let Some(recorder) = &shared.recorder {
        recorder.push(Entry {
            namespace: answer.namespace,
            request: body,
            response: response.clone(),
            outcome: answer.outcome,
            patch: answer.patch,
        });
    }
    shared.metrics.observe(answer.outcome, started.elapsed());
    (status, [(header::CONTENT_TYPE, "application/json")], response).into_response()
}

/// The body of a review, or the answer to one that did not come in full.
async fn read(shared: &Shared, body: Body) -> Result<Bytes, Answer> {
    let reading = Limited::new(body, MAX_BYTES).collect();
    match tokio::time::timeout(shared.limits.body, reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(malformed(413, format!("request entity is too large; limit is {MAX_BYTES} bytes")))
        }
        Ok(Err(error)) => Err(malformed(400, error.to_string())),
        Err(_) => Err(malformed(408, "the request's body took too long".to_owned())),
    }
}

/// Answers a review that arrived in full, within a span of its own.
///
/// # Source
/// controller-runtime v0.24.1 `pkg/webhook/admission/http.go` `ServeHTTP`: the order of the checks, their texts
fn answer(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Answer {
    let empty = tracing::field::Empty;
    let span = tracing::info_span!("review", uid = empty, namespace = empty, name = empty, outcome = empty);
    let _entered = span.enter();
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let content_type = content_type.as_deref().unwrap_or_default();
    let answer = if body.is_empty() {
        malformed(400, "request body is empty".to_owned())
    } else if content_type != "application/json" {
        malformed(400, format!("contentType={content_type}, expected application/json"))
    } else {
        shared.reviewer.review(body)
    };
    span.record("uid", &answer.uid);
    span.record("namespace", &answer.namespace);
    span.record("name", &answer.name);
    span.record("outcome", answer.outcome.as_str());
    tracing::info!("answered");
    answer
}
