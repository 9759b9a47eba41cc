//! Deployments and ReplicaSets.
//!
//! # Source
//! kubernetes v1.20 to v1.37 `pkg/apis/apps/validation/validation.go` `ValidateDeploymentSpec`, `ValidateReplicaSetSpec`,
//! `ValidatePodTemplateSpecForReplicaSet`

use serde_json::{Map, Value};

use crate::{
    admission::selector::Selector,
    minor::{Minor, validation as rule},
    registry::read::Read,
};

use super::{
    check::{Check, Shown},
    go, meta,
    path::Path,
    pod, selector,
};

/// What is wrong with a workload's specification.
pub(super) fn specification(check: &mut Check, object: &Value) {
    let spec = object.field("spec");
    let path = Path::root("spec");
    for field in ["replicas", "minReadySeconds"] {
        meta::non_negative(check, spec.int(field).unwrap_or_default(), &path.child(field));
    }
    let selector_path = path.child("selector");
    match spec.field("selector") {
        None => check.required(&selector_path, ""),
        Some(selector) => {
            selector::label_selector(check, Some(selector), &selector_path);
            let is_empty = selector.entries("matchLabels").is_none_or(Map::is_empty)
                && selector.list("matchExpressions").is_empty();
            if is_empty {
                let shown = shown_selector(check.minor, selector);
                // The words are the same for both kinds.
                check.invalid(&selector_path, Shown::Rendered(&shown), "empty selector is invalid for deployment");
            }
        }
    }
    template(check, spec, &path);
}

/// The template has the labels that the selector selects, is of a Pod that may be, and that is always restarted.
fn template(check: &mut Check, spec: Option<&Value>, path: &Path<'_>) {
    let nothing = Value::Null;
    let template = spec.field("template").unwrap_or(&nothing);
    let path = path.child("template");
    let labels = template.field("metadata").entries("labels");
    let selected = spec.field("selector").and_then(|selector| Selector::parse(selector).ok());
    if selected.is_some_and(|selector| !selector.is_empty() && !selector.matches(labels)) {
        let shown = shown_labels(check.minor, labels);
        check.invalid(
            &path.child("metadata").child("labels"),
            Shown::Rendered(&shown),
            "`selector` does not match template `labels`",
        );
    }
    pod::template(check, template);
    let policy = template.field("spec").text("restartPolicy");
    if policy != "Always" {
        check.not_supported(&path.child("spec").child("restartPolicy"), policy, &["Always"]);
    }
}

/// What is wrong with an update from `old`.
pub(super) fn update(check: &mut Check, object: &Value, old: &Value) {
    let selector = object.field("spec").field("selector");
    if selector != old.field("spec").field("selector") {
        let shown = selector.map_or_else(|| "null".to_owned(), |selector| shown_selector(check.minor, selector));
        check.invalid(&Path::root("spec").child("selector"), Shown::Rendered(&shown), "field is immutable");
    }
}

fn shown_labels(minor: Minor, labels: Option<&Map<String, Value>>) -> String {
    if *rule::VALUES_AS_JSON.at(minor) {
        return labels.map_or_else(|| "null".to_owned(), |labels| Value::Object(labels.clone()).to_string());
    }
    let Some(labels) = labels else {
        return "map[string]string(nil)".to_owned();
    };
    let pairs = labels
        .iter()
        .map(|(key, value)| format!("{}:{}", go::quote(key), go::quote(value.as_str().unwrap_or_default())));
    format!("map[string]string{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

fn shown_selector(minor: Minor, selector: &Value) -> String {
    if *rule::VALUES_AS_JSON.at(minor) {
        return selector.to_string();
    }
    let requirements = selector.list("matchExpressions").iter().map(|requirement| {
        let values = requirement.list("values").iter().filter_map(Value::as_str).map(go::quote).collect::<Vec<_>>();
        let values = if values.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", values.join(", ")) };
        format!(
            "v1.LabelSelectorRequirement{{Key:{}, Operator:{}, Values:[]string{values}}}",
            go::quote(requirement.text("key")),
            go::quote(requirement.text("operator"))
        )
    });
    let requirements = requirements.collect::<Vec<_>>();
    let requirements =
        if requirements.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", requirements.join(", ")) };
    format!(
        "v1.LabelSelector{{MatchLabels:{}, MatchExpressions:[]v1.LabelSelectorRequirement{requirements}}}",
        shown_labels(minor, selector.entries("matchLabels"))
    )
}
