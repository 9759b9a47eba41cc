//! What the harness's own probe prints in a container, and what that says of the seccomp mode.

#[cfg(target_os = "linux")]
mod kernel;
mod simulated;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub use simulated::SimulatedProbe;

/// What stands for the probe's image in scenarios.
pub const SCENARIO_IMAGE: &str = "probe";
/// The probe's image as clusters know it.
pub const PROBE_IMAGE: &str = "seccomp-harness/probe:v1";
/// The arguments with which the probe prints and ends: what an init container must do.
pub const ONCE_ARGUMENTS: [&str; 2] = ["probe", ONCE];
const ONCE: &str = "--once";
/// The variable that does the same where the image's own command is to be seen.
pub(crate) const ONCE_VARIABLE: &str = "SECCOMP_HARNESS_ONCE";

/// The harness's own Localhost profile, as nodes have it: it allows all but one harmless system call.
pub const LOCALHOST_PROFILE: &str = include_str!("probe/localhost.json");

/// Harmless system calls that the runtimes' default profiles refuse, each unless the container has a capability of its
/// own. Two, so that a container that has one of the capabilities is still known.
///
/// # Source
/// containerd v1.6 and v2 `contrib/seccomp/seccomp_default.go` `DefaultProfile`, containers/common
/// `pkg/seccomp/seccomp.json`: `setns` needs `CAP_SYS_ADMIN`, containerd's `pidfd_getfd` `CAP_SYS_PTRACE`
pub const REFUSED_BY_RUNTIME_DEFAULT: [&str; 2] = ["pidfd_getfd", "setns"];
/// A harmless system call that the default profiles allow and [`LOCALHOST_PROFILE`] refuses.
pub const REFUSED_BY_LOCALHOST: &str = "getpriority";

/// One line of JSON: what a process sees of its own seccomp filters.
///
/// # Shape
/// `{"seccomp":2,"filters":1,"calls":{"getpriority":"allowed","pidfd_getfd":"refused","setns":"refused"}}`
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeReport {
    /// `Seccomp` in `/proc/self/status`: 0 without a filter, 2 with one; nothing where the kernel knows no seccomp.
    pub seccomp: Option<u8>,
    /// `Seccomp_filters` in `/proc/self/status`; nothing before Linux 5.9.
    pub filters: Option<u32>,
    /// The answer to each system call that was tried.
    pub calls: BTreeMap<String, CallAnswer>,
}

/// What the kernel does with a system call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CallAnswer {
    /// The kernel carried it out, or refused it for a reason that has nothing to do with seccomp.
    Allowed,
    /// The filter refused it: `EPERM` from a call that the kernel itself would have answered otherwise.
    Refused,
    /// `ENOSYS`: the kernel has no such call, or a filter says so. It tells nothing.
    Missing,
}

impl ProbeReport {
    /// Tries what this process may do.
    ///
    /// # Errors
    /// `/proc/self/status` cannot be read.
    #[cfg(target_os = "linux")]
    pub fn of_this_process() -> std::io::Result<Self> {
        kernel::probe()
    }

    /// Reads a container's log: the last line that is a report.
    pub fn from_log(log: &str) -> Option<Self> {
        log.lines().rev().find_map(|line| serde_json::from_str(line).ok())
    }

    /// The seccomp mode that explains the report, as scenarios name it; nothing where none does.
    ///
    /// `baseline` is the report of a container on the same node that is explicitly Unconfined. Where the machine filters
    /// the node itself, it is not free of filters, and only what is refused beyond it speaks of the container's mode.
    pub fn mode(&self, baseline: Option<&Self>) -> Option<&'static str> {
        let is_filtered = self.is_filtered(baseline)?;
        let is_refused = |call| {
            let refused = |report: &Self| report.calls.get(call) == Some(&CallAnswer::Refused);
            refused(self) && !baseline.is_some_and(refused)
        };
        let by_default = REFUSED_BY_RUNTIME_DEFAULT.into_iter().any(is_refused);
        match (is_filtered, by_default, is_refused(REFUSED_BY_LOCALHOST)) {
            (false, false, false) => Some("Unconfined"),
            (true, true, false) => Some("RuntimeDefault"),
            (true, false, true) => Some("Localhost"),
            _ => None,
        }
    }

    /// Whether there is a filter beyond the baseline's; nothing where the kernel does not tell.
    fn is_filtered(&self, baseline: Option<&Self>) -> Option<bool> {
        let seccomp = self.seccomp?;
        match baseline {
            Some(baseline) if baseline.seccomp != Some(0) => Some(self.filters? > baseline.filters?),
            _ => Some(seccomp != 0),
        }
    }

    /// Whether the node itself is filtered, so that its containers are judged by the difference.
    pub fn is_filtered_baseline(&self) -> bool {
        self.seccomp != Some(0)
    }
}

impl fmt::Display for ProbeReport {
    /// `Seccomp 2, 1 filter; getpriority allowed, pidfd_getfd refused, setns refused`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seccomp {
            Some(mode) => write!(formatter, "Seccomp {mode}")?,
            None => formatter.write_str("no Seccomp")?,
        }
        match self.filters {
            Some(1) => formatter.write_str(", 1 filter")?,
            Some(count) => write!(formatter, ", {count} filters")?,
            None => {}
        }
        for (index, (call, answer)) in self.calls.iter().enumerate() {
            let between = if index == 0 { ";" } else { "," };
            let answer = match answer {
                CallAnswer::Allowed => "allowed",
                CallAnswer::Refused => "refused",
                CallAnswer::Missing => "missing",
            };
            write!(formatter, "{between} {call} {answer}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn mk_report(seccomp: Option<u8>, filters: Option<u32>, refused: &[&str]) -> ProbeReport {
        let answer = |call: &str| if refused.contains(&call) { CallAnswer::Refused } else { CallAnswer::Allowed };
        let calls = REFUSED_BY_RUNTIME_DEFAULT.into_iter().chain([REFUSED_BY_LOCALHOST]);
        ProbeReport { seccomp, filters, calls: calls.map(|call| (call.to_owned(), answer(call))).collect() }
    }

    const DEFAULT: &[&str] = &REFUSED_BY_RUNTIME_DEFAULT;

    #[rstest]
    #[case::unconfined(mk_report(Some(0), Some(0), &[]), Some("Unconfined"))]
    #[case::runtime_default(mk_report(Some(2), Some(1), DEFAULT), Some("RuntimeDefault"))]
    #[case::runtime_default_with_sys_admin(mk_report(Some(2), Some(1), &["pidfd_getfd"]), Some("RuntimeDefault"))]
    #[case::localhost(mk_report(Some(2), Some(1), &["getpriority"]), Some("Localhost"))]
    #[case::an_old_kernel(mk_report(Some(2), None, DEFAULT), Some("RuntimeDefault"))]
    #[case::no_seccomp(mk_report(None, None, &[]), None)]
    #[case::a_filter_that_refuses_nothing_known(mk_report(Some(2), Some(1), &[]), None)]
    #[case::both(mk_report(Some(2), Some(1), &["setns", "getpriority"]), None)]
    #[case::refused_without_a_filter(mk_report(Some(0), Some(0), DEFAULT), None)]
    fn a_mode_is_known_by_what_the_kernel_does(#[case] report: ProbeReport, #[case] mode: Option<&str>) {
        assert_eq!(report.mode(None), mode);
        assert_eq!(report.mode(Some(&mk_report(Some(0), Some(0), &[]))), mode);
    }

    /// The machine's own filter is on every container, and refuses what it refuses.
    #[rstest]
    #[case::unconfined(mk_report(Some(2), Some(1), &["setns"]), Some("Unconfined"))]
    #[case::runtime_default(mk_report(Some(2), Some(2), DEFAULT), Some("RuntimeDefault"))]
    #[case::localhost(mk_report(Some(2), Some(2), &["setns", "getpriority"]), Some("Localhost"))]
    #[case::not_told(mk_report(Some(2), None, DEFAULT), None)]
    fn a_filtered_node_is_judged_by_the_difference(#[case] report: ProbeReport, #[case] mode: Option<&str>) {
        let baseline = mk_report(Some(2), Some(1), &["setns"]);
        assert!(baseline.is_filtered_baseline());
        assert_eq!(report.mode(Some(&baseline)), mode);
    }

    /// Where the machine refuses all that the default profile refuses, the two cannot be told apart, and are not.
    #[test]
    fn a_node_that_hides_a_mode_is_not_guessed_at() {
        let baseline = mk_report(Some(2), Some(1), DEFAULT);
        assert_eq!(mk_report(Some(2), Some(2), DEFAULT).mode(Some(&baseline)), None);
    }

    #[test]
    fn a_report_is_one_line_and_found_in_a_log() {
        let report = mk_report(Some(2), Some(1), DEFAULT);
        let line = serde_json::to_string(&report).unwrap();
        let shape =
            r#"{"seccomp":2,"filters":1,"calls":{"getpriority":"allowed","pidfd_getfd":"refused","setns":"refused"}}"#;
        assert_eq!(line, shape);
        assert_eq!(ProbeReport::from_log(&format!("{line}\nthe end\n")), Some(report.clone()));
        assert_eq!(ProbeReport::from_log("no report\n"), None);
        let text = "Seccomp 2, 1 filter; getpriority allowed, pidfd_getfd refused, setns refused";
        assert_eq!(report.to_string(), text);
    }

    #[test]
    fn the_localhost_profile_refuses_the_one_call() {
        let profile: Value = serde_json::from_str(LOCALHOST_PROFILE).unwrap();
        let refusal = json!({"names": [REFUSED_BY_LOCALHOST], "action": "SCMP_ACT_ERRNO", "errnoRet": 1});
        assert_eq!(profile, json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refusal]}));
    }
}
