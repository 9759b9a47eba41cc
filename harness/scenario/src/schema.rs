//! The JSON schema of scenario files, for editors and for our own reading.

use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::file::{RequirementsFile, ScenarioFile};

/// The pattern of a value that is wholly a parameter.
const PLACEHOLDER: &str = r"^\$\{[^{}]+\}$";

/// The schema of scenario files, in which a parameter may stand for any value.
pub fn schema() -> Value {
    let mut schema = SCENARIO.clone();
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        definitions.values_mut().for_each(allow_placeholders);
        let placeholder = json!({"description": "A parameter.", "type": "string", "pattern": PLACEHOLDER});
        definitions.insert("Placeholder".to_owned(), placeholder);
    }
    exactly_one_action(&mut schema);
    schema
}

/// The schema of scenario files, byte for byte as `scenarios/schema.json` ships it.
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// The schema of scenario files with their parameters filled in.
pub(crate) static SCENARIO: LazyLock<Value> = LazyLock::new(of::<ScenarioFile>);
/// The schema of the catalogue of requirements.
pub(crate) static REQUIREMENTS: LazyLock<Value> = LazyLock::new(of::<RequirementsFile>);

/// The schema of a file, with every key that may be left out never `null`.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().with_transform(without_null).into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// A key that may be left out is left out, and not set to `null`.
fn without_null(schema: &mut Schema) {
    schemars::transform::transform_subschemas(&mut without_null, schema);
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        property.remove("default");
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                property.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
            choices.retain(|choice| choice != &json!({"type": "null"}));
            if let [Value::Object(only)] = &choices[..] {
                let only = only.clone();
                property.remove("anyOf");
                property.extend(only);
            }
        }
        for word in ["format", "minimum", "maximum"] {
            property.remove(word);
        }
    }
}

/// Lets a parameter stand for each value within a definition that is not a string anyway.
fn allow_placeholders(schema: &mut Value) {
    let Value::Object(words) = schema else { return };
    for (word, below) in words.iter_mut() {
        match (word.as_str(), below) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(or_placeholder),
            ("items" | "additionalProperties", below) => or_placeholder(below),
            ("anyOf", Value::Array(choices)) => choices.iter_mut().for_each(allow_placeholders),
            _ => {}
        }
    }
}

fn or_placeholder(schema: &mut Value) {
    allow_placeholders(schema);
    let Value::Object(words) = schema else { return };
    let types = words.get("type");
    let is_string = types.is_some_and(|name| name == "string" || name == &json!(["string", "null"]));
    if is_string || words.is_empty() {
        return;
    }
    let mut inner = std::mem::take(words);
    if let Some(description) = inner.remove("description") {
        words.insert("description".to_owned(), description);
    }
    words.insert("anyOf".to_owned(), json!([inner, {"$ref": "#/$defs/Placeholder"}]));
}

fn exactly_one_action(schema: &mut Value) {
    let Some(step) = schema.pointer_mut("/$defs/Step").and_then(Value::as_object_mut) else { return };
    let Some(Value::Object(properties)) = step.get("properties") else { return };
    let choices: Vec<_> = properties.keys().filter(|key| *key != "as").map(|key| json!({"required": [key]})).collect();
    step.insert("oneOf".to_owned(), choices.into());
}
