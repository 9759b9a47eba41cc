//! The difference that a refused update shows.

use serde_json::Value;

use crate::minor::Minor;

/// The difference between two specs.
pub(super) fn of_pod_spec(_minor: Minor, _old: &Value, _new: &Value) -> String {
    String::new()
}

/// The difference between two ephemeral containers.
pub(super) fn of_ephemeral_container(_minor: Minor, _old: &Value, _new: &Value) -> String {
    String::new()
}
