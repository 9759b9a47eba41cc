//! A case becomes an outcome: the cluster is prepared, the steps are made, and what came of them is read.

mod namespace;
mod object;
mod observe;
mod registration;
mod step;

use std::time::Duration;

use seccomp_webhook::{Labels, ServerError};

use self::{namespace::PreparedNamespace, object::Made};
use crate::{
    api::ApiError,
    cluster::{Cluster, ClusterError},
    coverage::Preconditions,
    outcome::{Answer, Outcome},
    plan::Planned,
    snapshot::Masks,
    verdict::Failure,
    webhook::{CaseWebhook, WebhookSetup},
};

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Executed {
    /// What was seen, as far as it came.
    pub(crate) outcome: Outcome,
    /// The names of this case that snapshots do not show.
    pub(crate) masks: Masks,
    /// What is wrong whatever the scenario expects: contradictions, steps that had to succeed, a broken case.
    pub(crate) failures: Vec<Failure>,
    /// Each Pod that was created: which preconditions it met, and whether the webhook changed it.
    pub(crate) creations: Vec<(Preconditions, bool)>,
}

/// What keeps a case from running to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExecuteError {
    #[error("call the API server")]
    Api(#[from] ApiError),
    #[error("use the cluster")]
    Cluster(#[from] ClusterError),
    #[error("start the webhook")]
    Webhook(#[from] ServerError),
    #[error("{what}: the API server answered {code} {message}")]
    Refused { what: String, code: u16, message: String },
    #[error("{what} within {} s: {last}", limit.as_secs())]
    TimedOut { what: String, limit: Duration, last: String },
}

/// The error with everything that caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Runs one case on `cluster`, which is left as it was found.
pub(crate) async fn execute<C: Cluster>(cluster: &C, planned: &Planned, setup: &WebhookSetup) -> Executed {
    let webhook = match setup.start(planned.release) {
        Ok(webhook) => webhook,
        Err(error) => return Executed { failures: vec![broken(&ExecuteError::from(error))], ..Executed::default() },
    };
    let mut execution = Execution::new(cluster, planned, webhook);
    if let Err(error) = execution.run().await {
        execution.executed.failures.push(broken(&error));
    }
    if let Err(error) = execution.clean_up().await {
        execution.executed.failures.push(broken(&error));
    }
    execution.executed
}

fn broken(error: &ExecuteError) -> Failure {
    Failure::Infrastructure { message: chain(error) }
}

/// A case on its way.
struct Execution<'a, C> {
    cluster: &'a C,
    planned: &'a Planned,
    webhook: CaseWebhook,
    gate: bool,
    /// Whether the registration stands in the cluster.
    is_registered: bool,
    /// The namespace of objects that name none.
    namespace: String,
    prepared: Option<PreparedNamespace>,
    /// The namespace whose labels were asked for last, and those labels, until a step is about a namespace.
    namespace_labels: Option<(String, Labels)>,
    made: Vec<Made>,
    executed: Executed,
}

impl<'a, C: Cluster> Execution<'a, C> {
    fn new(cluster: &'a C, planned: &'a Planned, webhook: CaseWebhook) -> Self {
        let given = &planned.instance().given;
        let masks = Masks::of_case(cluster.namespace(), cluster.node(), &webhook.url());
        Self {
            cluster,
            planned,
            webhook,
            gate: given.is_gate_on(),
            is_registered: false,
            namespace: given.namespace.name.clone().unwrap_or_else(|| cluster.namespace().to_owned()),
            prepared: None,
            namespace_labels: None,
            made: Vec::new(),
            executed: Executed { masks, ..Executed::default() },
        }
    }

    async fn run(&mut self) -> Result<(), ExecuteError> {
        self.prepare_namespace().await?;
        self.register().await?;
        let planned = self.planned;
        for step in &planned.instance().when {
            self.step(step).await?;
        }
        self.observe().await
    }

    /// Takes everything away again, where the cluster outlives the case.
    async fn clean_up(&mut self) -> Result<(), ExecuteError> {
        if self.cluster.registration_delay().is_none() {
            return Ok(());
        }
        let unregistered = self.unregister().await;
        let removed = self.remove_objects().await;
        let restored = self.restore_namespace().await;
        unregistered.and(removed).and(restored)
    }
}

/// Says what was to be done when the API server does not do it.
fn expect_success(what: impl FnOnce() -> String, answer: Answer) -> Result<Answer, ExecuteError> {
    if answer.is_success() {
        return Ok(answer);
    }
    let message = answer.message().unwrap_or_default().to_owned();
    Err(ExecuteError::Refused { what: what(), code: answer.code, message })
}
