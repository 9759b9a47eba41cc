//! `SetDefaults_*`: what a decoded object gets before anything looks at it.

use serde_json::Value;

use crate::minor::Minor;

/// Applies the defaults of `kind` to a decoded object.
pub(crate) fn apply(_minor: Minor, _kind: &str, _object: &mut Value) {}
