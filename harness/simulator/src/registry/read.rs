//! Reading objects in canonical form: what is absent is empty, as in Go.

use serde_json::{Map, Value};

/// Fields by name, with Go's zero value for what is absent or of another type.
pub(crate) trait Read<'a>: Sized {
    /// The field, or nothing where it is absent or null.
    fn field(self, name: &str) -> Option<&'a Value>;

    /// The field's text, or `""`.
    fn text(self, name: &str) -> &'a str {
        self.field(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The field's elements, or none.
    fn list(self, name: &str) -> &'a [Value] {
        self.field(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The field's entries, where it is an object or map.
    fn entries(self, name: &str) -> Option<&'a Map<String, Value>> {
        self.field(name).and_then(Value::as_object)
    }

    /// The field's whole number, where it is set.
    fn int(self, name: &str) -> Option<i64> {
        self.field(name).and_then(Value::as_i64)
    }

    /// The field's truth value, where it is set.
    fn flag(self, name: &str) -> Option<bool> {
        self.field(name).and_then(Value::as_bool)
    }
}

impl<'a> Read<'a> for &'a Value {
    fn field(self, name: &str) -> Option<&'a Value> {
        self.as_object().and_then(|map| map.get(name)).filter(|value| !value.is_null())
    }
}

impl<'a> Read<'a> for Option<&'a Value> {
    fn field(self, name: &str) -> Option<&'a Value> {
        self.and_then(|value| value.field(name))
    }
}

/// Each init container, container and ephemeral container of a Pod's spec, in the order in which Kubernetes visits
/// them, with the name of its list and its place there.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/pods/helpers.go` `VisitContainersWithPath`
pub(crate) fn containers(spec: &Value) -> impl Iterator<Item = (&'static str, usize, &Value)> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|list| spec.list(list).iter().enumerate().map(move |(index, container)| (list, index, container)))
}
