//! A Kubernetes object in a file of its own.

use camino::Utf8Path;
use serde_json::Value;

use crate::{
    diagnostic::{ScenarioError, ScenarioErrors, span},
    yaml,
};

/// Reads the one object that a file holds, with the guards that hold for scenario files.
///
/// # Errors
/// All that is wrong with the text as YAML, or that it is no mapping.
pub fn read_object(path: &Utf8Path, text: &str) -> Result<Value, ScenarioErrors> {
    let yaml::Reading { root, errors } = yaml::read(text);
    match root.filter(|_| errors.is_empty()).map(|root| root.to_json()) {
        Some(object @ Value::Object(_)) => Ok(object),
        Some(_) => {
            let error = ScenarioError::WrongType {
                expected: "a Kubernetes object".to_owned(),
                found: "something else".to_owned(),
                span: span(0..0),
                help: Some("a mapping with `apiVersion` and `kind`".to_owned()),
            };
            Err(ScenarioErrors::new(path, text, vec![error]))
        }
        None => Err(ScenarioErrors::new(path, text, errors)),
    }
}
