//! The command that shows a case again.

use std::fmt::Write as _;

use crate::document::{CaseName, Document};

/// The webhook that is tested where none is named.
const WEBHOOK: &str = "reference";
/// The cluster that is run on where none is named.
const CLUSTER: &str = "simulated";

/// The command that runs a case of a document again, with those of its scenario.
pub(crate) fn again(case: &CaseName, document: &Document) -> String {
    let on = (&document.webhook as &str, document.cluster_name());
    run_command(&case.scenario, (&case.kubernetes, &case.gardener), on, &document.flags)
}

/// The command that runs `scenario` on a Kubernetes minor and a Gardener release, with a webhook on a cluster; either of
/// these may be empty where it is not known. `flags` say how both are reached.
pub(crate) fn run_command(
    scenario: &str,
    (kubernetes, gardener): (&dyn std::fmt::Display, &str),
    (webhook, cluster): (&str, &str),
    flags: &[String],
) -> String {
    let mut command = format!("seccomp-harness run {scenario} --kubernetes {kubernetes} --gardener {gardener}");
    for (flag, value, default) in [("--webhook", webhook, WEBHOOK), ("--cluster", cluster, CLUSTER)] {
        if !value.is_empty() && value != default {
            let _ = write!(command, " {flag} {value}");
        }
    }
    for flag in flags {
        // A word that no shell can be given, one with a NUL, cannot have been given by one either.
        let _ = write!(command, " {}", shlex::try_quote(flag).unwrap_or_default());
    }
    command
}
