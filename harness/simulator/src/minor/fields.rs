//! What differs by minor in how values are read.

use super::ByMinor;

/// Whether the errors of Go's decoder name the structs that fields are embedded with:
/// `livenessProbe.ProbeHandler.httpGet`.
pub(crate) static EMBEDDED_IN_ERRORS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.34 go.mod: sigs.k8s.io/json v0.0.0-20241014173422"),
    (35, true, "v1.35 go.mod: sigs.k8s.io/json v0.0.0-20250730193827 decode.go object"),
]);

/// Whether an entry of `managedFields` names the subresource that was written.
pub(crate) static SUBRESOURCE_IN_MANAGED_FIELDS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v0.21 apimachinery/pkg/apis/meta/v1/types.go ManagedFieldsEntry has no Subresource"),
    (22, true, "v0.22 apimachinery/pkg/apis/meta/v1/types.go ManagedFieldsEntry.Subresource"),
]);

/// Whether fields that a resource's strategy overwrites stay out of `managedFields`.
pub(crate) static RESET_FIELDS: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.20 pkg/registry/core/pod/strategy.go has no GetResetFields"),
    (21, true, "v1.21 pkg/registry/core/pod/strategy.go GetResetFields"),
]);

/// Whether a write to `ephemeralcontainers` owns what the client changed, that which is not kept too; before, it owns
/// nothing.
pub(crate) static EPHEMERAL_CONTAINERS_OWNED: ByMinor<bool> = ByMinor::new(&[
    (20, false, "v1.32 pkg/registry/core/pod/strategy.go dropNonEphemeralContainerUpdates copies the old Pod"),
    (33, true, "v1.33 pkg/registry/core/pod/strategy.go podEphemeralContainersStrategy; kube-apiserver 1.36.3"),
]);

/// Whether an item without the `name` that is its key has the empty one.
pub(crate) static NAMES_DEFAULT_TO_EMPTY: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16"),
    (31, true, "v1.31 api/core/v1/types.go LocalObjectReference.Name: +default; kube-apiserver 1.31.14, 1.36.3"),
]);

/// Whether two items with the same keys, or two of the same values in a set, can be owned; before, nothing is.
pub(crate) static DUPLICATES_OWNED: ByMinor<bool> = ByMinor::new(&[
    (20, false, "kube-apiserver 1.24.17, 1.25.16"),
    (29, true, "structured-merge-diff v4.4 typed.AllowDuplicates; kube-apiserver 1.31.14, 1.36.3"),
]);
