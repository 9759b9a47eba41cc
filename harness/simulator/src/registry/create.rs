//! The create path, in an API server's order.
//!
//! # Source
//! kubernetes v1.36 `apiserver/pkg/endpoints/handlers/create.go` `createHandler`,
//! `apiserver/pkg/registry/generic/registry/store.go` `Create`, `apiserver/pkg/registry/rest/create.go` `BeforeCreate`

use std::sync::Arc;

use serde_json::Value;

use super::{
    Target, WriteRequest, Written, decode, defaults, managed_fields, metadata, pod, prepare, settle, validation,
};
use crate::{
    admission::{self, Attributes, Notes, Operation},
    cluster::Simulator,
    minor::api as rows,
    object,
    status::Status,
    store::{Key, StoreError},
};

/// Creates an object from a request's body.
///
/// # Errors
/// What the client is answered instead.
pub(crate) async fn create(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    body: &[u8],
) -> Result<Written, Status> {
    let mut notes = Notes::default();
    let written = write(cluster, target, request, body, &mut notes).await;
    let object = written.map_err(|status| status.after_warnings(&notes.warnings))?;
    Ok(Written { object, notes })
}

async fn write(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    body: &[u8],
    notes: &mut Notes,
) -> Result<Arc<Value>, Status> {
    let minor = cluster.minor();
    let expected = decode::Expected::of(target.resource);
    let mut object = decode::object(minor, expected, body, request.field_validation, &mut notes.warnings)?;
    metadata::dedup_owners(&mut object, false, &mut notes.warnings);
    begin(cluster, target, request, target.resource.kind, &mut object)?;

    let mut attributes = target.attributes(Operation::Create, request);
    attributes.name = object::name(&object).to_owned();
    attributes.namespace = target.admission_namespace(&attributes.name);
    attributes.object = Some(object);
    admission::mutate(cluster, &mut attributes, notes).await?;
    let mut object = attributes.object.take().unwrap_or_default();
    metadata::dedup_owners(&mut object, true, &mut notes.warnings);
    metadata::drop_emptied_managed_fields(&mut object);
    store(cluster, target, request, attributes, object, notes).await
}

/// What a new object goes through before admission sees it: what only the server sets, its namespace, who set what.
///
/// # Errors
/// 400 where it is in another namespace than the request.
pub(crate) fn begin(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    kind: &str,
    object: &mut Value,
) -> Result<(), Status> {
    let minor = cluster.minor();
    metadata::drop_emptied_webhooks(object);
    if *rows::WIPES_SYSTEM_METADATA.at(minor) {
        metadata::wipe_system_fields(object);
        metadata::normalise_creation_time(cluster, object);
    }
    if *rows::NAMESPACE_BEFORE_ADMISSION.at(minor) {
        metadata::ensure_namespace(object, &target.namespace)?;
    }
    let now = cluster.now();
    let manager = managed_fields::Manager { name: &request.manager, subresource: &target.subresource, time: &now };
    let api_version = target.resource.api_version();
    managed_fields::update(minor, kind, &api_version, None, object, &manager);
    Ok(())
}

/// `Store.Create`, with another generated name where one is taken.
async fn store(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    mut attributes: Attributes,
    object: Value,
    notes: &mut Notes,
) -> Result<Arc<Value>, Status> {
    let generated = object::name(&object).is_empty() && !object::metadata(&object, "generateName").is_empty();
    let attempts = if generated { *rows::GENERATED_NAME_ATTEMPTS.at(cluster.minor()) } else { 1 };
    let asked_name = attributes.name.clone();
    for _ in 0..attempts {
        attributes.name.clone_from(&asked_name);
        // What is warned of stays warned of when the storage refuses.
        let stored = attempt(cluster, target, request, &mut attributes, object.clone(), notes).await?;
        if let Some(stored) = stored {
            return Ok(stored);
        }
    }
    Err(taken(cluster, target, &attributes, object::name(&object)))
}

/// One attempt to store; nothing where the name is taken.
async fn attempt(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    attributes: &mut Attributes,
    mut object: Value,
    notes: &mut Notes,
) -> Result<Option<Arc<Value>>, Status> {
    let minor = cluster.minor();
    let kind = target.resource.kind;
    let uid_first = *rows::UID_BEFORE_PREPARE.at(minor);
    let name_first = *rows::NAME_BEFORE_PREPARE.at(minor);
    if uid_first {
        metadata::fill_system_fields(cluster, &mut object);
    }
    if name_first {
        metadata::generate_name(cluster, &mut object);
    }
    metadata::ensure_namespace(&mut object, &target.namespace)?;
    if !uid_first {
        metadata::wipe_deletion(&mut object);
    }
    notes.warnings.extend(prepare::for_create(minor, target.resource, &mut object, &cluster.now()));
    if !uid_first {
        metadata::fill_system_fields(cluster, &mut object);
    }
    if !name_first {
        metadata::generate_name(cluster, &mut object);
    }
    let errors = validation::create(minor, kind, &object);
    if !errors.is_empty() {
        return Err(Status::invalid(target.resource.group, kind, object::name(&object), &errors));
    }
    if kind == "Pod" {
        notes.warnings.extend(pod::warnings(minor, &object, None));
    }
    prepare::canonicalise(kind, &mut object);

    if attributes.name.is_empty() {
        object::name(&object).clone_into(&mut attributes.name);
    }
    attributes.object = Some(object);
    admission::validate(cluster, attributes, notes).await?;
    let mut object = attributes.object.take().unwrap_or_default();
    if !request.dry_run {
        // The storage, as far as which a dry run does not come, reads a number, and takes what is none for none.
        if object::metadata(&object, "resourceVersion").parse::<u64>().is_ok_and(|version| version != 0) {
            return Err(Status::new(500, "", "resourceVersion should not be set on objects to be created"));
        }
        object::metadata_mut(&mut object).remove("resourceVersion");
    }
    let key = Key::new(target.resource.stored_as, &target.namespace, object::name(&object));
    attributes.name.clone_from(&key.name);
    let stored = if request.dry_run {
        if cluster.store().get(&key).is_some() { Err(StoreError::Exists) } else { Ok(Arc::new(object)) }
    } else {
        // The storage answers with what it decodes from what it wrote, so that what plug-ins added has its defaults.
        defaults::apply(minor, kind, &mut object);
        cluster.store().insert(&key, object)
    };
    let Ok(object) = stored else {
        return Ok(None);
    };
    settle(cluster, request).await;
    Ok(Some(object))
}

/// The refusal of a name that is taken.
fn taken(cluster: &Simulator, target: &Target, attributes: &Attributes, given_name: &str) -> Status {
    let resource = target.resource;
    let name = &attributes.name;
    if !given_name.is_empty() {
        let mut status = Status::already_exists(resource.group, resource.name, name);
        let stored = cluster.store().get(&Key::new(resource.stored_as, &target.namespace, name));
        if stored.is_some_and(|stored| stored.pointer("/metadata/deletionTimestamp").is_some()) {
            status.message = format!("object is being deleted: {}", status.message);
        }
        return status;
    }
    if !rows::GENERATED_NAME_CONFLICTS.at(cluster.minor()) {
        return Status::new(
            500,
            "ServerTimeout",
            format!(
                "The POST operation against {} could not be completed at this time, please try again.",
                resource.kind
            ),
        )
        .with_details(details(&[("kind", resource.kind), ("group", resource.group)]));
    }
    let mut status = Status::already_exists(resource.group, resource.name, name);
    status.message.push_str(", the server was not able to generate a unique name for the object");
    if let Some(details) = &mut status.details {
        details["retryAfterSeconds"] = Value::from(1);
    }
    status
}

fn details(pairs: &[(&str, &str)]) -> Value {
    let filled = pairs.iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect::<serde_json::Map<_, _>>().into()
}
