//! Requests about the same Pod or Namespace, one after another.

use serde_json::{Value, json};

use super::{grammar::Draw, pods::text};
use crate::fidelity::case::{Body, Case, Request};

const PODS: &str = "/api/v1/namespaces/${namespace}/pods";
const POD: &str = "/api/v1/namespaces/${namespace}/pods/p";
const NAMESPACES: &str = "/api/v1/namespaces";
const NAMESPACE: &str = "/api/v1/namespaces/${namespace}-x";
/// The content types of patches, in the order of [`patch`].
const PATCHES: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

pub(super) fn case(draw: &mut Draw<'_>) -> Case {
    draw.spoilt = if draw.random.happens(30) { 15 } else { 0 };
    let mut requests = Vec::new();
    let is_about_namespace = draw.random.happens(15);
    let length = 2 + draw.random.below(6);
    for place in 0..length {
        let mut request = match (place, is_about_namespace) {
            (0, true) => create(NAMESPACES, draw.rule("namespaceObject")),
            (_, true) => on_namespace(draw),
            (0, false) if draw.random.happens(95) => create(PODS, draw.rule("goodPod")),
            (_, false) => on_pod(draw),
        };
        request.id = if place == 0 { "first".to_owned() } else { format!("step{place}") };
        add_options(draw, &mut request);
        requests.push(request);
    }
    Case { requests, ..Case::default() }
}

/// A request of this method and path.
pub(super) fn request(method: &str, path: impl Into<String>, body: Body) -> Request {
    Request { method: method.to_owned(), path: path.into(), body, ..Request::default() }
}

pub(super) fn create(path: &str, object: Value) -> Request {
    request("POST", path, Body::Json(object))
}

/// The body of the first answer, changed.
fn changed(merge: Value) -> Body {
    Body::Answer { of: "first".to_owned(), merge }
}

fn on_pod(draw: &mut Draw<'_>) -> Request {
    match draw.random.below(100) {
        0..4 => request("GET", POD, Body::None),
        4..12 => list(draw),
        12..16 => create(PODS, draw.rule("goodPod")),
        16..34 => request("PUT", POD, changed(draw.rule("merge"))),
        34..66 => {
            let kind = draw.random.below(PATCHES.len());
            patch(draw, POD, kind)
        }
        66..78 => ephemeral(draw),
        78..86 => status(draw),
        86..89 => request("POST", format!("{POD}/binding"), Body::Json(binding())),
        89..92 => {
            let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
            request("POST", format!("{POD}/eviction"), Body::Json(eviction))
        }
        _ => delete(draw, POD),
    }
}

fn binding() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "node-of-the-case"},
    })
}

fn on_namespace(draw: &mut Draw<'_>) -> Request {
    match draw.random.below(100) {
        0..5 => request("GET", NAMESPACE, Body::None),
        5..15 => create(NAMESPACES, draw.rule("namespaceObject")),
        15..40 => request("PUT", NAMESPACE, changed(draw.rule("namespaceMerge"))),
        40..70 => {
            let mut patched = request("PATCH", NAMESPACE, Body::Json(draw.rule("namespaceMerge")));
            patched.content_type = Some(PATCHES[1 + draw.random.below(2)].to_owned());
            patched
        }
        70..78 => request("PUT", format!("{NAMESPACE}/finalize"), changed(draw.rule("namespaceMerge"))),
        78..86 => request("PUT", format!("{NAMESPACE}/status"), changed(draw.rule("namespaceMerge"))),
        _ => delete(draw, NAMESPACE),
    }
}

fn list(draw: &mut Draw<'_>) -> Request {
    let mut listed = request("GET", PODS, Body::None);
    if draw.random.happens(60) {
        listed.query.push(("labelSelector".to_owned(), text(&draw.rule("labelSelectorText"))));
    }
    if draw.random.happens(40) {
        listed.query.push(("fieldSelector".to_owned(), text(&draw.rule("fieldSelectorText"))));
    }
    listed
}

/// A patch, of the kind at a place of [`PATCHES`].
fn patch(draw: &mut Draw<'_>, path: &str, kind: usize) -> Request {
    let rule = ["json", "merge", "strategic", "apply"][kind];
    let mut patched = request("PATCH", path, Body::Json(draw.rule(rule)));
    patched.content_type = Some(PATCHES[kind].to_owned());
    if rule == "apply" {
        if draw.random.happens(92) {
            patched.query.push(("fieldManager".to_owned(), ["applier", "other"][draw.random.below(2)].to_owned()));
        }
        if draw.random.happens(35) {
            patched.query.push(("force".to_owned(), ["true", "false"][draw.random.below(2)].to_owned()));
        }
    }
    patched
}

fn ephemeral(draw: &mut Draw<'_>) -> Request {
    let path = format!("{POD}/ephemeralcontainers");
    let change = draw.rule("ephemeral");
    if draw.random.happens(35) {
        return request("PUT", path, changed(change));
    }
    let mut patched = request("PATCH", path, Body::Json(change));
    patched.content_type = Some(PATCHES[1 + draw.random.below(2)].to_owned());
    patched
}

fn status(draw: &mut Draw<'_>) -> Request {
    let path = format!("{POD}/status");
    let change = draw.rule("statusChange");
    if draw.random.happens(40) {
        return request("PUT", path, changed(change));
    }
    let mut patched = request("PATCH", path, Body::Json(change));
    patched.content_type = Some(PATCHES[1 + draw.random.below(2)].to_owned());
    patched
}

fn delete(draw: &mut Draw<'_>, path: &str) -> Request {
    let mut options = draw.rule("deleteOptions");
    if options == json!({}) {
        return request("DELETE", path, Body::None);
    }
    options["apiVersion"] = json!("v1");
    options["kind"] = json!("DeleteOptions");
    request("DELETE", path, Body::Json(options))
}

fn add_options(draw: &mut Draw<'_>, request: &mut Request) {
    if matches!(request.method.as_str(), "GET" | "DELETE") {
        return;
    }
    if draw.random.happens(if request.id == "first" { 0 } else { 15 }) {
        request.query.push(("dryRun".to_owned(), text(&draw.rule("dryRun"))));
    }
    if draw.random.happens(20) {
        request.query.push(("fieldValidation".to_owned(), text(&draw.rule("fieldValidation"))));
    }
    if draw.random.happens(15) && request.query.iter().all(|(key, _)| key != "fieldManager") {
        request.query.push(("fieldManager".to_owned(), text(&draw.rule("fieldManager"))));
    }
}
