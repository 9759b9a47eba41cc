//! Where a Pod may run: gates, tolerations, affinities, spreading.

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::super::{
    check::{Check, Shown},
    go,
    path::Path,
    selector, words,
};
use super::SPEC;

/// `validateReadinessGates`
pub(super) fn readiness_gates(check: &mut Check, spec: &Value) {
    let path = SPEC.child("readinessGates");
    for (index, gate) in spec.list("readinessGates").iter().enumerate() {
        let at = path.index(index);
        selector::label_name(check, gate.text("conditionType"), &at.child("conditionType"));
    }
}

/// `validateSchedulingGates`
pub(super) fn scheduling_gates(check: &mut Check, spec: &Value) {
    if !*rule::SCHEDULING_GATES.at(check.minor) {
        return;
    }
    let gates = spec.list("schedulingGates");
    let path = SPEC.child("schedulingGates");
    for (index, gate) in gates.iter().enumerate() {
        let at = path.index(index);
        let name = gate.text("name");
        if *rule::SCHEDULING_GATE_QUALIFIED.at(check.minor) {
            selector::label_name(check, name, &at);
        } else if name.is_empty() {
            check.required(&at, "must not be empty");
        }
        if gates[..index].iter().any(|other| other.text("name") == name) {
            check.duplicate(&at, name);
        }
    }
}

/// `ValidateTolerations`
pub(super) fn tolerations(check: &mut Check, spec: &Value) {
    let path = SPEC.child("tolerations");
    for (index, toleration) in spec.list("tolerations").iter().enumerate() {
        let at = path.index(index);
        let (key, operator) = (toleration.text("key"), toleration.text("operator"));
        let (value, effect) = (toleration.text("value"), toleration.text("effect"));
        if !key.is_empty() {
            selector::label_name(check, key, &at.child("key"));
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            check.invalid(&at.child("operator"), operator, detail);
        }
        if toleration.field("tolerationSeconds").is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            check.invalid(&at.child("effect"), effect, detail);
        }
        toleration_value(check, toleration, operator, value, &at);
        if !effect.is_empty() {
            let supported = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
            check.one_of(&at.child("effect"), effect, &supported);
        }
    }
}

fn toleration_value(check: &mut Check, toleration: &Value, operator: &str, value: &str, at: &Path<'_>) {
    let path = at.child("operator");
    match operator {
        "" | "Equal" => {
            let messages = words::label_value(check.minor, value);
            if !messages.is_empty() {
                check.invalid(&path, value, messages.join(";"));
            }
        }
        "Exists" if value.is_empty() => {}
        "Exists" => {
            let detail = "value must be empty when `operator` is 'Exists'";
            if *rule::TOLERATION_VALUE_ALONE.at(check.minor) {
                check.invalid(&path, value, detail);
            } else {
                let text = go::render(check.minor, &go::TOLERATION, toleration);
                check.invalid(&path, Shown::Rendered(&text), detail);
            }
        }
        "Lt" | "Gt" if *rule::TOLERATION_COMPARES.at(check.minor) => {
            check.not_supported(&path, operator, &["Equal", "Exists", "Lt", "Gt"]);
        }
        other => check.not_supported(&path, other, &["Equal", "Exists"]),
    }
}

/// `validateAffinity`
pub(super) fn affinity(check: &mut Check, spec: &Value) {
    let Some(affinity) = spec.field("affinity") else { return };
    let path = SPEC.child("affinity");
    if let Some(node) = affinity.field("nodeAffinity") {
        node_affinity(check, node, &path.child("nodeAffinity"));
    }
    for field in ["podAffinity", "podAntiAffinity"] {
        if let Some(pods) = affinity.field(field) {
            pod_affinity(check, pods, &path.child(field));
        }
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn node_affinity(check: &mut Check, affinity: &Value, path: &Path<'_>) {
    if let Some(required) = affinity.field(REQUIRED) {
        let at = path.child(REQUIRED);
        let at = at.child("nodeSelectorTerms");
        let terms = required.list("nodeSelectorTerms");
        if terms.is_empty() {
            check.required(&at, "must have at least one node selector term");
        }
        let checks_values = *rule::NODE_AFFINITY_VALUES.at(check.minor);
        for (index, term) in terms.iter().enumerate() {
            node_term(check, term, checks_values, &at.index(index));
        }
    }
    for (index, term) in affinity.list(PREFERRED).iter().enumerate() {
        let at = path.child(PREFERRED);
        let at = at.index(index);
        weight(check, term, &at);
        if let Some(preference) = term.field("preference") {
            node_term(check, preference, false, &at.child("preference"));
        }
    }
}

fn weight(check: &mut Check, term: &Value, at: &Path<'_>) {
    let weight = term.int("weight").unwrap_or_default();
    if !(1..=100).contains(&weight) {
        check.invalid(&at.child("weight"), weight, "must be in the range 1-100");
    }
}

fn node_term(check: &mut Check, term: &Value, checks_values: bool, path: &Path<'_>) {
    for (index, expression) in term.list("matchExpressions").iter().enumerate() {
        let at = path.child("matchExpressions");
        node_requirement(check, expression, checks_values, &at.index(index));
    }
    for (index, expression) in term.list("matchFields").iter().enumerate() {
        let at = path.child("matchFields");
        node_field(check, expression, &at.index(index));
    }
}

/// `ValidateNodeSelectorRequirement`
fn node_requirement(check: &mut Check, expression: &Value, checks_values: bool, path: &Path<'_>) {
    let values = expression.list("values");
    let at = path.child("values");
    match expression.text("operator") {
        "In" | "NotIn" => {
            if values.is_empty() {
                check.required(&at, "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                check.forbidden(&at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
        }
        "Gt" | "Lt" => {
            if values.len() != 1 {
                check.required(&at, "must be specified single value when `operator` is 'Lt' or 'Gt'");
            }
        }
        other => check.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    selector::label_name(check, expression.text("key"), &path.child("key"));
    if checks_values {
        selector::label_values(check, values, &at);
    }
}

/// `ValidateNodeFieldSelectorRequirement`
fn node_field(check: &mut Check, expression: &Value, path: &Path<'_>) {
    let values = expression.list("values");
    match expression.text("operator") {
        "In" | "NotIn" => {
            if values.len() != 1 {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                check.required(&path.child("values"), detail);
            }
        }
        other => check.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    let key = expression.text("key");
    if key != "metadata.name" {
        check.invalid(&path.child("key"), key, "not a valid field selector key");
        return;
    }
    for (index, name) in values.iter().filter_map(Value::as_str).enumerate() {
        check.invalid_for_each(&path.child("values").index(index), name, words::dns_subdomain(name));
    }
}

fn pod_affinity(check: &mut Check, affinity: &Value, path: &Path<'_>) {
    for (index, term) in affinity.list(REQUIRED).iter().enumerate() {
        let at = path.child(REQUIRED);
        pod_term(check, Some(term), &at.index(index));
    }
    for (index, weighted) in affinity.list(PREFERRED).iter().enumerate() {
        let at = path.child(PREFERRED);
        let at = at.index(index);
        weight(check, weighted, &at);
        pod_term(check, weighted.field("podAffinityTerm"), &at.child("podAffinityTerm"));
    }
}

/// `validatePodAffinityTerm`
fn pod_term(check: &mut Check, term: Option<&Value>, path: &Path<'_>) {
    if *rule::AFFINITY_SELECTOR_NAMED.at(check.minor) {
        selector::label_selector(check, term.field("labelSelector"), &path.child("labelSelector"));
        selector::label_selector(check, term.field("namespaceSelector"), &path.child("namespaceSelector"));
    } else {
        selector::label_selector(check, term.field("labelSelector"), &path.child("matchExpressions"));
    }
    for name in term.list("namespaces").iter().filter_map(Value::as_str) {
        let messages = words::dns_label(check.minor, name);
        check.invalid_for_each(&path.child("namespace"), name, messages);
    }
    if *rule::AFFINITY_MATCH_LABEL_KEYS.at(check.minor)
        && let Some(term) = term
    {
        label_keys(check, term, path);
    }
    let topology = term.text("topologyKey");
    if topology.is_empty() {
        check.required(&path.child("topologyKey"), "can not be empty");
    }
    selector::label_name(check, topology, &path.child("topologyKey"));
}

/// `ValidateMatchLabelKeysAndMismatchLabelKeys`
fn label_keys(check: &mut Check, owner: &Value, path: &Path<'_>) {
    let selector = owner.field("labelSelector");
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = owner.list(field);
        if keys.is_empty() {
            continue;
        }
        let at = path.child(field);
        if selector.is_none() {
            check.forbidden(&at, "must not be specified when labelSelector is not set");
            continue;
        }
        for (index, key) in keys.iter().filter_map(Value::as_str).enumerate() {
            selector::label_name(check, key, &at.index(index));
        }
    }
    let matching = owner.list("matchLabelKeys");
    let place = |key: &str| matching.iter().rposition(|other| other == key);
    let mut seen = selector
        .and_then(|selector| selector.entries("matchLabels"))
        .map(|map| map.keys().map(String::as_str).collect::<Vec<_>>())
        .unwrap_or_default();
    for expression in selector.list("matchExpressions") {
        let key = expression.text("key");
        if let Some(index) = place(key)
            && seen.contains(&key)
        {
            check.invalid(&path.index(index), key, "exists in both matchLabelKeys and labelSelector");
        }
        seen.push(key);
    }
    let mismatching = owner.list("mismatchLabelKeys");
    for (index, key) in matching.iter().enumerate().filter(|(_, key)| mismatching.contains(key)) {
        check.invalid(
            &path.child("matchLabelKeys").index(index),
            key.as_str().unwrap_or_default(),
            "exists in both matchLabelKeys and mismatchLabelKeys",
        );
    }
}

/// `validateTopologySpreadConstraints`
pub(super) fn topology_spread(check: &mut Check, spec: &Value) {
    let constraints = spec.list("topologySpreadConstraints");
    let path = SPEC.child("topologySpreadConstraints");
    for (index, constraint) in constraints.iter().enumerate() {
        let at = path.index(index);
        let skew = constraint.int("maxSkew").unwrap_or_default();
        if skew <= 0 {
            check.invalid(&at.child("maxSkew"), skew, "must be greater than zero");
        }
        let (key, action) = (constraint.text("topologyKey"), constraint.text("whenUnsatisfiable"));
        if key.is_empty() {
            check.required(&at.child("topologyKey"), "can not be empty");
        }
        let actions = ["DoNotSchedule", "ScheduleAnyway"];
        if !actions.contains(&action) {
            check.not_supported(&at.child("whenUnsatisfiable"), action, &actions);
        }
        let is_same = |other: &Value| other.text("topologyKey") == key && other.text("whenUnsatisfiable") == action;
        if constraints[index + 1..].iter().any(is_same) {
            check.duplicate(&at.child("{topologyKey, whenUnsatisfiable}"), &format!("{{{key}, {action}}}"));
        }
        if *rule::SPREAD_MIN_DOMAINS.at(check.minor) {
            min_domains(check, constraint, action, &at.child("minDomains"));
        }
        if *rule::SPREAD_POLICIES.at(check.minor) {
            spread_policies(check, constraint, &at);
        }
        if *rule::SPREAD_SELECTOR.at(check.minor) {
            selector::label_selector(check, constraint.field("labelSelector"), &at.child("labelSelector"));
        }
    }
}

fn min_domains(check: &mut Check, constraint: &Value, action: &str, path: &Path<'_>) {
    let Some(domains) = constraint.int("minDomains") else { return };
    if domains <= 0 {
        check.invalid(path, domains, "must be greater than zero");
    }
    if action != "DoNotSchedule" {
        let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        check.invalid(path, domains, detail);
    }
}

fn spread_policies(check: &mut Check, constraint: &Value, at: &Path<'_>) {
    for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        let policies = ["Honor", "Ignore"];
        if let Some(policy) = constraint.field(field).and_then(Value::as_str)
            && !policies.contains(&policy)
        {
            check.not_supported(&at.child(field), policy, &policies);
        }
    }
    if *rule::SPREAD_MERGES_KEYS.at(check.minor) {
        label_keys(check, constraint, at);
        return;
    }
    let keys = constraint.list("matchLabelKeys");
    let path = at.child("matchLabelKeys");
    let selector = constraint.field("labelSelector");
    if !keys.is_empty() && selector.is_none() {
        check.forbidden(&path, "must not be specified when labelSelector is not set");
    }
    for (index, key) in keys.iter().filter_map(Value::as_str).enumerate() {
        selector::label_name(check, key, &path.index(index));
        let is_selected =
            selector.and_then(|selector| selector.entries("matchLabels")).is_some_and(|map| map.contains_key(key))
                || selector.list("matchExpressions").iter().any(|expression| expression.text("key") == key);
        if is_selected {
            check.invalid(&path.index(index), key, "exists in both matchLabelKeys and labelSelector");
        }
    }
}
