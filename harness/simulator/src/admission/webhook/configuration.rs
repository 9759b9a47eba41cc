//! `MutatingWebhookConfiguration` and `ValidatingWebhookConfiguration`, read once for each of their versions.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::super::selector::Selector;
use crate::object;

/// One entry of `webhooks`.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the API with two values")]
pub(crate) struct Webhook {
    /// The configuration's name.
    pub(crate) configuration: String,
    /// `seccomp-profile.resources.gardener.cloud`.
    pub(crate) name: String,
    /// `configuration/name/index`: what a re-invocation knows it by.
    pub(crate) uid: String,
    pub(crate) client_config: ClientConfig,
    pub(crate) rules: Vec<Rule>,
    /// `failurePolicy: Ignore`.
    pub(crate) ignores_failures: bool,
    /// `matchPolicy: Equivalent`.
    pub(crate) matches_equivalents: bool,
    pub(crate) namespace_selector: Result<Selector, String>,
    pub(crate) object_selector: Result<Selector, String>,
    /// Empty where it is not set.
    pub(crate) side_effects: String,
    pub(crate) timeout: Option<Duration>,
    pub(crate) admission_review_versions: Vec<String>,
    /// `reinvocationPolicy: IfNeeded`.
    pub(crate) is_reinvocable: bool,
    /// Whether it has `matchConditions`, which are CEL.
    pub(crate) has_match_conditions: bool,
}

/// Where a webhook is and whom to trust there.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ClientConfig {
    pub(crate) target: Target,
    /// PEM.
    pub(crate) ca_bundle: Vec<u8>,
}

/// How a webhook is addressed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Target {
    Url(String),
    Service {
        namespace: String,
        name: String,
        path: String,
        port: u16,
    },
    /// Neither of both.
    None,
}

/// One of a webhook's `rules`.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) operations: Vec<String>,
    pub(crate) api_groups: Vec<String>,
    pub(crate) api_versions: Vec<String>,
    pub(crate) resources: Vec<String>,
    /// `*` where it is not set.
    pub(crate) scope: String,
}

/// The webhooks of all configurations, in the order in which they are called: by configuration name, then as listed.
pub(crate) fn parse_all(configurations: &[Arc<Value>]) -> Vec<Webhook> {
    let mut sorted: Vec<&Arc<Value>> = configurations.iter().collect();
    sorted.sort_by_key(|configuration| object::name(configuration));
    let mut webhooks: Vec<Webhook> = Vec::new();
    for configuration in sorted {
        let name = object::name(configuration);
        let first = webhooks.len();
        for entry in configuration["webhooks"].as_array().into_iter().flatten() {
            let same = webhooks[first..].iter().filter(|other| entry["name"] == other.name.as_str()).count();
            webhooks.push(parse(name, entry, same));
        }
    }
    webhooks
}

fn parse(configuration: &str, entry: &Value, index: usize) -> Webhook {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    let name = text("name").to_owned();
    Webhook {
        configuration: configuration.to_owned(),
        uid: format!("{configuration}/{name}/{index}"),
        name,
        client_config: client_config(&entry["clientConfig"]),
        rules: entry["rules"].as_array().into_iter().flatten().map(rule).collect(),
        ignores_failures: text("failurePolicy") == "Ignore",
        matches_equivalents: text("matchPolicy") == "Equivalent",
        namespace_selector: Selector::parse(&entry["namespaceSelector"]),
        object_selector: Selector::parse(&entry["objectSelector"]),
        side_effects: text("sideEffects").to_owned(),
        timeout: entry["timeoutSeconds"].as_u64().map(Duration::from_secs),
        admission_review_versions: texts(&entry["admissionReviewVersions"]),
        is_reinvocable: text("reinvocationPolicy") == "IfNeeded",
        has_match_conditions: entry["matchConditions"].as_array().is_some_and(|list| !list.is_empty()),
    }
}

fn client_config(config: &Value) -> ClientConfig {
    let bundle = config["caBundle"].as_str().unwrap_or_default();
    let target = if let Some(service) = config.get("service").filter(|service| service.is_object()) {
        let text = |field: &str| service[field].as_str().unwrap_or_default().to_owned();
        let port = service["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(443);
        Target::Service { namespace: text("namespace"), name: text("name"), path: text("path"), port }
    } else {
        config["url"].as_str().map_or(Target::None, |url| Target::Url(url.to_owned()))
    };
    ClientConfig { target, ca_bundle: STANDARD.decode(bundle).unwrap_or_default() }
}

fn rule(rule: &Value) -> Rule {
    Rule {
        operations: texts(&rule["operations"]),
        api_groups: texts(&rule["apiGroups"]),
        api_versions: texts(&rule["apiVersions"]),
        resources: texts(&rule["resources"]),
        scope: rule["scope"].as_str().unwrap_or("*").to_owned(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
