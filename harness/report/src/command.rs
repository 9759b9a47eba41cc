//! The command that shows a case again.

use std::fmt::Write as _;

use crate::document::{CaseName, Document};

/// What is tested, and run on, where nothing is named.
const DEFAULTS: [&str; 2] = ["reference", "simulated"];

/// The command that runs a case again, with those of its scenario.
pub(crate) fn again(case: &CaseName, document: &Document) -> String {
    let mut command =
        format!("seccomp-harness run {} --kubernetes {} --gardener {}", case.scenario, case.kubernetes, case.gardener);
    let named = [("--webhook", document.webhook.as_str()), ("--cluster", document.cluster_name())];
    for (flag, value) in named.into_iter().filter(|(_, value)| !value.is_empty() && !DEFAULTS.contains(value)) {
        let _ = write!(command, " {flag} {value}");
    }
    command
}
