//! What was seen in a case: submitted, stored, asked and said, run.

use std::{collections::BTreeSet, fmt::Write as _};

use seccomp_conformance::{Failure, Invocation, ObjectOutcome, Outcome, Review, StepOutcome, Verb};
use serde_json::Value;
use similar::{Algorithm, ChangeTag, TextDiff};

use crate::{
    fold::Finding,
    text::paint::{Paint, Tone},
    yaml::to_yaml,
};

/// What was seen of the objects that do not hold; of all objects where that cannot be told.
pub(crate) fn write(text: &mut String, finding: &Finding, paint: Paint) {
    let outcome: &Outcome = &finding.outcome;
    let named: BTreeSet<&str> = finding
        .failures
        .iter()
        .filter_map(|failure| match failure {
            Failure::Expectation { of: name, .. } | Failure::InvocationContradicted { step: name, .. } => {
                Some(name.as_str())
            }
            Failure::SnapshotDiffered { .. } | Failure::SnapshotMissing { .. } | Failure::Infrastructure { .. } => None,
        })
        .collect();
    let only_missing = finding.failures.iter().all(|failure| matches!(failure, Failure::SnapshotMissing { .. }));
    if only_missing {
        return;
    }
    let is_wanted = |name: &str| named.is_empty() || name.is_empty() || named.contains(name);
    // A failure speaks of a step by its name, where it has one, else by its object.
    for step in outcome.steps.iter().filter(|step| is_wanted(step.name.as_deref().unwrap_or(&step.object))) {
        text.push('\n');
        write_step(text, step, paint);
    }
    for object in outcome.objects.iter().filter(|object| is_wanted(&object.name)) {
        write_containers(text, object);
    }
}

fn write_step(text: &mut String, step: &StepOutcome, paint: Paint) {
    let title = format!("{} {}", step.verb, step.object);
    let name = step.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let _ = writeln!(text, "  {}{name}, line {}", paint.tone(Tone::Strong, title.trim_end()), step.line);
    match (&step.submitted, step.answer.is_success()) {
        // An object that was sent and stored: one text, in which what the cluster added and took is marked.
        (Some(submitted), true) if matches!(step.verb, Verb::Create | Verb::DryRun | Verb::Update) => {
            let _ =
                writeln!(text, "    submitted, and as stored (+ added, - removed; without managedFields and status):");
            write_stored(text, submitted, &step.answer.body, paint);
        }
        (submitted, _) => {
            if let Some(submitted) = submitted {
                text.push_str("    submitted:\n");
                indented(text, &to_yaml(submitted));
            }
            if !matches!(step.verb, Verb::FeatureGates | Verb::Kubelet) {
                write_answer(text, step);
            }
        }
    }
    for warning in &step.answer.warnings {
        let _ = writeln!(text, "    warning: {warning}");
    }
    if let Some(invocation) = &step.invocation {
        write_invocation(text, invocation);
    }
    for pod in &step.pods {
        let _ = writeln!(text, "    made Pod {}", pod.name);
        write_invocation(text, &pod.invocation);
    }
}

fn write_answer(text: &mut String, step: &StepOutcome) {
    let answer = &step.answer;
    if answer.is_success() {
        let _ = writeln!(text, "    answered {}; stored:", answer.code);
        indented(text, &to_yaml(&without_noise(&answer.body)));
        return;
    }
    let reason = answer.reason().unwrap_or("no reason");
    let _ = writeln!(text, "    refused: {} {reason}: {}", answer.code, answer.message().unwrap_or("no message"));
}

fn write_stored(text: &mut String, submitted: &Value, stored: &Value, paint: Paint) {
    let (submitted, stored) = (to_yaml(&without_noise(submitted)), to_yaml(&without_noise(stored)));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(&submitted, &stored);
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line = format!("{sign} {}", change.value().trim_end_matches('\n'));
        let _ = writeln!(text, "      {}", paint.diff_line(&line));
    }
}

/// An object without what hides the rest of it, its keys in one order.
fn without_noise(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
    }
    object.sort_all_objects();
    object
}

fn write_invocation(text: &mut String, invocation: &Invocation) {
    match invocation {
        Invocation::NotCalled { why, .. } => {
            let _ = writeln!(text, "    webhook: not asked: {why}");
        }
        Invocation::Called { reviews } => reviews.iter().for_each(|review| write_review(text, review)),
    }
}

fn write_review(text: &mut String, review: &Review) {
    let asked = |field: &str| review.request.get(field).and_then(Value::as_str).unwrap_or_default();
    let namespace = asked("namespace");
    let _ = writeln!(
        text,
        "    webhook: asked ({}) about {} of {} {namespace}/{}{}",
        review.version,
        asked("operation"),
        review.request.pointer("/kind/kind").and_then(Value::as_str).unwrap_or("an object"),
        Some(asked("name")).filter(|name| !name.is_empty()).unwrap_or("(name to be generated)"),
        if review.request.get("dryRun") == Some(&Value::Bool(true)) { " (dry run)" } else { "" }
    );
    let verdict = if review.allowed { "allowed" } else { "refused" };
    let reason = review.response.pointer("/status/message").and_then(Value::as_str);
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    if review.is_changed() {
        let _ = writeln!(text, "             said: {verdict}{reason}, patch {}", review.patch);
    } else {
        let _ = writeln!(text, "             said: {verdict}{reason}, nothing to change");
    }
}

fn write_containers(text: &mut String, object: &ObjectOutcome) {
    let Some(containers) = &object.containers else { return };
    let containers: Vec<String> = containers
        .iter()
        .map(|container| {
            let mode = container.mode.as_deref().map_or(String::new(), |mode| format!(", the kernel says {mode}"));
            format!("{} ({}){mode}", container.name, container.state)
        })
        .collect();
    let _ = writeln!(text, "    containers of {}: {}", object.name, containers.join("; "));
}

fn indented(text: &mut String, block: &str) {
    for line in block.lines() {
        let _ = writeln!(text, "      {line}");
    }
}
