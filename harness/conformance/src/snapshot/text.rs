//! An outcome as the texts of a snapshot.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    mask::{Masks, Moment},
    platform::PlatformParts,
    render,
};
use crate::outcome::{Invocation, ObjectOutcome, Outcome, Review, StepOutcome, Verb};

/// Each call with its answer and what the webhook had to do with it, and what was stored in the end.
pub(crate) fn calls(outcome: &Outcome, masks: &Masks, platform: &PlatformParts) -> String {
    let mut out = String::new();
    for step in &outcome.steps {
        call(&mut out, step, masks, platform);
        out.push('\n');
    }
    out.push_str("end:\n");
    for object in &outcome.objects {
        end(&mut out, object, outcome, masks, platform);
    }
    out
}

fn call(out: &mut String, step: &StepOutcome, masks: &Masks, platform: &PlatformParts) {
    let subject = match (&step.name, step.verb) {
        (_, Verb::FeatureGates | Verb::Kubelet) => step.submitted.as_ref().map(ToString::to_string).unwrap_or_default(),
        (Some(name), _) if !step.object.ends_with(&format!(" {name}")) => {
            format!("{name} ({})", masks.text(&step.object))
        }
        _ => masks.text(&step.object).into_owned(),
    };
    let _ = write!(out, "call {} {subject}", step.verb);
    if matches!(step.verb, Verb::FeatureGates | Verb::Kubelet) {
        out.push('\n');
        return;
    }
    let _ = writeln!(out, ": {}", step.answer.code);
    if let Some(invocation) = &step.invocation {
        webhook(out, invocation, masks);
    }
    if !step.answer.warnings.is_empty() {
        out.push_str("warnings:\n");
        for warning in &step.answer.warnings {
            let _ = writeln!(out, "- {}", render::scalar(&masks.text(warning)));
        }
    }
    if !step.answer.body.is_null() {
        out.push_str("answer:\n");
        render::object(out, 2, &masks.apply(&step.answer.body, moment(step.verb)), platform);
    }
    for pod in &step.pods {
        let _ = writeln!(out, "made Pod {}:", masks.text(&pod.name));
        webhook(out, &pod.invocation, masks);
    }
}

/// When an answer shows its object.
fn moment(verb: Verb) -> Moment {
    match verb {
        Verb::Create | Verb::DryRun => Moment::Creation,
        Verb::Get
        | Verb::Update
        | Verb::Patch
        | Verb::EphemeralContainer
        | Verb::Delete
        | Verb::StaticPod
        | Verb::FeatureGates
        | Verb::Kubelet => Moment::Later,
    }
}

fn webhook(out: &mut String, invocation: &Invocation, masks: &Masks) {
    match invocation {
        Invocation::NotCalled { why, .. } => {
            let _ = writeln!(out, "webhook: not called, {}", masks.text(why));
        }
        Invocation::Called { reviews } => {
            out.push_str("webhook:\n");
            for review in reviews {
                asked(out, review);
            }
        }
    }
}

fn asked(out: &mut String, review: &Review) {
    let text = |pointer| review.request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let _ = write!(out, "- asked: {} in {}", text("/operation"), review.version);
    if review.request.get("dryRun") == Some(&Value::Bool(true)) {
        out.push_str(", dry run");
    }
    let _ = write!(out, "\n  said: {}", if review.allowed { "allowed" } else { "refused" });
    for field in ["reason", "message"] {
        let said = review.response.pointer(&format!("/status/{field}")).and_then(Value::as_str);
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            let _ = write!(out, ", {field} {}", render::scalar(said));
        }
    }
    out.push('\n');
    if review.is_changed() {
        let _ = writeln!(out, "  patch: {}", effect(review).as_ref().unwrap_or(&review.patch));
    }
}

/// The patch as the difference that it makes: webhooks that make the same one may write it down differently.
///
/// Nothing for a patch that cannot be applied or changes nothing, which is told as it was written.
fn effect(review: &Review) -> Option<Value> {
    let before = review.request.get("object")?;
    let patch: json_patch::Patch = serde_json::from_value(review.patch.clone()).ok()?;
    let mut after = before.clone();
    json_patch::patch(&mut after, &patch).ok()?;
    let difference = json_patch::diff(before, &after);
    if difference.is_empty() { None } else { serde_json::to_value(difference).ok() }
}

fn end(out: &mut String, object: &ObjectOutcome, outcome: &Outcome, masks: &Masks, platform: &PlatformParts) {
    let name = masks.text(&object.name);
    let Some(stored) = &object.stored else {
        let _ = writeln!(out, "- {name}: gone");
        return;
    };
    let uid = |object: &Value| object.pointer("/metadata/uid").cloned();
    let steps = outcome.steps.iter().filter(|step| step.answer.is_success() && step.verb != Verb::DryRun);
    let last = steps.rev().find(|step| uid(&step.answer.body) == uid(stored));
    let stored = masks.apply(stored, Moment::Later);
    match last {
        Some(step) if masks.apply(&step.answer.body, Moment::Later) == stored => {
            let _ = writeln!(out, "- {name}: stored as answered to {}", step.verb);
        }
        _ => {
            let _ = writeln!(out, "- {name}:");
            render::object(out, 4, &stored, platform);
        }
    }
}

/// Each Pod's containers; empty where none were seen.
pub(crate) fn containers(outcome: &Outcome, masks: &Masks) -> String {
    let mut out = String::new();
    for object in &outcome.objects {
        let Some(containers) = &object.containers else {
            continue;
        };
        let _ = writeln!(out, "{}:", masks.text(&object.name));
        for container in containers {
            let _ = write!(out, "- {} {}: {}", container.list.field(), container.name, masks.text(&container.state));
            match &container.mode {
                Some(mode) => {
                    let _ = writeln!(out, ", {mode}");
                }
                None => out.push('\n'),
            }
        }
    }
    out
}
