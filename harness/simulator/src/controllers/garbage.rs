//! The garbage collector: what a workload owned goes with it.
//!
//! # Source
//! kubernetes v1.36 `pkg/controller/garbagecollector/garbagecollector.go` `attemptToDeleteItem`

use serde_json::Value;

use super::acting::Component;
use crate::{
    cluster::Simulator,
    minor::resource::Resource,
    object,
    registry::{Target, delete},
};

/// Deletes what has no other owner than the one that is gone, in the background.
pub(super) async fn collect(cluster: &Simulator, namespace: &str, owner: &str) {
    let minor = cluster.minor();
    for (key, object) in cluster.store().in_namespace(namespace) {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let is_orphan = owners.is_some_and(|owners| {
            !owners.is_empty() && owners.iter().all(|reference| reference.get("uid").is_some_and(|uid| uid == owner))
        });
        let Some(resource) = Resource::all(minor).find(|resource| is_orphan && resource.stored_as == key.resource)
        else {
            continue;
        };
        let target = Target::of(resource, namespace, &key.name);
        let request = Component::Controller("generic-garbage-collector").request("DeleteOptions");
        let wish = delete::Wish {
            uid: Some(object::metadata(&object, "uid").to_owned()),
            propagation_policy: Some("Background".to_owned()),
            ..delete::Wish::default()
        };
        if let Err(status) = delete::delete(cluster, &target, &request, &wish).await {
            tracing::debug!(name = key.name, status = status.message, "an orphan stays");
        }
    }
}
