//! What was seen of a case that does not hold.

use seccomp_conformance::{Invocation, Outcome};
use serde_json::{Value, json};

/// Everything that was seen.
pub(super) fn of(outcome: &Outcome) -> Value {
    let steps = outcome.steps.iter().map(|step| {
        json!({
            "verb": step.verb.as_str(),
            "name": step.name,
            "line": step.line,
            "object": step.object,
            "submitted": step.submitted,
            "answer": { "code": step.answer.code, "warnings": step.answer.warnings, "body": step.answer.body },
            "webhook": step.invocation.as_ref().map(invocation),
            "pods": step.pods.iter().map(|pod| json!({
                "name": pod.name,
                "webhook": invocation(&pod.invocation),
            })).collect::<Vec<_>>(),
        })
    });
    let objects = outcome.objects.iter().map(|object| {
        let containers = object.containers.iter().flatten().map(|container| {
            json!({
                "name": container.name,
                "list": container.list.field(),
                "state": container.state,
                "mode": container.mode,
            })
        });
        json!({
            "name": object.name,
            "stored": object.stored,
            "containers": object.containers.as_ref().map(|_| containers.collect::<Vec<_>>()),
        })
    });
    json!({ "steps": steps.collect::<Vec<_>>(), "objects": objects.collect::<Vec<_>>() })
}

fn invocation(invocation: &Invocation) -> Value {
    match invocation {
        Invocation::NotCalled { reason, why } => {
            json!({ "called": false, "reason": reason, "why": why })
        }
        Invocation::Called { reviews } => {
            let reviews = reviews.iter().map(|review| {
                json!({
                    "version": review.version,
                    "request": review.request,
                    "allowed": review.allowed,
                    "patch": review.patch,
                    "response": review.response,
                })
            });
            json!({ "called": true, "reviews": reviews.collect::<Vec<_>>() })
        }
    }
}
