//! What real API servers answered, as tests compare with it.
//!
//! The answers stand in `tests/recorded`, recorded from Kubernetes 1.24.17, 1.25.16, 1.31.14 and 1.36.3.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::minor::Minor;

/// What each API server answered; those that answered the same stand together.
#[derive(Debug, Deserialize)]
pub(crate) struct Answers<T>(Vec<Group<T>>);

#[derive(Debug, Deserialize)]
struct Group<T> {
    minors: Vec<String>,
    #[serde(alias = "object")]
    answer: T,
}

impl<T> Answers<T> {
    /// Each minor with its answer.
    pub(crate) fn by_minor(&self) -> impl Iterator<Item = (Minor, &T)> {
        let minors =
            |group: &Group<T>| group.minors.iter().map(|minor| minor.parse().expect("a minor")).collect::<Vec<_>>();
        self.0.iter().flat_map(move |group| minors(group).into_iter().map(|minor| (minor, &group.answer)))
    }
}

/// A request, and what each API server answered.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: String,
    pub(crate) answers: Answers<Answer>,
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

/// Pods that were created with `dryRun=All&fieldValidation=Warn`.
pub(crate) fn pods() -> Vec<Case> {
    serde_json::from_str(include_str!("../tests/recorded/pods.json")).expect("the recording has that shape")
}

/// An object as one API server answers it in both of its forms.
#[derive(Debug, Deserialize)]
pub(crate) struct TwoForms {
    pub(crate) minor: String,
    pub(crate) kind: String,
    /// In base64.
    pub(crate) protobuf: String,
    pub(crate) json: Value,
}

/// Stored objects of all kinds, with as many fields set as a test can think of.
pub(crate) fn in_two_forms() -> Vec<TwoForms> {
    serde_json::from_str(include_str!("../tests/recorded/protobuf.json")).expect("the recording has that shape")
}

/// Objects of other kinds, created the same way; a case's name is its kind.
pub(crate) fn others() -> Vec<Case> {
    serde_json::from_str(include_str!("../tests/recorded/others.json")).expect("the recording has that shape")
}

/// A Pod that was patched with `dryRun=All&fieldValidation=Warn`, and what each API server answered.
#[derive(Debug, Deserialize)]
pub(crate) struct PatchCase {
    pub(crate) name: String,
    pub(crate) format: String,
    pub(crate) request: String,
    pub(crate) answers: Answers<PatchAnswer>,
}

/// One answer; without a `spec` where that is as it was.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatchAnswer {
    pub(crate) code: u16,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) metadata: Value,
    #[serde(default)]
    pub(crate) managed_fields: Value,
    pub(crate) spec: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Patches {
    /// The Pod that all patches are for.
    base: Answers<Value>,
    cases: Vec<PatchCase>,
}

/// The Pod of each minor, and what was done to it.
type Recording = (Vec<(Minor, Value)>, Vec<PatchCase>);

/// The Pod as each minor stored it, and its patches.
pub(crate) fn patches() -> &'static Recording {
    static PATCHES: LazyLock<Recording> = LazyLock::new(|| {
        let patches: Patches =
            serde_json::from_str(include_str!("../tests/recorded/patches.json")).expect("the recording has that shape");
        let base = patches.base.by_minor().map(|(minor, pod)| (minor, pod.clone())).collect();
        (base, patches.cases)
    });
    &PATCHES
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
    without_default_tolerations(&mut pod["spec"]);
}

/// Takes away the tolerations that an admission plug-in adds.
pub(crate) fn without_default_tolerations(spec: &mut Value) {
    if let Some(tolerations) = spec.get_mut("tolerations").and_then(Value::as_array_mut) {
        tolerations
            .retain(|toleration| !toleration["key"].as_str().unwrap_or_default().starts_with("node.kubernetes.io/"));
        if tolerations.is_empty() {
            spec.as_object_mut().map(|spec| spec.remove("tolerations"));
        }
    }
}
