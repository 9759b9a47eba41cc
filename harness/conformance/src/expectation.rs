//! What a scenario says must hold, against what was seen: everything that does not, not the first thing only.

use std::fmt::Display;

use seccomp_scenario::{Claim, ContainerState, Expectation, Profile, Rejection, Subject, partial};
use serde_json::Value;

use crate::{
    cluster::Observations,
    outcome::{Answer, ContainerOutcome, Invocation, Outcome, StepOutcome},
    plan::Planned,
    verdict::Failure,
};

/// Everything that the scenario expects of this case and that does not hold.
///
/// What the cluster cannot observe is not compared.
pub(crate) fn check(planned: &Planned, outcome: &Outcome, observations: Observations) -> Vec<Failure> {
    let case = &planned.case;
    let expectations = planned.instance().expectations_for(case.minor.number().into(), case.node.seccomp_default);
    let mut failures = Vec::new();
    for expectation in expectations {
        let step = outcome.steps.iter().rev().find(|step| step.name.as_deref() == Some(&expectation.of));
        let mut check = Check { file: &planned.scenario.path, expectation, failures: &mut failures };
        match (step, &expectation.claim) {
            (_, Claim::Container { .. }) if !observations.kernel => {}
            (Some(step), claim) if expectation.subject == Subject::Pods => check.pods(claim, step, outcome),
            (Some(step), claim) => check.claim(claim, step, outcome),
            (None, _) => check.fail("answer", "one", "the case did not come so far"),
        }
    }
    failures
}

struct Check<'a> {
    file: &'a camino::Utf8Path,
    expectation: &'a Expectation,
    failures: &'a mut Vec<Failure>,
}

impl Check<'_> {
    /// What holds of each Pod that was made because of `step`, and of how many there are.
    fn pods(&mut self, claim: &Claim, step: &StepOutcome, outcome: &Outcome) {
        let found = step.pods.iter().filter_map(|made| {
            let object = outcome.objects.iter().find(|object| object.name == made.name)?;
            Some((made, object.stored.as_ref()?))
        });
        if let Claim::Count(expected) = claim {
            self.equal("count", *expected, found.count());
            return;
        }
        for (made, stored) in found {
            let pod = StepOutcome {
                object: format!("Pod {}", made.name),
                answer: Answer { code: 200, body: stored.clone(), ..Answer::default() },
                invocation: Some(made.invocation.clone()),
                pods: Vec::new(),
                ..step.clone()
            };
            self.claim(claim, &pod, outcome);
        }
    }

    fn fail(&mut self, subject: impl Into<String>, expected: impl Display, actual: impl Display) {
        let subject = match self.expectation.subject {
            Subject::Answer => subject.into(),
            Subject::Pods => format!("pods.{}", subject.into()),
        };
        self.failures.push(Failure::Expectation {
            file: self.file.to_owned(),
            line: self.expectation.location.line,
            of: self.expectation.of.clone(),
            subject,
            expected: expected.to_string(),
            actual: actual.to_string(),
        });
    }

    fn equal<T: PartialEq + Display>(&mut self, subject: &str, expected: T, actual: T) {
        if expected != actual {
            self.fail(subject, expected, actual);
        }
    }

    fn claim(&mut self, claim: &Claim, step: &StepOutcome, outcome: &Outcome) {
        let answer = &step.answer;
        match claim {
            Claim::Admitted(expected) => {
                if *expected != answer.is_success() {
                    self.fail("admitted", expected, answered(answer));
                }
            }
            Claim::Rejected(rejection) => self.rejection(rejection, answer),
            Claim::Mutated(expected) => {
                self.equal("mutated", *expected, step.invocation.as_ref().is_some_and(Invocation::is_changed));
            }
            Claim::Called(expected) => {
                if *expected != step.invocation.as_ref().is_some_and(Invocation::is_called) {
                    self.fail("called", expected, called(step.invocation.as_ref()));
                }
            }
            Claim::SkippedBy(expected) => {
                let is_so = matches!(&step.invocation,
                    Some(Invocation::NotCalled { reason: Some(reason), .. }) if reason == expected);
                if !is_so {
                    self.fail("skippedBy", expected, called(step.invocation.as_ref()));
                }
            }
            Claim::Profile(expected) => self.equal("profile", expected.to_string(), profile(&answer.body)),
            Claim::Annotation { key, value } => {
                let annotations = answer.body.pointer("/metadata/annotations");
                let actual = annotations.and_then(|all| all.get(key)?.as_str());
                if value.as_deref() != actual {
                    let show = |value: Option<&str>| value.map_or("not there".to_owned(), |text| format!("{text:?}"));
                    self.fail(format!("annotations.{key}"), show(value.as_deref()), show(actual));
                }
            }
            Claim::Stored(expected) => {
                for mismatch in partial::compare(expected, &answer.body) {
                    let show = |value: Option<&Value>| match value {
                        None | Some(Value::Null) => "not there".to_owned(),
                        Some(value) => value.to_string(),
                    };
                    self.fail(
                        format!("stored{}", mismatch.pointer),
                        show(Some(&mismatch.expected)),
                        show(mismatch.actual.as_ref()),
                    );
                }
            }
            Claim::Container { name, state } => self.container(name, *state, step, outcome),
            // It is about Pods alone, and is not asked of an answer.
            Claim::Count(expected) => self.equal("count", *expected, step.pods.len()),
            Claim::Warnings(expected) => {
                if !are_matched(expected, &answer.warnings) {
                    self.fail("warnings", format!("{expected:?}"), format!("{:?}", answer.warnings));
                }
            }
        }
    }

    fn rejection(&mut self, rejection: &Rejection, answer: &Answer) {
        if answer.is_success() {
            self.fail("rejected", "a refusal", answered(answer));
            return;
        }
        if let Some(code) = rejection.code {
            self.equal("rejected.code", code, answer.code);
        }
        if let Some(reason) = &rejection.reason {
            self.equal("rejected.reason", reason.as_str(), answer.reason().unwrap_or("none"));
        }
        if let Some(field) = &rejection.field
            && !answer.fields().contains(&field.as_str())
        {
            self.fail("rejected.field", field, answer.fields().join(", "));
        }
        if let Some(message) = &rejection.message {
            let actual = answer.message().unwrap_or_default();
            if !actual.contains(message) {
                self.fail("rejected.message", format!("a text with {message:?}"), format!("{actual:?}"));
            }
        }
    }

    fn container(&mut self, name: &str, expected: ContainerState, step: &StepOutcome, outcome: &Outcome) {
        // A container is one of the object's that the answer is about.
        let uid = step.answer.body.pointer("/metadata/uid");
        let is_same = |stored: &Value| uid.is_some() && stored.pointer("/metadata/uid") == uid;
        let object = outcome.objects.iter().find(|object| object.stored.as_ref().is_some_and(is_same));
        let containers = object.and_then(|object| object.containers.as_ref());
        let container = containers.into_iter().flatten().find(|container| container.name == name);
        let subject = format!("containers.{name}");
        match container {
            None => self.fail(subject, format!("{expected:?}"), "there is no such container"),
            Some(container) if !is_in(container, expected) => {
                let mode = container.mode.as_ref().map(|mode| format!(", {mode}")).unwrap_or_default();
                self.fail(subject, format!("{expected:?}"), format!("{}{mode}", container.state));
            }
            Some(_) => {}
        }
    }
}

fn is_in(container: &ContainerOutcome, expected: ContainerState) -> bool {
    let runs_as = |mode| container.mode.as_deref() == Some(mode);
    let waits_for = |reason: &str| container.state == format!("waiting: {reason}");
    let errors = ["CreateContainerConfigError", "CreateContainerError"];
    match expected {
        ContainerState::Unconfined => runs_as("Unconfined"),
        ContainerState::RuntimeDefault => runs_as("RuntimeDefault"),
        ContainerState::Localhost => runs_as("Localhost"),
        ContainerState::CreateContainerConfigError => waits_for(errors[0]),
        ContainerState::CreateContainerError => waits_for(errors[1]),
        ContainerState::NotStarted => {
            let has_run = container.state.starts_with("running") || container.state.starts_with("terminated");
            !has_run && !errors.into_iter().any(waits_for)
        }
    }
}

fn answered(answer: &Answer) -> String {
    if answer.is_success() {
        return format!("{}", answer.code);
    }
    format!("{} {}: {}", answer.code, answer.reason().unwrap_or_default(), answer.message().unwrap_or_default())
}

fn called(invocation: Option<&Invocation>) -> String {
    match invocation {
        Some(Invocation::Called { reviews }) => match reviews.len() {
            1 => "called once".to_owned(),
            times => format!("called {times} times"),
        },
        Some(Invocation::NotCalled { why, .. }) => format!("not called, {why}"),
        None => "a call that no webhook can be asked about".to_owned(),
    }
}

/// The Pod-level profile of `pod`, as scenarios write it.
fn profile(pod: &Value) -> String {
    let profile = pod.pointer("/spec/securityContext/seccompProfile");
    let text = |field| profile.and_then(|profile| profile.get(field)?.as_str());
    match text("type") {
        None => Profile::None.to_string(),
        Some("Localhost") => Profile::Localhost(text("localhostProfile").unwrap_or_default().to_owned()).to_string(),
        Some(other) => other.to_owned(),
    }
}

/// Whether there are as many warnings as texts, and each text is a part of a warning of its own.
fn are_matched(texts: &[String], warnings: &[String]) -> bool {
    fn place(texts: &[String], warnings: &mut Vec<&String>) -> bool {
        let Some((text, rest)) = texts.split_first() else {
            return true;
        };
        (0..warnings.len()).any(|index| {
            if !warnings[index].contains(text) {
                return false;
            }
            let taken = warnings.remove(index);
            let is_placed = place(rest, warnings);
            warnings.insert(index, taken);
            is_placed
        })
    }
    texts.len() == warnings.len() && place(texts, &mut warnings.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::none(json!({}), "none")]
    #[case::unconfined(json!({"type": "Unconfined"}), "Unconfined")]
    #[case::localhost(json!({"type": "Localhost", "localhostProfile": "a/b.json"}), "Localhost/a/b.json")]
    fn names_a_profile(#[case] profile_field: Value, #[case] name: &str) {
        assert_eq!(profile(&json!({"spec": {"securityContext": {"seccompProfile": profile_field}}})), name);
    }

    #[rstest]
    #[case::each_its_own(&["a", "b"], &["xbx", "xax"], true)]
    #[case::not_one_for_two(&["a", "a"], &["a", "b"], false)]
    #[case::the_general_one_waits(&["a", "ab"], &["ab", "a"], true)]
    #[case::one_too_many(&["a"], &["a", "b"], false)]
    fn matches_warnings(#[case] texts: &[&str], #[case] warnings: &[&str], #[case] matched: bool) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(are_matched(&owned(texts), &owned(warnings)), matched);
    }
}
