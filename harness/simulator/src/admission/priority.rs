//! Priority: a Pod's number comes from its `PriorityClass`, never from its author.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Attributes, Operation};
use crate::{cluster::Simulator, object, status::Status, store::Key};

const RESOURCE: &str = "priorityclasses.scheduling.k8s.io";

/// What a `PriorityClass` gives a Pod.
struct Resolved {
    class: String,
    value: i64,
    policy: Option<String>,
}

/// Sets `priority`, `preemptionPolicy` and, where a default class exists, `priorityClassName`.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/priority/admission.go` `Plugin.admitPod`
pub(crate) fn admit(cluster: &Simulator, attributes: &mut Attributes) -> Result<(), Status> {
    if !attributes.is_pod() {
        return Ok(());
    }
    match attributes.operation {
        Operation::Create => create(cluster, attributes),
        Operation::Update => {
            keep(attributes);
            Ok(())
        }
        Operation::Delete | Operation::Connect => Ok(()),
    }
}

/// Refuses a second default class.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/priority/admission.go` `Plugin.validatePriorityClass`
pub(crate) fn validate(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    let is_class = attributes.group == "scheduling.k8s.io"
        && attributes.resource == "priorityclasses"
        && attributes.subresource.is_empty()
        && matches!(attributes.operation, Operation::Create | Operation::Update);
    let Some(class) = attributes.object.as_ref().filter(|_| is_class) else { return Ok(()) };
    if class["globalDefault"] != true {
        return Ok(());
    }
    let Some(default) = default_class(cluster) else { return Ok(()) };
    let name = object::name(&default);
    if attributes.operation == Operation::Create || name != object::name(class) {
        let why = format!("PriorityClass {name} is already marked as default. Only one default can exist");
        return Err(attributes.forbidden(why));
    }
    Ok(())
}

fn create(cluster: &Simulator, attributes: &mut Attributes) -> Result<(), Status> {
    let spec = attributes.object.as_ref().and_then(|pod| pod.get("spec")).unwrap_or(&Value::Null);
    let name = spec.get("priorityClassName").and_then(Value::as_str).unwrap_or_default();
    let resolved = if name.is_empty() {
        default_priority(cluster)
    } else {
        named(cluster, name)
            .ok_or_else(|| attributes.forbidden(format!("no PriorityClass with name {name} was found")))?
    };
    let Resolved { class, value, policy } = resolved;
    if let Some(given) = spec.get("priority").and_then(Value::as_i64).filter(|given| *given != value) {
        return Err(attributes.forbidden(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {value} from the given PriorityClass name"
        )));
    }
    let given = spec.get("preemptionPolicy").and_then(Value::as_str);
    if let (Some(policy), Some(given)) = (&policy, given)
        && policy != given
    {
        return Err(attributes.forbidden(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        )));
    }
    let Some(pod) = attributes.object.as_mut() else { return Ok(()) };
    let spec = object::map_mut(pod, "spec");
    spec.insert("priority".to_owned(), json!(value));
    if !class.is_empty() {
        spec.insert("priorityClassName".to_owned(), json!(class));
    }
    if let Some(policy) = policy {
        spec.insert("preemptionPolicy".to_owned(), json!(policy));
    }
    Ok(())
}

/// An update that leaves the fields out keeps them.
fn keep(attributes: &mut Attributes) {
    let (Some(pod), Some(old)) = (attributes.object.as_mut(), attributes.old_object.as_ref()) else { return };
    for field in ["priority", "preemptionPolicy"] {
        let Some(value) = old.get("spec").and_then(|spec| spec.get(field)) else { continue };
        object::map_mut(pod, "spec").entry(field).or_insert_with(|| value.clone());
    }
}

fn named(cluster: &Simulator, name: &str) -> Option<Resolved> {
    cluster.store().get(&Key::new(RESOURCE, "", name)).map(|class| resolved(&class))
}

fn default_priority(cluster: &Simulator) -> Resolved {
    default_class(cluster).map_or_else(
        || Resolved { class: String::new(), value: 0, policy: Some("PreemptLowerPriority".to_owned()) },
        |class| resolved(&class),
    )
}

/// The default class; of several the one with the lowest value.
fn default_class(cluster: &Simulator) -> Option<Arc<Value>> {
    let classes = cluster.store().list(RESOURCE, None);
    classes.into_iter().filter(|class| class["globalDefault"] == true).min_by_key(|class| class["value"].as_i64())
}

fn resolved(class: &Value) -> Resolved {
    Resolved {
        class: object::name(class).to_owned(),
        value: class["value"].as_i64().unwrap_or_default(),
        policy: class["preemptionPolicy"].as_str().map(str::to_owned),
    }
}
