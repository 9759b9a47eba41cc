//! The webhook's registration in the cluster, and the proof of what the webhook had to do with a call.

use std::time::Duration;

use seccomp_webhook::{CONFIGURATION_NAME, Match, Registration, RequestFacts};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};

use super::{ExecuteError, Execution, expect_success, namespace::labels, object::Made};
use crate::{
    api::{Call, is_cluster_scoped, resource},
    cluster::Cluster,
    outcome::{Answer, Invocation},
    probe::PROBE_IMAGE,
    verdict::Failure,
    webhook::skip_reason,
};

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// How often it is asked whether a registration is in force.
const INTERVAL: Duration = Duration::from_millis(50);

impl<C: Cluster> Execution<'_, C> {
    /// Makes the cluster's registration what gardenlet writes with the gate as it is now.
    pub(super) async fn register(&mut self) -> Result<(), ExecuteError> {
        self.webhook.set_gate(self.gate);
        match self.webhook.registration(self.gate) {
            Some(registration) if !self.is_registered => {
                let answer = self.cluster.api().call(Call::post(CONFIGURATIONS, registration.to_json())).await?;
                expect_success(|| "register the webhook".to_owned(), answer)?;
                self.is_registered = true;
            }
            Some(_) => return Ok(()),
            None if self.is_registered => self.unregister().await?,
            None => {}
        }
        self.wait_until_in_force().await
    }

    pub(super) async fn unregister(&mut self) -> Result<(), ExecuteError> {
        if self.is_registered {
            let answer =
                self.cluster.api().call(Call::delete(format!("{CONFIGURATIONS}/{CONFIGURATION_NAME}"))).await?;
            expect_success(|| "unregister the webhook".to_owned(), answer)?;
            self.is_registered = false;
        }
        Ok(())
    }

    /// Waits until a Pod that asks for nothing is treated as the registration says.
    async fn wait_until_in_force(&mut self) -> Result<(), ExecuteError> {
        let Some(limit) = self.cluster.registration_delay() else {
            return Ok(());
        };
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "is-the-registration-in-force"},
            "spec": {"containers": [{"name": "main", "image": PROBE_IMAGE}]},
        });
        let made = self.named(None, &pod);
        let start = Instant::now();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let call = Call::post(made.collection(), pod.clone()).with("dryRun", "All");
            let answer = self.cluster.api().call(call).await?;
            let is_called = !self.webhook.drain().is_empty();
            if answer.is_success() && is_called == self.explain("CREATE", &made, "", &pod).await?.is_selected() {
                return Ok(());
            }
            if start.elapsed() > limit {
                let last = answer.message().unwrap_or("the webhook is asked although it should not be").to_owned();
                return Err(ExecuteError::TimedOut { what: "see the registration in force".to_owned(), limit, last });
            }
        }
    }

    /// What the registration says of a request.
    async fn explain(
        &mut self,
        operation: &str,
        made: &Made,
        subresource: &str,
        object: &Value,
    ) -> Result<Match, ExecuteError> {
        let registration = self.webhook.registration(self.gate);
        let (group, version) = made.api_version.split_once('/').unwrap_or(("", &made.api_version));
        let is_namespaced = !is_cluster_scoped(&made.kind);
        // Labels decide only where a rule matches, so that most requests need none.
        let namespace_labels = if is_namespaced && registration.is_some() {
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
        Ok(Registration::explain_optional(registration.as_ref(), &facts))
    }

    /// Joins what the webhook recorded with what its registration says; a contradiction fails the case.
    pub(super) async fn invocation(
        &mut self,
        operation: &str,
        made: &Made,
        subresource: &str,
        object: &Value,
        answer: &Answer,
    ) -> Result<Invocation, ExecuteError> {
        let reviews = self.webhook.drain();
        let matched = self.explain(operation, made, subresource, object).await?;
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
