//! Parameters: what a scenario is run with, and their values put in place.

use std::{collections::BTreeMap, ops::Range};

use serde_json::Value;

use crate::{
    diagnostic::{ScenarioError, nearest, span},
    yaml::{Entry, Kind, Node},
};

/// How many combinations of parameters a scenario may have.
const MAX_COMBINATIONS: usize = 64;
/// The keys below which parameters are filled in.
const SUBSTITUTED: [&str; 3] = ["given", "when", "then"];

/// A combination of parameters.
pub(crate) type Values<'a> = BTreeMap<&'a str, &'a Node>;

/// Each combination of a document's parameters, in the order of the file: the last parameter changes first.
pub(crate) fn combinations<'a>(root: &'a Node, errors: &mut Vec<ScenarioError>) -> Vec<Values<'a>> {
    let Some(parameters) = root.entry("parameters") else { return vec![Values::new()] };
    let lists = parameters.value.entries();
    let count = lists.iter().fold(1_usize, |count, entry| count.saturating_mul(entry.value.items().len().max(1)));
    if count > MAX_COMBINATIONS {
        errors.push(ScenarioError::TooManyCombinations { count, span: span(parameters.key_span.clone()) });
        return Vec::new();
    }
    let mut combinations = vec![Values::new()];
    for entry in lists {
        let with = |value| {
            move |mut values: Values<'a>| {
                values.insert(entry.key.as_str(), value);
                values
            }
        };
        if !entry.value.items().is_empty() {
            let extend = |values: &Values<'a>| {
                entry.value.items().iter().map(|value| with(value)(values.clone())).collect::<Vec<_>>()
            };
            combinations = combinations.iter().flat_map(extend).collect();
        }
    }
    combinations
}

/// Reports values of a parameter that cannot be told apart: a report and a snapshot name a combination by them.
pub(crate) fn report_repeated(root: &Node, errors: &mut Vec<ScenarioError>) {
    for parameter in root.get("parameters").map_or(&[][..], Node::entries) {
        let mut seen = Vec::new();
        for item in parameter.value.items() {
            let named = item.get("case").unwrap_or(item);
            if seen.contains(&named.to_json()) {
                let value = named.text().map_or_else(|| named.to_json().to_string(), str::to_owned);
                errors.push(ScenarioError::Repeated { value, span: span(named.span.clone()) });
            }
            seen.push(named.to_json());
        }
    }
}

/// Reports the parameters that a document declares and never uses.
pub(crate) fn report_unused(root: &Node, errors: &mut Vec<ScenarioError>) {
    let mut used = Vec::new();
    for key in SUBSTITUTED {
        root.get(key).into_iter().for_each(|node| collect(node, &mut used));
    }
    for entry in root.get("parameters").map_or(&[][..], Node::entries) {
        if !used.iter().any(|name| name.split('.').next() == Some(&entry.key)) {
            errors.push(ScenarioError::UnusedParameter { name: entry.key.clone(), span: span(entry.key_span.clone()) });
        }
    }
}

/// The names that are used in a document.
fn collect(node: &Node, used: &mut Vec<String>) {
    let mut of = |text: &str| {
        for part in references(text) {
            match part {
                Ok(part) => used.extend(part.name.map(str::to_owned)),
                // Whatever it names is meant to be used, and how that is written is reported elsewhere.
                Err(text) => used.extend(text.split(|c: char| !is_name_character(c)).map(str::to_owned)),
            }
        }
    };
    node.text().into_iter().for_each(&mut of);
    node.entries().iter().for_each(|entry| of(&entry.key));
    node.items().iter().chain(node.entries().iter().map(|entry| &entry.value)).for_each(|node| collect(node, used));
}

/// The document with parameters filled in.
pub(crate) fn substitute(root: &Node, values: &Values<'_>, errors: &mut Vec<ScenarioError>) -> Node {
    let mut filled = root.clone();
    if let Kind::Map(entries) = &mut filled.kind {
        for entry in entries.iter_mut().filter(|entry| SUBSTITUTED.contains(&entry.key.as_str())) {
            fill(&mut entry.value, values, errors);
        }
    }
    filled
}

fn fill(node: &mut Node, values: &Values<'_>, errors: &mut Vec<ScenarioError>) {
    match &mut node.kind {
        Kind::Text(text) if text.contains("${") => match replace(text, &node.span, values, errors) {
            Some(kind) => (node.is_substituted, node.kind) = (true, kind),
            None => node.is_broken = true,
        },
        Kind::List(items) => items.iter_mut().for_each(|item| fill(item, values, errors)),
        Kind::Map(entries) => {
            for entry in entries.iter_mut() {
                fill_key(entry, values, errors);
                fill(&mut entry.value, values, errors);
            }
            for (place, entry) in entries.iter().enumerate() {
                if let Some(first) = entries[..place].iter().find(|first| first.key == entry.key) {
                    errors.push(ScenarioError::DuplicateKey {
                        key: entry.key.clone(),
                        first: span(first.key_span.clone()),
                        span: span(entry.key_span.clone()),
                    });
                }
            }
        }
        _ => {}
    }
}

fn fill_key(entry: &mut Entry, values: &Values<'_>, errors: &mut Vec<ScenarioError>) {
    if !entry.key.contains("${") {
        return;
    }
    match replace(&entry.key, &entry.key_span, values, errors) {
        Some(Kind::Text(key)) => entry.key = key,
        Some(_) => errors.push(ScenarioError::KeyNotText { span: span(entry.key_span.clone()) }),
        None => {}
    }
}

/// The value of a text with parameters; nothing where one of them is unknown, which is reported.
fn replace(text: &str, at: &Range<usize>, values: &Values<'_>, errors: &mut Vec<ScenarioError>) -> Option<Kind> {
    let mut filled = String::new();
    for part in references(text) {
        let part = match part {
            Ok(part) => part,
            Err(text) => {
                errors.push(ScenarioError::BadPlaceholder { text: text.to_owned(), span: span(at.clone()) });
                return None;
            }
        };
        filled.push_str(part.before);
        let Some(name) = part.name else { continue };
        let node = look_up(name, at, values, errors)?;
        if part.before.is_empty() && text.len() == name.len() + "${}".len() {
            return Some(node.kind.clone().marked(at));
        }
        match node.to_json() {
            Value::String(value) => filled.push_str(&value),
            value @ (Value::Bool(_) | Value::Number(_)) => filled.push_str(&value.to_string()),
            _ => {
                errors.push(ScenarioError::WrongType {
                    expected: "a string, a boolean or a number".to_owned(),
                    found: format!("{} in `{name}`", node.type_name()),
                    span: span(at.clone()),
                    help: Some(format!("only where `${{{name}}}` stands alone may its value be anything else")),
                });
                return None;
            }
        }
    }
    Some(Kind::Text(filled))
}

/// The value that a name or path stands for.
fn look_up<'a>(
    name: &str,
    at: &Range<usize>,
    values: &Values<'a>,
    errors: &mut Vec<ScenarioError>,
) -> Option<&'a Node> {
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    let mut known: Vec<&str> = values.keys().copied().collect();
    let mut node = values.get(first).copied();
    for part in parts {
        if let Some(parent) = node {
            known = parent.entries().iter().map(|entry| entry.key.as_str()).collect();
            node = parent.get(part);
        }
    }
    if node.is_none() {
        let last = name.rsplit('.').next().unwrap_or(name);
        errors.push(ScenarioError::UnknownParameter {
            name: name.to_owned(),
            span: span(at.clone()),
            help: nearest(if values.contains_key(first) { last } else { first }, &known),
        });
    }
    node
}

/// A piece of text, and the parameter after it.
struct Part<'a> {
    before: &'a str,
    name: Option<&'a str>,
}

/// Takes a text apart at its parameters; what begins like one and is none is an error.
fn references(text: &str) -> impl Iterator<Item = Result<Part<'_>, &str>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((before, after)) = text.split_once("${") else {
            return Some(Ok(Part { before: text, name: None }));
        };
        let is_name = |name: &str| {
            let is_word = |word: &str| !word.is_empty() && word.chars().all(is_name_character);
            name.split('.').all(is_word)
        };
        match after.split_once('}') {
            Some((name, after)) if is_name(name) => {
                rest = (!after.is_empty()).then_some(after);
                Some(Ok(Part { before, name: Some(name) }))
            }
            _ => Some(Err(&text[before.len()..])),
        }
    })
}

fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || character == '-' || character == '_'
}

impl Kind {
    /// The value as it stands in place of a parameter: all of it marked as put there, at the parameter's place.
    fn marked(mut self, at: &Range<usize>) -> Self {
        let mark = |node: &mut Node| {
            node.is_substituted = true;
            node.span = at.clone();
            node.kind = std::mem::replace(&mut node.kind, Kind::Null).marked(at);
        };
        match &mut self {
            Self::List(items) => items.iter_mut().for_each(mark),
            Self::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.key_span = at.clone();
                mark(&mut entry.value);
            }),
            _ => {}
        }
        self
    }
}
