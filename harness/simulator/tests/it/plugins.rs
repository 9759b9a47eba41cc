//! The in-tree admission plug-ins, against what API servers of four minors answered.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::raw::{mk_cluster, send};

/// One request of a sequence, and its answers.
///
/// # Shape
/// `answers`: by the minor from which it holds; asked were 1.24, 1.25, 1.31 and 1.36.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    name: String,
    method: String,
    path: String,
    body: Value,
    answers: BTreeMap<String, Value>,
}

#[tokio::test]
async fn plugins_answer_as_recorded() {
    let steps: Vec<Step> = serde_json::from_str(include_str!("../cases/plugins.json")).unwrap();
    let mut differences = Vec::new();
    for minor in ["1.24", "1.25", "1.31", "1.36"] {
        let cluster = mk_cluster(minor.parse().unwrap()).await;
        for step in &steps {
            let answer = send(&cluster, &step.method, &step.path, &step.body).await;
            let mut seen = json!({"code": answer.code});
            let body = &answer.body;
            if answer.code >= 400 {
                for field in ["reason", "message", "details"] {
                    if let Some(value) = body.get(field) {
                        seen[field] = value.clone();
                    }
                }
            } else {
                if body["kind"] == "Pod" {
                    seen["spec"] = body["spec"].clone();
                    hide_token_volume(&mut seen["spec"]);
                }
                if let Some(annotations) = body["metadata"].get("annotations") {
                    seen["annotations"] = annotations.clone();
                }
            }
            let (_, expected) = step.answers.range(..=minor.to_owned()).next_back().unwrap();
            if seen != *expected {
                differences.push(format!("{} on {minor}\n  expected {expected}\n  answered {seen}", step.name));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The volume's name is drawn.
fn hide_token_volume(spec: &mut Value) {
    let text = spec.to_string();
    let Some(at) = text.find("\"kube-api-access-").filter(|_| !text.contains("kube-api-access-mine")) else { return };
    let name = text[at + 1..].split('"').next().unwrap_or_default().to_owned();
    *spec = serde_json::from_str(&text.replace(&name, "kube-api-access-[suffix]")).unwrap();
}

#[tokio::test]
async fn pod_security_is_refused_rather_than_ignored() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    for (minor, level, code) in [("1.22", "restricted", 201), ("1.23", "restricted", 501), ("1.23", "privileged", 201)]
    {
        let cluster = mk_cluster(minor.parse().unwrap()).await;
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "strict", "labels": {"pod-security.kubernetes.io/enforce": level}},
        });
        assert_eq!(send(&cluster, "POST", "/api/v1/namespaces", &namespace).await.code, 201);
        let answer = send(&cluster, "POST", "/api/v1/namespaces/strict/pods", &pod).await;
        assert_eq!(answer.code, code, "{minor} {level}: {answer:?}");
    }
}
