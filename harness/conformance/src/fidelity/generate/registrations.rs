//! Webhooks registered, and requests that they may be asked about.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    grammar::Draw,
    sequences::{create, request},
};
use crate::fidelity::case::{Behaviour, Body, Case, Request};

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1";
/// How many paths of webhooks behave in some way.
const PATHS: usize = 3;

pub(super) fn case(draw: &mut Draw<'_>) -> Case {
    // Most registrations are good, so that something comes of them.
    draw.spoilt = [0, 0, 0, 0, 0, 3, 10][draw.random.below(7)];
    let is_mutating = draw.random.happens(70);
    let mut requests = vec![register(draw, is_mutating, "first")];
    for place in 0..=draw.random.below(3) {
        let request = asked_about(draw);
        requests.push(Request { id: format!("step{place}"), ..request });
    }
    if draw.random.happens(25) {
        let mut changed = change(draw, is_mutating);
        "change".clone_into(&mut changed.id);
        requests.push(changed);
        requests.push(Request { id: "last".to_owned(), ..asked_about(draw) });
    }
    Case { webhooks: behaviours(draw, is_mutating), requests }
}

fn resource(is_mutating: bool) -> &'static str {
    if is_mutating { "mutatingwebhookconfigurations" } else { "validatingwebhookconfigurations" }
}

fn register(draw: &mut Draw<'_>, is_mutating: bool, id: &str) -> Request {
    let mut configuration = configuration(draw, is_mutating);
    configuration["apiVersion"] = json!("admissionregistration.k8s.io/v1");
    configuration["kind"] =
        json!(if is_mutating { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" });
    configuration["metadata"]["name"] = json!("registered");
    let registered = create(&format!("{CONFIGURATIONS}/{}", resource(is_mutating)), configuration);
    Request { id: id.to_owned(), ..registered }
}

fn configuration(draw: &mut Draw<'_>, is_mutating: bool) -> Value {
    let mut configuration = draw.rule(if draw.spoilt == 0 { "goodConfiguration" } else { "configuration" });
    if is_mutating && let Some(webhooks) = configuration.get_mut("webhooks").and_then(Value::as_array_mut) {
        for webhook in webhooks {
            if draw.random.happens(40) {
                let is_bad = draw.random.happens(draw.spoilt);
                webhook["reinvocationPolicy"] = draw.rule(if is_bad { "badReinvocation" } else { "reinvocation" });
            }
        }
    }
    configuration
}

/// How webhooks answer. None refuses with 429, which the harness's own client answers by asking again, for as long as it
/// is refused.
fn behaviours(draw: &mut Draw<'_>, is_mutating: bool) -> BTreeMap<String, Behaviour> {
    let is_slow = draw.random.happens(1);
    draw.spoilt = 15;
    (0..PATHS)
        .map(|place| {
            let rule = if is_mutating { "behaviour" } else { "validatingBehaviour" };
            // Validating webhooks are asked all at once, and of several that refuse, any may be heard first.
            let is_heard = is_mutating || place == 0;
            let behaviour = match (is_slow && place == 0, is_heard) {
                (true, _) => draw.rule("slow"),
                (false, true) => draw.rule(rule),
                (false, false) => json!({"body": draw.rule("review")}),
            };
            (format!("h{place}"), serde_json::from_value(behaviour).unwrap_or_default())
        })
        .collect()
}

/// A request that webhooks may be asked about.
fn asked_about(draw: &mut Draw<'_>) -> Request {
    const PODS: &str = "/api/v1/namespaces/${namespace}/pods";
    let (namespace, pods) = match draw.random.below(100) {
        0..80 => ("${namespace}", PODS.to_owned()),
        _ => ("fidelity-other", PODS.replace("${namespace}", "fidelity-other")),
    };
    let pod = format!("{pods}/p");
    let mut asked = match draw.random.below(100) {
        0..60 => create(&pods, draw.rule("goodPod")),
        60..68 => {
            let mut patched =
                request("PATCH", pod, Body::Json(json!({"metadata": {"labels": {"app": "web", "by": "patch"}}})));
            patched.content_type = Some("application/merge-patch+json".to_owned());
            patched
        }
        68..76 => {
            let container = draw.rule("plainEphemeralContainer");
            let change = json!({"spec": {"ephemeralContainers": [container]}});
            let mut patched = request("PATCH", format!("{pod}/ephemeralcontainers"), Body::Json(change));
            patched.content_type = Some("application/strategic-merge-patch+json".to_owned());
            patched
        }
        76..82 => request("DELETE", pod, Body::None),
        82..86 => {
            let binding = json!({
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"},
                "target": {"apiVersion": "v1", "kind": "Node", "name": "node-of-the-case"},
            });
            request("POST", format!("{pod}/binding"), Body::Json(binding))
        }
        86..90 => {
            let mut patched = request("PATCH", format!("{pod}/status"), Body::Json(json!({"status": {"reason": "x"}})));
            patched.content_type = Some("application/merge-patch+json".to_owned());
            patched
        }
        90..95 => create(
            &format!("/api/v1/namespaces/{namespace}/configmaps"),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {"app": "web"}}}),
        ),
        _ => create("/api/v1/namespaces", draw.rule("namespaceObject")),
    };
    if asked.method != "DELETE" && draw.random.happens(20) {
        asked.query.push(("dryRun".to_owned(), "All".to_owned()));
    }
    asked
}

/// The registration, changed or taken away.
fn change(draw: &mut Draw<'_>, is_mutating: bool) -> Request {
    let path = format!("{CONFIGURATIONS}/{}/registered", resource(is_mutating));
    match draw.random.below(3) {
        0 => request("DELETE", path, Body::None),
        1 => {
            let changed = configuration(draw, is_mutating);
            let merge = json!({"webhooks": changed.get("webhooks").cloned().unwrap_or_default()});
            request("PUT", path, Body::Answer { of: "first".to_owned(), merge })
        }
        _ => {
            let webhook = draw.rule(if draw.spoilt == 0 { "goodWebhook" } else { "webhook" });
            let mut patched = request("PATCH", path, Body::Json(json!({"webhooks": [webhook]})));
            patched.content_type = Some("application/strategic-merge-patch+json".to_owned());
            patched
        }
    }
}
