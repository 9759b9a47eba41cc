//! What real API servers answered, as tests compare with it.
//!
//! The answers stand in `tests/recorded`, recorded from Kubernetes 1.24.17, 1.25.16, 1.31.14 and 1.36.3.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::minor::Minor;

/// A request, and what each API server answered.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: String,
    answers: Vec<Group>,
}

/// The API servers that answered the same.
#[derive(Debug, Deserialize)]
struct Group {
    minors: Vec<String>,
    answer: Answer,
}

/// One answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) code: u16,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) object: Value,
    #[serde(default)]
    pub(crate) managed_fields: Value,
}

impl Case {
    /// Each minor with its answer.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (Minor, &Answer)> {
        self.answers
            .iter()
            .flat_map(|group| group.minors.iter().map(|minor| (minor.parse().expect("a minor"), &group.answer)))
    }
}

/// Pods that were created with `dryRun=All&fieldValidation=Warn`.
pub(crate) fn pods() -> Vec<Case> {
    serde_json::from_str(include_str!("../tests/recorded/pods.json")).expect("the recording has that shape")
}

/// Takes away what admission and the strategies add to a Pod, or overwrite.
pub(crate) fn without_admission(pod: &mut Value) {
    for name in ["status", "kind", "apiVersion"] {
        pod.as_object_mut().map(|pod| pod.remove(name));
    }
    let metadata = pod["metadata"].as_object_mut().expect("metadata");
    for name in ["creationTimestamp", "generation", "uid", "selfLink", "clusterName"] {
        metadata.remove(name);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| {
            !name.contains("seccomp.security.alpha.kubernetes.io")
                && !name.contains("apparmor.security.beta.kubernetes.io")
        });
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    let spec = pod["spec"].as_object_mut().expect("a spec");
    spec.remove("priority");
    spec.remove("preemptionPolicy");
    if spec.get("serviceAccountName") == Some(&json!("default")) {
        spec.remove("serviceAccountName");
        spec.remove("serviceAccount");
    }
    if let Some(tolerations) = spec.get_mut("tolerations").and_then(Value::as_array_mut) {
        tolerations
            .retain(|toleration| !toleration["key"].as_str().unwrap_or_default().starts_with("node.kubernetes.io/"));
        if tolerations.is_empty() {
            spec.remove("tolerations");
        }
    }
}
