//! The delete path: preconditions, admission, grace, finalizers.
//!
//! # Source
//! kubernetes v1.36 `apiserver/pkg/registry/generic/registry/store.go` `Delete`,
//! `apiserver/pkg/registry/rest/delete.go` `BeforeDelete`, `pkg/registry/core/pod/strategy.go` `CheckGracefulDelete`,
//! `pkg/registry/core/namespace/storage/storage.go` `Delete`

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{MODIFIED, Target, WriteRequest, settle};
use crate::{
    admission::{self, Notes, Operation},
    cluster::Simulator,
    object,
    status::Status,
};

/// What `DeleteOptions` ask for, besides what every write has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    /// `Foreground`, `Background`, `Orphan`.
    pub(crate) propagation_policy: Option<String>,
}

/// What became of the object.
#[derive(Debug)]
pub(crate) enum Deleted {
    /// It is gone; its last state.
    Gone(Arc<Value>),
    /// It goes once its grace, its finalizers or its content are over.
    Going(Arc<Value>),
}

/// Deletes one object, or begins to.
///
/// # Errors
/// What the client is answered instead.
pub(crate) async fn delete(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    wish: &Wish,
) -> Result<(Deleted, Notes), Status> {
    let old = cluster.store().get(&target.key()).ok_or_else(|| target.not_found())?;
    check_preconditions(target, wish, &old)?;
    if let Some(policy @ ("Foreground" | "Orphan")) = wish.propagation_policy.as_deref()
        && target.resource.group == "apps"
    {
        let message =
            format!("propagationPolicy {policy} of {} is not modelled by this simulator", target.resource.name);
        return Err(Status::new(501, "NotImplemented", message));
    }
    let mut notes = Notes::default();
    let mut attributes = target.attributes(Operation::Delete, request);
    attributes.old_object = Some(Value::clone(&old));
    admission::mutate(cluster, &mut attributes, &mut notes).await?;
    admission::validate(cluster, &attributes, &mut notes).await?;

    // Someone else may have written while admission was asked: what is removed is read anew.
    Ok((remove(cluster, target, request, wish).await?, notes))
}

/// The same without asking admission, which the caller has done.
///
/// # Errors
/// What the client is answered instead.
pub(crate) async fn remove(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    wish: &Wish,
) -> Result<Deleted, Status> {
    let old = cluster.store().get(&target.key()).ok_or_else(|| target.not_found())?;
    check_preconditions(target, wish, &old)?;
    let deleted = match next(cluster, wish, &old) {
        Next::Nothing => Deleted::Going(old),
        Next::Change(object) if request.dry_run => Deleted::Going(Arc::new(object)),
        Next::Change(object) => {
            let object = cluster.store().update(&target.key(), object).map_err(|_| target.conflict(MODIFIED))?;
            Deleted::Going(object)
        }
        Next::Remove(object) if request.dry_run => Deleted::Gone(Arc::new(object)),
        Next::Remove(object) => {
            let version = object::metadata(&old, "resourceVersion");
            cluster.store().delete(&target.key(), Some(version)).map_err(|_| target.conflict(MODIFIED))?;
            Deleted::Gone(Arc::new(object))
        }
    };
    settle(cluster, request).await;
    Ok(deleted)
}

/// What a deletion does to the stored object.
enum Next {
    /// It is being deleted already.
    Nothing,
    Change(Value),
    Remove(Value),
}

fn next(cluster: &Simulator, wish: &Wish, old: &Value) -> Next {
    let metadata = old.get("metadata");
    let deleting = metadata.and_then(|metadata| metadata.get("deletionTimestamp")).is_some();
    let finalizers = object::metadata_list(old, "finalizers").next().is_some() || waits_for_content(old);
    let grace = grace_period(wish, old);
    if deleting {
        let left = metadata.and_then(|metadata| metadata.get("deletionGracePeriodSeconds")).and_then(Value::as_i64);
        return match (left.filter(|left| *left > 0), grace) {
            // Only a shorter grace period may be asked for.
            (Some(left), Some(grace)) if grace < left => marked(cluster, old, grace, finalizers),
            (Some(_), _) => Next::Nothing,
            (None, _) if finalizers => Next::Nothing,
            (None, _) => Next::Remove(old.clone()),
        };
    }
    match grace {
        Some(grace) => marked(cluster, old, grace, finalizers),
        None if finalizers => marked(cluster, old, 0, true),
        None => Next::Remove(old.clone()),
    }
}

/// The object with its deletion's time; without grace and finalizers it goes at once.
fn marked(cluster: &Simulator, old: &Value, grace: i64, finalizers: bool) -> Next {
    let mut object = old.clone();
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let deleting = old.pointer("/metadata/deletionTimestamp").is_some();
    let metadata = object::metadata_mut(&mut object);
    metadata.insert("deletionTimestamp".to_owned(), json!(later(cluster, grace)));
    if kind == "Namespace" {
        // A namespace has no grace period.
        object["status"]["phase"] = json!("Terminating");
        return Next::Change(object);
    }
    metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(grace));
    if !deleting
        && let Some(generation) = metadata.get("generation").and_then(Value::as_i64).filter(|number| *number > 0)
    {
        metadata.insert("generation".to_owned(), json!(generation + 1));
    }
    if grace > 0 || finalizers { Next::Change(object) } else { Next::Remove(object) }
}

fn later(cluster: &Simulator, seconds: i64) -> String {
    let now = cluster.now().parse::<Timestamp>().unwrap_or_default();
    let later = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether it is a Namespace with finalizers of its own.
fn waits_for_content(object: &Value) -> bool {
    let is_namespace = object.get("kind").is_some_and(|kind| kind == "Namespace");
    let finalizers = object.pointer("/spec/finalizers").and_then(Value::as_array);
    is_namespace && finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}

/// How long the object is given; nothing for kinds that go at once.
fn grace_period(wish: &Wish, object: &Value) -> Option<i64> {
    // A negative period means one second.
    let asked = wish.grace_period_seconds.map(|seconds| if seconds < 0 { 1 } else { seconds });
    if object.get("kind")? != "Pod" {
        return None;
    }
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if text("/spec/nodeName").is_empty() || matches!(text("/status/phase"), "Failed" | "Succeeded") {
        return Some(0);
    }
    let own = object.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    Some(asked.or(own).unwrap_or(30))
}

fn check_preconditions(target: &Target, wish: &Wish, object: &Value) -> Result<(), Status> {
    let conflict = |why: String| Err(Status::conflict(target.resource.group, target.resource.kind, &target.name, why));
    let uid = object::metadata(object, "uid");
    if let Some(wanted) = wish.uid.as_deref().filter(|wanted| *wanted != uid) {
        // Namespaces look themselves, and have their own words.
        if target.resource.stored_as == "namespaces" {
            let why = format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}");
            return Err(target.conflict(&why));
        }
        return conflict(format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object might have \
             been deleted and then recreated"
        ));
    }
    let version = object::metadata(object, "resourceVersion");
    if let Some(wanted) = wish.resource_version.as_deref().filter(|wanted| *wanted != version) {
        return conflict(format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
             ({version}). The object might have been modified"
        ));
    }
    Ok(())
}
