//! What every object's metadata goes through.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{cluster::Simulator, minor::api as rows, object, status::Status};

/// How much of a `generateName` is kept.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/storage/names/generate.go` `MaxGeneratedNameLength`
const GENERATED_BASE: usize = 58;

/// How many letters follow it.
const GENERATED_LETTERS: usize = 5;

/// The fields that only the server sets.
const SYSTEM_FIELDS: [&str; 4] = ["uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

/// Takes off what only the server sets.
pub(crate) fn wipe_system_fields(object: &mut Value) {
    let metadata = object::metadata_mut(object);
    for field in SYSTEM_FIELDS {
        metadata.remove(field);
    }
    if let Some(time) = metadata.get_mut("creationTimestamp") {
        *time = Value::Null;
    }
}

/// Takes off what says that an object is being deleted.
pub(crate) fn wipe_deletion(object: &mut Value) {
    let metadata = object::metadata_mut(object);
    for field in &SYSTEM_FIELDS[1..] {
        metadata.remove(*field);
    }
}

/// Brings an unset `creationTimestamp` into the form of `minor`.
pub(crate) fn normalise_creation_time(cluster: &Simulator, object: &mut Value) {
    let metadata = object::metadata_mut(object);
    if metadata.get("creationTimestamp").is_none_or(Value::is_null) {
        if *rows::NULL_CREATION_TIMESTAMP.at(cluster.minor()) {
            metadata.insert("creationTimestamp".to_owned(), Value::Null);
        } else {
            metadata.remove("creationTimestamp");
        }
    }
}

/// Sets `metadata.namespace` to the request's, or refuses another one.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/registry/rest/meta.go` `EnsureObjectNamespaceMatchesRequestNamespace`
pub(crate) fn ensure_namespace(object: &mut Value, wanted: &str) -> Result<(), Status> {
    let found = object::namespace(object);
    if found == wanted {
        return Ok(());
    }
    if wanted.is_empty() {
        object::metadata_mut(object).remove("namespace");
    } else if found.is_empty() {
        object::set_metadata(object, "namespace", wanted);
    } else {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// Draws a uid and sets the creation time.
pub(crate) fn fill_system_fields(cluster: &Simulator, object: &mut Value) {
    let metadata = object::metadata_mut(object);
    metadata.insert("creationTimestamp".to_owned(), json!(cluster.now()));
    metadata.insert("uid".to_owned(), json!(cluster.identities().uid()));
}

/// Draws a name where the object asks for one.
pub(crate) fn generate_name(cluster: &Simulator, object: &mut Value) {
    let base = object::metadata(object, "generateName");
    if base.is_empty() || !object::name(object).is_empty() {
        return;
    }
    let kept = base.char_indices().nth(GENERATED_BASE).map_or(base, |(end, _)| &base[..end]);
    let name = format!("{kept}{}", cluster.identities().suffix(GENERATED_LETTERS));
    object::set_metadata(object, "name", name);
}

/// Drops owner references that are there twice; gives the uids that were.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/endpoints/handlers/rest.go` `dedupOwnerReferences`
fn drop_duplicate_owners(object: &mut Value) -> Vec<String> {
    let Some(Value::Array(owners)) = object::metadata_mut(object).get_mut("ownerReferences") else {
        return Vec::new();
    };
    let mut seen = Vec::<Value>::new();
    let mut duplicates = BTreeSet::new();
    owners.retain(|owner| {
        if seen.contains(owner) {
            duplicates.insert(owner.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned());
            return false;
        }
        seen.push(owner.clone());
        true
    });
    duplicates.into_iter().collect()
}

/// Drops owner references that are there twice, and warns of it.
pub(crate) fn dedup_owners(object: &mut Value, after_admission: bool, warnings: &mut Vec<String>) {
    let duplicates = drop_duplicate_owners(object);
    if !duplicates.is_empty() {
        let when = if after_admission { " after mutating admission happens" } else { "" };
        warnings.push(format!(
            ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, \
             and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            duplicates.join(", ")
        ));
    }
}

/// Takes an emptied list of webhooks out, of which nothing is stored; says whether there was one.
pub(crate) fn drop_emptied_webhooks(object: &mut Value) -> bool {
    let is_empty = object.get("webhooks").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if is_empty && let Some(fields) = object.as_object_mut() {
        fields.remove("webhooks");
    }
    is_empty
}

/// Takes off managed fields that a webhook has emptied, which are not written.
pub(crate) fn drop_emptied_managed_fields(object: &mut Value) {
    let metadata = object::metadata_mut(object);
    if metadata.get("managedFields").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        metadata.remove("managedFields");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_another_namespace() {
        let mut object = json!({"metadata": {"namespace": "a"}});
        assert_eq!(ensure_namespace(&mut object, "b").unwrap_err().code, 400);
        assert!(ensure_namespace(&mut object, "a").is_ok());
        ensure_namespace(&mut object, "").unwrap();
        assert_eq!(object, json!({"metadata": {}}));
    }

    #[test]
    fn drops_owners_that_are_there_twice() {
        let owner = json!({"uid": "1", "name": "x"});
        let mut object = json!({"metadata": {"ownerReferences": [owner, owner, {"uid": "1", "name": "y"}]}});
        let mut warnings = Vec::new();
        dedup_owners(&mut object, false, &mut warnings);
        assert_eq!(object["metadata"]["ownerReferences"].as_array().unwrap().len(), 2);
        assert!(warnings[0].ends_with("duplicate UID(s) observed: 1"), "{warnings:?}");
    }
}
