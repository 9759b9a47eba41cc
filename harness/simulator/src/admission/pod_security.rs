//! `PodSecurity`: the Pod Security Standards that a namespace's labels ask for.
//!
//! The standards themselves are not modelled. A namespace that asks for one is not passed over in silence: Pods in it
//! are answered 501.

use super::{Attributes, Operation};
use crate::{cluster::Simulator, minor, status::Status, store::Key};

/// The modes whose outcome a client sees; `audit` only shows in logs that this simulator does not write.
const MODES: [&str; 2] = ["enforce", "warn"];

/// Refuses to answer for Pods in a namespace that asks for more than `privileged`.
///
/// # Source
/// kubernetes v1.36.3 `plugin/pkg/admission/security/podsecurity/admission.go`, `pod-security-admission/api/constants.go`
pub(crate) fn validate(cluster: &Simulator, attributes: &Attributes) -> Result<(), Status> {
    let is_pods = attributes.group.is_empty()
        && attributes.resource == "pods"
        && matches!(attributes.subresource.as_str(), "" | "ephemeralcontainers")
        && matches!(attributes.operation, Operation::Create | Operation::Update);
    if !is_pods || !*minor::admission::POD_SECURITY.at(cluster.minor()) {
        return Ok(());
    }
    let Some(namespace) = cluster.store().get(&Key::new("namespaces", "", &attributes.namespace)) else {
        return Ok(());
    };
    for mode in MODES {
        let label = format!("pod-security.kubernetes.io/{mode}");
        let level = namespace["metadata"]["labels"][&label].as_str().unwrap_or("privileged");
        if level != "privileged" {
            let message = format!(
                "namespace {:?} is labelled {label}={level}, and Pod Security Standards are not modelled by this simulator",
                attributes.namespace
            );
            return Err(Status::new(501, "NotImplemented", message));
        }
    }
    Ok(())
}
