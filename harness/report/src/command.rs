//! The command that shows a case again.

use std::fmt::Write as _;

use crate::document::{CaseName, Document};

/// The webhook that is tested where none is named.
const WEBHOOK: &str = "reference";
/// The cluster that is run on where none is named.
const CLUSTER: &str = "simulated";

/// The command that runs a case of a document again, with those of its scenario.
pub(crate) fn again(case: &CaseName, document: &Document) -> String {
    run_command(&case.scenario, (&case.kubernetes, &case.gardener), (&document.webhook, document.cluster_name()))
}

/// The command that runs `scenario` on a Kubernetes minor and a Gardener release, with a webhook on a cluster; either of
/// these may be empty where it is not known.
pub(crate) fn run_command(
    scenario: &str,
    (kubernetes, gardener): (&dyn std::fmt::Display, &str),
    (webhook, cluster): (&str, &str),
) -> String {
    let mut command = format!("seccomp-harness run {scenario} --kubernetes {kubernetes} --gardener {gardener}");
    for (flag, value, default) in [("--webhook", webhook, WEBHOOK), ("--cluster", cluster, CLUSTER)] {
        if !value.is_empty() && value != default {
            let _ = write!(command, " {flag} {value}");
        }
    }
    command
}
