//! The Pod's own subresources: log, binding, eviction.

use serde_json::{Value, json};

use super::{Call, body, respond::Reply, write};
use crate::{
    admission::{self, Notes, Operation},
    minor::api::{self as rows, FieldValidation},
    node, object,
    registry::{
        self,
        decode::{self, Expected},
        delete::Wish,
    },
    status::Status,
    store::StoreError,
};

/// What a container has printed.
///
/// # Source
/// kubernetes v1.36 `pkg/registry/core/pod/strategy.go` `LogLocation`
pub(crate) fn log(call: &Call<'_>) -> Result<Reply, Status> {
    let pod = call.cluster.store().get(&call.target.key()).ok_or_else(|| call.target.not_found())?;
    let container = container(call, &pod)?;
    if pod.pointer("/spec/nodeName").and_then(Value::as_str).is_none_or(str::is_empty) {
        // Not bound yet: nothing has been printed.
        return Ok(Reply::text(204, ""));
    }
    let previous = call.query.flag("previous");
    let text = node::log(call.cluster, &pod, &container, previous).map_err(Status::bad_request)?;
    let limits = Limits {
        tail_lines: positive(call, "tailLines")?,
        limit_bytes: positive(call, "limitBytes")?,
        timestamp: call.query.flag("timestamps").then(|| call.cluster.now()),
    };
    // With `follow` too: a program's output is complete as soon as it is there.
    Ok(Reply::log(limits.apply(&text)))
}

fn positive(call: &Call<'_>, name: &str) -> Result<Option<usize>, Status> {
    Ok(call.query.number(name)?.and_then(|number| usize::try_from(number).ok()))
}

/// How much of a log is shown, and how.
struct Limits {
    tail_lines: Option<usize>,
    limit_bytes: Option<usize>,
    timestamp: Option<String>,
}

impl Limits {
    fn apply(&self, text: &str) -> Vec<u8> {
        let lines = text.split_inclusive('\n').collect::<Vec<_>>();
        let skipped = self.tail_lines.map_or(0, |tail| lines.len().saturating_sub(tail));
        let shown = lines[skipped..].iter().map(|line| match &self.timestamp {
            Some(time) => format!("{} {line}", time.replace('Z', ".000000000Z")),
            None => (*line).to_owned(),
        });
        let mut bytes = shown.collect::<String>().into_bytes();
        if let Some(limit) = self.limit_bytes {
            bytes.truncate(limit);
        }
        bytes
    }
}

/// The container that a log is asked of.
fn container(call: &Call<'_>, pod: &Value) -> Result<String, Status> {
    let names = |field: &str| {
        let list = pod.get("spec").and_then(|spec| spec.get(field)).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|container| container.get("name").and_then(Value::as_str).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let (main, init, ephemeral) = (names("containers"), names("initContainers"), names("ephemeralContainers"));
    let pod_name = object::name(pod);
    if let Some(asked) = call.query.get("container") {
        if main.iter().chain(&init).chain(&ephemeral).any(|name| name == asked) {
            return Ok(asked.to_owned());
        }
        return Err(Status::bad_request(format!("container {asked} is not valid for pod {pod_name}")));
    }
    if let [only] = main.as_slice() {
        return Ok(only.clone());
    }
    let all = [init, main, ephemeral].concat().join(" ");
    Err(Status::bad_request(format!("a container name must be specified for pod {pod_name}, choose one of: [{all}]")))
}

/// Puts a Pod on a node.
///
/// # Source
/// kubernetes v1.36 `pkg/registry/core/pod/storage/storage.go` `assignPod`
pub(crate) async fn bind(call: &Call<'_>) -> Result<Reply, Status> {
    let form = body::form(call)?;
    let request = write::write_request(call, "CreateOptions")?;
    let mut warnings = Vec::new();
    let expected = Expected { group: "", version: "v1", kind: "Binding" };
    let minor = call.cluster.minor();
    let body = body::object(call, form, expected)?;
    let mut binding = decode::object(minor, expected, &body, FieldValidation::Ignore, &mut warnings)?;
    registry::create::begin(call.cluster, &call.target, &request, "Binding", &mut binding)?;
    let node = binding.pointer("/target/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let annotations = binding.pointer("/metadata/annotations").cloned();

    let mut notes = Notes::default();
    let mut attributes = call.target.attributes(Operation::Create, &request);
    "Binding".clone_into(&mut attributes.kind);
    attributes.object = Some(binding);
    admission::mutate(call.cluster, &mut attributes, &mut notes).await?;
    // What is warned of stays warned of when the binding is refused.
    let refused = |status: Status, notes: &Notes| status.after_warnings(&notes.warnings);
    if attributes.object.as_ref().is_none_or(|binding| object::name(binding) != call.target.name) {
        return Err(refused(Status::bad_request("name in URL does not match name in Binding object"), &notes));
    }
    admission::validate(call.cluster, &attributes, &mut notes).await?;
    assign(call, request.dry_run, &node, annotations).map_err(|status| refused(status, &notes))?;
    registry::settle(call.cluster, &request).await;
    Ok(success().with_warnings(&notes.warnings))
}

/// Puts the Pod onto the node, with the binding's annotations.
fn assign(call: &Call<'_>, dry_run: bool, node: &str, annotations: Option<Value>) -> Result<(), Status> {
    let key = call.target.key();
    let pod = call.cluster.store().get(&key).ok_or_else(|| call.target.not_found())?;
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        let why = format!("pod {} is being deleted, cannot be assigned to a host", call.target.name);
        return Err(Status::conflict("", "pods/binding", &call.target.name, why));
    }
    if let Some(bound) = pod.pointer("/spec/nodeName").and_then(Value::as_str).filter(|bound| !bound.is_empty()) {
        let why = format!("pod {} is already assigned to node {bound:?}", call.target.name);
        return Err(Status::conflict("", "pods/binding", &call.target.name, why));
    }
    if pod.pointer("/spec/schedulingGates").and_then(Value::as_array).is_some_and(|gates| !gates.is_empty()) {
        let why = format!("pod {} has non-empty .spec.schedulingGates", call.target.name);
        return Err(Status::conflict("", "pods/binding", &call.target.name, why));
    }
    if !dry_run {
        let now = call.cluster.now();
        let bound = call.cluster.store().modify(&key, |pod| {
            object::map_mut(pod, "spec").insert("nodeName".to_owned(), json!(node));
            if let Some(Value::Object(annotations)) = annotations {
                for (key, value) in annotations {
                    object::metadata_mut(pod)
                        .entry("annotations")
                        .or_insert_with(|| json!({}))
                        .as_object_mut()
                        .and_then(|map| map.insert(key, value));
                }
            }
            set_scheduled(pod, &now);
        });
        bound.map_err(|error| match error {
            StoreError::Missing => call.target.not_found(),
            StoreError::Exists | StoreError::Conflict => call.target.conflict(registry::MODIFIED),
        })?;
    }
    Ok(())
}

fn set_scheduled(pod: &mut Value, now: &str) {
    let condition = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
    });
    set_condition(pod, condition);
}

/// Puts a condition in the place of the one of its type, which is left where nothing but its time would change.
fn set_condition(pod: &mut Value, condition: Value) {
    let conditions = object::map_mut(pod, "status").entry("conditions").or_insert_with(|| json!([]));
    if let Some(list) = conditions.as_array_mut() {
        match list.iter_mut().find(|present| present.get("type") == condition.get("type")) {
            Some(present) if present.get("status") == condition.get("status") => {
                for field in ["reason", "message"] {
                    if let Some(value) = condition.get(field) {
                        present[field] = value.clone();
                    }
                }
            }
            Some(present) => *present = condition,
            None => list.push(condition),
        }
    }
}

/// Deletes a Pod on behalf of someone who drains its node; disruption budgets are not modelled.
pub(crate) async fn evict(call: &Call<'_>) -> Result<Reply, Status> {
    let form = body::form(call)?;
    let mut request = write::write_request(call, "CreateOptions")?;
    let mut eviction = crate::fields::parse(&body::options(call, form, "Eviction")?)
        .map_err(|error| Status::bad_request(error.detail))?;
    let named = object::name(&eviction);
    if !named.is_empty() && named != call.target.name {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let options = eviction.get("deleteOptions");
    let precondition = |field: &str| {
        let value = options.and_then(|options| options.get("preconditions")).and_then(|fields| fields.get(field));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let mut wish = Wish {
        grace_period_seconds: options.and_then(|options| options.get("gracePeriodSeconds")).and_then(Value::as_i64),
        uid: precondition("uid"),
        resource_version: precondition("resourceVersion"),
        propagation_policy: options
            .and_then(|options| options.get("propagationPolicy"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        orphan_dependents: options.and_then(|options| options.get("orphanDependents")).and_then(Value::as_bool),
    };
    request.dry_run |= options.and_then(|options| options.get("dryRun")).is_some_and(|list| *list == json!(["All"]));

    let mut notes = Notes::default();
    let mut attributes = call.target.attributes(Operation::Create, &request);
    "Eviction".clone_into(&mut attributes.kind);
    registry::metadata::normalise_creation_time(call.cluster, &mut eviction);
    registry::create::begin(call.cluster, &call.target, &request, "Eviction", &mut eviction)?;
    attributes.object = Some(eviction);
    admission::mutate(call.cluster, &mut attributes, &mut notes).await?;
    if call.cluster.store().get(&call.target.key()).is_none() {
        return Err(call.target.not_found().after_warnings(&notes.warnings));
    }
    admission::validate(call.cluster, &attributes, &mut notes).await?;

    let mut target = call.target.clone();
    target.subresource.clear();
    let refused = |status: Status| status.after_warnings(&notes.warnings);
    if !request.dry_run && *rows::EVICTION_CONDITION.at(call.cluster.minor()) {
        mark_evicted(call, &target, &mut wish).map_err(refused)?;
    }
    registry::delete::remove(call.cluster, &target, &request, &wish).await.map_err(refused)?;
    Ok(success().with_warnings(&notes.warnings))
}

/// Says in the Pod's status why it goes, which is a write of its own.
///
/// # Source
/// kubernetes v1.36 `pkg/registry/core/pod/storage/eviction.go` `addConditionAndDeletePod`
fn mark_evicted(call: &Call<'_>, target: &registry::Target, wish: &mut Wish) -> Result<(), Status> {
    let stored = call.cluster.store().get(&target.key()).ok_or_else(|| target.not_found())?;
    registry::delete::check_preconditions(target, wish, &stored)?;
    // From now on, another version is meant.
    wish.resource_version = None;
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting", "lastProbeTime": null, "lastTransitionTime": call.cluster.now(),
    });
    let marked = call.cluster.store().modify(&target.key(), |pod| set_condition(pod, condition));
    marked.map(drop).map_err(|_| target.not_found())
}

fn success() -> Reply {
    Reply::json(201, &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
}
