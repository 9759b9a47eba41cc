//! Puts the decoded values into the scanned document.

use serde_json::Number;
use serde_yaml::Value;

use crate::{
    diagnostic::{ScenarioError, span},
    yaml::{Kind, Node},
};

/// Takes over each value as it was decoded, and reports where the decoder understood something else than the scan.
pub(super) fn adopt(node: &mut Node, value: Value, errors: &mut Vec<ScenarioError>) {
    match (&mut node.kind, value) {
        (Kind::List(items), Value::Sequence(values)) if items.len() == values.len() => {
            for (item, value) in items.iter_mut().zip(values) {
                adopt(item, value, errors);
            }
        }
        (Kind::Map(entries), Value::Mapping(values)) if entries.len() == values.len() => {
            for (entry, (key, value)) in entries.iter_mut().zip(values) {
                if key.as_str() != Some(entry.key.as_str()) {
                    errors.push(disagreement(&entry.key, entry.key_span.clone()));
                }
                adopt(&mut entry.value, value, errors);
            }
        }
        (kind, value) => match scalar(&value) {
            Some(decoded) if decoded == *kind => *kind = decoded,
            _ => errors.push(disagreement(&format!("{value:?}"), node.span.clone())),
        },
    }
}

fn disagreement(text: &str, at: std::ops::Range<usize>) -> ScenarioError {
    ScenarioError::AmbiguousScalar { text: text.to_owned(), span: span(at) }
}

fn scalar(value: &Value) -> Option<Kind> {
    match value {
        Value::Null => Some(Kind::Null),
        Value::Bool(value) => Some(Kind::Bool(*value)),
        Value::String(text) => Some(Kind::Text(text.clone())),
        Value::Number(number) => {
            let integer = number.as_i64().map(Number::from).or_else(|| number.as_u64().map(Number::from));
            integer.or_else(|| number.as_f64().and_then(Number::from_f64)).map(Kind::Number)
        }
        _ => None,
    }
}
