//! Reviews that a foreign webhook answers.

use std::time::Instant;

use axum::{
    http::{Response, StatusCode, header, request},
    response::{IntoResponse as _, Response as AxumResponse},
};
use bytes::Bytes;
use json_patch::PatchOperation;
use tracing::{Instrument as _, Span, field::Empty};

use super::{Shared, routes::MAX_BYTES};
use crate::{
    decide::Outcome,
    record::Entry,
    request::{AdmissionRequest, Incoming},
    upstream::{self, Forwarder},
};

/// Hands a review that arrived in full to the upstream, and its answer back.
pub(super) async fn review(
    shared: &Shared,
    upstream: &Forwarder,
    head: &request::Parts,
    body: Bytes,
    started: Instant,
) -> AxumResponse {
    // What cannot be read is the upstream's to refuse.
    let asked = Incoming::from_slice(&body).ok().and_then(|incoming| incoming.request).unwrap_or_default();
    let AdmissionRequest { uid, namespace, name, .. } = asked;
    let span = tracing::info_span!("review", uid, namespace, name, outcome = Empty);
    let pending = Pending { shared, started, span: span.clone(), asked: Some((namespace, body.clone())) };
    let answered = upstream.forward(head, body, shared.limits.upstream, MAX_BYTES).instrument(span).await;
    match answered {
        Ok(answer) => {
            let (outcome, patch) = upstream::read(&answer);
            pending.end(answer.body().clone(), outcome, patch);
            // axum takes any body, and this one is whole.
            let (head, body) = answer.into_parts();
            Response::from_parts(head, body.into())
        }
        Err(error) => {
            tracing::warn!(%error, "no answer");
            let text = error.to_string();
            pending.end(Bytes::from(text.clone()), Outcome::Unanswered, Vec::new());
            let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (StatusCode::BAD_GATEWAY, content_type, text + "\n").into_response()
        }
    }
}

/// A review that the upstream was asked for. It is recorded in every end, that of the client's patience too.
struct Pending<'a> {
    shared: &'a Shared,
    started: Instant,
    span: Span,
    /// The request's namespace and the review, until it is recorded.
    asked: Option<(String, Bytes)>,
}

impl Pending<'_> {
    fn end(mut self, response: Bytes, outcome: Outcome, patch: Vec<PatchOperation>) {
        self.record(response, outcome, patch);
    }

    fn record(&mut self, response: Bytes, outcome: Outcome, patch: Vec<PatchOperation>) {
        let Some((namespace, request)) = self.asked.take() else { return };
        if let Some(recorder) = &self.shared.recorder {
            recorder.push(Entry { namespace, request, response, outcome, patch });
        }
        self.shared.metrics.observe(outcome, self.started.elapsed());
        self.span.record("outcome", outcome.as_str());
        self.span.in_scope(|| tracing::info!("answered"));
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let gone = "the client went away before the upstream answered";
        self.record(Bytes::from_static(gone.as_bytes()), Outcome::Unanswered, Vec::new());
    }
}
