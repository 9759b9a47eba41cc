//! Checks a document against a schema, and reports everything at once.
//!
//! Only the words of JSON Schema that our own types give rise to are known. Decoding after this check finds nothing more
//! to complain of; it would stop at its first complaint, and could not say where it stands.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::{
    diagnostic::{ScenarioError, nearest, span},
    yaml::{Kind, Node},
};

/// Checks a document, and returns what is wrong with it.
pub(crate) fn check(root: &Node, schema: &Value) -> Vec<ScenarioError> {
    let mut shape = Shape { root: schema, errors: Vec::new() };
    let start = root.span.start..root.span.start;
    shape.node(root, schema, Place { key: "the file", at: start, help: None });
    shape.errors
}

/// What a value is called, and what is marked where the value is missing or has no short text of its own.
#[derive(Clone)]
struct Place<'a> {
    key: &'a str,
    at: Range<usize>,
    help: Option<&'a str>,
}

struct Shape<'a> {
    root: &'a Value,
    errors: Vec<ScenarioError>,
}

impl<'a> Shape<'a> {
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    fn node(&mut self, node: &Node, schema: &'a Value, place: Place<'a>) {
        if node.is_broken {
            return;
        }
        let help = schema.get("description").and_then(Value::as_str).or(place.help);
        let place = Place { help, ..place };
        let schema = self.resolve(schema);
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            let fitting = choices.iter().find(|choice| has_type(node, self.resolve(choice)));
            match fitting {
                Some(choice) => self.node(node, choice, place),
                None => self.wrong_type(
                    node,
                    choices.iter().flat_map(|choice| types(self.resolve(choice))).collect(),
                    &place,
                ),
            }
        } else if let Some(values) = constants(schema) {
            self.one_of(node, &values, &place);
        } else if !has_type(node, schema) {
            self.wrong_type(node, types(schema), &place);
        } else if let Kind::Map(_) = node.kind {
            self.map(node, schema, &place);
        } else if let Kind::List(items) = &node.kind {
            self.empty(items.is_empty(), "minItems", schema, &place);
            for item in items {
                schema
                    .get("items")
                    .into_iter()
                    .for_each(|items| self.node(item, items, Place { at: head(item), ..place.clone() }));
            }
        }
    }

    fn map(&mut self, node: &Node, schema: &'a Value, place: &Place<'a>) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        let known: Vec<_> = properties.unwrap_or(&none).keys().map(String::as_str).collect();
        let others = schema.get("additionalProperties");
        self.empty(node.entries().is_empty(), "minProperties", schema, place);
        for entry in node.entries() {
            let at = entry.key_span.clone();
            let property = properties.and_then(|properties| properties.get_key_value(entry.key.as_str()));
            match (property, others) {
                // A parameter whose value is null leaves the key out.
                (Some(_), _) if entry.value.is_substituted && entry.value.kind == Kind::Null => {}
                (Some((key, schema)), _) => self.node(&entry.value, schema, Place { key, at, help: None }),
                (None, Some(Value::Bool(false))) => self.errors.push(ScenarioError::UnknownKey {
                    key: entry.key.clone(),
                    span: span(at),
                    help: nearest(&entry.key, &known),
                }),
                (None, Some(schema @ Value::Object(_))) => {
                    self.node(&entry.value, schema, Place { at, ..place.clone() });
                }
                (None, _) => {}
            }
        }
        for key in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if node.get(key).is_none() {
                let property = properties.and_then(|properties| properties.get(key));
                let description = property.and_then(|property| property.get("description")).and_then(Value::as_str);
                self.errors.push(ScenarioError::MissingKey {
                    key: key.to_owned(),
                    span: span(place.at.clone()),
                    help: first_sentence(description.unwrap_or("add it")),
                });
            }
        }
    }

    fn empty(&mut self, is_empty: bool, word: &str, schema: &Value, place: &Place<'_>) {
        if is_empty && schema.get(word).and_then(Value::as_u64).unwrap_or(0) > 0 {
            self.errors.push(ScenarioError::Empty {
                key: place.key.to_owned(),
                span: span(place.at.clone()),
                help: first_sentence(place.help.unwrap_or("name at least one")),
            });
        }
    }

    fn one_of(&mut self, node: &Node, values: &[&str], place: &Place<'_>) {
        match node.text() {
            Some(text) if values.contains(&text) => {}
            Some(text) => self.errors.push(ScenarioError::UnknownValue {
                value: text.to_owned(),
                span: span(node.span.clone()),
                help: nearest(text, values),
            }),
            None => self.wrong_type(node, vec!["string"], place),
        }
    }

    fn wrong_type(&mut self, node: &Node, expected: Vec<&str>, place: &Place<'_>) {
        let is_text_expected = expected.contains(&"string");
        let is_scalar = matches!(node.kind, Kind::Number(_) | Kind::Bool(_));
        let expected: Vec<_> = expected.into_iter().map(word).collect();
        self.errors.push(ScenarioError::WrongType {
            expected: expected.join(" or "),
            found: word(node.type_name()).to_owned(),
            span: span(if is_short(node) { node.span.clone() } else { place.at.clone() }),
            help: if is_text_expected && is_scalar {
                Some("put the value in quotes".to_owned())
            } else {
                place.help.map(first_sentence)
            },
        });
    }
}

/// The place to mark for a value: its text where that is short, else its first byte.
fn head(node: &Node) -> Range<usize> {
    if is_short(node) { node.span.clone() } else { node.span.start..node.span.start + 1 }
}

fn is_short(node: &Node) -> bool {
    !matches!(node.kind, Kind::Map(_) | Kind::List(_)) && !node.span.is_empty()
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn has_type(node: &Node, schema: &Value) -> bool {
    let types = types(schema);
    types.is_empty() || types.contains(&node.type_name())
}

/// The strings of which a schema allows one.
fn constants(schema: &Value) -> Option<Vec<&str>> {
    let plain = schema.get("enum").and_then(Value::as_array);
    let described = schema.get("oneOf").and_then(Value::as_array);
    if let Some(values) = plain {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    described.map(|choices| choices.iter().filter_map(|choice| choice.get("const").and_then(Value::as_str)).collect())
}

/// The word for a type.
fn word(name: &str) -> &str {
    match name {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "a boolean",
        "integer" => "a whole number",
        "number" => "a number",
        "null" => "nothing",
        other => other,
    }
}

/// The first sentence of a description, as help is written: without its full stop.
fn first_sentence(description: &str) -> String {
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split_once(". ").map_or(text.as_str(), |(first, _)| first).trim_end_matches('.').to_owned()
}
