//! The answers of real API servers to objects and changes that they refuse or let pass.
//!
//! Recorded from Kubernetes 1.24.17, 1.25.16, 1.31.14 and 1.36.3 with `dryRun=All`; addresses of pointers are all
//! `0xc000000000` there, and of a change's refusal only the first line is kept.

use rstest::rstest;
use serde::Deserialize;
use serde_json::Value;

use super::{create, objects::is_namespaced, update};
use crate::{
    field_error::FieldError,
    fields,
    minor::Minor,
    recorded::Answers,
    registry::{defaults, pod, read::Read},
    status::Status,
};

#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    object: Value,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    patch: Value,
    answers: Answers<Answer>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    code: u16,
    #[serde(default)]
    message: String,
    #[serde(default)]
    causes: Vec<Value>,
}

impl Case {
    /// Each minor whose answer came from validation; admission refuses with other codes.
    fn answers(&self) -> impl Iterator<Item = (Minor, &Answer)> {
        self.answers.by_minor().filter(|(_, answer)| matches!(answer.code, 200 | 201 | 422))
    }
}

fn decoded(minor: Minor, kind: &str, object: Value) -> Value {
    let mut object = fields::round_trip(minor, kind, object).expect("well-typed").object;
    defaults::apply(minor, kind, &mut object);
    object
}

/// What admission adds that validation looks at.
fn admitted(minor: Minor, kind: &str, object: &Value) -> Value {
    let mut object = decoded(minor, kind, object.clone());
    if is_namespaced(kind) {
        object["metadata"]["namespace"] = "recorded".into();
    }
    if kind == "Pod" {
        object["spec"]["serviceAccountName"] = "default".into();
        object["spec"]["serviceAccount"] = "default".into();
        if object["spec"].list("tolerations").is_empty() {
            object["spec"]["tolerations"] = ["not-ready", "unreachable"]
                .map(|state| {
                    serde_json::json!({"key": format!("node.kubernetes.io/{state}"), "operator": "Exists",
                        "effect": "NoExecute", "tolerationSeconds": 300})
                })
                .into_iter()
                .collect();
        }
        pod::prepare_for_create(minor, &mut object, "2026-01-01T00:00:00Z");
    }
    object
}

fn first_line(cause: Value) -> Value {
    let mut cause = cause;
    let line = cause.text("message").lines().next().unwrap_or_default().to_owned();
    cause["message"] = line.into();
    cause
}

fn causes(errors: &[FieldError]) -> Vec<Value> {
    errors.iter().map(FieldError::cause).collect()
}

#[rstest]
#[case::metadata(include_str!("../../../tests/cases/validation/metadata.json"))]
#[case::seccomp(include_str!("../../../tests/cases/validation/seccomp.json"))]
#[case::containers(include_str!("../../../tests/cases/validation/containers.json"))]
#[case::init_containers(include_str!("../../../tests/cases/validation/init-containers.json"))]
#[case::environment(include_str!("../../../tests/cases/validation/environment.json"))]
#[case::probes(include_str!("../../../tests/cases/validation/probes.json"))]
#[case::resources(include_str!("../../../tests/cases/validation/resources.json"))]
#[case::security_context(include_str!("../../../tests/cases/validation/security-context.json"))]
#[case::spec(include_str!("../../../tests/cases/validation/spec.json"))]
#[case::volumes(include_str!("../../../tests/cases/validation/volumes.json"))]
#[case::webhooks(include_str!("../../../tests/cases/validation/webhooks.json"))]
#[case::objects(include_str!("../../../tests/cases/validation/objects.json"))]
fn answers_new_objects_as_real_api_servers_do(#[case] recording: &str) {
    let cases: Vec<Case> = serde_json::from_str(recording).expect("the recording has that shape");
    for case in &cases {
        for (minor, answer) in case.answers() {
            let kind = case.object.text("kind");
            let object = admitted(minor, kind, &case.object);
            let errors = create(minor, kind, &object);
            assert_eq!(causes(&errors), answer.causes, "{} on {minor}", case.name);
            if answer.code == 422 {
                let group = case.object.text("apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
                let name = object.field("metadata").text("name");
                let status = Status::invalid(group, kind, name, &errors);
                assert_eq!(status.message, answer.message, "{} on {minor}", case.name);
            }
        }
    }
}

#[test]
fn answers_changes_of_pods_as_real_api_servers_do() {
    let recording = include_str!("../../../tests/cases/validation/updates.json");
    let cases: Vec<Case> = serde_json::from_str(recording).expect("the recording has that shape");
    for case in &cases {
        for (minor, answer) in case.answers() {
            let mut old = admitted(minor, "Pod", &case.object);
            old["metadata"]["resourceVersion"] = "1".into();
            let mut patched = old.clone();
            merge(&mut patched, &case.patch);
            let mut new = decoded(minor, "Pod", patched);
            match case.subresource.as_str() {
                "status" => pod::prepare_for_status_update(minor, &mut new, &old),
                "ephemeralcontainers" => pod::prepare_for_ephemeral_containers_update(minor, &mut new, &old),
                _ => pod::prepare_for_update(minor, &mut new, &old),
            }
            let errors = update(minor, "Pod", &case.subresource, &new, &old);
            let causes = causes(&errors).into_iter().map(first_line).collect::<Vec<_>>();
            assert_eq!(causes, answer.causes, "{} on {minor}", case.name);
        }
    }
}

/// A JSON merge patch (RFC 7386).
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().and_then(|map| map.remove(key));
        } else if value.is_object() {
            if !target[key].is_object() {
                target[key] = serde_json::json!({});
            }
            merge(&mut target[key], value);
        } else {
            target[key] = value.clone();
        }
    }
}
