//! The update path: one next version of an object, from a whole body or from a patch.
//!
//! # Source
//! kubernetes v1.36 `apiserver/pkg/endpoints/handlers/{update,patch}.go`,
//! `apiserver/pkg/registry/generic/registry/store.go` `Update`, `apiserver/pkg/registry/rest/update.go` `BeforeUpdate`

use std::sync::Arc;

use serde_json::{Value, json};

use super::{MODIFIED, Target, WriteRequest, Written, managed_fields, metadata, pod, prepare, settle, validation};
use crate::{
    admission::{self, Notes, Operation},
    cluster::Simulator,
    field_error::{FieldError, FieldErrorKind},
    minor::api as rows,
    object,
    status::Status,
    store::StoreError,
};

/// How often a write that lost against another one is tried again.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/endpoints/handlers/patch.go` `maxRetryWhenPatchConflicts`
const ATTEMPTS: usize = 5;

/// Makes an object's next version from the stored one.
pub(crate) trait Change {
    /// The next version, in canonical form.
    ///
    /// # Errors
    /// What the client is answered instead.
    fn apply(&self, old: &Value, warnings: &mut Vec<String>) -> Result<Value, Status>;

    /// The uid that the stored object must have, where the client named one.
    fn expected_uid(&self) -> Option<&str> {
        None
    }
}

/// Puts a whole new object in the place of the old.
#[derive(Debug)]
pub(crate) struct Replace(pub(crate) Value);

impl Change for Replace {
    fn apply(&self, _old: &Value, _warnings: &mut Vec<String>) -> Result<Value, Status> {
        Ok(self.0.clone())
    }

    fn expected_uid(&self) -> Option<&str> {
        Some(object::metadata(&self.0, "uid")).filter(|uid| !uid.is_empty())
    }
}

/// Updates an object.
///
/// # Errors
/// What the client is answered instead.
pub(crate) async fn update(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    change: &(dyn Change + Sync),
) -> Result<Written, Status> {
    for _ in 0..ATTEMPTS {
        let mut notes = Notes::default();
        let stored = attempt(cluster, target, request, change, &mut notes).await;
        if let Some(object) = stored.map_err(|status| status.after_warnings(&notes.warnings))? {
            return Ok(Written { object, notes });
        }
    }
    Err(target.conflict(MODIFIED))
}

/// One attempt; nothing where someone else wrote meanwhile and the client did not say which version it means.
async fn attempt(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    change: &(dyn Change + Sync),
    notes: &mut Notes,
) -> Result<Option<Arc<Value>>, Status> {
    let minor = cluster.minor();
    let resource = target.resource;
    let key = target.key();
    let Some(old) = cluster.store().get(&key) else {
        // What is not there has no uid.
        if *rows::UID_BEFORE_PRESENCE.at(minor) {
            check_uid(target, request.dry_run, change.expected_uid(), &Value::Null)?;
        }
        return Err(target.not_found());
    };
    check_uid(target, request.dry_run, change.expected_uid(), &old)?;
    let mut object = change.apply(&old, &mut notes.warnings)?;
    let has_emptied = metadata::drop_emptied_webhooks(&mut object);
    check_name(target, &object)?;
    let now = cluster.now();
    let manager = managed_fields::Manager { name: &request.manager, subresource: &target.subresource, time: &now };
    managed_fields::update(minor, resource.kind, &resource.api_version(), Some(&old), &mut object, &manager);

    let mut attributes = target.attributes(Operation::Update, request);
    attributes.object = Some(object);
    attributes.old_object = Some(Value::clone(&old));
    admission::mutate(cluster, &mut attributes, notes).await?;
    let mut object = attributes.object.take().unwrap_or_default();
    metadata::dedup_owners(&mut object, true, &mut notes.warnings);
    metadata::drop_emptied_managed_fields(&mut object);

    let conditional = check_version(cluster, target, &object, &old)?;
    object::set_metadata(&mut object, "resourceVersion", object::metadata(&old, "resourceVersion"));
    before_update(cluster, target, &mut object, &old)?;
    if has_emptied && old.get("webhooks").is_none() {
        // Go tells an emptied list from none, which is what was stored.
        prepare::raise_generation(&mut object, &old);
    }
    if resource.kind == "Pod" {
        notes.warnings.extend(pod::warnings(minor, &object, Some(&old)));
    }
    prepare::canonicalise(resource.kind, &mut object);
    attributes.object = Some(object);
    admission::validate(cluster, &attributes, notes).await?;
    let object = attributes.object.take().unwrap_or_default();

    let stored = if request.dry_run {
        Ok(Arc::new(object))
    } else if is_over(&object) {
        let version = object::metadata(&old, "resourceVersion");
        cluster.store().delete(&key, Some(version)).map(|_| Arc::new(object))
    } else {
        cluster.store().update(&key, object)
    };
    match stored {
        Ok(object) => {
            settle(cluster, request).await;
            Ok(Some(object))
        }
        Err(StoreError::Missing) => Err(target.not_found()),
        Err(_) if conditional => Err(target.conflict(MODIFIED)),
        Err(_) => Ok(None),
    }
}

/// `BeforeUpdate`: what the server keeps, preparation, validation.
fn before_update(cluster: &Simulator, target: &Target, object: &mut Value, old: &Value) -> Result<(), Status> {
    let minor = cluster.minor();
    let resource = target.resource;
    metadata::ensure_namespace(object, &target.namespace)?;
    keep_metadata(object, old, "generation");
    prepare::for_update(minor, resource, &target.subresource, object, old);
    if object::metadata(object, "uid").is_empty() {
        keep_metadata(object, old, "uid");
    }
    keep_metadata(object, old, "creationTimestamp");
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        if old.pointer(&format!("/metadata/{field}")).is_some() {
            keep_metadata(object, old, field);
        }
    }
    let errors = validation::update(minor, resource.kind, &target.subresource, object, old);
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(resource.group, resource.kind, object::name(object), &errors))
}

fn keep_metadata(object: &mut Value, old: &Value, field: &str) {
    let kept = old.get("metadata").and_then(|metadata| metadata.get(field)).cloned();
    let metadata = object::metadata_mut(object);
    match kept {
        Some(value) => metadata.insert(field.to_owned(), value),
        None => metadata.remove(field),
    };
}

/// Whether nothing keeps an object any more that is being deleted.
fn is_over(object: &Value) -> bool {
    let is_namespace = object.get("kind").is_some_and(|kind| kind == "Namespace");
    let finalizers = object.pointer("/spec/finalizers").and_then(Value::as_array);
    let has_content = is_namespace && finalizers.is_some_and(|finalizers| !finalizers.is_empty());
    let grace = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or_default();
    object.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string)
        && object::metadata_list(object, "finalizers").next().is_none()
        && !has_content
        && grace == 0
}

/// Checks the version that a client names; says whether it names one.
fn check_version(cluster: &Simulator, target: &Target, object: &Value, old: &Value) -> Result<bool, Status> {
    let resource = target.resource;
    let asked = object::metadata(object, "resourceVersion");
    if asked.is_empty() || asked == "0" {
        if !resource.group.ends_with("admissionregistration.k8s.io") {
            return Ok(false);
        }
        let shown = if *rows::VALUES_AS_JSON.at(cluster.minor()) { "0" } else { "0x0" };
        let error = FieldError {
            kind: FieldErrorKind::Invalid,
            field: "metadata.resourceVersion".to_owned(),
            bad_value: Some(shown.to_owned()),
            detail: "must be specified for an update".to_owned(),
        };
        // The only place where an API server names the resource instead of the kind.
        return Err(Status::invalid(resource.group, resource.name, &target.name, &[error]));
    }
    if asked.parse::<u64>().is_err() {
        return Err(Status::new(500, "", format!("strconv.ParseUint: parsing {asked:?}: invalid syntax")));
    }
    if asked == object::metadata(old, "resourceVersion") { Ok(true) } else { Err(target.conflict(MODIFIED)) }
}

/// Checks that an object is the one that the path names.
///
/// # Errors
/// 400 in the words of `checkName`.
pub(crate) fn check_name(target: &Target, object: &Value) -> Result<(), Status> {
    let name = object::name(object);
    if name.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            target.name
        )));
    }
    if name != target.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name
        )));
    }
    check_namespace(target, object)
}

/// Checks that an object is in the namespace that the path names, or in none.
///
/// # Errors
/// 400 in the words of `EnsureObjectNamespaceMatchesRequestNamespace`.
pub(crate) fn check_namespace(target: &Target, object: &Value) -> Result<(), Status> {
    metadata::ensure_namespace(&mut json!({"metadata": {"namespace": object::namespace(object)}}), &target.namespace)
}

fn check_uid(target: &Target, dry_run: bool, asked: Option<&str>, old: &Value) -> Result<(), Status> {
    let uid = object::metadata(old, "uid");
    let Some(asked) = asked.filter(|asked| *asked != uid) else {
        return Ok(());
    };
    let namespace = if target.namespace.is_empty() { String::new() } else { format!("{}/", target.namespace) };
    let resource = target.resource;
    let group = if resource.group.is_empty() { String::new() } else { format!("{}/", resource.group) };
    // A dry run does not come as far as to where the prefix is.
    let prefix = if dry_run { "" } else { "/registry" };
    Err(target.conflict(&format!(
        "StorageError: invalid object, Code: 4, Key: {prefix}/{group}{}/{namespace}{}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {asked}, UID in object meta: {uid}",
        resource.name, target.name
    )))
}
