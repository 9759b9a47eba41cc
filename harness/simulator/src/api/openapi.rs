//! `/openapi/v2` and `/openapi/v3`: as much as clients look up before they write.
//!
//! The documents describe no types. They say which kinds can be patched, and with which parameters: by that, kubectl
//! finds out whether an API server understands `dryRun` and `fieldValidation`. A kind without a schema is one that
//! kubectl leaves for the server to validate.

mod protobuf;

use serde_json::{Map, Value, json};

use super::respond::Reply;
use crate::minor::{Minor, api as rows, node::KUBELET_VERSION, resource::Resource};

/// The type of a document of version 2 that kubectl asks for.
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The parameters of a patch.
fn parameters(minor: Minor) -> &'static [&'static str] {
    if rows::FIELD_VALIDATION.at(minor).is_some() {
        &["dryRun", "fieldManager", "fieldValidation", "force"]
    } else {
        &["dryRun", "fieldManager", "force"]
    }
}

/// The path of one object, as the documents write it.
fn path(resource: &Resource) -> String {
    let prefix = if resource.group.is_empty() { "api".to_owned() } else { format!("apis/{}", resource.group) };
    let namespace = if resource.namespaced { "namespaces/{namespace}/" } else { "" };
    format!("/{prefix}/{}/{namespace}{}/{{name}}", resource.version, resource.name)
}

/// `/openapi/v2`, in JSON or in the form that kubectl insists on.
pub(crate) fn v2(minor: Minor, accept: &str) -> Reply {
    if accept.contains("+protobuf") {
        return Reply::typed(PROTOBUF, protobuf::document(minor));
    }
    Reply::json(
        200,
        &json!({
            "swagger": "2.0",
            "info": info(minor),
            "paths": Resource::all(minor).map(|resource| (path(resource), item(minor, resource))).collect::<Map<_, _>>(),
            "definitions": {},
        }),
    )
}

fn info(minor: Minor) -> Value {
    json!({"title": "Kubernetes (simulated)", "version": KUBELET_VERSION.at(minor)})
}

/// What can be done with one object.
fn item(minor: Minor, resource: &Resource) -> Value {
    let parameters = parameters(minor).iter().map(|name| json!({"name": name, "in": "query"}));
    json!({"patch": {
        "parameters": parameters.collect::<Vec<_>>(),
        "responses": {},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": resource.group, "version": resource.version, "kind": resource.kind,
        },
    }})
}

/// `/openapi/v3`: where the documents are.
pub(crate) fn v3_index(minor: Minor) -> Option<Reply> {
    rows::SERVES_OPENAPI_V3.at(minor).then(|| {
        let paths = Resource::all(minor).map(|resource| {
            let path = group_path(resource);
            let url = format!("/openapi/v3/{path}");
            (path, json!({"serverRelativeURL": url}))
        });
        Reply::json(200, &json!({"paths": paths.collect::<Map<_, _>>()}))
    })
}

fn group_path(resource: &Resource) -> String {
    let prefix = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{prefix}/{}", resource.api_version())
}

/// `/openapi/v3/<path>`.
pub(crate) fn v3(minor: Minor, wanted: &str) -> Option<Reply> {
    let inside = Resource::all(minor).filter(|resource| group_path(resource) == wanted);
    let paths = inside.map(|resource| (path(resource), item(minor, resource))).collect::<Map<_, _>>();
    (*rows::SERVES_OPENAPI_V3.at(minor) && !paths.is_empty()).then(|| {
        Reply::json(
            200,
            &json!({"openapi": "3.0.0", "info": info(minor), "paths": paths, "components": {"schemas": {}}}),
        )
    })
}
