//! The probe, as simulated nodes run it.

use kube_simulator::{ContainerView, Program, SeccompMode};

use super::{CallAnswer, ONCE, ONCE_VARIABLE, ProbeReport, REFUSED_BY_LOCALHOST, REFUSED_BY_RUNTIME_DEFAULT};

/// The probe, as simulated nodes run it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedProbe;

impl Program for SimulatedProbe {
    fn output(&self, container: &ContainerView<'_>) -> String {
        let refused: &[&str] = match container.mode {
            SeccompMode::Unconfined => &[],
            SeccompMode::RuntimeDefault => &REFUSED_BY_RUNTIME_DEFAULT,
            SeccompMode::Localhost(_) => &[REFUSED_BY_LOCALHOST],
        };
        let answer = |call: &str| if refused.contains(&call) { CallAnswer::Refused } else { CallAnswer::Allowed };
        let calls = REFUSED_BY_RUNTIME_DEFAULT.into_iter().chain([REFUSED_BY_LOCALHOST]);
        let is_filtered = !refused.is_empty();
        let report = ProbeReport {
            seccomp: Some(if is_filtered { 2 } else { 0 }),
            filters: Some(u32::from(is_filtered)),
            calls: calls.map(|call| (call.to_owned(), answer(call))).collect(),
        };
        // Numbers and strings always serialise.
        serde_json::to_string(&report).unwrap_or_default() + "\n"
    }

    /// It waits, as the real one does, unless it is told to end: no program knows that it is an init container.
    fn exit_code(&self, container: &ContainerView<'_>) -> Option<i32> {
        let is_told = container.arguments.iter().any(|argument| argument == ONCE)
            || container.environment.iter().any(|(name, value)| name == ONCE_VARIABLE && value == "true");
        is_told.then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use kube_simulator::ContainerKind;
    use rstest::rstest;

    use super::*;
    use crate::probe::ONCE_ARGUMENTS;

    fn mk_view<'a>(kind: ContainerKind, arguments: &'a [String], mode: &'a SeccompMode) -> ContainerView<'a> {
        ContainerView { name: "main", kind, arguments, environment: &[], mode, privileged: false }
    }

    #[rstest]
    #[case::unconfined(SeccompMode::Unconfined, "Unconfined")]
    #[case::runtime_default(SeccompMode::RuntimeDefault, "RuntimeDefault")]
    #[case::localhost(SeccompMode::Localhost("x.json".to_owned()), "Localhost")]
    fn reports_the_mode_of_its_container(#[case] mode: SeccompMode, #[case] name: &str) {
        let view = mk_view(ContainerKind::Main, &[], &mode);
        let report = ProbeReport::from_log(&SimulatedProbe.output(&view)).unwrap();
        assert_eq!(report.mode(None), Some(name));
    }

    #[rstest]
    fn ends_when_it_is_told_to(#[values(ContainerKind::Init, ContainerKind::Main)] kind: ContainerKind) {
        let mode = SeccompMode::Unconfined;
        assert_eq!(SimulatedProbe.exit_code(&mk_view(kind, &[], &mode)), None);
        let once = ONCE_ARGUMENTS.map(str::to_owned);
        assert_eq!(SimulatedProbe.exit_code(&mk_view(kind, &once, &mode)), Some(0));
        let variable = [(ONCE_VARIABLE.to_owned(), "true".to_owned())];
        let view = ContainerView { environment: &variable, ..mk_view(kind, &[], &mode) };
        assert_eq!(SimulatedProbe.exit_code(&view), Some(0));
    }
}
