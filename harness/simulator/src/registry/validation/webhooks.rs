//! Webhook configurations.
//!
//! # Source
//! kubernetes v1.20 to v1.37 `pkg/apis/admissionregistration/validation/validation.go`,
//! `apiserver/pkg/util/webhook/validation.go`

use serde_json::Value;

use crate::{minor::validation as rule, registry::read::Read};

use super::{
    check::{Check, Shown},
    go,
    meta::{self, NameForm},
    path::Path,
    selector, words,
};

/// Review versions that the API server speaks.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// What is demanded of a configuration; an update may leave what was wrong before.
#[derive(Clone, Copy, Debug)]
struct Demands {
    no_side_effects: bool,
    known_review_version: bool,
    unique_names: bool,
}

impl Demands {
    fn of(object: &Value, old: Option<&Value>) -> Self {
        let Some(old) = old else {
            // v1beta1, served until 1.21, demands less.
            let is_v1 = !object.text("apiVersion").ends_with("v1beta1");
            return Self { no_side_effects: is_v1, known_review_version: true, unique_names: is_v1 };
        };
        let webhooks = old.list("webhooks");
        let has_none = |webhook: &Value| matches!(webhook.text("sideEffects"), "None" | "NoneOnDryRun");
        let is_known = |webhook: &Value| {
            webhook
                .list("admissionReviewVersions")
                .iter()
                .filter_map(Value::as_str)
                .any(|v| REVIEW_VERSIONS.contains(&v))
        };
        let is_unique = |(index, webhook): (usize, &Value)| {
            !webhooks[..index].iter().any(|other| other.text("name") == webhook.text("name"))
        };
        Self {
            no_side_effects: webhooks.iter().all(has_none),
            known_review_version: webhooks.iter().all(is_known),
            unique_names: webhooks.iter().enumerate().all(is_unique),
        }
    }
}

/// `ValidateMutatingWebhookConfiguration`, `ValidateValidatingWebhookConfiguration` and their updates.
pub(crate) fn configuration(check: &mut Check, kind: &str, object: &Value, old: Option<&Value>) {
    meta::object_meta(check, object.field("metadata"), false, NameForm::Subdomain);
    let demands = Demands::of(object, old);
    let webhooks = object.list("webhooks");
    let path = Path::root("webhooks");
    for (index, webhook) in webhooks.iter().enumerate() {
        let at = path.index(index);
        one(check, webhook, kind, demands, old, &at);
        review_versions(check, webhook, demands, &at.child("admissionReviewVersions"));
        let name = webhook.text("name");
        let is_taken = !name.is_empty() && webhooks[..index].iter().any(|other| other.text("name") == name);
        if demands.unique_names && is_taken {
            check.duplicate(&at.child("name"), name);
        }
    }
}

/// `validateMutatingWebhook`, `validateValidatingWebhook`
fn one(check: &mut Check, webhook: &Value, kind: &str, demands: Demands, old: Option<&Value>, at: &Path<'_>) {
    full_name(check, webhook.text("name"), &at.child("name"));
    for (index, rule) in webhook.list("rules").iter().enumerate() {
        rule_with_operations(check, rule, &at.child("rules").index(index));
    }
    optional(check, webhook, "failurePolicy", &["Fail", "Ignore"], at);
    optional(check, webhook, "matchPolicy", &["Equivalent", "Exact"], at);
    let side_effects: &[&str] =
        if demands.no_side_effects { &["None", "NoneOnDryRun"] } else { &["None", "NoneOnDryRun", "Some", "Unknown"] };
    if webhook.field("sideEffects").is_none() {
        check.required(&at.child("sideEffects"), &format!("must specify one of {}", side_effects.join(", ")));
    }
    optional(check, webhook, "sideEffects", side_effects, at);
    if let Some(seconds) = webhook.int("timeoutSeconds")
        && !(1..=30).contains(&seconds)
    {
        let detail = "the timeout value must be between 1 and 30 seconds";
        check.invalid(&at.child("timeoutSeconds"), seconds, detail);
    }
    for field in ["namespaceSelector", "objectSelector"] {
        selector::label_selector(check, webhook.field(field), &at.child(field));
    }
    if kind == "MutatingWebhookConfiguration" {
        optional(check, webhook, "reinvocationPolicy", &["IfNeeded", "Never"], at);
    }
    client_config(check, webhook.field("clientConfig"), &at.child("clientConfig"));
    let was = old.list("webhooks").iter().find(|other| other.text("name") == webhook.text("name"));
    let is_unchanged = was.is_some() && was.field("matchConditions") == webhook.field("matchConditions");
    if !is_unchanged {
        match_conditions(check, webhook.list("matchConditions"), &at.child("matchConditions"));
    }
}

fn optional(check: &mut Check, webhook: &Value, field: &str, supported: &[&str], at: &Path<'_>) {
    if let Some(value) = webhook.field(field).and_then(Value::as_str)
        && !supported.contains(&value)
    {
        check.not_supported(&at.child(field), value, supported);
    }
}

/// `IsFullyQualifiedName`
fn full_name(check: &mut Check, name: &str, path: &Path<'_>) {
    if name.is_empty() {
        check.required(path, "");
        return;
    }
    let messages = words::dns_subdomain(name);
    if !messages.is_empty() {
        check.invalid(path, name, messages.join(","));
    } else if name.split('.').count() < 3 {
        check.invalid(path, name, "should be a domain with at least three segments separated by dots");
    }
}

fn has_wildcard(values: &[Value]) -> bool {
    values.iter().any(|value| value == "*")
}

/// Refuses the list as a whole.
fn refuse_list(check: &mut Check, values: &[Value], type_name: &str, path: &Path<'_>, detail: &str) {
    let text = go::render_texts(check.minor, values.iter().filter_map(Value::as_str));
    let text = text.replacen("[]string", &format!("[]{type_name}"), 1);
    check.invalid(path, Shown::Rendered(&text), detail);
}

/// `validateRuleWithOperations`
fn rule_with_operations(check: &mut Check, rule: &Value, path: &Path<'_>) {
    let operations = rule.list("operations");
    let at = path.child("operations");
    if operations.is_empty() {
        check.required(&at, "");
    }
    if operations.len() > 1 && has_wildcard(operations) {
        let detail = "if '*' is present, must not specify other operations";
        refuse_list(check, operations, "admissionregistration.OperationType", &at, detail);
    }
    let supported = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    for (index, operation) in operations.iter().filter_map(Value::as_str).enumerate() {
        if !supported.contains(&operation) {
            check.not_supported(&at.index(index), operation, &supported);
        }
    }
    for (field, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        let values = rule.list(field);
        let at = path.child(field);
        if values.is_empty() {
            check.required(&at, "");
        }
        if values.len() > 1 && has_wildcard(values) {
            let detail = format!("if '*' is present, must not specify other {what}");
            refuse_list(check, values, "string", &at, &detail);
        }
    }
    for (index, version) in rule.list("apiVersions").iter().enumerate() {
        if version == "" {
            check.required(&path.child("apiVersions").index(index), "");
        }
    }
    resources(check, rule.list("resources"), &path.child("resources"));
    optional(check, rule, "scope", &["*", "Cluster", "Namespaced"], path);
}

/// `validateResources`
fn resources(check: &mut Check, resources: &[Value], path: &Path<'_>) {
    if resources.is_empty() {
        check.required(path, "");
    }
    let (mut all_subresources_of, mut of_all_resources) = (Vec::new(), Vec::new());
    let mut has_plain = false;
    for (index, resource) in resources.iter().filter_map(Value::as_str).enumerate() {
        let at = path.index(index);
        if resource.is_empty() {
            check.required(&at, "");
            continue;
        }
        let Some((name, subresource)) = resource.split_once('/') else {
            // Only the last one without a subresource counts, as in the original.
            has_plain = resource != "*";
            continue;
        };
        if all_subresources_of.contains(&name) {
            check.invalid(&at, resource, format!("if '{name}/*' is present, must not specify {resource}"));
        }
        if of_all_resources.contains(&subresource) {
            check.invalid(&at, resource, format!("if '*/{subresource}' is present, must not specify {resource}"));
        }
        if subresource == "*" {
            all_subresources_of.push(name);
        }
        if name == "*" {
            of_all_resources.push(subresource);
        }
    }
    if resources.len() > 1 && resources.iter().any(|resource| resource == "*/*") {
        refuse_list(check, resources, "string", path, "if '*/*' is present, must not specify other resources");
    }
    if has_wildcard(resources) && has_plain {
        let detail = "if '*' is present, must not specify other resources without subresources";
        refuse_list(check, resources, "string", path, detail);
    }
}

/// `validateAdmissionReviewVersions`
fn review_versions(check: &mut Check, webhook: &Value, demands: Demands, path: &Path<'_>) {
    let versions = webhook.list("admissionReviewVersions");
    let known = REVIEW_VERSIONS.join(", ");
    if versions.is_empty() {
        check.required(path, &format!("must specify one of {known}"));
        return;
    }
    let mut has_known = false;
    for (index, version) in versions.iter().enumerate() {
        let at = path.index(index);
        let text = version.as_str().unwrap_or_default();
        if versions[..index].contains(version) {
            check.invalid(&at, text, "duplicate version");
            continue;
        }
        check.invalid_for_each(&at, text, words::dns_1035_label(text));
        has_known |= REVIEW_VERSIONS.contains(&text);
    }
    if demands.known_review_version && !has_known {
        refuse_list(check, versions, "string", path, &format!("must include at least one of {known}"));
    }
}

fn client_config(check: &mut Check, config: Option<&Value>, path: &Path<'_>) {
    let (url, service) = (config.field("url").and_then(Value::as_str), config.field("service"));
    match (url, service) {
        (Some(url), None) => webhook_url(check, url, &path.child("url")),
        (None, Some(service)) => webhook_service(check, service, &path.child("service")),
        _ => check.required(path, "exactly one of url or service is required"),
    }
}

/// `ValidateWebhookURL`; a URL is taken apart as Go's `net/url` does for all that is no control character.
fn webhook_url(check: &mut Check, url: &str, path: &Path<'_>) {
    let form = "; desired format: https://host[/path]";
    if url.bytes().any(|byte| byte.is_ascii_control()) {
        let shown = go::quote(url);
        let detail = format!("url must be a valid URL: parse {shown}: net/url: invalid control character in URL{form}");
        check.required(path, &detail);
        return;
    }
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let scheme_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
    let (scheme, rest) = match scheme_end {
        Some(0) if rest.starts_with(':') => {
            let shown = go::quote(url);
            check.required(path, &format!("url must be a valid URL: parse {shown}: missing protocol scheme{form}"));
            return;
        }
        Some(end) if rest[end..].starts_with(':') && rest.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            (rest[..end].to_ascii_lowercase(), &rest[end + 1..])
        }
        _ => (String::new(), rest),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.strip_prefix("//").map_or("", |rest| rest.split('/').next().unwrap_or_default());
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if scheme != "https" {
        check.invalid(path, scheme.as_str(), format!("'https' is the only allowed URL scheme{form}"));
    }
    if host.is_empty() {
        check.invalid(path, host, format!("{}{form}", rule::URL_WITHOUT_HOST.at(check.minor)));
    }
    if let Some(user) = user {
        check.invalid(path, user, "user information is not permitted in the URL");
    }
    if !fragment.is_empty() {
        check.invalid(path, fragment, "fragments are not permitted in the URL");
    }
    if !query.is_empty() {
        check.invalid(path, query, "query parameters are not permitted in the URL");
    }
}

/// `ValidateWebhookService`, which confuses the service's name with its namespace.
fn webhook_service(check: &mut Check, service: &Value, path: &Path<'_>) {
    for (field, shown_as) in [("namespace", "name"), ("name", "namespace")] {
        if service.text(field).is_empty() {
            let is_bare = *rule::SERVICE_REFERENCE_BARE.at(check.minor);
            let detail = if is_bare { String::new() } else { format!("service {shown_as} is required") };
            check.required(&path.child(shown_as), &detail);
        }
    }
    let port = service.int("port").unwrap_or_default();
    if let Some(message) = words::port_number(port) {
        check.invalid(&path.child("port"), port, format!("port is not valid: {message}"));
    }
    let url_path = service.text("path");
    let at = path.child("path");
    if matches!(url_path, "" | "/") {
        return;
    }
    if url_path == "//" {
        check.invalid(&at, url_path, "segment[0] may not be empty");
        return;
    }
    if !url_path.starts_with('/') {
        check.invalid(&at, url_path, "must start with a '/'");
    }
    let mut characters = url_path.chars();
    characters.next();
    let steps = characters.as_str();
    let steps = steps.strip_suffix('/').unwrap_or(steps);
    for (index, step) in steps.split('/').enumerate() {
        if step.is_empty() {
            check.invalid(&at, url_path, format!("segment[{index}] may not be empty"));
            continue;
        }
        for message in words::dns_subdomain(step) {
            check.invalid(&at, url_path, format!("segment[{index}]: {message}"));
        }
    }
}

/// `validateMatchConditions`, but for the expressions themselves, which nothing here compiles.
fn match_conditions(check: &mut Check, conditions: &[Value], path: &Path<'_>) {
    if conditions.len() > 64 {
        check.too_many(path, conditions.len(), 64);
    }
    for (index, condition) in conditions.iter().enumerate() {
        let at = path.index(index);
        let name = condition.text("name");
        if condition.text("expression").trim().is_empty() {
            check.required(&at.child("expression"), "");
        }
        if name.is_empty() {
            check.required(&at.child("name"), "");
            continue;
        }
        selector::label_name(check, name, &at.child("name"));
        if conditions[..index].iter().any(|other| other.text("name") == name) {
            check.duplicate(&at.child("name"), name);
        }
    }
}
