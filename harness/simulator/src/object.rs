//! Reading and writing the metadata that every object has.

use serde_json::{Map, Value};

/// A text of `metadata`, empty where it is not set.
pub(crate) fn metadata<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or_default()
}

/// `metadata.name`, empty where it is not set.
pub(crate) fn name(object: &Value) -> &str {
    metadata(object, "name")
}

/// `metadata.namespace`, empty where it is not set.
pub(crate) fn namespace(object: &Value) -> &str {
    metadata(object, "namespace")
}

/// A list of texts in `metadata`, such as `finalizers`.
pub(crate) fn metadata_list<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    let list = object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// The map below `value[field]`, made where there is none; a value that is no map is replaced.
pub(crate) fn map_mut<'a>(value: &'a mut Value, field: &str) -> &'a mut Map<String, Value> {
    let child = as_map(value).entry(field).or_insert(Value::Null);
    as_map(child)
}

/// `metadata` for writing, made where there is none.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    map_mut(object, "metadata")
}

/// Sets a text of `metadata`.
pub(crate) fn set_metadata(object: &mut Value, field: &str, text: impl Into<String>) {
    metadata_mut(object).insert(field.to_owned(), Value::String(text.into()));
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made a map above"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn makes_the_maps_on_the_way() {
        let mut object = json!(null);
        set_metadata(&mut object, "name", "x");
        assert_eq!(object, json!({"metadata": {"name": "x"}}));
        assert_eq!(name(&object), "x");
        assert_eq!(namespace(&object), "");
    }
}
