//! Label selectors.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::{check::Check, meta, path::Path, words};

/// `ValidateLabelSelector`
///
/// # Source
/// kubernetes v1.20 to v1.37 `apimachinery/pkg/apis/meta/v1/validation/validation.go`
pub(crate) fn label_selector(check: &mut Check, selector: Option<&Value>, path: &Path<'_>) {
    let Some(selector) = selector else { return };
    meta::labels(check, selector, "matchLabels", path);
    let expressions = path.child("matchExpressions");
    for (index, expression) in selector.list("matchExpressions").iter().enumerate() {
        requirement(check, expression, &expressions.index(index));
    }
}

fn requirement(check: &mut Check, expression: &Value, path: &Path<'_>) {
    let values = expression.list("values");
    match expression.text("operator") {
        "In" | "NotIn" => {
            if values.is_empty() {
                check.required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                check.forbidden(
                    &path.child("values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                );
            }
        }
        other => check.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    label_name(check, expression.text("key"), &path.child("key"));
    if *rule::SELECTOR_VALUES.at(check.minor) {
        label_values(check, values, &path.child("values"));
    }
}

/// `ValidateLabelName`: the key of a label.
pub(crate) fn label_name(check: &mut Check, name: &str, path: &Path<'_>) {
    let messages = words::qualified_name(check.minor, name);
    check.invalid_for_each(path, name, messages);
}

/// Each of `values` is a valid label value.
pub(crate) fn label_values(check: &mut Check, values: &[Value], path: &Path<'_>) {
    for (index, value) in values.iter().enumerate() {
        let value = value.as_str().unwrap_or_default();
        let messages = words::label_value(check.minor, value);
        check.invalid_for_each(&path.index(index), value, messages);
    }
}
