//! Compares an object with the part of it that a scenario names.

use serde_json::{Map, Value};

/// A place at which an object is not as it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The place, as a JSON pointer into the actual object.
    pub pointer: String,
    /// What must stand there; `null`: nothing.
    pub expected: Value,
    /// What stands there; nothing: it is not there.
    pub actual: Option<Value>,
}

/// Compares `actual` with the part of it that `expected` names, and says everything that differs.
///
/// # Shape
/// An object holds every key that `expected` names, and not those that it names with `null`. Of a list, an entry with a
/// `name` is compared with the entry of that name, any other with the entry at the same place; entries that `expected`
/// does not name may be there. Everything else must be equal.
pub fn compare(expected: &Value, actual: &Value) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    visit(expected, Some(actual), &mut String::new(), &mut mismatches);
    mismatches
}

fn visit(expected: &Value, actual: Option<&Value>, pointer: &mut String, mismatches: &mut Vec<Mismatch>) {
    match (expected, actual) {
        (Value::Null, None | Some(Value::Null)) => {}
        (Value::Object(expected), Some(Value::Object(actual))) => {
            for (key, value) in expected {
                descend(&key.replace('~', "~0").replace('/', "~1"), value, actual.get(key), pointer, mismatches);
            }
        }
        (Value::Array(expected), Some(Value::Array(actual))) => {
            for (place, value) in expected.iter().enumerate() {
                let (place, found) = counterpart(value, place, actual);
                descend(&place.to_string(), value, found, pointer, mismatches);
            }
        }
        (expected, Some(actual)) if expected == actual => {}
        (expected, actual) => {
            mismatches.push(Mismatch { pointer: pointer.clone(), expected: expected.clone(), actual: actual.cloned() });
        }
    }
}

fn descend(
    segment: &str,
    expected: &Value,
    actual: Option<&Value>,
    pointer: &mut String,
    mismatches: &mut Vec<Mismatch>,
) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(segment);
    visit(expected, actual, pointer, mismatches);
    pointer.truncate(length);
}

/// The entry of `actual` that `expected`, which stands at `place`, is about.
fn counterpart<'a>(expected: &Value, place: usize, actual: &'a [Value]) -> (usize, Option<&'a Value>) {
    let name = |value: &'_ Value| value.as_object().and_then(|object: &Map<_, _>| object.get("name").cloned());
    let place = match name(expected) {
        Some(wanted) => actual.iter().position(|entry| name(entry).as_ref() == Some(&wanted)).unwrap_or(actual.len()),
        None => place,
    };
    (place, actual.get(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::a_part(json!({"a": {"b": 1}}), json!({"a": {"b": 1, "c": 2}, "d": 3}))]
    #[case::absent(json!({"a": null}), json!({"b": 1}))]
    #[case::by_name(json!([{"name": "y", "v": 2}]), json!([{"name": "x", "v": 1}, {"name": "y", "v": 2}]))]
    #[case::by_place(json!([1]), json!([1, 2]))]
    fn accepts_what_is_contained(#[case] expected: Value, #[case] actual: Value) {
        assert_eq!(compare(&expected, &actual), []);
    }

    #[rstest]
    #[case::other_value(json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "/a/b")]
    #[case::missing_key(json!({"a": {"b": 1}}), json!({"a": {}}), "/a/b")]
    #[case::there_although_null(json!({"a": null}), json!({"a": 1}), "/a")]
    #[case::no_entry_of_that_name(json!([{"name": "y"}]), json!([{"name": "x"}]), "/1")]
    #[case::other_type(json!({"a": []}), json!({"a": {}}), "/a")]
    #[case::escaped(json!({"a/b": {"~": 1}}), json!({"a/b": {}}), "/a~1b/~0")]
    fn reports_what_differs(#[case] expected: Value, #[case] actual: Value, #[case] pointer: &str) {
        let mismatches = compare(&expected, &actual);
        assert_eq!(mismatches.iter().map(|mismatch| mismatch.pointer.as_str()).collect::<Vec<_>>(), [pointer]);
    }

    #[test]
    fn reports_everything_at_once() {
        assert_eq!(compare(&json!({"a": 1, "b": 2, "c": null}), &json!({"b": 3, "c": 4})).len(), 3);
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_without_named_lists_contains_itself(value in json_value()) {
            // Two entries of one list with the same `name` are the one thing that is not found again.
            prop_assume!(!value.to_string().contains("\"name\""));
            prop_assert_eq!(compare(&value, &value), []);
        }
    }
}
