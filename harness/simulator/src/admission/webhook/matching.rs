//! Whether a webhook is called for a request.

use serde_json::{Map, Value, json};

use super::{
    super::{Attributes, Operation},
    configuration::{Rule, Webhook},
};
use crate::{cluster::Simulator, minor, status::Status, store::Key};

/// Whether `webhook` is to be called.
///
/// # Errors
/// What the client is answered where that cannot be told: a namespace that is not there, or something that this
/// simulator does not model.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/generic/webhook.go` `ShouldCallHook`
pub(super) fn should_call(cluster: &Simulator, webhook: &Webhook, attributes: &Attributes) -> Result<bool, Status> {
    let by_namespace = matches_namespace(cluster, webhook, attributes);
    if matches!(by_namespace, Ok(false)) {
        return Ok(false);
    }
    let by_object = matches_object(webhook, attributes);
    if matches!(by_object, Ok(false)) {
        return Ok(false);
    }
    if !webhook.rules.iter().any(|rule| matches_rule(rule, attributes, &attributes.group, &attributes.version)) {
        return match equivalent(webhook, attributes) {
            Some(group) => Err(not_modelled(&format!(
                "webhook {:?} matches {} through its equivalent in group {group:?}, and converting between the two",
                webhook.name, attributes.resource
            ))),
            None => Ok(false),
        };
    }
    by_namespace?;
    by_object?;
    if webhook.has_match_conditions && *minor::admission::MATCH_CONDITIONS.at(cluster.minor()) {
        return Err(not_modelled(&format!("webhook {:?} has matchConditions, and CEL", webhook.name)));
    }
    Ok(true)
}

/// 501: better no answer than a pretended one.
fn not_modelled(what: &str) -> Status {
    Status::new(501, "NotImplemented", format!("{what} is not modelled by this simulator"))
        .with_details(json!({"causes": [{"message": what}]}))
}

fn matches_namespace(cluster: &Simulator, webhook: &Webhook, attributes: &Attributes) -> Result<bool, Status> {
    let is_namespace = attributes.resource == "namespaces";
    if attributes.namespace.is_empty() && !is_namespace {
        return Ok(true);
    }
    let selector = webhook.namespace_selector.as_ref().map_err(Status::internal)?;
    if selector.is_empty() {
        return Ok(true);
    }
    let is_own = is_namespace
        && attributes.subresource.is_empty()
        && matches!(attributes.operation, Operation::Create | Operation::Update);
    if is_own {
        return Ok(selector.matches(attributes.object.as_ref().and_then(labels)));
    }
    let namespace = cluster
        .store()
        .get(&Key::new("namespaces", "", &attributes.namespace))
        .ok_or_else(|| Status::not_found("", "namespaces", &attributes.namespace))?;
    Ok(selector.matches(labels(&namespace)))
}

fn matches_object(webhook: &Webhook, attributes: &Attributes) -> Result<bool, Status> {
    let selector = webhook.object_selector.as_ref().map_err(Status::internal)?;
    let objects = [attributes.object.as_ref(), attributes.old_object.as_ref()];
    Ok(selector.is_empty() || objects.into_iter().flatten().any(|object| selector.matches(labels(object))))
}

fn labels(object: &Value) -> Option<&Map<String, Value>> {
    object.get("metadata")?.get("labels")?.as_object()
}

/// # Source
/// apiserver v0.36.3 `admission/plugin/webhook/predicates/rules/rules.go` `Matcher.Matches`
fn matches_rule(rule: &Rule, attributes: &Attributes, group: &str, version: &str) -> bool {
    let is_namespace = attributes.group.is_empty() && attributes.resource == "namespaces";
    let in_scope = match rule.scope.as_str() {
        "*" => true,
        "Namespaced" => !is_namespace && !attributes.namespace.is_empty(),
        "Cluster" => is_namespace || attributes.namespace.is_empty(),
        _ => false,
    };
    let one_of = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
    in_scope
        && one_of(&rule.operations, attributes.operation.as_str())
        && one_of(&rule.api_groups, group)
        && one_of(&rule.api_versions, version)
        && rule.resources.iter().any(|resource| {
            // `pods/*` matches `pods` itself, too: its subresource is the empty one.
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            (resource == "*" || resource == attributes.resource)
                && (subresource == "*" || subresource == attributes.subresource)
        })
}

/// The group of another resource that holds the same objects and that a rule matches.
///
/// Events are the only modelled resource that stands in two groups.
fn equivalent(webhook: &Webhook, attributes: &Attributes) -> Option<&'static str> {
    let other = match (attributes.resource.as_str(), attributes.group.as_str()) {
        ("events", "") => "events.k8s.io",
        ("events", "events.k8s.io") => "",
        _ => return None,
    };
    let matches = webhook.rules.iter().any(|rule| matches_rule(rule, attributes, other, "v1"));
    (webhook.matches_equivalents && matches).then_some(other)
}
