//! Objects in the form that a client asked for.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Call,
    negotiate::Shape,
    respond::{Reply, as_item},
    table,
};
use crate::{
    minor::{Minor, resource::Resource},
    object,
};

/// What a client wants to see of a resource's objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) minor: Minor,
    pub(crate) resource: &'static Resource,
    pub(crate) shape: Shape,
    pub(crate) include: Include,
    /// Against which ages are counted.
    pub(crate) now: Timestamp,
}

/// What the rows of a table carry besides their cells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl View {
    /// The view that a request asks for.
    pub(crate) fn of(call: &Call<'_>) -> Self {
        Self {
            minor: call.cluster.minor(),
            resource: call.target.resource,
            shape: call.accept.shape,
            include: match call.query.get("includeObject") {
                Some("None") => Include::Nothing,
                Some("Object") => Include::Object,
                _ => Include::Metadata,
            },
            now: call.cluster.timestamp(),
        }
    }

    /// One object as a watch tells of it; the first has the column definitions.
    pub(crate) fn event(&self, object: &Value, first: bool) -> Value {
        match self.shape {
            Shape::Object => object.clone(),
            Shape::Metadata => metadata_only(object),
            Shape::Table => table::table(self, &[object], &version(object), first),
        }
    }
}

fn version(object: &Value) -> Value {
    json!({"resourceVersion": object::metadata(object, "resourceVersion")})
}

/// One object.
pub(crate) fn one(call: &Call<'_>, code: u16, object: &Value) -> Reply {
    match call.accept.shape {
        Shape::Object => Reply::json(code, object),
        Shape::Metadata => Reply::json(code, &metadata_only(object)),
        Shape::Table => Reply::json(code, &table::table(&View::of(call), &[object], &version(object), true)),
    }
}

/// A list as it is answered, without a copy of its items.
#[derive(Serialize)]
struct List<'a, I: Serialize> {
    kind: &'a str,
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    metadata: &'a Value,
    items: Vec<I>,
}

/// Several objects.
pub(crate) fn list(call: &Call<'_>, objects: &[Arc<Value>], metadata: &Value) -> Reply {
    let resource = call.target.resource;
    match call.accept.shape {
        Shape::Object => Reply::json(
            200,
            &List {
                kind: &resource.list_kind(),
                api_version: &resource.api_version(),
                metadata,
                items: objects.iter().map(|object| as_item(object)).collect(),
            },
        ),
        Shape::Metadata => Reply::json(
            200,
            &List {
                kind: "PartialObjectMetadataList",
                api_version: "meta.k8s.io/v1",
                metadata,
                items: objects.iter().map(|object| json!({"metadata": object.get("metadata")})).collect(),
            },
        ),
        Shape::Table => {
            let objects = objects.iter().map(|object| &**object).collect::<Vec<_>>();
            Reply::json(200, &table::table(&View::of(call), &objects, metadata, true))
        }
    }
}

/// `PartialObjectMetadata`.
pub(crate) fn metadata_only(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
    })
}
