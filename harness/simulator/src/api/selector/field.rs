//! `fieldSelector`: a few fields of each resource, by equality.

use serde_json::Value;

use crate::minor::{
    Minor,
    api::{self as rows},
    resource::Resource,
};

/// Terms that all must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldSelector {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    /// As a JSON pointer.
    pointer: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Reads `a=b,c!=d`.
    ///
    /// # Source
    /// kubernetes v1.36 `apimachinery/pkg/fields/selector.go` `ParseSelector`
    pub(super) fn parse(minor: Minor, resource: &Resource, text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split_terms(text) {
            if part.is_empty() {
                continue;
            }
            let (field, equal, value) =
                split_term(part).ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            let value = unescape(value)?;
            let field = known(minor, resource, field)?;
            terms.push(Term { pointer: format!("/{}", field.replace('.', "/")), value, equal });
        }
        Ok(Self { terms })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.terms.iter().all(|term| {
            let found = match object.pointer(&term.pointer) {
                None | Some(Value::Null) => default_text(&term.pointer).to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            (found == term.value) == term.equal
        })
    }
}

/// What an absent field counts as: Go's zero value in words.
fn default_text(pointer: &str) -> &'static str {
    match pointer {
        "/spec/unschedulable" | "/spec/hostNetwork" => "false",
        _ => "",
    }
}

/// The field under its present name, or why the resource cannot be selected by it.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/conversion.go` `AddFieldLabelConversionFunc`
fn known<'a>(minor: Minor, resource: &Resource, field: &'a str) -> Result<&'a str, String> {
    if matches!(field, "metadata.name" | "metadata.namespace")
        && !(field == "metadata.namespace" && matches!(resource.kind, "Node" | "Namespace"))
    {
        return Ok(field);
    }
    let found = match (resource.kind, field) {
        ("Pod", "spec.host") => Some("spec.nodeName"),
        ("Pod", "spec.hostNetwork") if !rows::SELECTS_BY_HOST_NETWORK.at(minor) => None,
        (
            "Pod",
            "spec.nodeName"
            | "spec.restartPolicy"
            | "spec.schedulerName"
            | "spec.serviceAccountName"
            | "spec.hostNetwork"
            | "status.phase"
            | "status.podIP"
            | "status.podIPs"
            | "status.nominatedNodeName",
        )
        | ("Node", "spec.unschedulable")
        | ("Namespace", "status.phase")
        | ("Secret", "type")
        | (
            "Event",
            "involvedObject.kind"
            | "involvedObject.namespace"
            | "involvedObject.name"
            | "involvedObject.uid"
            | "involvedObject.apiVersion"
            | "involvedObject.resourceVersion"
            | "involvedObject.fieldPath"
            | "reason"
            | "reportingComponent"
            | "type",
        ) => Some(field),
        ("Event", "source") => Some("source.component"),
        ("Service", "spec.clusterIP" | "spec.type") if *rows::SELECTS_SERVICES_BY_TYPE.at(minor) => Some(field),
        _ => None,
    };
    found.ok_or_else(|| match resource.kind {
        "Pod" | "Node" | "Namespace" | "Secret" | "Event" => {
            format!("field label not supported: {field}")
        }
        "Service" if *rows::SELECTS_SERVICES_BY_TYPE.at(minor) => format!("field label not supported: {field}"),
        _ => format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
    })
}

/// Splits at commas that no backslash precedes.
fn split_terms(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Splits at the first operator.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find(['=', '!'])?;
    let (field, rest) = term.split_at(at);
    [("!=", false), ("==", true), ("=", true)]
        .into_iter()
        .find_map(|(operator, equal)| rest.strip_prefix(operator).map(|value| (field, equal, value)))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                other => {
                    let sequence = format!("\\{}", other.map(String::from).unwrap_or_default());
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence:?}"));
                }
            },
            // Go shows it by its number.
            '=' | ',' => {
                let number = u32::from(letter);
                return Err(format!("invalid field selector: unescaped character in value: {number}"));
            }
            _ => plain.push(letter),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(kind: &str, text: &str) -> Result<FieldSelector, String> {
        let minor = Minor::NEWEST;
        let resource = Resource::all(minor).find(|resource| resource.kind == kind).unwrap();
        FieldSelector::parse(minor, resource, text)
    }

    #[test]
    fn selects_by_equality() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"phase": "Running"}});
        assert!(parse("Pod", "metadata.name=p,status.phase!=Failed").unwrap().matches(&pod));
        assert!(parse("Pod", "spec.nodeName=").unwrap().matches(&pod));
        assert!(!parse("Pod", "status.phase==Pending").unwrap().matches(&pod));
    }

    #[test]
    fn refuses_other_fields_in_the_words_of_the_resource() {
        assert_eq!(parse("Pod", "foo=bar").unwrap_err(), "field label not supported: foo");
        assert_eq!(parse("Pod", "foo").unwrap_err(), "invalid selector: 'foo'; can't understand 'foo'");
        let error = parse("ConfigMap", "data=x").unwrap_err();
        assert!(error.starts_with("\"data\" is not a known field selector"), "{error}");
    }
}
