//! What kubelet and container runtime make of a container's seccomp settings.
//!
//! # Source
//! kubernetes v1.36 `pkg/kubelet/kuberuntime/helpers.go` `getSeccompProfile`; containerd v2
//! `internal/cri/sputil/seccomp_linux.go`, `contrib/seccomp/seccomp.go` `WithProfile`

use serde_json::Value;

use super::{NodeProfile, SeccompMode};
use crate::{cluster::Simulator, minor::node as rows};

/// The folder that Localhost profiles are named from.
const PROFILES: &str = "/var/lib/kubelet/seccomp";

/// Why a container is not created.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    /// `CreateContainerConfigError` or `CreateContainerError`.
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// The mode that the kernel enforces for a container of `pod`.
///
/// # Errors
/// What keeps the container from being created.
pub(super) fn mode(
    cluster: &Simulator,
    node: &NodeProfile,
    pod: &Value,
    container: &Value,
) -> Result<SeccompMode, Refusal> {
    let asked = asked(cluster, node, pod, container)?;
    // The runtime looks no further at a privileged container: not even for a file that is not there.
    if is_privileged(container) {
        return Ok(SeccompMode::Unconfined);
    }
    match &asked {
        SeccompMode::Localhost(profile) if !node.localhost_profiles.contains(profile) => {
            let path = format!("{PROFILES}/{profile}");
            Err(Refusal {
                reason: "CreateContainerError",
                message: format!(
                    "failed to create containerd container: cannot load seccomp profile \"{path}\": open {path}: no \
                     such file or directory"
                ),
            })
        }
        _ => Ok(asked),
    }
}

pub(super) fn is_privileged(container: &Value) -> bool {
    container.pointer("/securityContext/privileged") == Some(&Value::Bool(true))
}

/// What the kubelet asks the runtime for: the container's profile, the Pod's, the node's.
fn asked(cluster: &Simulator, node: &NodeProfile, pod: &Value, container: &Value) -> Result<SeccompMode, Refusal> {
    let minor = cluster.minor();
    let profile = container.pointer("/securityContext/seccompProfile").filter(|profile| profile.is_object());
    let profile =
        profile.or_else(|| pod.pointer("/spec/securityContext/seccompProfile").filter(|profile| profile.is_object()));
    let Some(profile) = profile else {
        let by_default = *rows::SECCOMP_DEFAULT.at(minor) && cluster.kubelets().seccomp_default(node, pod, container);
        return Ok(if by_default { SeccompMode::RuntimeDefault } else { SeccompMode::Unconfined });
    };
    let localhost = profile.get("localhostProfile").and_then(Value::as_str).unwrap_or_default();
    match profile.get("type").and_then(Value::as_str) {
        Some("RuntimeDefault") => Ok(SeccompMode::RuntimeDefault),
        Some("Localhost") if !localhost.is_empty() => Ok(SeccompMode::Localhost(localhost.to_owned())),
        Some("Localhost") if *rows::EMPTY_LOCALHOST_IS_ERROR.at(minor) => Err(Refusal {
            reason: "CreateContainerConfigError",
            message: "localhostProfile must be set if seccompProfile type is Localhost.".to_owned(),
        }),
        _ => Ok(SeccompMode::Unconfined),
    }
}
