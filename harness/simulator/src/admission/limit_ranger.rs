//! `LimitRanger`: a namespace's default, smallest and largest resources.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Attributes, Operation};
use crate::{cluster::Simulator, fields::quantity::Quantity, minor, object, status::Status};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

type Resources = BTreeMap<String, Quantity>;

/// Fills in the defaults of the namespace's `LimitRange`s and notes them in an annotation.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/limitranger/admission.go` `PodMutateLimitFunc`
pub(crate) fn admit(cluster: &Simulator, attributes: &mut Attributes) {
    if !applies(attributes) {
        return;
    }
    let ranges = cluster.store().list("limitranges", Some(&attributes.namespace));
    let Some(pod) = attributes.object.as_mut() else { return };
    for range in ranges {
        let requests = defaults(&range, "defaultRequest");
        let limits = defaults(&range, "default");
        let mut notes = Vec::new();
        for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
            let containers = pod.get_mut("spec").and_then(|spec| spec.get_mut(list)).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                let name = container["name"].as_str().unwrap_or_default().to_owned();
                let resources = object::map_mut(container, "resources");
                // Limits first, as the source does; the notes name the requests first.
                let set_limits = merge(resources, "limits", &limits);
                let set_requests = merge(resources, "requests", &requests);
                for (set, kind) in [(set_requests, "request"), (set_limits, "limit")] {
                    if !set.is_empty() {
                        notes.push(format!("{} {kind} for {what} {name}", set.join(", ")));
                    }
                }
            }
        }
        if !notes.is_empty() {
            let text = format!("LimitRanger plugin set: {}", notes.join("; "));
            let metadata = object::metadata_mut(pod);
            let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
            if annotations.is_null() {
                *annotations = json!({});
            }
            annotations[ANNOTATION] = json!(text);
        }
    }
}

/// Refuses what lies outside the namespace's `LimitRange`s.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/limitranger/admission.go` `PodValidateLimitFunc`
pub(crate) fn validate(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    if !applies(attributes) {
        return Ok(());
    }
    let Some(pod) = attributes.object.as_ref() else { return Ok(()) };
    for range in cluster.store().list("limitranges", Some(&attributes.namespace)) {
        let mut errors: Vec<String> = Vec::new();
        for limit in range.pointer("/spec/limits").and_then(Value::as_array).into_iter().flatten() {
            let what = limit["type"].as_str().unwrap_or_default();
            match what {
                "Container" => {
                    for container in containers(pod, "containers").chain(containers(pod, "initContainers")) {
                        let requests = resources(&container["resources"]["requests"]);
                        let limits = resources(&container["resources"]["limits"]);
                        check(limit, what, &requests, &limits, &mut errors);
                    }
                }
                "Pod" => {
                    let requests = pod_resources(cluster, pod, "requests");
                    let limits = pod_resources(cluster, pod, "limits");
                    check(limit, what, &requests, &limits, &mut errors);
                }
                _ => {}
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        errors.retain(|error| seen.insert(error.clone()));
        match errors.as_slice() {
            [] => {}
            [one] => return Err(attributes.forbidden(one)),
            many => return Err(attributes.forbidden(format!("[{}]", many.join(", ")))),
        }
    }
    Ok(())
}

/// New Pods only: resources of existing ones change through the `resize` subresource, which is not modelled.
fn applies(attributes: &Attributes) -> bool {
    attributes.is_pod() && attributes.operation == Operation::Create
}

fn containers<'a>(pod: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    pod["spec"][list].as_array().into_iter().flatten()
}

/// The defaults for containers of all of a range's limits; later ones win.
fn defaults(range: &Value, field: &str) -> BTreeMap<String, Value> {
    let limits = range.pointer("/spec/limits").and_then(Value::as_array).into_iter().flatten();
    limits
        .filter(|limit| limit["type"] == "Container")
        .filter_map(|limit| limit.get(field)?.as_object())
        .flat_map(|map| map.iter().map(|(name, value)| (name.clone(), value.clone())))
        .collect()
}

/// Says which names were filled in, sorted.
fn merge(resources: &mut Map<String, Value>, field: &str, defaults: &BTreeMap<String, Value>) -> Vec<String> {
    let own = resources.get(field);
    let missing: Vec<_> = defaults.iter().filter(|(name, _)| own.is_none_or(|own| own.get(*name).is_none())).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let own = resources.entry(field).or_insert_with(|| json!({}));
    for (name, value) in &missing {
        own[name.as_str()] = (*value).clone();
    }
    missing.into_iter().map(|(name, _)| name.clone()).collect()
}

fn resources(map: &Value) -> Resources {
    let entries = map.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.parse().ok()?))).collect()
}

fn check(limit: &Value, what: &str, requests: &Resources, limits: &Resources, errors: &mut Vec<String>) {
    for (name, min) in resources(&limit["min"]) {
        errors.extend(min_error(what, &name, min, requests.get(&name).copied(), limits.get(&name).copied()));
    }
    for (name, max) in resources(&limit["max"]) {
        errors.extend(max_error(what, &name, max, requests.get(&name).copied(), limits.get(&name).copied()));
    }
    for (name, ratio) in resources(&limit["maxLimitRequestRatio"]) {
        errors.extend(ratio_error(what, &name, ratio, requests.get(&name).copied(), limits.get(&name).copied()));
    }
}

fn min_error(
    what: &str,
    name: &str,
    min: Quantity,
    request: Option<Quantity>,
    limit: Option<Quantity>,
) -> Option<String> {
    let Some(request) = request else {
        return Some(format!("minimum {name} usage per {what} is {min}.  No request is specified"));
    };
    if request < min {
        return Some(format!("minimum {name} usage per {what} is {min}, but request is {request}"));
    }
    let limit = limit.filter(|limit| *limit < min)?;
    Some(format!("minimum {name} usage per {what} is {min}, but limit is {limit}"))
}

fn max_error(
    what: &str,
    name: &str,
    max: Quantity,
    request: Option<Quantity>,
    limit: Option<Quantity>,
) -> Option<String> {
    let Some(limit) = limit else {
        return Some(format!("maximum {name} usage per {what} is {max}.  No limit is specified"));
    };
    if limit > max {
        return Some(format!("maximum {name} usage per {what} is {max}, but limit is {limit}"));
    }
    let request = request.filter(|request| *request > max)?;
    Some(format!("maximum {name} usage per {what} is {max}, but request is {request}"))
}

fn ratio_error(
    what: &str,
    name: &str,
    ratio: Quantity,
    request: Option<Quantity>,
    limit: Option<Quantity>,
) -> Option<String> {
    let text = format!("{name} max limit to request ratio per {what} is {ratio}");
    let Some(request) = request.filter(|request| !request.is_zero()) else {
        return Some(format!("{text}, but no request is specified or request is 0"));
    };
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return Some(format!("{text}, but no limit is specified or limit is 0"));
    };
    let observed = thousandths(limit) / thousandths(request);
    (observed * 1000.0 > thousandths(ratio)).then(|| format!("{text}, but provided ratio is {observed:.6}"))
}

/// Near enough for a ratio that is printed with six digits.
#[expect(clippy::cast_precision_loss, reason = "the source computes the ratio in floating point, too")]
fn thousandths(quantity: Quantity) -> f64 {
    quantity.milli_value() as f64
}

/// What a Pod needs as a whole: its containers together, or one init container if that needs more.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/limitranger/admission.go` `podRequests`; v1.24.17 `PodValidateLimitFunc`
fn pod_resources(cluster: &Simulator, pod: &Value, field: &str) -> Resources {
    let count_sidecars = *minor::admission::LIMITS_COUNT_SIDECARS.at(cluster.minor());
    let mut total = if count_sidecars { Resources::new() } else { plain_sum(pod, field) };
    for container in containers(pod, "containers").filter(|_| count_sidecars) {
        add(&mut total, &resources(&container["resources"][field]));
    }
    let mut sidecars = Resources::new();
    let mut init = Resources::new();
    for container in containers(pod, "initContainers") {
        let own = resources(&container["resources"][field]);
        if count_sidecars && container["restartPolicy"] == "Always" {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            max(&mut init, &sidecars);
        } else {
            let mut at_that_time = own;
            add(&mut at_that_time, &sidecars);
            max(&mut init, &at_that_time);
        }
    }
    max(&mut total, &init);
    if *minor::admission::LIMITS_KNOW_POD_RESOURCES.at(cluster.minor()) {
        let own = resources(&pod["spec"]["resources"][field]);
        total.extend(own.into_iter().filter(|(name, _)| name == "cpu" || name == "memory"));
    }
    total
}

/// What all containers name, in decimal units.
///
/// # Source
/// kubernetes v1.24.17 `plugin/pkg/admission/limitranger/admission.go` `sum`
fn plain_sum(pod: &Value, field: &str) -> Resources {
    let mut lists = containers(pod, "containers").map(|container| resources(&container["resources"][field]));
    let mut total = lists.next().unwrap_or_default();
    for list in lists {
        total.retain(|name, sum| {
            list.get(name).is_some_and(|quantity| {
                *sum = *sum + *quantity;
                true
            })
        });
    }
    for sum in total.values_mut() {
        *sum = format!("{}m", sum.milli_value()).parse().unwrap_or(*sum);
    }
    total
}

fn add(total: &mut Resources, more: &Resources) {
    for (name, quantity) in more {
        total.entry(name.clone()).and_modify(|sum| *sum = *sum + *quantity).or_insert(*quantity);
    }
}

fn max(greatest: &mut Resources, other: &Resources) {
    for (name, quantity) in other {
        let entry = greatest.entry(name.clone()).or_insert(*quantity);
        *entry = (*entry).max(*quantity);
    }
}
