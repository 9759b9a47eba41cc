//! The reference of the format, from the same types as the schema.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::schema;

/// The definitions, in the order in which a reader meets them.
const ORDER: [&str; 16] = [
    "Given",
    "FeatureGates",
    "Namespace",
    "Node",
    "Step",
    "Target",
    "Update",
    "Patch",
    "PatchType",
    "EphemeralContainer",
    "Kubelet",
    "Expectations",
    "PodExpectations",
    "Rejection",
    "SkipReason",
    "ContainerState",
];

/// The reference of scenario files as `scenarios/README.md` ships it, in Markdown.
pub fn reference() -> String {
    let mut text = String::new();
    section("A scenario file", &schema::SCENARIO, &mut text);
    let definitions = schema::SCENARIO.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    let rest = definitions.keys().map(String::as_str).filter(|name| !ORDER.contains(name));
    for name in ORDER.into_iter().chain(rest) {
        definitions.get(name).into_iter().for_each(|schema| section(&format!("`{name}`"), schema, &mut text));
    }
    section("The catalogue, `requirements.yaml`", &schema::REQUIREMENTS, &mut text);
    if let Some(requirement) = schema::REQUIREMENTS.pointer("/$defs/Requirement") {
        section("`Requirement`", requirement, &mut text);
    }
    text.trim_end().to_owned() + "\n"
}

fn section(title: &str, schema: &Value, text: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(text, "### {title}\n\n{}\n\n", description(schema));
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        text.push_str("| key | value | what it says |\n|---|---|---|\n");
        for (key, property) in properties {
            let must = if required.iter().any(|name| *name == key) { " (always)" } else { "" };
            let _ = writeln!(text, "| `{key}`{must} | {} | {} |", kind(property), cell(&description(property)));
        }
        text.push('\n');
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        text.push_str("| value | what it says |\n|---|---|\n");
        for choice in choices {
            let value = choice.get("const").and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(text, "| `{value}` | {} |", cell(&description(choice)));
        }
        text.push('\n');
    }
}

/// A schema's description on one line.
fn description(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What kind of value a key takes, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next()) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let below = |word: &str| {
        schema.get(word).filter(|below| below.as_object().is_some_and(|words: &Map<_, _>| !words.is_empty()))
    };
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            below("items").map_or("list".to_owned(), |items| format!("list of {}", kind(items)))
        }
        Some(Value::String(name)) if name == "object" => {
            below("additionalProperties").map_or("mapping".to_owned(), |values| format!("mapping to {}", kind(values)))
        }
        Some(Value::String(name)) if name == "integer" => "whole number".to_owned(),
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}
