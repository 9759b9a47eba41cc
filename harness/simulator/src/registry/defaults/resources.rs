//! Lists of resources: rounding, and filling one from another.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Fields, below, set};
use crate::fields::quantity::Quantity;

/// Rounds each quantity of a resource list up to thousandths.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `SetDefaults_ResourceList`
pub(super) fn round(fields: &mut Fields, name: &str) {
    for quantity in below(fields, name).into_iter().flat_map(Fields::values_mut) {
        // Only millionths, billionths and negative exponents are finer than that.
        let is_finer = quantity.as_str().is_some_and(|text| text.ends_with(['u', 'n']) || text.contains('-'));
        if let Some(parsed) = is_finer.then(|| parse(quantity)) {
            *quantity = parsed.rounded_to_milli().to_string().into();
        }
    }
}

/// Adds to list `to` what only list `from` has.
pub(super) fn fill(fields: &mut Fields, from: &str, to: &str) {
    let Some(source) = fields.get(from).and_then(Value::as_object).cloned() else {
        return;
    };
    set(fields, to, || Value::Object(Fields::new()));
    if let Some(target) = below(fields, to) {
        for (name, quantity) in source {
            target.entry(name).or_insert(quantity);
        }
    }
}

/// A quantity in canonical form.
fn parse(quantity: &Value) -> Quantity {
    quantity.as_str().and_then(|text| text.parse().ok()).unwrap_or(Quantity::ZERO)
}

/// Amounts by resource.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

fn amounts(container: &Value, list: &str) -> Amounts {
    let list = container["resources"][list].as_object();
    list.into_iter().flatten().map(|(name, quantity)| (name.clone(), parse(quantity))).collect()
}

fn add(to: &mut Amounts, from: &Amounts) {
    for (name, amount) in from {
        let sum = to.get(name).map_or(*amount, |present| *present + *amount);
        to.insert(name.clone(), sum);
    }
}

fn raise(to: &mut Amounts, from: &Amounts) {
    for (name, amount) in from {
        let present = to.entry(name.clone()).or_insert(*amount);
        *present = (*present).max(*amount);
    }
}

/// What all of a Pod's containers ask for together, in `requests` or `limits`.
///
/// # Source
/// kubernetes v1.36 `component-helpers/resource/helpers.go` `AggregateContainerRequests`, `AggregateContainerLimits`
pub(crate) fn aggregate(spec: &Fields, list: &str) -> Amounts {
    let containers = |name: &str| spec.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut total = Amounts::new();
    for container in containers("containers") {
        add(&mut total, &amounts(container, list));
    }
    let mut sidecars = Amounts::new();
    let mut start = Amounts::new();
    for container in containers("initContainers") {
        let mut asked = amounts(container, list);
        if container["restartPolicy"] == "Always" {
            add(&mut total, &asked);
            add(&mut sidecars, &asked);
            asked = sidecars.clone();
        } else {
            add(&mut asked, &sidecars);
        }
        raise(&mut start, &asked);
    }
    raise(&mut total, &start);
    total
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether a Pod as a whole may have it.
fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

/// Fills the resources of the Pod as a whole from those of its containers.
///
/// # Source
/// kubernetes v1.36 `pkg/apis/core/v1/defaults.go` `defaultHugePagePodLimits`, `defaultPodRequests`
pub(super) fn pod_level(spec: &mut Fields) {
    if !spec.contains_key("resources") {
        return;
    }
    let asked = aggregate(spec, "requests");
    let limited = aggregate(spec, "limits");
    let Some(resources) = below(spec, "resources") else {
        return;
    };
    let names = |resources: &Fields, list: &str| {
        resources.get(list).and_then(Value::as_object).map(|list| list.keys().cloned().collect()).unwrap_or_default()
    };
    let requests: Vec<String> = names(resources, "requests");
    let limits: Vec<String> = names(resources, "limits");
    if !limits.is_empty() || !requests.is_empty() {
        for (name, amount) in limited {
            if is_huge_page(&name) && !requests.contains(&name) {
                put(resources, "limits", name, amount);
            }
        }
    }
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else {
        return;
    };
    for (name, amount) in asked {
        if matches!(name.as_str(), "cpu" | "memory") {
            put(resources, "requests", name, amount);
        }
    }
    for (name, amount) in limits {
        if is_pod_level(&name) {
            put(resources, "requests", name, parse(&amount));
        }
    }
}

fn put(resources: &mut Fields, list: &str, name: String, amount: Quantity) {
    set(resources, list, || Value::Object(Fields::new()));
    if let Some(list) = below(resources, list) {
        list.entry(name).or_insert_with(|| amount.to_string().into());
    }
}
