//! A Pod's own rules: what is prepared before it is stored, and what clients are warned of.

use serde_json::Value;

use crate::minor::Minor;

/// `podStrategy.PrepareForCreate`: status, generation, annotation and field synchronisation of that minor.
///
/// Returns the texts for `Warning` headers that arise on the way, which come before those of [`warnings`].
pub(crate) fn prepare_for_create(_minor: Minor, _pod: &mut Value) -> Vec<String> {
    Vec::new()
}

/// `podStrategy.PrepareForUpdate`: status is kept, generation rises where the spec changes.
pub(crate) fn prepare_for_update(_minor: Minor, _pod: &mut Value, _old: &Value) {}

/// `podStatusStrategy.PrepareForUpdate`: only the status changes, and metadata but for a few fields.
pub(crate) fn prepare_for_status_update(_minor: Minor, _pod: &mut Value, _old: &Value) {}

/// `podEphemeralContainersStrategy.PrepareForUpdate`: only the ephemeral containers change.
pub(crate) fn prepare_for_ephemeral_containers_update(_minor: Minor, _pod: &mut Value, _old: &Value) {}

/// `GetWarningsForPod`: texts for `Warning` headers; `old` is nothing on create.
pub(crate) fn warnings(_minor: Minor, _pod: &Value, _old: Option<&Value>) -> Vec<String> {
    Vec::new()
}
