//! What a container or Pod asks for: resources, claims, and what a change of them does.

use serde_json::{Map, Value};

use crate::{
    fields::quantity::Quantity,
    minor::validation as rule,
    registry::{defaults::resources as defaults, read::Read},
};

use super::super::{
    check::{Check, Shown},
    go,
    path::Path,
    words,
};
use super::{SPEC, Whole, annotations::MIRROR};

/// Names without a prefix that mean something as a resource, somewhere.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// The amount that a field holds.
pub(super) fn amount(value: &Value) -> Option<Quantity> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// Whether an amount is below zero.
pub(super) fn is_negative(amount: Quantity) -> bool {
    amount.is_negative()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(check: &Check, name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && words::qualified_name(check.minor, &format!("requests.{name}")).is_empty()
}

fn is_overcommit_allowed(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

/// The resources of a container.
pub(super) fn of_container(check: &mut Check, container: &Value, whole: &Whole<'_>, at: &Path<'_>) {
    let Some(resources) = container.field("resources") else { return };
    if resources.as_object().is_none_or(Map::is_empty) {
        return;
    }
    let path = at.child("resources");
    requirements(check, resources.entries("limits"), resources.entries("requests"), container_resource_name, &path);
    if *rule::RESOURCE_CLAIMS.at(check.minor) {
        claim_names(check, resources, whole.spec, &path.child("claims"));
    }
}

/// `validateOverhead`
pub(super) fn overhead(check: &mut Check, spec: &Value) {
    requirements(check, spec.entries("overhead"), None, container_resource_name, &SPEC.child("overhead"));
}

/// `validateResourceRequirements`; what stands in a map in no order is looked at by name.
fn requirements(
    check: &mut Check,
    limits: Option<&Map<String, Value>>,
    requests: Option<&Map<String, Value>>,
    name_rule: fn(&mut Check, &str, &Path<'_>),
    path: &Path<'_>,
) {
    let limits_path = path.child("limits");
    let requests_path = path.child("requests");
    let mut has_compute = false;
    let mut has_huge_pages = false;
    for (name, value) in limits.into_iter().flatten() {
        entry(check, name, value, name_rule, &limits_path.key(name));
        has_compute |= matches!(name.as_str(), "cpu" | "memory");
        has_huge_pages |= is_huge_pages(name);
    }
    for (name, value) in requests.into_iter().flatten() {
        // An amount of huge pages is looked at after it was compared with its limit.
        let at = requests_path.key(name);
        name_rule(check, name, &at);
        quantity(check, name, value, &at);
        match limits.and_then(|limits| limits.get(name)) {
            Some(limit) => compare(check, name, value, limit, &requests_path),
            None if !is_overcommit_allowed(name) => {
                check.required(&limits_path, "Limit must be set for non overcommitable resources");
            }
            None => {}
        }
        huge_pages(check, name, value, &at);
        has_compute |= matches!(name.as_str(), "cpu" | "memory");
        has_huge_pages |= is_huge_pages(name);
    }
    if has_huge_pages && !has_compute {
        check.forbidden(path, "HugePages require cpu or memory");
    }
}

fn entry(check: &mut Check, name: &str, value: &Value, name_rule: fn(&mut Check, &str, &Path<'_>), at: &Path<'_>) {
    name_rule(check, name, at);
    quantity(check, name, value, at);
    huge_pages(check, name, value, at);
}

/// A request goes with its limit.
fn compare(check: &mut Check, name: &str, request: &Value, limit: &Value, path: &Path<'_>) {
    let (Some(asked), Some(most)) = (amount(request), amount(limit)) else { return };
    let of = if *rule::LIMIT_IS_NAMED.at(check.minor) { format!(" of {}", shown(limit)) } else { String::new() };
    if asked != most && !is_overcommit_allowed(name) {
        check.invalid(path, shown(request).as_str(), format!("must be equal to {name} limit{of}"));
    } else if asked > most {
        check.invalid(path, shown(request).as_str(), format!("must be less than or equal to {name} limit{of}"));
    }
}

fn resource_name(check: &mut Check, name: &str, at: &Path<'_>) -> bool {
    let messages = words::qualified_name(check.minor, name);
    if !messages.is_empty() {
        for message in messages {
            refuse_name(check, name, at, &message);
        }
        return false;
    }
    let is_standard = STANDARD.contains(&name) || is_huge_pages(name) || name.starts_with("requests.hugepages-");
    if !name.contains('/') && !is_standard {
        refuse_name(check, name, at, "must be a standard resource type or fully qualified");
        return false;
    }
    true
}

fn refuse_name(check: &mut Check, name: &str, at: &Path<'_>, detail: &str) {
    let is_plain = *rule::RESOURCE_NAME_PLAIN.at(check.minor);
    check.invalid(at, if is_plain { Shown::Rendered(name) } else { Shown::Text(name) }, detail);
}

/// `validateContainerResourceName`
fn container_resource_name(check: &mut Check, name: &str, at: &Path<'_>) {
    resource_name(check, name, at);
    let has_one_part = !name.contains('/');
    if has_one_part && !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !is_huge_pages(name) {
        refuse_name(check, name, at, "must be a standard resource for containers");
    } else if !has_one_part && !is_native(name) && !is_extended(check, name) {
        refuse_name(check, name, at, "doesn't follow extended resource name standard");
    }
}

/// `ValidateResourceQuantityValue`
fn quantity(check: &mut Check, name: &str, value: &Value, at: &Path<'_>) {
    let Some(amount) = amount(value) else { return };
    if amount.is_negative() {
        check.invalid(at, shown(value).as_str(), "must be greater than or equal to 0");
    }
    if is_extended(check, name) && amount.milli_value() % 1000 != 0 {
        let text =
            if *rule::VALUES_AS_JSON.at(check.minor) { go::quote(&shown(value)) } else { go::quantity(&shown(value)) };
        check.invalid(at, Shown::Rendered(&text), "must be an integer");
    }
}

/// `validateResourceQuantityHugePageValue`
fn huge_pages(check: &mut Check, name: &str, value: &Value, at: &Path<'_>) {
    if !is_huge_pages(name) || !*rule::HUGE_PAGES_DIVISIBLE.at(check.minor) {
        return;
    }
    let size = name.strip_prefix("hugepages-").and_then(|size| size.parse::<Quantity>().ok());
    let is_whole = match (amount(value), size) {
        (Some(amount), Some(size)) => {
            !size.is_zero() && !size.is_negative() && amount.milli_value() % size.milli_value() == 0
        }
        _ => false,
    };
    if !is_whole {
        let text = shown(value);
        check.invalid(at, text.as_str(), format!("{text} is not positive integer multiple of {name}"));
    }
}

/// `validatePodResources`
pub(super) fn pod_resources(check: &mut Check, spec: &Value) {
    let Some(resources) = spec.field("resources") else { return };
    let path = SPEC.child("resources");
    if spec.field("os").text("name") == "windows" {
        check.forbidden(&path, "may not be set for a windows pod");
        return;
    }
    if resources.field("claims").is_some() {
        check.forbidden(&path.child("claims"), "claims may not be set for Resources at pod-level");
    }
    requirements(check, resources.entries("limits"), resources.entries("requests"), pod_resource_name, &path);
    consistency(check, spec, resources, &path);
}

/// `validatePodResourceConsistency`: what the Pod has as a whole covers what its containers have, whatever it may have.
fn consistency(check: &mut Check, spec: &Value, resources: &Value, path: &Path<'_>) {
    covers_all(check, spec, resources, "requests", |_| true, path);
    covers_all(check, spec, resources, "limits", is_huge_pages, path);
    let containers = path.child("containers");
    for (index, container) in spec.list("containers").iter().enumerate() {
        let at = containers.index(index);
        for (name, limit) in container.field("resources").entries("limits").into_iter().flatten() {
            let (Some(whole), Some(asked)) = (resources.field("limits").field(name), amount(limit)) else { continue };
            if amount(whole).is_some_and(|most| asked > most) {
                let detail = format!("must be less than or equal to pod limits of {}", shown(whole));
                check.invalid(&at.key(name).child("limits"), shown(limit).as_str(), detail);
            }
        }
    }
}

/// What the Pod has as a whole in `list` is no less than what its containers have together.
fn covers_all(
    check: &mut Check,
    spec: &Value,
    resources: &Value,
    list: &str,
    counts: fn(&str) -> bool,
    path: &Path<'_>,
) {
    let path = path.child(list);
    let sums = spec.as_object().map(|spec| defaults::aggregate(spec, list)).unwrap_or_default();
    for (name, sum) in sums.into_iter().filter(|(name, _)| counts(name)) {
        let Some(whole) = resources.field(list).field(&name) else { continue };
        if amount(whole).is_some_and(|least| sum > least) {
            let detail = format!("must be greater than or equal to aggregate container {list} of {sum}");
            check.invalid(&path.key(&name), shown(whole).as_str(), detail);
        }
    }
}

fn pod_resource_name(check: &mut Check, name: &str, at: &Path<'_>) {
    if resource_name(check, name, at) && !matches!(name, "cpu" | "memory") && !is_huge_pages(name) {
        check.not_supported(at, name, &["cpu", "hugepages-", "memory"]);
    }
}

/// `validateResizePolicy`
pub(super) fn resize_policy(check: &mut Check, container: &Value, whole: &Whole<'_>, path: &Path<'_>) {
    let policies = container.list("resizePolicy");
    for (index, policy) in policies.iter().enumerate() {
        let (name, restart) = (policy.text("resourceName"), policy.text("restartPolicy"));
        if policies[..index].iter().any(|other| other.text("resourceName") == name) {
            check.duplicate(&path.index(index), name);
        }
        check.one_of(path, name, &["cpu", "memory"]);
        check.one_of(path, restart, &["NotRequired", "RestartContainer"]);
        let never = whole.spec.text("restartPolicy") == "Never";
        if never && restart != "NotRequired" && *rule::RESIZE_POLICY_NEVER.at(check.minor) {
            check.invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
        }
    }
}

/// The resize policy of an init container, which before in-place resize may not be set there.
pub(super) fn init_resize_policy(check: &mut Check, container: &Value, is_sidecar: bool, path: &Path<'_>) {
    if is_sidecar || !*rule::INIT_RESIZE_POLICY.at(check.minor) {
        return;
    }
    for (index, policy) in container.list("resizePolicy").iter().enumerate() {
        if policy.text("restartPolicy") == "RestartContainer" {
            check.invalid(
                &path.index(index).child("restartPolicy"),
                "RestartContainer",
                "must not be set to 'RestartContainer' for non-sidecar initContainers",
            );
        }
    }
}

/// `validatePodResourceClaims`
pub(super) fn claims(check: &mut Check, spec: &Value, metadata: Option<&Value>) {
    let claims = spec.list("resourceClaims");
    let path = SPEC.child("resourceClaims");
    let is_static = metadata.field("annotations").is_some_and(|all| all.field(MIRROR).is_some());
    for (index, claim) in claims.iter().enumerate() {
        if is_static && *rule::STATIC_POD_NO_CLAIMS.at(check.minor) {
            check.forbidden(&Path::root(""), "static pods do not support resource claims");
            continue;
        }
        let at = path.index(index);
        let name = claim.text("name");
        if name.is_empty() {
            check.required(&at.child("name"), "");
        } else if claims[..index].iter().any(|other| other.text("name") == name) {
            check.duplicate(&at.child("name"), name);
        } else {
            let messages = words::dns_label(check.minor, name);
            check.invalid_for_each(&at.child("name"), name, messages);
        }
        if *rule::RESOURCE_CLAIMS_FLAT.at(check.minor) {
            claim_source(check, claim, claim, &at);
        } else if let Some(source) = claim.field("source") {
            claim_source(check, source, claim, &at.child("source"));
        }
    }
}

fn claim_source(check: &mut Check, source: &Value, claim: &Value, at: &Path<'_>) {
    let fields = ["resourceClaimName", "resourceClaimTemplateName"];
    let count = fields.iter().filter(|field| source.field(field).is_some()).count();
    let detail = match count {
        0 => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
        1 => "",
        _ => "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
    };
    if !detail.is_empty() {
        let text = go::render(check.minor, &go::POD_RESOURCE_CLAIM, claim);
        check.invalid(at, Shown::Rendered(&text), detail);
    }
    for field in fields {
        if let Some(name) = source.field(field).and_then(Value::as_str) {
            check.invalid_for_each(&at.child(field), name, words::dns_subdomain(name));
        }
    }
}

/// `validateResourceClaimNames`: a container claims what the Pod has.
fn claim_names(check: &mut Check, resources: &Value, spec: &Value, path: &Path<'_>) {
    let claims = resources.list("claims");
    for (index, claim) in claims.iter().enumerate() {
        let at = path.index(index);
        let name = claim.text("name");
        if name.is_empty() {
            check.required(&at, "");
            continue;
        }
        claimed_twice(check, &claims[..index], claim, &at);
        let mut known = spec.list("resourceClaims").iter().map(|claim| claim.text("name")).collect::<Vec<_>>();
        known.retain(|name| !name.is_empty());
        known.sort_unstable();
        known.dedup();
        if !known.contains(&name) {
            let rest = if known.is_empty() { " which is empty".to_owned() } else { format!(": {}", known.join(", ")) };
            check.not_found(&at, name, &format!("must be one of the names in pod.spec.resourceClaims{rest}"));
        }
    }
}

/// A claim is named once, or each of its requests once.
fn claimed_twice(check: &mut Check, before: &[Value], claim: &Value, at: &Path<'_>) {
    let (name, request) = (claim.text("name"), claim.text("request"));
    let mut of_same = before.iter().filter(|other| other.text("name") == name).map(|other| other.text("request"));
    if of_same.clone().any(str::is_empty) {
        check.duplicate(at, name);
    } else if request.is_empty() {
        // Each request that was named before is told.
        let mut named = of_same.collect::<Vec<_>>();
        named.sort_unstable();
        named.dedup();
        for _ in named {
            check.duplicate(at, name);
        }
    } else {
        check.invalid_for_each(&at.child("request"), request, words::dns_label(check.minor, request));
        if of_same.any(|other| other == request) {
            check.duplicate(at, &format!("{name}/{request}"));
        }
    }
}
