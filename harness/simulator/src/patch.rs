//! The ways to say what shall change in an object: JSON patch, merge patch, strategic merge patch.

pub(crate) mod json;
mod merge;
mod pointer;
mod strategic;

use serde_json::Value;

use crate::{fields, minor::Minor};

/// How a patch is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    /// `application/json-patch+json`.
    Json,
    /// `application/merge-patch+json`.
    Merge,
    /// `application/strategic-merge-patch+json`.
    Strategic,
}

/// A patched object, before it went through its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patched {
    pub(crate) document: Value,
    /// What strict decoding complains about in the patch itself: doubled keys, unknown fields of an operation.
    pub(crate) strict_errors: Vec<String>,
    /// Whether it was never text, so that [`fields::from_unstructured`] reads it and not [`fields::round_trip`].
    pub(crate) is_unstructured: bool,
    /// What a refusal of the patched object shows as the bad value of `patch`.
    pub(crate) shown: String,
}

/// Why a patch changes nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PatchError {
    /// The text is no patch, which is a bad request; in the words of Go's decoder.
    #[error("{0}")]
    Undecodable(String),
    /// The patch does not fit the object, which is unprocessable; in the words of the library that applies it.
    #[error("{0}")]
    DoesNotApply(String),
    /// Too large an entity.
    #[error("{0}")]
    TooLarge(String),
    /// What an API server takes for its own fault.
    #[error("{0}")]
    Internal(String),
}

/// So many operations may a JSON patch have.
///
/// # Source
/// apiserver v0.31 `pkg/endpoints/handlers/patch.go` `maxJSONPatchOperations`
const OPERATIONS: usize = 10_000;

/// Applies the body of a PATCH request to an object of type `type_name`.
///
/// `is_strict`: whether `fieldValidation` is `Warn` or `Strict`, so that the patch itself is looked at closely.
///
/// # Errors
/// `Undecodable`, `DoesNotApply`, `TooLarge`, `Internal`: 400, 422, 413 and 500.
///
/// # Source
/// apiserver v0.31 `pkg/endpoints/handlers/patch.go` `applyJSPatch`, `strategicPatchObject`
pub(crate) fn apply(
    minor: Minor,
    format: Format,
    type_name: &str,
    object: &Value,
    patch: &[u8],
    is_strict: bool,
) -> Result<Patched, PatchError> {
    match format {
        Format::Json => {
            let strict_errors = if is_strict { json::strict_errors(minor, patch)? } else { Vec::new() };
            let patch = json::Patch::decode(patch)?;
            if patch.len() > OPERATIONS {
                let count = patch.len();
                return Err(PatchError::TooLarge(format!(
                    "The allowed maximum operations in a JSON patch is {OPERATIONS}, got {count}"
                )));
            }
            let document = patch.apply(minor, object)?;
            Ok(Patched { shown: document.to_string(), document, strict_errors, is_unstructured: false })
        }
        Format::Merge => {
            let strict_errors = if is_strict {
                object_patch(patch).map_err(|text| PatchError::Undecodable(format!("error decoding patch: {text}")))?.1
            } else {
                Vec::new()
            };
            let document = merge::apply(object, patch)?;
            Ok(Patched { shown: document.to_string(), document, strict_errors, is_unstructured: false })
        }
        Format::Strategic => {
            let (patch, strict_errors) = object_patch(patch).map_err(PatchError::Undecodable)?;
            let shown = go_format(&patch);
            let document = strategic::apply(minor, type_name, object, patch)?;
            let strict_errors = if is_strict { strict_errors } else { Vec::new() };
            Ok(Patched { document, strict_errors, is_unstructured: true, shown })
        }
    }
}

/// A patch that must be an object, with its doubled keys.
fn object_patch(patch: &[u8]) -> Result<(Value, Vec<String>), String> {
    let (value, strict_errors) = fields::parse_strictly(patch).map_err(|error| error.detail)?;
    match value {
        Value::Object(_) => Ok((value, strict_errors)),
        Value::Null => Ok((Value::Object(serde_json::Map::new()), strict_errors)),
        other => Err(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            fields::go_kind(&other)
        )),
    }
}

/// A value as Go's `%v` prints it.
fn go_format(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(go_format).collect::<Vec<_>>().join(" "))
        }
        Value::Object(fields) => {
            let mut pairs: Vec<_> = fields.iter().collect();
            pairs.sort_by_key(|(key, _)| key.as_str());
            let pairs: Vec<_> = pairs.into_iter().map(|(key, value)| format!("{key}:{}", go_format(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        recorded,
        registry::{
            defaults,
            managed_fields::{self, Manager},
        },
    };

    /// What of a patched Pod is compared.
    type Outcome = Result<(Value, Vec<String>), String>;

    fn patched(minor: Minor, case: &recorded::PatchCase, base: &Value) -> Outcome {
        let format = match case.format.as_str() {
            "application/json-patch+json" => Format::Json,
            "application/merge-patch+json" => Format::Merge,
            _ => Format::Strategic,
        };
        // 1.24 has the validation of fields off.
        let is_strict = minor.number() >= 25;
        let patched =
            apply(minor, format, "Pod", base, case.request.as_bytes(), is_strict).map_err(|e| e.to_string())?;
        let decode = if patched.is_unstructured { fields::from_unstructured } else { fields::round_trip };
        let decoded = decode(minor, "Pod", patched.document).map_err(|error| error.to_string())?;
        let mut pod = decoded.object;
        defaults::apply(minor, "Pod", &mut pod);
        let manager = Manager { name: "patcher", subresource: "", time: "2026-01-02T00:00:00Z" };
        managed_fields::update(minor, "Pod", "v1", Some(base), &mut pod, &manager);
        let warnings = if is_strict { [patched.strict_errors, decoded.strict_errors].concat() } else { Vec::new() };
        Ok((pod, warnings))
    }

    /// What four API servers answered to patches of a Pod, its managed fields included.
    #[test]
    fn patches_a_pod_as_the_api_servers_do() {
        let (bases, cases) = recorded::patches();
        for case in cases {
            for (minor, answer) in case.answers.by_minor() {
                let (_, base) = bases.iter().find(|(other, _)| *other == minor).expect("every minor has its Pod");
                let name = format!("{} on {minor}", case.name);
                let outcome = patched(minor, case, base);
                if answer.message.starts_with("Pod \"t\" is invalid") {
                    assert!(outcome.is_ok(), "{name}: {outcome:?}");
                } else if answer.code == 200 {
                    let (mut pod, warnings) = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert_eq!(warnings, answer.warnings, "{name}");
                    let mut spec = answer.spec.as_ref().unwrap_or(&base["spec"]).clone();
                    recorded::without_default_tolerations(&mut spec);
                    recorded::without_default_tolerations(&mut pod["spec"]);
                    assert_eq!(pod["spec"], spec, "{name}");
                    assert_eq!(pod["metadata"]["managedFields"].take(), answer.managed_fields, "{name}");
                    pod["metadata"].as_object_mut().map(|metadata| metadata.remove("managedFields"));
                    assert_eq!(pod["metadata"], answer.metadata, "{name}");
                } else {
                    let error = outcome.map(|_| ()).expect_err(&name);
                    let is_generic = answer.message.starts_with("the server rejected our request");
                    assert!(
                        is_generic || answer.message.contains("json parse error") || is_told(&answer.message, &error),
                        "{name}: {error:?}, not {:?}",
                        answer.message
                    );
                }
            }
        }
    }

    /// Whether a message tells of an error: it is that, ends with that, or starts with the same words.
    fn is_told(message: &str, error: &str) -> bool {
        message.ends_with(error) || error.starts_with(message)
    }

    /// Text of any shape: sent as a body or a patch, it is answered.
    fn texts() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("{}".to_owned()),
            Just("[]".to_owned()),
            Just("1.5".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            "[a-z$/]{0,6}".prop_map(|text| format!("{text:?}")),
        ];
        let name = prop_oneof![
            Just("metadata"),
            Just("labels"),
            Just("spec"),
            Just("containers"),
            Just("name"),
            Just("env"),
            Just("finalizers"),
            Just("$patch"),
            Just("$retainKeys"),
            Just("$setElementOrder/containers"),
            Just("$deleteFromPrimitiveList/finalizers"),
            Just("resources"),
            Just("limits"),
            Just("cpu"),
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec((name.clone(), inner), 0..4).prop_map(|fields| {
                    let fields: Vec<_> = fields.into_iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                    format!("{{{}}}", fields.join(","))
                }),
            ]
        })
    }

    proptest! {
        /// What was read once is read again without a change; all else is refused.
        #[test]
        fn any_body_is_answered(body in texts()) {
            if let Ok(once) = fields::decode(Minor::NEWEST, "Pod", body.as_bytes()) {
                let twice = fields::round_trip(Minor::NEWEST, "Pod", once.object.clone());
                prop_assert_eq!(twice.map(|decoded| decoded.object), Ok(once.object));
            }
        }

        #[test]
        fn any_patch_is_answered(patch in texts(), is_strict in any::<bool>()) {
            let (bases, _) = recorded::patches();
            let (minor, base) = &bases[bases.len() - 1];
            for format in [Format::Json, Format::Merge, Format::Strategic] {
                if let Ok(patched) = apply(*minor, format, "Pod", base, patch.as_bytes(), is_strict) {
                    let _ = fields::round_trip(*minor, "Pod", patched.document.clone());
                    let _ = fields::from_unstructured(*minor, "Pod", patched.document);
                }
            }
        }

        /// A patch that has nothing to say changes nothing.
        #[test]
        fn an_empty_patch_is_nothing(format in prop_oneof![Just(Format::Merge), Just(Format::Strategic)]) {
            let (bases, _) = recorded::patches();
            for (minor, base) in bases {
                let patched = apply(*minor, format, "Pod", base, b"{}", true);
                prop_assert_eq!(patched.map(|patched| patched.document), Ok(base.clone()));
            }
        }
    }
}
