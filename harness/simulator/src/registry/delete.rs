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
    minor::api as rows,
    object,
    status::Status,
    store::StoreError,
};

/// The finalizers by which the garbage collector is asked to keep what depends on an object, or to delete it first.
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What `DeleteOptions` ask for, besides what every write has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    /// `Foreground`, `Background`, `Orphan`.
    pub(crate) propagation_policy: Option<String>,
    /// What that was called before; where it is there, the policy is not.
    pub(crate) orphan_dependents: Option<bool>,
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
    if matches!(next(cluster, wish, &old), Next::Nothing) {
        // Nobody is asked about what is under way already.
        return Ok((Deleted::Going(old), notes));
    }
    let mut request = request.clone();
    if let Some(seconds) = grace_period(wish, &old) {
        // Admission sees the period that the kind allows, not the one that was asked for.
        request.options["gracePeriodSeconds"] = json!(seconds);
    }
    let request = &request;
    admit(cluster, target, request, &old, &mut notes).await?;
    // Someone else may have written while admission was asked: what is removed is read anew.
    let taken = take(cluster, target, request, wish, Some(&mut notes)).await;
    Ok((taken.map_err(|status| status.after_warnings(&notes.warnings))?, notes))
}

/// Asks admission whether `stored` may be deleted.
async fn admit(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    stored: &Value,
    notes: &mut Notes,
) -> Result<(), Status> {
    let mut attributes = target.attributes(Operation::Delete, request);
    attributes.old_object = Some(stored.clone());
    admission::mutate(cluster, &mut attributes, notes).await?;
    admission::validate(cluster, &attributes, notes).await
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
    take(cluster, target, request, wish, None).await
}

/// Does what a deletion does to the stored object; `notes`: of admission, where it has a say.
///
/// Who is slower than another writer looks again, as API servers do, unless the request names a version.
async fn take(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    wish: &Wish,
    mut notes: Option<&mut Notes>,
) -> Result<Deleted, Status> {
    let deleted = loop {
        let old = cluster.store().get(&target.key()).ok_or_else(|| target.not_found())?;
        if let Some(deleted) = attempt(cluster, target, request, wish, old, notes.as_deref_mut()).await? {
            break deleted;
        }
    };
    settle(cluster, request).await;
    Ok(deleted)
}

/// One attempt at the object as it was read; nothing where someone else wrote meanwhile.
async fn attempt(
    cluster: &Simulator,
    target: &Target,
    request: &WriteRequest,
    wish: &Wish,
    old: Arc<Value>,
    notes: Option<&mut Notes>,
) -> Result<Option<Deleted>, Status> {
    check_preconditions(target, wish, &old)?;
    let (store, key) = (cluster.store(), target.key());
    let deleted = match next(cluster, wish, &old) {
        Next::Nothing => Deleted::Going(old),
        Next::Change(object) if request.dry_run => Deleted::Going(Arc::new(object)),
        Next::Change(object) => {
            let Ok(object) = store.update(&key, object) else { return Ok(None) };
            Deleted::Going(object)
        }
        Next::Remove(last) if request.dry_run => Deleted::Gone(last.map_or(old, Arc::new)),
        Next::Remove(None) => {
            let version = object::metadata(&old, "resourceVersion");
            let Ok(removed) = store.delete(&key, Some(version)) else { return Ok(None) };
            Deleted::Gone(last_form(cluster, removed, old))
        }
        Next::Remove(Some(last)) => {
            // What has a grace period is first marked as any other, and then admission is asked once more.
            let Ok(marked) = store.update(&key, last) else { return Ok(None) };
            if let Some(notes) = notes {
                admit(cluster, target, request, &marked, notes).await?;
            }
            // From here on it goes, whoever else writes to it or removes it.
            let version = wish.resource_version.as_ref().map(|_| object::metadata(&marked, "resourceVersion"));
            match store.delete(&key, version) {
                Ok(removed) => Deleted::Gone(last_form(cluster, removed, marked)),
                Err(StoreError::Conflict) => return Err(target.conflict(MODIFIED)),
                Err(_) => Deleted::Gone(marked),
            }
        }
    };
    Ok(Some(deleted))
}

/// What the client is shown of an object that is gone: as it was `removed`, or as it was `before`.
fn last_form(cluster: &Simulator, removed: Arc<Value>, before: Arc<Value>) -> Arc<Value> {
    if *rows::TELLS_THE_REMOVAL.at(cluster.minor()) { removed } else { before }
}

/// What a deletion does to the stored object.
enum Next {
    /// It is being deleted already.
    Nothing,
    Change(Value),
    /// It goes, with this as its last form where that is another one than the stored.
    Remove(Option<Value>),
}

fn next(cluster: &Simulator, wish: &Wish, stored: &Value) -> Next {
    let deleting = stored.pointer("/metadata/deletionTimestamp").is_some();
    if is_namespace(stored) && (!deleting || waits_for_content(stored)) {
        // The first request only begins; the last one comes when nothing is in it any more.
        return if deleting { Next::Nothing } else { marked(cluster, &with_dependents(wish, stored), 0, true) };
    }
    let left = stored.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
    let grace = grace_period(wish, stored);
    let object = with_dependents(wish, stored);
    let finalizers = object::metadata_list(&object, "finalizers").next().is_some();
    if deleting {
        return match (left.filter(|left| *left > 0), grace) {
            // Only a shorter grace period may be asked for.
            (Some(left), Some(grace)) if grace < left => marked(cluster, &object, grace, finalizers),
            (Some(_), _) => Next::Nothing,
            (None, _) if finalizers => Next::Change(object),
            (None, _) => Next::Remove(None),
        };
    }
    match grace {
        Some(grace) => marked(cluster, &object, grace, finalizers),
        None if finalizers => marked(cluster, &object, 0, true),
        None => Next::Remove(None),
    }
}

/// The object with the finalizer of the garbage collector that the request asks for, and without the other one.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/registry/generic/registry/store.go` `deletionFinalizersForGarbageCollection`
fn with_dependents(wish: &Wish, stored: &Value) -> Value {
    let finalizers: Vec<&str> = object::metadata_list(stored, "finalizers").collect();
    let has = |name: &str| finalizers.contains(&name);
    let wanted = match (wish.orphan_dependents, wish.propagation_policy.as_deref()) {
        (Some(true), _) | (None, Some("Orphan")) => Some(ORPHAN),
        (None, Some("Foreground")) => Some(FOREGROUND),
        (Some(false), _) | (None, Some(_)) => None,
        (None, None) if has(ORPHAN) => Some(ORPHAN),
        (None, None) => Some(FOREGROUND).filter(|name| has(name)),
    };
    let mut object = stored.clone();
    let is_the_same = [ORPHAN, FOREGROUND].iter().all(|name| has(name) == (wanted == Some(*name)));
    if !is_the_same {
        let kept = finalizers.iter().copied().filter(|name| ![ORPHAN, FOREGROUND].contains(name));
        let changed: Vec<_> = kept.chain(wanted).collect();
        let metadata = object::metadata_mut(&mut object);
        if changed.is_empty() {
            metadata.remove("finalizers");
        } else {
            metadata.insert("finalizers".to_owned(), json!(changed));
        }
    }
    object
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
    if grace > 0 || finalizers { Next::Change(object) } else { Next::Remove(Some(object)) }
}

fn later(cluster: &Simulator, seconds: i64) -> String {
    let now = cluster.now().parse::<Timestamp>().unwrap_or_default();
    let later = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn is_namespace(object: &Value) -> bool {
    object.get("kind").is_some_and(|kind| kind == "Namespace")
}

/// Whether it is a Namespace with finalizers of its own.
fn waits_for_content(object: &Value) -> bool {
    let finalizers = object.pointer("/spec/finalizers").and_then(Value::as_array);
    is_namespace(object) && finalizers.is_some_and(|finalizers| !finalizers.is_empty())
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

/// Checks that the object is the one that the request means.
///
/// # Errors
/// 409 in the words of the kind.
pub(crate) fn check_preconditions(target: &Target, wish: &Wish, object: &Value) -> Result<(), Status> {
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
        if target.resource.stored_as == "namespaces" {
            let why = format!(
                "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {version}"
            );
            return Err(target.conflict(&why));
        }
        return conflict(format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
             ({version}). The object might have been modified"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        SimulatorRequest,
        admission::UserInfo,
        minor::{Minor, api::FieldValidation},
    };

    fn mk_cluster() -> Simulator {
        SimulatorRequest::new(Minor::NEWEST).without_controllers().start()
    }

    fn mk_target(cluster: &Simulator, resource: &str) -> Target {
        Target::find(cluster.minor(), "", resource, "default", "a").unwrap()
    }

    fn mk_request() -> WriteRequest {
        WriteRequest {
            user: UserInfo::default(),
            manager: "test".to_owned(),
            dry_run: false,
            field_validation: FieldValidation::Ignore,
            options: json!({}),
            deadline: std::time::Duration::from_secs(30),
            is_of_component: false,
        }
    }

    fn mk_pod() -> Value {
        json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "default", "uid": "1"}})
    }

    fn mk_pod_with(field: &str, value: Value) -> Value {
        let mut pod = mk_pod();
        let holder = if field == "nodeName" { "spec" } else { "metadata" };
        pod[holder][field] = value;
        pod
    }

    fn mk_deleting() -> Value {
        let mut pod = mk_pod_with("deletionTimestamp", json!("2020-01-01T00:00:00Z"));
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        pod
    }

    /// What another writer does after the deletion has read the object.
    fn write(cluster: &Simulator, target: &Target) {
        let label = |object: &mut Value| object["metadata"]["labels"] = json!({"by": "another"});
        cluster.store().modify(&target.key(), label).unwrap();
    }

    #[rstest]
    #[case::of_what_goes_at_once("pods", mk_pod(), true)]
    #[case::of_what_has_a_grace_period("pods", mk_pod_with("nodeName", json!("n")), false)]
    #[case::of_what_has_a_finalizer("pods", mk_pod_with("finalizers", json!(["a.b/c"])), false)]
    #[case::of_what_is_being_deleted("pods", mk_deleting(), true)]
    #[case::of_a_kind_without_grace_periods(
        "configmaps",
        json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "default"}}),
        true
    )]
    #[tokio::test]
    async fn a_slower_deletion_looks_again(#[case] resource: &str, #[case] object: Value, #[case] is_gone: bool) {
        let (cluster, request, wish) = (mk_cluster(), mk_request(), Wish::default());
        let target = mk_target(&cluster, resource);
        let read = cluster.store().insert(&target.key(), object).unwrap();
        write(&cluster, &target);
        let written = cluster.store().get(&target.key());
        let attempted = attempt(&cluster, &target, &request, &wish, read, None).await.unwrap();
        assert!(attempted.is_none(), "neither refused nor done: {attempted:?}");
        assert_eq!(cluster.store().get(&target.key()), written);

        let deleted = remove(&cluster, &target, &request, &wish).await.unwrap();
        let (Deleted::Gone(last) | Deleted::Going(last)) = &deleted;
        assert_eq!(last["metadata"]["labels"], json!({"by": "another"}), "nothing of the other writer's is lost");
        assert_eq!(matches!(deleted, Deleted::Gone(_)), is_gone);
        assert_eq!(cluster.store().get(&target.key()).is_none(), is_gone);
    }

    #[tokio::test]
    async fn a_slower_deletion_of_a_named_version_conflicts() {
        let (cluster, request) = (mk_cluster(), mk_request());
        let target = mk_target(&cluster, "pods");
        let read = cluster.store().insert(&target.key(), mk_pod()).unwrap();
        let version = object::metadata(&read, "resourceVersion").to_owned();
        let wish = Wish { resource_version: Some(version), ..Wish::default() };
        write(&cluster, &target);
        assert!(attempt(&cluster, &target, &request, &wish, read, None).await.unwrap().is_none());
        assert_eq!(remove(&cluster, &target, &request, &wish).await.unwrap_err().code, 409);
        assert!(cluster.store().get(&target.key()).is_some());
    }

    #[rstest]
    #[case::whichever_it_is(None, None)]
    #[case::of_that_uid(Some("1"), Some(409))]
    #[tokio::test]
    async fn a_slower_deletion_meets_another_object_of_the_name(
        #[case] uid: Option<&str>,
        #[case] refused: Option<u16>,
    ) {
        let (cluster, request) = (mk_cluster(), mk_request());
        let target = mk_target(&cluster, "pods");
        let wish = Wish { uid: uid.map(str::to_owned), ..Wish::default() };
        let read = cluster.store().insert(&target.key(), mk_pod()).unwrap();
        cluster.store().delete(&target.key(), None).unwrap();
        cluster.store().insert(&target.key(), mk_pod_with("uid", json!("2"))).unwrap();
        assert!(attempt(&cluster, &target, &request, &wish, read, None).await.unwrap().is_none());
        let removed = remove(&cluster, &target, &request, &wish).await;
        assert_eq!(removed.err().map(|status| status.code), refused);
    }

    #[tokio::test]
    async fn a_deletion_slower_than_another_one_finds_nothing() {
        let (cluster, request, wish) = (mk_cluster(), mk_request(), Wish::default());
        let target = mk_target(&cluster, "pods");
        let read = cluster.store().insert(&target.key(), mk_pod()).unwrap();
        cluster.store().delete(&target.key(), None).unwrap();
        assert!(attempt(&cluster, &target, &request, &wish, read, None).await.unwrap().is_none());
        assert_eq!(remove(&cluster, &target, &request, &wish).await.unwrap_err().code, 404);
    }
}
