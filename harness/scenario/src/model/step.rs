//! API calls.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::location::Location;

/// One API call, or a change of the gardenlet's feature gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// The name by which `then` speaks of the answer; a step without one must succeed.
    pub name: Option<String>,
    /// Where the step stands in its file.
    pub location: Location,
}

/// What a step does. `of` is the name of the earlier `create` that made the object.
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
    /// DELETE of an object, waiting until it is gone.
    Delete {
        /// The object.
        of: String,
    },
    /// Sets feature gates of the gardenlet, which then writes its webhook configuration anew.
    FeatureGates(BTreeMap<String, bool>),
}

impl Action {
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
            Self::FeatureGates(_) => "featureGates",
        }
    }
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
