//! What differs by minor in how values are read.

use super::ByMinor;

/// Whether the errors of Go's decoder name the structs that fields are embedded with:
/// `livenessProbe.ProbeHandler.httpGet`.
pub(crate) static EMBEDDED_IN_ERRORS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.34 go.mod: sigs.k8s.io/json v0.0.0-20241014173422"),
    (35, true, "v1.35 go.mod: sigs.k8s.io/json v0.0.0-20250730193827 decode.go object"),
]);
