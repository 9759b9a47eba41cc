//! The one table of what differs by Gardener release; nobody else compares releases.

mod program;

use std::ops::RangeInclusive;

use crate::{
    decide::Handler,
    release::{ByRelease, GardenerRelease},
    selector::{Operator, Requirement},
};

pub(crate) use program::Settings;

/// The label that exempts a Pod, whatever its value.
pub const SKIP_LABEL: &str = "seccompprofile.resources.gardener.cloud/skip";
/// The label by which gardener-resource-manager exempts itself.
pub const APP_LABEL: &str = "app";
/// The label of static Pods that gardenadm writes.
pub const STATIC_POD_LABEL: &str = "static-pod";
/// The label that marks a namespace as Gardener's, from 1.135 on.
pub const ROLE_LABEL: &str = "gardener.cloud/role";
/// The label by which kube-system was exempted before 1.132.
pub const PURPOSE_LABEL: &str = "gardener.cloud/purpose";
/// The label that the API server gives each namespace from Kubernetes 1.21 on.
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What gardener-resource-manager is called, and so its configuration, its Service and its `app` label.
pub const RESOURCE_MANAGER: &str = "gardener-resource-manager";

/// Never for Pods: the namespaces of a shoot cluster that Gardener fills itself.
const SHOOT_NAMESPACES: &[&str] = &["kube-system", "kubernetes-dashboard"];

const SKIP: Requirement = Requirement { key: SKIP_LABEL, operator: Operator::DoesNotExist, values: &[] };
const SELF: Requirement = Requirement { key: APP_LABEL, operator: Operator::NotIn, values: &[RESOURCE_MANAGER] };
const STATIC_POD: Requirement = Requirement { key: STATIC_POD_LABEL, operator: Operator::NotIn, values: &["true"] };
const PURPOSE: Requirement = Requirement { key: PURPOSE_LABEL, operator: Operator::NotIn, values: SHOOT_NAMESPACES };
const NAMED: Requirement =
    Requirement { key: NAMESPACE_NAME_LABEL, operator: Operator::NotIn, values: SHOOT_NAMESPACES };
const ROLE: Requirement = Requirement { key: ROLE_LABEL, operator: Operator::Exists, values: &[] };

static HANDLER: ByRelease<Handler> = ByRelease::new(&[
    (54, Handler::Handle, "gardener v1.54.0 pkg/resourcemanager/webhook/seccompprofile/handler.go Handle"),
    (59, Handler::Default, "gardener v1.59.0 pkg/resourcemanager/webhook/seccompprofile/handler.go Default (#6865)"),
]);

static OBJECT_SELECTOR: ByRelease<&[Requirement]> = ByRelease::new(&[
    (54, &[SKIP, SELF], "gardener v1.54.0 resource_manager.go GetSeccompProfileMutatingWebhook (#6450)"),
    (135, &[SKIP, SELF, STATIC_POD], "gardener v1.135.0 resource_manager.go NewSeccompProfileMutatingWebhook (#13575)"),
]);

static NAMESPACE_SELECTOR: ByRelease<&[Requirement]> = ByRelease::new(&[
    (54, &[PURPOSE], "gardener v1.54.0 resource_manager.go buildWebhookNamespaceSelector (#6450)"),
    (132, &[NAMED], "gardener v1.132.0 resource_manager.go buildWebhookNamespaceSelector (#13398)"),
    (135, &[ROLE, NAMED], "gardener v1.135.0 resource_manager.go buildWebhookNamespaceSelector, ForRuntime (#13575)"),
]);

/// The labels that the seed controller writes to the seed's kube-system.
static KUBE_SYSTEM_LABELS: ByRelease<&[(&str, &str)]> = ByRelease::new(&[
    (54, &[], "gardener v1.54.0: the seed's kube-system is left alone"),
    (58, &[(PURPOSE_LABEL, "kube-system")], "gardener v1.58.0 pkg/operation/seed (#6829)"),
    (59, &[], "gardener v1.59.0: lost again (#6836)"),
]);

impl GardenerRelease {
    /// How this release's handler behaves.
    pub fn handler(self) -> Handler {
        *HANDLER.at(self)
    }

    /// The labels that this release writes to the seed's `kube-system`, where it runs on a cluster that is no shoot.
    pub fn kube_system_labels(self) -> &'static [(&'static str, &'static str)] {
        KUBE_SYSTEM_LABELS.at(self)
    }

    /// The ranges of releases within which registration, handler and labels are the same, oldest first.
    pub fn epochs() -> Vec<RangeInclusive<Self>> {
        let mut starts: Vec<u16> = HANDLER
            .changes()
            .chain(OBJECT_SELECTOR.changes())
            .chain(NAMESPACE_SELECTOR.changes())
            .chain(KUBE_SYSTEM_LABELS.changes())
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([Self::NEWEST.number()]);
        starts.iter().zip(ends).filter_map(|(start, end)| Some(Self::new(*start)?..=Self::new(end)?)).collect()
    }
}

pub(crate) fn object_selector(release: GardenerRelease) -> &'static [Requirement] {
    OBJECT_SELECTOR.at(release)
}

pub(crate) fn namespace_selector(release: GardenerRelease) -> &'static [Requirement] {
    NAMESPACE_SELECTOR.at(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_cover_every_release_once() {
        let covered: Vec<_> = GardenerRelease::epochs()
            .into_iter()
            .flat_map(|epoch| epoch.start().number()..=epoch.end().number())
            .collect();
        assert_eq!(covered, GardenerRelease::all().map(GardenerRelease::number).collect::<Vec<_>>());
    }

    #[test]
    fn epochs_are_those_of_gardeners_history() {
        let epochs: Vec<_> =
            GardenerRelease::epochs().iter().map(|epoch| format!("{}-{}", epoch.start(), epoch.end())).collect();
        assert_eq!(epochs, ["1.54-1.57", "1.58-1.58", "1.59-1.131", "1.132-1.134", "1.135-1.149"]);
    }
}
