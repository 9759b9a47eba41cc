//! `metadata.managedFields`: who set what.

use serde_json::Value;

use crate::minor::Minor;

/// Who writes, and when.
#[derive(Clone, Debug)]
pub(crate) struct Manager<'a> {
    /// The `fieldManager` parameter, else the User-Agent up to its first `/`.
    pub(crate) name: &'a str,
    /// `status` and its like, or empty.
    pub(crate) subresource: &'a str,
    /// RFC 3339, whole seconds.
    pub(crate) time: &'a str,
}

/// Computes `metadata.managedFields` of `new` from what differs to `old` (nothing on create).
pub(crate) fn update(
    _minor: Minor,
    _kind: &str,
    _api_version: &str,
    _old: Option<&Value>,
    _new: &mut Value,
    _manager: &Manager<'_>,
) {
}
