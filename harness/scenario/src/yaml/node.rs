//! A YAML document that knows where each of its parts stands.

use std::ops::Range;

use serde_json::{Map, Number, Value};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The value's text, as bytes of the file; of a list or mapping, from its first to its last byte.
    pub(crate) span: Range<usize>,
    /// Whether something was reported about the value already, so that it says nothing about itself any more.
    pub(crate) is_broken: bool,
    /// Whether the value was put in place of a parameter.
    pub(crate) is_substituted: bool,
    /// The value.
    pub(crate) kind: Kind,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a mapping, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Node {
    /// What the value is, in a word.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "boolean",
            Kind::Number(number) if number.is_f64() => "number",
            Kind::Number(_) => "integer",
            Kind::Text(_) => "string",
            Kind::List(_) => "array",
            Kind::Map(_) => "object",
        }
    }

    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// A mapping's entry.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a mapping's entry.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value below a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value alone.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The value alone, for decoding.
    pub(crate) fn to_yaml(&self) -> serde_yaml::Value {
        match &self.kind {
            Kind::Null => serde_yaml::Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => number.into(),
                (_, Some(number), _) => number.into(),
                (_, _, number) => number.unwrap_or_default().into(),
            },
            Kind::Text(text) => text.clone().into(),
            Kind::List(items) => serde_yaml::Value::Sequence(items.iter().map(Self::to_yaml).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone().into(), entry.value.to_yaml()));
                serde_yaml::Value::Mapping(pairs.collect())
            }
        }
    }
}
