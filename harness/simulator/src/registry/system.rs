//! Objects that components of the control plane make without a request: no admission, no validation.

use serde_json::{Value, json};

use super::{defaults, managed_fields, metadata, prepare};
use crate::{cluster::Simulator, minor::resource::Resource, object, store::Key};

/// Makes an object as `manager` does; one that is there already stays, and so does a cluster that does not know its kind.
///
/// # Shape
/// `group`: empty for the core group; `resource`: `secrets`, in version `v1`; `object`: without `kind` and `apiVersion`,
/// with a name, and a namespace where it has one.
pub(crate) fn make(cluster: &Simulator, manager: &str, group: &str, resource: &str, mut object: Value) {
    let minor = cluster.minor();
    let Some(resource) = Resource::find(minor, group, "v1", resource) else {
        return;
    };
    let key = Key::new(resource.stored_as, object::namespace(&object), object::name(&object));
    if cluster.store().get(&key).is_some() {
        return;
    }
    let api_version = resource.api_version();
    object["kind"] = json!(resource.kind);
    object["apiVersion"] = json!(api_version);
    defaults::apply(minor, resource.kind, &mut object);
    let now = cluster.now();
    let manager = managed_fields::Manager { name: manager, subresource: "", time: &now };
    managed_fields::update(minor, resource.kind, &api_version, None, &mut object, &manager);
    // Nobody reads warnings about the system's own objects.
    let _ = prepare::for_create(minor, resource, &mut object, &now);
    metadata::fill_system_fields(cluster, &mut object);
    if let Err(error) = cluster.store().insert(&key, object) {
        tracing::debug!(%error, name = key.name, "someone else made the object first");
    }
}
