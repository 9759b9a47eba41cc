//! The webhook's registration in the cluster, and the proof of what the webhook had to do with a call.

use seccomp_webhook::{Match, Registration, RequestFacts};
use serde_json::Value;

use super::{ExecuteError, Execution, namespace::labels, object::Made};
use crate::{
    api::{is_cluster_scoped, resource},
    cluster::Cluster,
    outcome::{Answer, Invocation, Review},
    verdict::Failure,
    webhook::skip_reason,
};

/// A request, as far as the webhook's registration looks at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted<'a> {
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(super) operation: &'static str,
    /// What it is about.
    pub(super) made: &'a Made,
    /// Empty for the object itself.
    pub(super) subresource: &'static str,
    /// The object whose labels count.
    pub(super) object: &'a Value,
}

impl<'a> Admitted<'a> {
    /// The creation of `object`.
    pub(super) fn creation(made: &'a Made, object: &'a Value) -> Self {
        Self { operation: "CREATE", made, subresource: "", object }
    }
}

impl<C: Cluster> Execution<'_, C> {
    /// What the registration says of a request.
    pub(super) async fn explain(&mut self, request: Admitted<'_>) -> Result<Match, ExecuteError> {
        let Admitted { operation, made, subresource, object } = request;
        let (group, version) = made.api_version.split_once('/').unwrap_or(("", &made.api_version));
        let is_namespaced = !is_cluster_scoped(&made.kind);
        // Labels decide only where a rule matches, so that most requests need none.
        let namespace_labels = if is_namespaced && self.lease.registration().is_some() {
            self.namespace_labels(&made.namespace).await?
        } else {
            labels(object)
        };
        let resource = resource(&made.kind);
        let object_labels = labels(object);
        let facts = RequestFacts {
            operation,
            group,
            version,
            resource: &resource,
            subresource,
            namespace_labels: is_namespaced.then_some(&namespace_labels),
            object_labels: Some(&object_labels),
            old_object_labels: None,
        };
        Ok(Registration::explain_optional(self.lease.registration(), &facts))
    }

    /// Joins what the webhook recorded with what its registration says; a contradiction fails the case.
    pub(super) async fn invocation(
        &mut self,
        request: Admitted<'_>,
        answer: &Answer,
    ) -> Result<Invocation, ExecuteError> {
        let made = request.made;
        let namespace = if made.kind == "Namespace" { &made.object_name } else { &made.namespace };
        let mut reviews = self.reviews(namespace).await?;
        if made.is_workload() {
            // Its controllers may have been as fast as this.
            let (own, others) = reviews.into_iter().partition(|review| is_about(review, made));
            reviews = own;
            self.waiting_reviews = others;
        }
        self.joined(reviews, request, answer).await
    }

    /// What the webhook was asked about a namespace since the last time.
    pub(super) async fn reviews(&mut self, namespace: &str) -> Result<Vec<Review>, ExecuteError> {
        let mut reviews = std::mem::take(&mut self.waiting_reviews);
        reviews.extend(self.lease.take(namespace).await?);
        Ok(reviews)
    }

    /// The same for a call whose reviews are known.
    pub(super) async fn joined(
        &mut self,
        reviews: Vec<Review>,
        request: Admitted<'_>,
        answer: &Answer,
    ) -> Result<Invocation, ExecuteError> {
        let made = request.made;
        let matched = self.explain(request).await?;
        let is_called = !reviews.is_empty();
        let is_explained = match (is_called, matched.is_selected()) {
            (true, selected) => selected,
            (false, false) => true,
            // What is refused before the webhooks are asked never comes as far; a call that fails is no such thing.
            (false, true) => !answer.is_success() && answer.code < 500,
        };
        if !is_explained {
            let recorded = match (is_called, answer.is_success()) {
                (true, _) => "the webhook was asked".to_owned(),
                (false, true) => "the webhook was not asked".to_owned(),
                (false, false) => {
                    format!("the webhook was not asked: {} {}", answer.code, answer.message().unwrap_or_default())
                }
            };
            self.executed.failures.push(Failure::InvocationContradicted {
                step: made.label(),
                registration: matched.to_string(),
                recorded,
            });
        }
        // With `v1beta1`, which Gardener's registrations prefer, the API server does not look at the uid.
        if let Some(review) = reviews.iter().find(|review| review.request.get("uid") != review.response.get("uid")) {
            let uid = |of: &Value| of.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.executed.failures.push(Failure::InvocationContradicted {
                step: made.label(),
                registration: format!("asked with uid {}", uid(&review.request)),
                recorded: format!("the webhook answered with uid {}", uid(&review.response)),
            });
        }
        Ok(if is_called {
            Invocation::Called { reviews }
        } else if matched.is_selected() {
            Invocation::NotCalled { reason: None, why: "refused before webhooks are asked".to_owned() }
        } else {
            Invocation::NotCalled { reason: skip_reason(&matched), why: matched.to_string() }
        })
    }
}

/// Whether a review is about an object of that kind, and not about what was made of it.
fn is_about(review: &Review, made: &Made) -> bool {
    review.request.pointer("/kind/kind").is_some_and(|kind| *kind == made.kind)
}
