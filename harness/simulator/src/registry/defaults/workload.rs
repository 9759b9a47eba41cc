//! The defaults of workloads, and of the template of their Pods.

use serde_json::json;

use super::{Fields, below, pod, set, text};
use crate::minor::Minor;

/// # Source
/// kubernetes v1.36 `pkg/apis/apps/v1/defaults.go` `SetDefaults_Deployment`
pub(super) fn deployment(minor: Minor, deployment: &mut Fields) {
    let Some(spec) = below(deployment, "spec") else {
        return;
    };
    template(minor, spec);
    set(spec, "replicas", || 1.into());
    set(spec, "strategy", || json!({}));
    if let Some(strategy) = below(spec, "strategy") {
        if text(strategy, "type").is_empty() {
            strategy.insert("type".to_owned(), "RollingUpdate".into());
        }
        if text(strategy, "type") == "RollingUpdate" {
            set(strategy, "rollingUpdate", || json!({}));
            if let Some(rolling) = below(strategy, "rollingUpdate") {
                set(rolling, "maxUnavailable", || "25%".into());
                set(rolling, "maxSurge", || "25%".into());
            }
        }
    }
    set(spec, "revisionHistoryLimit", || 10.into());
    set(spec, "progressDeadlineSeconds", || 600.into());
}

/// # Source
/// kubernetes v1.36 `pkg/apis/apps/v1/defaults.go` `SetDefaults_ReplicaSet`
pub(super) fn replica_set(minor: Minor, replica_set: &mut Fields) {
    if let Some(spec) = below(replica_set, "spec") {
        template(minor, spec);
        set(spec, "replicas", || 1.into());
    }
}

/// The template of Pods: defaults as of a Pod, but for those that are a Pod's alone.
fn template(minor: Minor, spec: &mut Fields) {
    if let Some(template) = below(spec, "template") {
        pod::template(minor, template);
    }
}
