//! One step: the API call that it is, and what came of it.

use seccomp_scenario::{Action, PatchType, Step};
use seccomp_webhook::{GardenerRelease, Registration, SKIP_LABEL, Target};
use serde_json::{Value, json};

use super::{
    ExecuteError, Execution,
    namespace::labels,
    object::{Made, Origin},
    registration::Admitted,
};
use crate::{
    api::{Call, MERGE_PATCH, expect_success, is_cluster_scoped},
    cluster::{Cluster, ClusterError},
    coverage::Preconditions,
    outcome::{Answer, Invocation, StepOutcome, Verb},
    verdict::Failure,
};

const STRATEGIC_MERGE_PATCH: &str = "application/strategic-merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
const EPHEMERAL_CONTAINERS: &str = "ephemeralcontainers";
/// How often it is looked whether a deleted object is gone, at most.
const DELETION_LOOKS: usize = 200;

/// A call that a step makes.
struct Request {
    verb: Verb,
    made: Made,
    call: Call,
    operation: &'static str,
    subresource: &'static str,
    submitted: Option<Value>,
}

impl<C: Cluster> Execution<'_, C> {
    pub(super) async fn step(&mut self, step: &Step) -> Result<(), ExecuteError> {
        if let Action::FeatureGates(gates) = &step.action {
            if let Some(gate) = gates.get("DefaultSeccompProfile") {
                self.gate = *gate;
                self.lease.set_gate(*gate).await?;
            }
            self.push_surrounding(step, Verb::FeatureGates, json!(gates));
            return Ok(());
        }
        match &step.action {
            Action::Kubelet { seccomp_default } => return self.kubelet(step, *seccomp_default).await,
            Action::StaticPod(manifest) => return self.static_pod(step, manifest).await,
            Action::Delete { of } => {
                let made = self.made(of);
                if let Origin::Manifest(file) = &made.origin {
                    return self.remove_static_pod(step, &made, file).await;
                }
            }
            _ => {}
        }
        let Some(request) = self.request(step).await? else {
            return Ok(());
        };
        self.make(step, request).await
    }

    /// Adds a step that is no call to the API server to the outcome.
    pub(super) fn push_surrounding(&mut self, step: &Step, verb: Verb, settings: Value) {
        self.executed.outcome.steps.push(StepOutcome {
            verb,
            name: None,
            object: String::new(),
            line: step.location.line,
            submitted: Some(settings),
            answer: Answer { code: 200, ..Answer::default() },
            invocation: None,
            pods: Vec::new(),
        });
    }

    /// The call that a step is; nothing for a step that is none.
    async fn request(&self, step: &Step) -> Result<Option<Request>, ExecuteError> {
        let request = match &step.action {
            Action::Create(object) => self.creation(Verb::Create, step, object),
            Action::DryRun(object) => self.creation(Verb::DryRun, step, object),
            Action::Get { of } => {
                let made = self.made(of);
                let call = Call::get(made.path());
                Request { verb: Verb::Get, made, call, operation: "", subresource: "", submitted: None }
            }
            Action::Update { of, set } => {
                let made = self.made(of);
                let stored = self.cluster.api().call(Call::get(made.path())).await?;
                let mut object = expect_success(|| format!("read {} to update it", made.label()), stored)?.body;
                json_patch::merge(&mut object, &self.submitted(set, Verb::Update));
                let call = Call::put(made.path(), object.clone());
                Request {
                    verb: Verb::Update,
                    made,
                    call,
                    operation: "UPDATE",
                    subresource: "",
                    submitted: Some(object),
                }
            }
            Action::Patch { of, patch_type, patch } => {
                let made = self.made(of);
                let patch = self.submitted(patch, Verb::Patch);
                let content_type = match patch_type {
                    PatchType::Json => JSON_PATCH,
                    PatchType::Merge => MERGE_PATCH,
                    PatchType::Strategic => STRATEGIC_MERGE_PATCH,
                };
                let call = Call::patch(made.path(), content_type, patch.clone());
                Request { verb: Verb::Patch, made, call, operation: "UPDATE", subresource: "", submitted: Some(patch) }
            }
            Action::EphemeralContainer { of, container } => {
                let made = self.made(of);
                let container = self.submitted(container, Verb::EphemeralContainer);
                let patch = json!({"spec": {"ephemeralContainers": [container]}});
                let path = format!("{}/{EPHEMERAL_CONTAINERS}", made.path());
                let call = Call::patch(path, STRATEGIC_MERGE_PATCH, patch.clone());
                Request {
                    verb: Verb::EphemeralContainer,
                    made,
                    call,
                    operation: "UPDATE",
                    subresource: EPHEMERAL_CONTAINERS,
                    submitted: Some(patch),
                }
            }
            Action::Delete { of } => {
                let made = self.made(of);
                let call = Call::delete(made.path());
                Request { verb: Verb::Delete, made, call, operation: "DELETE", subresource: "", submitted: None }
            }
            Action::FeatureGates(_) | Action::StaticPod(_) | Action::Kubelet { .. } => return Ok(None),
        };
        Ok(Some(request))
    }

    fn creation(&self, verb: Verb, step: &Step, object: &Value) -> Request {
        let object = self.submitted(object, verb);
        let made = self.named(step.name.as_deref(), &object);
        let call = Call::post(made.collection(), object.clone());
        let call = if verb == Verb::DryRun { call.with("dryRun", "All") } else { call };
        Request { verb, made, call, operation: "CREATE", subresource: "", submitted: Some(object) }
    }

    async fn make(&mut self, step: &Step, request: Request) -> Result<(), ExecuteError> {
        let Request { verb, mut made, call, operation, subresource, submitted } = request;
        let is_noted = verb == Verb::Create && self.note_beforehand(&made, submitted.as_ref()).await?;
        let answer = self.cluster.api().call(call).await?;
        if is_noted && !answer.is_success() {
            self.ledger.withdraw();
        }
        if made.kind == "Namespace" {
            self.namespace_labels = None;
        }
        self.executed.masks.learn(&answer.body);
        let invocation = if verb == Verb::Get {
            None
        } else {
            // Selectors look at the object that is submitted, or, where none is, at the one that is stored.
            let object = if verb.is_creation() { submitted.as_ref().unwrap_or(&answer.body) } else { &answer.body };
            let request = Admitted { operation, made: &made, subresource, object };
            Some(self.invocation(request, &answer).await?)
        };
        if let (Some(pod), true) = (&submitted, verb == Verb::Create && made.is_pod()) {
            self.count_creation(&made, pod, invocation.as_ref()).await?;
        }
        if verb == Verb::Create {
            made.exists = answer.is_success();
            if let Some(name) = answer.body.pointer("/metadata/name").and_then(Value::as_str).filter(|_| made.exists) {
                name.clone_into(&mut made.object_name);
            }
            if made.exists && !is_noted {
                self.ledger.object(&made);
            }
            self.made.push(made.clone());
        }
        if step.name.is_none() && !answer.is_success() {
            self.executed.failures.push(unnamed_failure(self.planned.scenario.path.clone(), step, &made, &answer));
        }
        let is_written = answer.is_success() && !matches!(verb, Verb::Get | Verb::DryRun);
        self.finish(step, verb, &made, submitted, answer, invocation);
        if is_written {
            if made.kind == "Namespace" && verb == Verb::Create {
                self.cluster.namespace_created(&made.object_name).await?;
            } else if made.kind == "Namespace" && verb != Verb::Delete {
                self.wait_until_labels_count(&made.object_name).await?;
            }
            self.cluster.settle(&made.namespace).await?;
            if verb == Verb::Delete {
                self.wait_until_gone(&made).await?;
                self.wait_until_pods_gone(&made).await?;
            } else if made.is_workload() {
                self.pods_of(&made).await?;
            }
        }
        Ok(())
    }

    /// Takes note of an object before it is made, where it does not go with the case's namespace: a case that is cut off
    /// meanwhile takes it away all the same.
    async fn note_beforehand(&mut self, made: &Made, submitted: Option<&Value>) -> Result<bool, ExecuteError> {
        let goes_with_namespace = !is_cluster_scoped(&made.kind) && made.namespace == self.cluster.namespace();
        let has_name = submitted.is_some_and(|object| object.pointer("/metadata/name").is_some());
        if goes_with_namespace || !has_name || !self.cluster.outlives_case() {
            return Ok(false);
        }
        // One that is there already is somebody else's, and the API server refuses to make it.
        if self.cluster.api().call(Call::get(made.path())).await?.is_success() {
            return Ok(false);
        }
        self.ledger.object(made);
        Ok(true)
    }

    pub(super) async fn wait_until_gone(&mut self, made: &Made) -> Result<(), ExecuteError> {
        let limit = std::time::Duration::from_secs(60);
        let mut interval = tokio::time::interval(limit / u32::try_from(DELETION_LOOKS).unwrap_or(u32::MAX));
        for _ in 0..DELETION_LOOKS {
            let answer = self.cluster.api().call(Call::get(made.path())).await?;
            if answer.code == 404 {
                return Ok(());
            }
            interval.tick().await;
        }
        Err(ClusterError::TimedOut { what: format!("see {} gone", made.label()), limit }.into())
    }

    /// Takes note of which preconditions a new Pod met, by the documentation.
    pub(super) async fn count_creation(
        &mut self,
        made: &Made,
        pod: &Value,
        invocation: Option<&Invocation>,
    ) -> Result<(), ExecuteError> {
        let namespace_labels = self.namespace_labels(&made.namespace).await?;
        let profile = pod.pointer("/spec/securityContext/seccompProfile/type").and_then(Value::as_str);
        let preconditions = Preconditions {
            gate: self.gate,
            managed_namespace: is_managed(self.planned.release, &namespace_labels),
            unlabelled: !labels(pod).contains_key(SKIP_LABEL),
            profile_unset: profile.is_none_or(str::is_empty),
        };
        self.executed.creations.push((preconditions, invocation.is_some_and(Invocation::is_changed)));
        Ok(())
    }
}

/// Whether `release` takes a namespace with these labels for Gardener's.
fn is_managed(release: GardenerRelease, labels: &seccomp_webhook::Labels) -> bool {
    Registration::of(release, true, Target::gardener(), "")
        .is_some_and(|registration| registration.namespace_selector.unmet(labels).is_none())
}

fn unnamed_failure(file: camino::Utf8PathBuf, step: &Step, made: &Made, answer: &Answer) -> Failure {
    Failure::Expectation {
        file,
        line: step.location.line,
        of: format!("{} {}", step.action.verb(), made.label()),
        subject: "admitted".to_owned(),
        expected: "true, since the step has no name by which `then` could say otherwise".to_owned(),
        actual: format!("{} {}", answer.code, answer.message().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube_simulator::Minor;
    use rstest::rstest;
    use seccomp_scenario::{Requirements, Scenario};

    use super::*;
    use crate::{
        cluster::control_plane::ControlPlaneCase,
        needs::Abilities,
        plan::Plan,
        suite::{Selection, Suite},
        webhook::{LocalWebhooks, Registrar, Webhooks},
    };

    const REQUIREMENTS: &str = "requirements: {it: {statement: It is so., source: none}}";
    const SCENARIO: &str = "
scenario: A priority class
requirements: [it]
given: {namespace: {labels: {gardener.cloud/role: shoot}}}
when: [{create: {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1}}]
then: {high: {admitted: true}}
";

    fn mk_suite() -> Suite {
        let requirements = Requirements::read("requirements.yaml".into(), REQUIREMENTS).expect("requirements");
        let scenario = Scenario::read("area/it", "it.yaml".into(), SCENARIO, &requirements).expect("a scenario");
        Suite { scenarios: vec![Arc::new(scenario)], ..Suite::default() }
    }

    /// A case that is cut off in the middle of a request made something that it has no answer about.
    #[rstest]
    #[case::made_by_the_case(false)]
    #[case::there_before(true)]
    #[tokio::test]
    async fn takes_away_what_was_made_without_an_answer(#[case] is_there_before: bool) {
        let minor = Minor::NEWEST;
        let plan = Plan::new(&mk_suite(), &Selection::default(), &[minor], Abilities::API_SERVER).expect("a case");
        let cluster = ControlPlaneCase::simulated(minor, "namespace-of-the-case").await.expect("a cluster");
        let local = Webhooks::Local(Arc::new(LocalWebhooks::new(None, None).expect("a certificate")));
        let registrar = Registrar::new(cluster.api().clone(), local, None);
        let lease = registrar.lease(plan.cases[0].release, true, true).await.expect("a registration");
        let mut execution = Execution::new(&cluster, &plan.cases[0], lease);
        let Action::Create(object) = &plan.cases[0].instance().when[0].action else { panic!("a creation") };
        let made = execution.named(None, object);
        let create = async || {
            let created = cluster.api().call(Call::post(made.collection(), object.clone())).await.expect("an answer");
            assert!(created.is_success(), "{created:?}");
        };
        if is_there_before {
            create().await;
        }
        let is_noted = execution.note_beforehand(&made, Some(object)).await.expect("the API server answers");
        assert_eq!(is_noted, !is_there_before);
        if !is_there_before {
            create().await;
        }
        execution.clean_up().await.expect("all is undone");
        let stored = cluster.api().call(Call::get(made.path())).await.expect("an answer");
        assert_eq!(stored.is_success(), is_there_before, "{stored:?}");
    }
}
