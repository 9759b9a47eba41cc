//! The Pod that is explained.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read as _},
};

use anyhow::Context as _;
use camino::Utf8Path;
use seccomp_scenario::{SuiteError, read_object};
use serde_json::{Map, Value, json};

use crate::error::Failure;

/// Fields of a Pod's spec that name other objects or nodes; neither webhook nor seccomp depends on any of them.
const REFERENCES: &[&str] = &[
    "affinity",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "priority",
    "priorityClassName",
    "resourceClaims",
    "runtimeClassName",
    "schedulerName",
    "serviceAccount",
    "serviceAccountName",
    "tolerations",
    "topologySpreadConstraints",
];

/// A Pod, fit to be run by itself.
#[derive(Debug)]
pub(crate) struct Explained {
    /// What is created.
    pub(crate) object: Value,
    /// The namespace that the Pod names.
    pub(crate) namespace: Option<String>,
    /// The fields that were left out.
    pub(crate) left_out: Vec<&'static str>,
}

/// Reads a Pod from a file, or from standard input where the file is `-`.
///
/// # Errors
/// The file cannot be read, is no YAML, or holds something other than a Pod.
pub(crate) fn read(file: &Utf8Path) -> Result<Explained, Failure> {
    let text = if file == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    let text = text.with_context(|| format!("read {file}")).map_err(Failure::Usage)?;
    let object = read_object(file, &text).map_err(|errors| Failure::Suite(SuiteError::Invalid(vec![errors])))?;
    match object.get("kind").and_then(Value::as_str) {
        Some("Pod") => Ok(alone(object)),
        Some(kind) => Err(Failure::usage(format!("{file} holds a {kind}: write its Pod template as a Pod of its own"))),
        None => Err(Failure::usage(format!("{file} holds no Pod: it has no `kind`"))),
    }
}

/// The Pod without what other objects are needed for, its images replaced by the one that says how it is run.
fn alone(mut object: Value) -> Explained {
    let mut left_out = Vec::new();
    let mut namespace = None;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        // The one that is made for the Pod may have another name.
        namespace = metadata.remove("namespace").and_then(|name| name.as_str().map(str::to_owned));
        if !metadata.contains_key("name") && !metadata.contains_key("generateName") {
            metadata.insert("name".to_owned(), json!("pod"));
        }
    }
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        left_out.extend(REFERENCES.iter().copied().filter(|field| spec.remove(*field).is_some()));
        for container in containers(spec) {
            container.insert("image".to_owned(), json!("probe"));
        }
    }
    Explained { object, namespace, left_out }
}

fn containers(spec: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    spec.iter_mut()
        .filter(|(list, _)| ["initContainers", "containers"].contains(&list.as_str()))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// The files that the Pod's Localhost profiles name: the nodes have them.
pub(crate) fn localhost_profiles(object: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(object, &mut found);
    found
}

fn visit(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(file) if name == "localhostProfile" => {
                        found.insert(file.clone());
                    }
                    value => visit(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| visit(value, found)),
        _ => {}
    }
}
