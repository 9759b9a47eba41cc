//! Whether broken webhooks were found out: a suite that cannot fail proves nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Held, MUTANT, NamedReport, quoted};
use crate::{document::RunResult, policy::MutantDemand};

/// How many broken webhooks were found out.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Score {
    pub(super) seen: usize,
    pub(super) killed: usize,
}

/// What became of a broken webhook; the best of all its reports.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Fate {
    NotRun,
    Survived,
    Killed,
}

/// The score, and why it is not enough.
pub(super) fn judge(
    demand: Option<MutantDemand>,
    reports: &[&NamedReport],
    waivers: &mut [Held<'_>],
    waived: &mut Vec<String>,
) -> (Score, Vec<String>) {
    let mut fates: BTreeMap<&str, (Fate, &str)> = BTreeMap::new();
    for report in reports {
        let name = report.document.webhook.trim_start_matches(MUTANT);
        let fate = fate(report);
        let held = fates.entry(name).or_insert((fate, &report.name));
        if fate > held.0 {
            *held = (fate, &report.name);
        }
    }
    let killed = fates.values().filter(|(fate, _)| *fate == Fate::Killed).count();
    let score = Score { seen: fates.len(), killed };
    let Some(demand) = demand else { return (score, Vec::new()) };
    let mut reasons = Vec::new();
    if score.seen < demand.at_least as usize {
        reasons.push(format!("{} broken webhooks were run, and at least {} must be", score.seen, demand.at_least));
    }
    let mut not_killed = Vec::new();
    let mut forgiven = 0;
    for (name, (fate, report)) in &fates {
        let matching = |held: &&mut Held<'_>| !held.is_expired && held.waiver.mutant.as_deref() == Some(*name);
        match waivers.iter_mut().find(matching) {
            Some(held) => {
                held.is_met = true;
                held.is_used |= *fate != Fate::Killed;
                if *fate != Fate::Killed {
                    forgiven += 1;
                    waived.push(format!("mutant {name} was not found out ({})", quoted(held.waiver)));
                }
            }
            None if *fate == Fate::Survived => not_killed.push(format!("mutant {name} was not found out: {report}")),
            None if *fate == Fate::NotRun => not_killed.push(format!("mutant {name} was not run to its end: {report}")),
            None => {}
        }
    }
    if (killed + forgiven) * 100 < demand.killed as usize * score.seen {
        reasons.extend(not_killed);
    }
    (score, reasons)
}

fn fate(report: &NamedReport) -> Fate {
    let document = &report.document;
    match document.result {
        _ if document.problem.is_some() => Fate::NotRun,
        _ if document.counts.failed > 0 => Fate::Killed,
        RunResult::Passed | RunResult::Pending | RunResult::Failed if document.not_run() == 0 => Fate::Survived,
        _ => Fate::NotRun,
    }
}
