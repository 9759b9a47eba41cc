//! What is served under which path.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::Shared;
use crate::{
    registration::WEBHOOK_PATH,
    review::{Answer, malformed},
};

/// The largest review that is read.
///
/// # Units
/// Bytes.
///
/// # Source
/// controller-runtime v0.24.1 `pkg/webhook/admission/http.go` `maxRequestSize`
const MAX_BYTES: usize = 7 * 1024 * 1024;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(WEBHOOK_PATH, any(review))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(shared)
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

async fn review(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    if !shared.gate.load(Ordering::Relaxed) {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    let _in_flight = shared.metrics.enter();
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let (body, answer) = match tokio::time::timeout(shared.limits.body, Limited::new(body, MAX_BYTES).collect()).await {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            let answer = answer(&shared, &head.headers, &body);
            (body, answer)
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("request entity is too large; limit is {MAX_BYTES} bytes");
            (Bytes::new(), malformed(413, message))
        }
        Ok(Err(error)) => (Bytes::new(), malformed(400, error.to_string())),
        Err(_) => (Bytes::new(), malformed(408, "the request's body took too long".to_owned())),
    };
    let response = Bytes::from(answer.body.clone());
    if let Some(recorder) = &shared.recorder {
        recorder.push(body, &answer, response.clone());
    }
    shared.metrics.observe(answer.outcome, started.elapsed());
    let status = StatusCode::from_u16(answer.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], response).into_response()
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
