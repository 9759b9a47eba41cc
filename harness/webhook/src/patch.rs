//! Patches: only for what changes, so that nothing else of a Pod can be lost.

use json_patch::{AddOperation, PatchOperation, jsonptr::PointerBuf};
use serde_json::{Value, json};

use crate::request::PodView;

/// One `add`; it replaces what stands at its path.
pub(crate) fn add<'a>(path: impl IntoIterator<Item = &'a str>, value: Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path: PointerBuf::from_tokens(path), value })
}

/// Sets the Pod's profile to RuntimeDefault, and adds what is missing above it.
///
/// The whole struct is replaced: a `localhostProfile` beside an empty `type` goes away, as it does in Gardener.
pub(crate) fn set_default_profile(pod: &PodView) -> Vec<PatchOperation> {
    set_profile(pod, &json!({ "type": "RuntimeDefault" }))
}

/// The same with any profile.
pub(crate) fn set_profile(pod: &PodView, profile: &Value) -> Vec<PatchOperation> {
    let operation = if pod.security_context().is_some() {
        add(["spec", "securityContext", "seccompProfile"], profile.clone())
    } else if pod.spec.is_some() {
        add(["spec", "securityContext"], json!({ "seccompProfile": profile }))
    } else {
        add(["spec"], json!({ "securityContext": { "seccompProfile": profile } }))
    };
    vec![operation]
}
