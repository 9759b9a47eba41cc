//! Each resource's life: defaults, preparation, validation, warnings.
//!
//! The functions of the siblings below take and give objects in canonical form (see [`crate::fields`]) and know nothing
//! of requests; [`create`], [`update`] and [`delete`] call them in the order in which an API server does.

pub(crate) mod create;
pub(crate) mod decode;
pub(crate) mod defaults;
pub(crate) mod delete;
pub(crate) mod disabled_fields;
pub(crate) mod managed_fields;
pub(crate) mod metadata;
pub(crate) mod pod;
pub(crate) mod prepare;
pub(crate) mod read;
pub(crate) mod system;
pub(crate) mod update;
pub(crate) mod validation;

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    admission::{Attributes, Notes, Operation, UserInfo},
    cluster::Simulator,
    minor::{Minor, api::FieldValidation, resource::Resource},
    status::Status,
    store::Key,
};

/// What a request is about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: &'static Resource,
    /// Empty for `status` and the like of the resource itself.
    pub(crate) subresource: String,
    /// Empty for cluster-scoped resources, and for all namespaces.
    pub(crate) namespace: String,
    /// Empty for collections.
    pub(crate) name: String,
}

impl Target {
    /// The object at `/apis/<group>/v1/namespaces/<namespace>/<resource>/<name>`, or its collection without a name; nothing
    /// where `minor` does not serve it.
    pub(crate) fn find(minor: Minor, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Self> {
        Resource::find(minor, group, "v1", resource).map(|resource| Self::of(resource, namespace, name))
    }

    /// An object of `resource`.
    pub(crate) fn of(resource: &'static Resource, namespace: &str, name: &str) -> Self {
        Self { resource, subresource: String::new(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The object's `status`.
    pub(crate) fn status(self) -> Self {
        Self { subresource: "status".to_owned(), ..self }
    }

    /// Where the object is kept.
    pub(crate) fn key(&self) -> Key {
        Key::new(self.resource.stored_as, &self.namespace, &self.name)
    }

    /// 404 for this object.
    pub(crate) fn not_found(&self) -> Status {
        Status::not_found(self.resource.group, self.resource.name, &self.name)
    }

    /// 409 for this object.
    pub(crate) fn conflict(&self, why: &str) -> Status {
        Status::conflict(self.resource.group, self.resource.name, &self.name, why)
    }

    /// The namespace as admission sees it: a Namespace is in itself.
    pub(crate) fn admission_namespace(&self, object_name: &str) -> String {
        if self.resource.stored_as == "namespaces" { object_name.to_owned() } else { self.namespace.clone() }
    }

    /// What admission is told of a request about this object.
    pub(crate) fn attributes(&self, operation: Operation, request: &WriteRequest) -> Attributes {
        Attributes {
            operation,
            group: self.resource.group.to_owned(),
            version: self.resource.version.to_owned(),
            resource: self.resource.name.to_owned(),
            subresource: self.subresource.clone(),
            kind: self.resource.kind.to_owned(),
            namespace: self.admission_namespace(&self.name),
            name: self.name.clone(),
            object: None,
            old_object: None,
            options: request.options.clone(),
            dry_run: request.dry_run,
            user: request.user.clone(),
            deadline: request.deadline,
        }
    }
}

/// The text of a 409 for a write of an old version.
///
/// # Source
/// kubernetes v1.36 `apiserver/pkg/registry/generic/registry/store.go` `OptimisticLockErrorMsg`
pub(crate) const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// A write, besides what it is about and the object itself.
#[derive(Clone, Debug)]
pub(crate) struct WriteRequest {
    pub(crate) user: UserInfo,
    /// `fieldManager`, else the User-Agent up to its first `/`.
    pub(crate) manager: String,
    pub(crate) dry_run: bool,
    pub(crate) field_validation: FieldValidation,
    /// `CreateOptions` and its like as JSON, with `kind` and `apiVersion`.
    pub(crate) options: Value,
    /// What is left of the request's time.
    pub(crate) deadline: Duration,
    /// Whether a component of the cluster asks, which then looks itself at what comes of it.
    pub(crate) is_of_component: bool,
}

/// A write that happened, or would have.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) object: Arc<Value>,
    pub(crate) notes: Notes,
}

/// Lets the cluster come to rest after a write.
pub(crate) async fn settle(cluster: &Simulator, request: &WriteRequest) {
    if request.dry_run {
        return;
    }
    crate::controllers::react(cluster);
    if !request.is_of_component {
        crate::controllers::act(cluster).await;
    }
}
