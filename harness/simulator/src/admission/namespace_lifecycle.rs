//! NamespaceLifecycle: nothing is created in a namespace that is not there or on its way out.

use serde_json::{Value, json};

use super::{Attributes, Operation};
use crate::{cluster::Simulator, status::Status, store::Key};

/// Namespaces that are never deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Refuses what would be written into a missing namespace, created in a terminating one, or deletes an immortal one.
///
/// # Source
/// apiserver v0.36.3 `admission/plugin/namespace/lifecycle/admission.go` `Lifecycle.Admit`
pub(crate) fn admit(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    let is_namespace = attributes.group.is_empty() && attributes.kind == "Namespace";
    if attributes.operation == Operation::Connect {
        return Ok(());
    }
    if is_namespace {
        if attributes.operation == Operation::Delete && IMMORTAL.contains(&attributes.name.as_str()) {
            return Err(Status::forbidden("", "namespaces", &attributes.name, "this namespace may not be deleted"));
        }
        return Ok(());
    }
    let is_access_review =
        attributes.group == "authorization.k8s.io" && attributes.resource == "localsubjectaccessreviews";
    if attributes.namespace.is_empty() || attributes.operation == Operation::Delete || is_access_review {
        return Ok(());
    }
    let Some(namespace) = cluster.store().get(&Key::new("namespaces", "", &attributes.namespace)) else {
        return Err(Status::not_found("", "namespaces", &attributes.namespace));
    };
    if attributes.operation == Operation::Create && is_terminating(&namespace) {
        return Err(terminating(attributes));
    }
    Ok(())
}

fn is_terminating(namespace: &Value) -> bool {
    namespace.pointer("/status/phase").and_then(Value::as_str) == Some("Terminating")
}

fn terminating(attributes: &Attributes) -> Status {
    let namespace = &attributes.namespace;
    let mut status = attributes
        .forbidden(format!("unable to create new content in namespace {namespace} because it is being terminated"));
    let cause = json!({
        "reason": "NamespaceTerminating",
        "message": format!("namespace {namespace} is being terminated"),
        "field": "metadata.namespace",
    });
    if let Some(details) = status.details.as_mut() {
        details["causes"] = json!([cause]);
    }
    status
}
