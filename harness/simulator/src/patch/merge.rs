//! JSON merge patch (RFC 7386), with the habits of the library that Kubernetes applies it with.

use serde_json::{Map, Value};

use super::PatchError;
use crate::fields;

/// Applies a merge patch to an object.
///
/// # Errors
/// `Undecodable`: the patch is neither object nor array.
///
/// # Source
/// `github.com/evanphx/json-patch` v4.12.0 `merge.go` `doMergePatch`
pub(super) fn apply(object: &Value, patch: &[u8]) -> Result<Value, PatchError> {
    let invalid = || PatchError::Undecodable("Invalid JSON Patch".to_owned());
    let mut patch = fields::parse(patch).map_err(|_| invalid())?;
    match (object, &mut patch) {
        (Value::Object(object), Value::Object(patch)) => {
            let mut merged = object.clone();
            merge_objects(&mut merged, std::mem::take(patch));
            Ok(Value::Object(merged))
        }
        (_, Value::Object(_) | Value::Array(_)) => {
            prune_nulls(&mut patch);
            Ok(patch)
        }
        _ => Err(invalid()),
    }
}

fn merge_objects(object: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, mut value) in patch {
        if value.is_null() {
            object.remove(&key);
            continue;
        }
        match (object.get_mut(&key), &mut value) {
            (Some(Value::Object(present)), Value::Object(value)) => merge_objects(present, std::mem::take(value)),
            // A list in place of an object is taken as it is; all else without its nulls.
            (Some(Value::Object(_)), _) => {
                object.insert(key, value);
            }
            _ => {
                prune_nulls(&mut value);
                object.insert(key, value);
            }
        }
    }
}

/// Takes the nulls out of objects, but leaves them in lists.
fn prune_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(prune_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(prune_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// The examples of RFC 7386, appendix A, whose target is an object.
    #[rstest]
    #[case::replaces(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}))]
    #[case::adds(json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"}))]
    #[case::removes(json!({"a": "b"}), json!({"a": null}), json!({}))]
    #[case::list_for_scalar(json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]}))]
    #[case::nested(json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}}))]
    #[case::list_for_list(json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]}))]
    #[case::deep_null(json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}}))]
    fn merges_as_the_standard_says(#[case] object: Value, #[case] patch: Value, #[case] merged: Value) {
        assert_eq!(apply(&object, patch.to_string().as_bytes()), Ok(merged));
    }

    #[test]
    fn refuses_what_is_no_patch() {
        for patch in ["", "1", "null", "{"] {
            let error = PatchError::Undecodable("Invalid JSON Patch".to_owned());
            assert_eq!(apply(&json!({}), patch.as_bytes()), Err(error), "{patch}");
        }
    }

    pub(crate) fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn doing_it_twice_is_doing_it_once(object in values(), patch in values()) {
            let patch = patch.to_string();
            if let Ok(once) = apply(&object, patch.as_bytes()) {
                prop_assert_eq!(apply(&once, patch.as_bytes()), Ok(once));
            }
        }
    }
}
