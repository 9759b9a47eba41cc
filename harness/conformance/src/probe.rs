//! What the harness's own probe prints in a container, and what that says of the seccomp mode.

use std::collections::BTreeMap;

use kube_simulator::{ContainerView, Program, SeccompMode};
use serde::{Deserialize, Serialize};

/// What stands for the probe's image in scenarios.
pub const SCENARIO_IMAGE: &str = "probe";
/// The probe's image as clusters know it.
pub const PROBE_IMAGE: &str = "seccomp-harness/probe:v1";

/// A harmless system call that the runtimes' default profiles refuse to a container without capabilities.
///
/// # Source
/// containerd v1.6 `contrib/seccomp/seccomp_default.go` `DefaultProfile`: `keyctl` is not among the allowed ones
pub const REFUSED_BY_RUNTIME_DEFAULT: &str = "keyctl";
/// A harmless system call that the default profiles allow and the harness's own Localhost profile refuses.
pub const REFUSED_BY_LOCALHOST: &str = "getpriority";

/// One line of JSON: what a process sees of its own seccomp filters.
///
/// # Shape
/// `{"seccomp":2,"filters":1,"calls":{"getpriority":"allowed","keyctl":"refused"}}`
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeReport {
    /// `Seccomp` in `/proc/self/status`: 0 without a filter, 2 with one.
    pub seccomp: u8,
    /// `Seccomp_filters` in `/proc/self/status`.
    pub filters: u32,
    /// The answer to each system call that was tried.
    pub calls: BTreeMap<String, CallAnswer>,
}

/// What the kernel does with a system call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CallAnswer {
    /// The kernel carried it out, or refused it for a reason that has nothing to do with seccomp.
    Allowed,
    /// The filter refused it.
    Refused,
}

impl ProbeReport {
    /// Reads a container's log: the last line that is a report.
    pub fn from_log(log: &str) -> Option<Self> {
        log.lines().rev().find_map(|line| serde_json::from_str(line).ok())
    }

    /// The seccomp mode that explains the report, as scenarios name it; nothing where none does.
    pub fn mode(&self) -> Option<&'static str> {
        let is_refused = |call| self.calls.get(call) == Some(&CallAnswer::Refused);
        match (self.seccomp, is_refused(REFUSED_BY_RUNTIME_DEFAULT), is_refused(REFUSED_BY_LOCALHOST)) {
            (0, false, false) => Some("Unconfined"),
            (2, true, false) => Some("RuntimeDefault"),
            (2, false, true) => Some("Localhost"),
            _ => None,
        }
    }
}

/// The probe, as simulated nodes run it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedProbe;

impl Program for SimulatedProbe {
    fn output(&self, container: &ContainerView<'_>) -> String {
        let refused = match container.mode {
            SeccompMode::Unconfined => None,
            SeccompMode::RuntimeDefault => Some(REFUSED_BY_RUNTIME_DEFAULT),
            SeccompMode::Localhost(_) => Some(REFUSED_BY_LOCALHOST),
        };
        let answer = |call| if refused == Some(call) { CallAnswer::Refused } else { CallAnswer::Allowed };
        let calls = [REFUSED_BY_RUNTIME_DEFAULT, REFUSED_BY_LOCALHOST];
        let report = ProbeReport {
            seccomp: if refused.is_some() { 2 } else { 0 },
            filters: u32::from(refused.is_some()),
            calls: calls.into_iter().map(|call| (call.to_owned(), answer(call))).collect(),
        };
        // Numbers and strings always serialise.
        serde_json::to_string(&report).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use kube_simulator::ContainerKind;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::unconfined(SeccompMode::Unconfined, "Unconfined")]
    #[case::runtime_default(SeccompMode::RuntimeDefault, "RuntimeDefault")]
    #[case::localhost(SeccompMode::Localhost("x.json".to_owned()), "Localhost")]
    fn a_mode_is_known_by_what_the_kernel_does(#[case] mode: SeccompMode, #[case] name: &str) {
        let view =
            ContainerView { name: "main", kind: ContainerKind::Main, arguments: &[], mode: &mode, privileged: false };
        let report = ProbeReport::from_log(&SimulatedProbe.output(&view)).unwrap();
        assert_eq!(report.mode(), Some(name));
    }

    #[test]
    fn a_filter_that_refuses_nothing_known_is_no_known_mode() {
        let report = ProbeReport { seccomp: 2, filters: 1, calls: BTreeMap::new() };
        assert_eq!(report.mode(), None);
        assert_eq!(ProbeReport::from_log("no report\n"), None);
    }
}
