//! One Pod, created.

use serde_json::{Value, json};

use super::grammar::Draw;
use crate::fidelity::case::{Body, Case, Request};

/// How often, in percent, what can be bad is bad: mostly one or two things at once, so that each is seen alone.
const SPOILT: [usize; 6] = [0, 0, 1, 2, 4, 10];

pub(super) fn case(draw: &mut Draw<'_>) -> Case {
    draw.spoilt = draw.random.pick(&SPOILT).copied().unwrap_or_default();
    let mut pod = draw.rule("pod");
    if draw.spoilt == 0 {
        repair(&mut pod);
    }
    let mut query = Vec::new();
    if draw.random.happens(80) {
        query.push(("dryRun".to_owned(), text(&draw.rule("dryRun"))));
    }
    if draw.random.happens(40) {
        query.push(("fieldValidation".to_owned(), text(&draw.rule("fieldValidation"))));
    }
    if draw.random.happens(20) {
        query.push(("fieldManager".to_owned(), text(&draw.rule("fieldManager"))));
    }
    let request = Request {
        id: "create".to_owned(),
        method: "POST".to_owned(),
        path: "/api/v1/namespaces/${namespace}/pods".to_owned(),
        query,
        content_type: None,
        body: Body::Json(pod),
    };
    Case { requests: vec![request], ..Case::default() }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Mounts only volumes that are there.
fn repair(pod: &mut Value) {
    let Some(spec) = pod.get_mut("spec") else { return };
    let volumes = spec.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_there = |mount: &Value| volumes.iter().any(|volume| volume.get("name") == mount.get("name"));
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            for mounts in ["volumeMounts", "volumeDevices"] {
                let Some(entries) = container.get_mut(mounts).and_then(Value::as_array_mut) else { continue };
                entries.retain(is_there);
                if entries.is_empty() {
                    container[mounts] = json!([]);
                }
            }
        }
    }
}
