//! The report for people.

mod coverage;
mod failure;
mod paint;
mod scenarios;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use camino::Utf8PathBuf;
use seccomp_conformance::{EndedEarly, Lacking, Status};

use crate::{
    fold::{Run, RunVerdict},
    ranges::{minor_ranges, release_ranges},
    text::paint::{Paint, Tone},
};

/// How to write the report for people.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// Whether to use colours.
    pub color: bool,
    /// Whether to leave out everything that is as it should be.
    pub quiet: bool,
    /// The folder of the scenarios, to show their lines and to name them as the user does.
    pub scenarios: Utf8PathBuf,
    /// The folder of the snapshots, to name them as the user does.
    pub snapshots: Utf8PathBuf,
}

/// The run as text: failures, a line a scenario, the requirements by minor, the truth table, and the result last.
pub fn render_text(run: &Run, options: &TextOptions) -> String {
    let paint = Paint { color: options.color };
    let mut text = String::new();
    failure::write_all(&mut text, run, options, paint);
    if !options.quiet {
        scenarios::write_all(&mut text, run, paint);
        if let Some(summary) = &run.summary {
            coverage::write_requirements(&mut text, &summary.coverage, &run.minors, paint);
            coverage::write_preconditions(&mut text, &summary.coverage, paint);
        }
    }
    write_snapshots(&mut text, run, options, paint);
    write_left_out(&mut text, run, paint);
    write_result(&mut text, run, paint);
    text
}

/// Snapshots that need a decision.
fn write_snapshots(text: &mut String, run: &Run, options: &TextOptions, paint: Paint) {
    let Some(summary) = &run.summary else { return };
    let lists = [
        ("wrote", &summary.written_snapshots, Tone::Good),
        ("pending", &summary.pending_snapshots, Tone::Warning),
        ("orphan", &summary.orphan_snapshots, Tone::Bad),
    ];
    for (word, files, tone) in lists {
        // What was written to be reviewed is named as pending.
        for file in files.iter().filter(|file| word != "wrote" || file.extension() != Some("new")) {
            let _ = writeln!(text, "{} {}", paint.tone(tone, word), options.snapshots.join(file));
        }
    }
    if !summary.pending_snapshots.is_empty() {
        text.push_str("Look at what is pending, then: seccomp-harness snapshot accept (or reject)\n");
    }
    if !summary.orphan_snapshots.is_empty() {
        text.push_str("No scenario has the orphan snapshots any more: remove them.\n");
    }
    if lists.iter().any(|(_, files, _)| !files.is_empty()) {
        text.push('\n');
    }
}

/// What was selected and not run: a line for each reason.
fn write_left_out(text: &mut String, run: &Run, paint: Paint) {
    let mut reasons: BTreeMap<Lacking, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for left_out in run.summary.iter().flat_map(|summary| &summary.left_out) {
        let (cases, scenarios) = reasons.entry(left_out.lacking).or_default();
        *cases += 1;
        scenarios.insert(&left_out.case.scenario);
    }
    for (lacking, (cases, scenarios)) in reasons {
        let _ = writeln!(
            text,
            "{}: {} case{} of {}, since {lacking}",
            paint.tone(Tone::Warning, "left out"),
            number(cases),
            if cases == 1 { "" } else { "s" },
            scenarios.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
}

/// The last lines: what the run came to.
fn write_result(text: &mut String, run: &Run, paint: Paint) {
    let verdict = run.verdict();
    let (word, tone) = match verdict {
        RunVerdict::Passed => ("passed", Tone::Good),
        RunVerdict::NothingSelected => ("nothing selected", Tone::Warning),
        RunVerdict::Pending => ("snapshots pending", Tone::Warning),
        RunVerdict::Failed => ("failed", Tone::Bad),
        RunVerdict::Broken => ("broken", Tone::Bad),
        RunVerdict::Cancelled => ("interrupted", Tone::Bad),
    };
    let done = run.cases.len();
    let counts: Vec<String> = [
        (run.count(Status::Failed), "failed"),
        (run.count(Status::Broken), "broken"),
        (run.count(Status::Pending), "without a reviewed snapshot"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!(", {} {word}", number(count)))
    .chain(files_to_decide_on(run))
    .collect();
    let _ = write!(
        text,
        "{}: {} of {} cases of {} scenario{} passed{}",
        paint.tone(tone, word),
        number(run.count(Status::Passed)),
        number(run.planned),
        run.scenarios.len(),
        if run.scenarios.len() == 1 { "" } else { "s" },
        counts.concat()
    );
    if done < run.planned {
        let why = match run.summary.as_ref().and_then(|summary| summary.ended_early) {
            Some(EndedEarly::FailedFast) => "after the first failure",
            Some(EndedEarly::Cancelled) | None => "because the run was interrupted",
        };
        let _ = write!(text, ", {} not run {why}", number(run.planned - done));
    }
    text.push('\n');
    write_where(text, run);
}

/// Files that fail a run in which every case may have passed.
fn files_to_decide_on(run: &Run) -> impl Iterator<Item = String> {
    let count = |files: &[Utf8PathBuf]| files.len();
    let (orphans, pending) = run.summary.as_ref().map_or((0, 0), |summary| {
        // A case without a reviewed snapshot is counted as such already.
        let is_counted = run.count(Status::Pending) > 0;
        (count(&summary.orphan_snapshots), if is_counted { 0 } else { count(&summary.pending_snapshots) })
    });
    let said = |count: usize, word: &str| {
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!(", {} {word} snapshot{plural}", number(count)))
    };
    [said(orphans, "orphan"), said(pending, "pending")].into_iter().flatten()
}

/// On what it was run, and for how long.
fn write_where(text: &mut String, run: &Run) {
    let Some(cluster) = run.cluster.as_ref().filter(|_| !run.minors.is_empty()) else { return };
    let _ = write!(
        text,
        "on Kubernetes {} ({}) with Gardener {}, webhook {}",
        minor_ranges(run.minors.iter().copied()),
        cluster.name,
        release_ranges(run.gardener.iter().map(String::as_str)),
        run.webhook
    );
    if let Some(summary) = &run.summary {
        let _ = write!(text, ", in {:.2} s", summary.elapsed.as_secs_f64());
    }
    if !cluster.observations.kernel {
        text.push_str("; containers do not run there, so the kernel's side was not compared");
    }
    text.push('\n');
    let filtered = run.summary.iter().flat_map(|summary| &summary.filtered_nodes);
    for node in filtered {
        let _ = writeln!(text, "filtered by the machine itself, so that modes are the difference: {node}");
    }
    if let Some(verified) = &cluster.verified {
        let _ = writeln!(text, "simulator compared with real API servers: {verified}");
    }
}

/// A count with its thousands apart.
pub(crate) fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_thousands_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
