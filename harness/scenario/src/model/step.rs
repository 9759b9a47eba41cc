//! API calls.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::location::Location;

/// One API call, or a change of what surrounds the API server: the gardenlet's feature gates, the case's node.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// The name by which `then` speaks of the answer; a step without one must succeed.
    pub name: Option<String>,
    /// Where the step stands in its file.
    pub location: Location,
}

/// What a step does. `of` is the name of the earlier `create`, or `staticPod`, that made the object.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// POST of an object.
    Create(Value),
    /// POST of an object with `dryRun=All`.
    DryRun(Value),
    /// GET of an object.
    Get {
        /// The object.
        of: String,
    },
    /// PUT of the stored object with `set` merged into it by RFC 7386.
    Update {
        /// The object.
        of: String,
        /// What is merged into the stored object.
        set: Value,
    },
    /// PATCH of an object.
    Patch {
        /// The object.
        of: String,
        /// The kind of patch.
        patch_type: PatchType,
        /// The patch.
        patch: Value,
    },
    /// A container more, by the subresource `ephemeralcontainers`, as `kubectl debug` does it.
    EphemeralContainer {
        /// The Pod.
        of: String,
        /// The container.
        container: Value,
    },
    /// DELETE of an object, waiting until it is gone; of a static Pod: its manifest is removed.
    Delete {
        /// The object.
        of: String,
    },
    /// A Pod's manifest in the folder from which the node's kubelet takes static Pods; the kubelet creates the mirror.
    StaticPod(Value),
    /// Sets the kubelet's `seccompDefault` on the case's node, whatever runs there.
    Kubelet {
        /// The new value.
        seccomp_default: bool,
    },
    /// Sets feature gates of the gardenlet, which then writes its webhook configuration anew.
    FeatureGates(BTreeMap<String, bool>),
}

impl Action {
    /// Whether it creates an object of which controllers make Pods.
    pub fn is_workload(&self) -> bool {
        matches!(self, Self::Create(object) if pod_template(object).is_some())
    }

    /// The key that names the action in a file.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::DryRun(_) => "dryRun",
            Self::Get { .. } => "get",
            Self::Update { .. } => "update",
            Self::Patch { .. } => "patch",
            Self::EphemeralContainer { .. } => "ephemeralContainer",
            Self::Delete { .. } => "delete",
            Self::StaticPod(_) => "staticPod",
            Self::Kubelet { .. } => "kubelet",
            Self::FeatureGates(_) => "featureGates",
        }
    }
}

/// Where the Pod template of a workload stands, by the workload's kind.
const TEMPLATES: [(&str, &[&str]); 7] = [
    ("Deployment", &["spec", "template"]),
    ("ReplicaSet", &["spec", "template"]),
    ("DaemonSet", &["spec", "template"]),
    ("StatefulSet", &["spec", "template"]),
    ("ReplicationController", &["spec", "template"]),
    ("Job", &["spec", "template"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
];

/// The keys that lead to the Pod template in objects of `kind`; nothing where that is no workload.
pub fn pod_template_path(kind: &str) -> Option<&'static [&'static str]> {
    TEMPLATES.iter().find(|(known, _)| *known == kind).map(|(_, path)| *path)
}

/// The Pod template of a workload; nothing where the object is none.
fn pod_template(object: &Value) -> Option<&Value> {
    let path = pod_template_path(object.get("kind")?.as_str()?)?;
    path.iter().try_fold(object, |value, key| value.get(key))
}

/// The kind of a patch.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PatchType {
    /// `application/json-patch+json`
    Json,
    /// `application/merge-patch+json`
    Merge,
    /// `application/strategic-merge-patch+json`
    Strategic,
}
