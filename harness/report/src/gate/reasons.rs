//! Reasons that lie in the reports or the waivers themselves.

use jiff::civil::Date;

use super::{Held, NamedReport, quoted};
use crate::{
    document::{PartitionDocument, RunResult},
    merge::{is_whole, joined},
};

/// What is wrong with reports, whatever is demanded: one that does not tell the whole tells nothing for sure.
pub(super) fn of_reports(reports: &[&NamedReport]) -> Vec<String> {
    let mut reasons: Vec<String> = reports.iter().flat_map(|report| of_report(report)).collect();
    let partitions: Vec<PartitionDocument> =
        reports.iter().flat_map(|report| report.document.partitions.iter().cloned()).collect();
    for partition in joined(&partitions).iter().filter(|partition| !is_whole(partition)) {
        let missing: Vec<String> = (1..=partition.shards)
            .filter(|shard| !partition.ran.contains(shard))
            .map(|shard| shard.to_string())
            .collect();
        let of: Vec<&str> = reports
            .iter()
            .filter(|report| report.document.partitions.iter().any(|held| held.whole == partition.whole))
            .map(|report| report.name.as_str())
            .collect();
        reasons.push(format!(
            "{}: only a part, {} {} of {} missing",
            of.join(", "),
            missing.join(", "),
            if missing.len() == 1 { "shard is" } else { "shards are" },
            partition.shards
        ));
    }
    reasons
}

fn of_report(report: &NamedReport) -> Vec<String> {
    let NamedReport { name, document } = report;
    let mut reasons = Vec::new();
    if let Some(problem) = &document.problem {
        let message = problem.message.lines().next().unwrap_or_default();
        reasons.push(format!("{name}: {}: {message}", document.result.word()));
    } else if document.result == RunResult::Interrupted || document.not_run() > 0 {
        let why = if document.result == RunResult::Interrupted { "interrupted" } else { "incomplete" };
        reasons.push(format!(
            "{name}: {why}, {} of {} cases were not run",
            document.not_run(),
            document.counts.planned
        ));
    } else if document.result == RunResult::NothingSelected && document.partitions.is_empty() {
        reasons.push(format!("{name}: no case was selected"));
    }
    if let [first, ..] = &document.left_behind[..] {
        reasons.push(format!("{name}: {} things were left behind, {first} first", document.left_behind.len()));
    }
    let snapshots = &document.snapshots;
    if let [first, ..] = &snapshots.orphans[..] {
        reasons.push(format!("{name}: {} snapshots without a scenario, {first} first", snapshots.orphans.len()));
    }
    if let ([first, ..], 0) = (&snapshots.pending[..], document.counts.pending) {
        reasons.push(format!("{name}: {} snapshots wait for review, {first} first", snapshots.pending.len()));
    }
    reasons
}

/// Waivers that are no longer true: their day has passed, or what they waive holds.
pub(super) fn of_waivers(waivers: &[Held<'_>], today: Date) -> Vec<String> {
    let mut reasons = Vec::new();
    for held in waivers {
        let waiver = held.waiver;
        let subject = waiver.subject();
        if held.is_expired {
            reasons.push(format!("the waiver for {subject} has expired, today is {today} ({})", quoted(waiver)));
        } else if held.is_used {
        } else if held.is_met {
            reasons.push(format!("the waiver for {subject} is not needed any more: remove it ({})", quoted(waiver)));
        } else if !waiver.is_particular() {
            // One that names a cluster or a webhook may be about what another policy demands.
            reasons.push(format!("the waiver for {subject} is about nothing that is demanded ({})", quoted(waiver)));
        }
    }
    reasons
}
