//! What is done to the case's node: static Pods in its kubelet's folder, and the kubelet's settings.

use seccomp_scenario::Step;
use serde_json::{Value, json};

use super::{
    ExecuteError, Execution,
    object::{Made, Origin},
    registration::Admitted,
};
use crate::{
    api::Call,
    cluster::Cluster,
    outcome::{Answer, Invocation, StepOutcome, Verb},
};

impl<C: Cluster> Execution<'_, C> {
    /// Writes a static Pod's manifest and waits for its mirror, which is the step's answer.
    pub(super) async fn static_pod(&mut self, step: &Step, manifest: &Value) -> Result<(), ExecuteError> {
        let mut manifest = self.submitted(manifest, Verb::StaticPod);
        let mut made = self.named(step.name.as_deref(), &manifest);
        manifest["metadata"]["namespace"] = json!(made.namespace);
        // No other case has a namespace of that name, even where the Pod stands in another one.
        let file = format!("{}-{}", self.cluster.namespace(), made.object_name);
        self.ledger.manifest(&file);
        self.cluster.write_static_pod(&file, &manifest).await?;
        made.object_name = format!("{}-{}", made.object_name, self.cluster.node());
        made.origin = Origin::Manifest(file);
        let answer = self.mirror(&made).await?;
        made.exists = answer.is_success();
        self.executed.masks.learn(&answer.body);
        let invocation = self.invocation(Admitted::creation(&made, &manifest), &answer).await?;
        self.count_creation(&made, &manifest, Some(&invocation)).await?;
        self.made.push(made.clone());
        self.finish(step, Verb::StaticPod, &made, Some(manifest), answer, Some(invocation));
        Ok(self.cluster.settle(&made.namespace).await?)
    }

    /// The mirror, or the refusal to read it when the kubelet has had time enough to create it.
    async fn mirror(&self, made: &Made) -> Result<Answer, ExecuteError> {
        let mut looks = self.looks();
        loop {
            let answer = self.cluster.api().call(Call::get(made.path())).await?;
            if answer.code != 404 || !looks.again().await {
                return Ok(answer);
            }
        }
    }

    /// Removes the manifest, and waits until the kubelet has deleted the mirror.
    pub(super) async fn remove_static_pod(&mut self, step: &Step, made: &Made, file: &str) -> Result<(), ExecuteError> {
        self.cluster.remove_static_pod(file).await?;
        self.wait_until_gone(made).await?;
        self.finish(step, Verb::Delete, made, None, Answer { code: 200, ..Answer::default() }, None);
        Ok(())
    }

    /// Switches the kubelet's `seccompDefault`, whatever runs on the node.
    pub(super) async fn kubelet(&mut self, step: &Step, seccomp_default: bool) -> Result<(), ExecuteError> {
        self.ledger.seccomp_default(self.planned.case.node.seccomp_default);
        self.cluster.set_seccomp_default(seccomp_default).await?;
        self.push_surrounding(step, Verb::Kubelet, json!({"seccompDefault": seccomp_default}));
        Ok(())
    }

    /// Adds a step that was made to the outcome.
    pub(super) fn finish(
        &mut self,
        step: &Step,
        verb: Verb,
        made: &Made,
        submitted: Option<Value>,
        answer: Answer,
        invocation: Option<Invocation>,
    ) {
        self.executed.outcome.steps.push(StepOutcome {
            verb,
            name: step.name.clone(),
            object: made.label(),
            line: step.location.line,
            submitted,
            answer,
            invocation,
            pods: Vec::new(),
        });
    }
}
