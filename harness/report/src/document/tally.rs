//! What follows from the cases of a document: counts, outcomes, states, and the result.

use std::collections::{BTreeMap, BTreeSet};

use super::{CaseStatus, Counts, Document, EndedEarlyDocument, ProblemKind, RunResult, ScenarioOutcome, State};
use crate::version;

impl Document {
    /// Adds up what follows from the cases; whatever was there before is replaced.
    pub(crate) fn tally(&mut self) {
        self.counts = self.counted();
        self.tally_scenarios();
        self.tally_requirements();
        self.result = self.resulting();
    }

    fn counted(&self) -> Counts {
        let count = |status| self.cases.iter().filter(|case| case.status == status).count();
        Counts {
            planned: self.counts.planned,
            left_out: self.left_out.len(),
            finished: self.cases.len(),
            passed: count(CaseStatus::Passed),
            pending: count(CaseStatus::Pending),
            failed: count(CaseStatus::Failed),
            broken: count(CaseStatus::Broken),
        }
    }

    fn tally_scenarios(&mut self) {
        let mut worst: BTreeMap<&str, BTreeMap<&str, CaseStatus>> = BTreeMap::new();
        for case in &self.cases {
            let minors = worst.entry(&case.name.scenario).or_default();
            let status = minors.entry(&case.name.kubernetes).or_insert(case.status);
            *status = case.status.max(*status);
        }
        for scenario in &mut self.scenarios {
            let mut by_status: BTreeMap<CaseStatus, Vec<String>> = BTreeMap::new();
            for (minor, status) in worst.get(scenario.id.as_str()).into_iter().flatten() {
                by_status.entry(*status).or_default().push((*minor).to_owned());
            }
            let outcomes = by_status.into_iter().rev().map(|(status, mut kubernetes)| {
                version::sort(&mut kubernetes);
                let range = version::ranges(kubernetes.iter().map(String::as_str));
                ScenarioOutcome { status, kubernetes, range }
            });
            scenario.outcomes = outcomes.collect();
        }
    }

    fn tally_requirements(&mut self) {
        let of: BTreeMap<&str, &[String]> =
            self.scenarios.iter().map(|scenario| (scenario.id.as_str(), &scenario.requirements[..])).collect();
        let mut states: BTreeMap<&str, BTreeMap<(u16, u16), State>> = BTreeMap::new();
        for case in &self.cases {
            let name = &case.name;
            for requirement in of.get(name.scenario.as_str()).copied().unwrap_or_default() {
                let versions = (version::number(&name.kubernetes), version::number(&name.gardener));
                let state = states.entry(requirement).or_default().entry(versions).or_insert_with(|| State {
                    kubernetes: name.kubernetes.clone(),
                    gardener: name.gardener.clone(),
                    status: case.status,
                });
                state.status = state.status.max(case.status);
            }
        }
        for requirement in &mut self.requirements {
            requirement.states = states.remove(requirement.id.as_str()).unwrap_or_default().into_values().collect();
        }
    }

    fn resulting(&self) -> RunResult {
        let statuses: BTreeSet<CaseStatus> = self.cases.iter().map(|case| case.status).collect();
        match self.problem.as_ref().map(|problem| problem.kind) {
            Some(ProblemKind::Incomplete) => return RunResult::Interrupted,
            Some(ProblemKind::Usage | ProblemKind::Infrastructure) => return RunResult::Broken,
            None => {}
        }
        match statuses.last() {
            _ if self.ended_early == Some(EndedEarlyDocument::Interrupted) => RunResult::Interrupted,
            Some(CaseStatus::Broken) => RunResult::Broken,
            Some(CaseStatus::Failed) => RunResult::Failed,
            _ if !self.snapshots.orphans.is_empty() => RunResult::Failed,
            Some(CaseStatus::Pending) => RunResult::Pending,
            _ if !self.snapshots.pending.is_empty() => RunResult::Pending,
            Some(CaseStatus::Passed) => RunResult::Passed,
            None => RunResult::NothingSelected,
        }
    }
}
