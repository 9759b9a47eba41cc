//! The admission chain: what looks at a request, and may change or refuse it, before it is stored.
//!
//! ```text
//! mutate:   NamespaceLifecycle, LimitRanger, ServiceAccount, TaintNodesByCondition, Priority,
//!           DefaultTolerationSeconds, RuntimeClass, mutating webhooks   (once more after a webhook's change)
//! validate: LimitRanger, ServiceAccount, PodSecurity, Priority, RuntimeClass, validating webhooks
//! ```
//!
//! The order is that of kubernetes v1.36.3 `pkg/kubeapiserver/options/plugins.go` `AllOrderedPlugins`, with what is on by
//! default and has anything to do with modelled objects.

mod default_toleration_seconds;
mod limit_ranger;
mod lookup;
mod namespace_lifecycle;
mod pod_security;
mod priority;
mod runtime_class;
pub(crate) mod selector;
mod service_account;
mod taint_nodes_by_condition;
pub(crate) mod webhook;

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use self::webhook::Reinvocation;
use crate::{cluster::Simulator, object, status::Status};

/// What a request does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As an AdmissionReview and a rule write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks.
///
/// # Shape
/// `extra`: JSON object from key to list of strings, as in `authentication.k8s.io/v1 UserInfo`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct UserInfo {
    pub(crate) username: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: Option<Value>,
}

/// One request as the admission chain sees it.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) operation: Operation,
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    /// `pods`.
    pub(crate) resource: String,
    /// `status`, `ephemeralcontainers`, or empty.
    pub(crate) subresource: String,
    /// `Pod`.
    pub(crate) kind: String,
    /// Empty for cluster-scoped objects, but the object's own name for a Namespace.
    pub(crate) namespace: String,
    /// Empty while a `generateName` is not yet a name.
    pub(crate) name: String,
    /// The object to store in canonical form (see [`crate::fields`]); nothing on DELETE.
    pub(crate) object: Option<Value>,
    pub(crate) old_object: Option<Value>,
    /// `CreateOptions` and its like as JSON, with `kind` and `apiVersion`.
    pub(crate) options: Value,
    pub(crate) dry_run: bool,
    pub(crate) user: UserInfo,
    /// What is left of the request's time.
    pub(crate) deadline: Duration,
}

impl Attributes {
    /// A Pod itself, not one of its subresources.
    fn is_pod(&self) -> bool {
        self.group.is_empty() && self.resource == "pods" && self.subresource.is_empty()
    }

    /// Group and version of the object's kind, which a subresource such as `eviction` takes from another group.
    fn kind_group_version(&self) -> (&str, &str) {
        let object = self.object.as_ref().or(self.old_object.as_ref());
        let api_version = object.and_then(|object| object.get("apiVersion")).and_then(Value::as_str);
        match api_version {
            Some(api_version) if !self.subresource.is_empty() => {
                api_version.split_once('/').unwrap_or(("", api_version))
            }
            _ => (&self.group, &self.version),
        }
    }

    /// 403 in the words of an in-tree plug-in.
    ///
    /// # Source
    /// apiserver v0.36.3 `admission/errors.go` `NewForbidden`
    fn forbidden(&self, why: impl AsRef<str>) -> Status {
        let object = self.object.as_ref();
        let own_name = object.map(object::name).filter(|name| !name.is_empty());
        let generate_name =
            object.map(|object| object::metadata(object, "generateName")).filter(|name| !name.is_empty());
        let name = Some(self.name.as_str()).filter(|name| !name.is_empty());
        let name = name.or(own_name).or(generate_name).unwrap_or("Unknown");
        Status::forbidden(&self.group, &self.resource, name, why)
    }
}

/// What admission adds to a response besides the object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Texts for `Warning` headers, in order.
    pub(crate) warnings: Vec<String>,
    /// Audit annotations by key.
    pub(crate) audit: Vec<(String, String)>,
}

/// Runs the mutating chain over `attributes.object`, and takes the time that it took from `attributes.deadline`.
///
/// # Errors
/// The refusal that the client is answered with.
///
/// # Source
/// apiserver v0.36.3 `admission/reinvocation.go` `reinvoker.Admit`
pub(crate) async fn mutate(cluster: &Simulator, attributes: &mut Attributes, notes: &mut Notes) -> Result<(), Status> {
    let deadline = Instant::now() + attributes.deadline;
    let outcome = mutate_until(cluster, attributes, notes, deadline).await;
    attributes.deadline = deadline.saturating_duration_since(Instant::now());
    outcome.map_err(|status| status.with_warnings(&notes.warnings))
}

async fn mutate_until(
    cluster: &Simulator,
    attributes: &mut Attributes,
    notes: &mut Notes,
    deadline: Instant,
) -> Result<(), Status> {
    let mut reinvocation = Reinvocation::default();
    admit(cluster, attributes)?;
    webhook::mutate(cluster, attributes, notes, deadline, &mut reinvocation).await?;
    if reinvocation.begin_second_round() {
        admit(cluster, attributes)?;
        webhook::mutate(cluster, attributes, notes, deadline, &mut reinvocation).await?;
    }
    Ok(())
}

/// The in-tree plug-ins of one mutating round.
fn admit(cluster: &Simulator, attributes: &mut Attributes) -> Result<(), Status> {
    namespace_lifecycle::admit(cluster, attributes)?;
    limit_ranger::admit(cluster, attributes);
    service_account::admit(cluster, attributes)?;
    taint_nodes_by_condition::admit(attributes);
    priority::admit(cluster, attributes)?;
    default_toleration_seconds::admit(attributes);
    runtime_class::admit(cluster, attributes)
}

/// Runs the validating chain; the object has its name and uid by now.
///
/// # Errors
/// The refusal that the client is answered with.
pub(crate) async fn validate(cluster: &Simulator, attributes: &Attributes, notes: &mut Notes) -> Result<(), Status> {
    let outcome = match check(cluster, attributes) {
        Ok(()) => webhook::validate(cluster, attributes, notes).await,
        Err(status) => Err(status),
    };
    outcome.map_err(|status| status.with_warnings(&notes.warnings))
}

/// The in-tree plug-ins of the validating chain.
fn check(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    limit_ranger::validate(cluster, attributes)?;
    service_account::validate(cluster, attributes)?;
    pod_security::validate(cluster, attributes)?;
    priority::validate(cluster, attributes)?;
    runtime_class::validate(cluster, attributes)
}

/// The list below `map[field]`, made where there is none.
fn list_mut<'a>(map: &'a mut Map<String, Value>, field: &str) -> &'a mut Vec<Value> {
    let value = map.entry(field).or_insert(Value::Null);
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(list) => list,
        _ => unreachable!("the value was made a list above"),
    }
}
