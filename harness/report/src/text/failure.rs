//! What does not hold: which expectation on which line, what was submitted and stored, what the webhook was asked and
//! said, and the difference.

mod evidence;
mod source;

use std::{collections::BTreeSet, fmt::Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use seccomp_conformance::{Case, Failure, Status};
use serde_json::Value;

use crate::{
    command::run_command,
    fold::{Finding, Run},
    ranges::{minor_ranges, release_ranges},
    text::{
        TextOptions, number,
        paint::{Paint, Tone},
        scenarios,
    },
};

/// How many findings are written out in full; a run against a broken webhook has hundreds that say the same.
const SHOWN: usize = 5;
/// How many combinations of parameters are named.
const PARAMETERS: usize = 6;
/// How many more get a line.
const LISTED: usize = 40;

/// Everything that does not hold, cases alike together.
pub(crate) fn write_all(text: &mut String, run: &Run, options: &TextOptions, paint: Paint) {
    let findings = run.sorted_findings();
    // Of a snapshot that is not there yet, there is nothing to show.
    let (whole, lines): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.status() > Status::Pending);
    for finding in whole.iter().take(SHOWN) {
        write_finding(text, finding, run, options, paint);
    }
    let rest: Vec<_> = whole.iter().skip(SHOWN).chain(&lines).collect();
    for finding in rest.iter().take(LISTED) {
        write_line(text, finding, paint);
    }
    if let Some(more) = rest.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more");
    }
    if whole.len() > SHOWN {
        text.push_str("(only the first are written out here; select one to see it whole, or use `--output json`)\n");
    }
    if !rest.is_empty() {
        text.push('\n');
    }
}

/// A finding in a line: where, and the first thing that does not hold.
fn write_line(text: &mut String, finding: &Finding, paint: Paint) {
    let (word, tone) = scenarios::word(finding.status());
    let mark = paint.tone(tone, &format!("{word:<4}"));
    let minors = minor_ranges(finding.cases.iter().map(|case| case.minor));
    let what = match finding.failures.first() {
        Some(Failure::Expectation { of, subject, expected, actual, .. }) => {
            format!("{of}: {subject} must be {expected}, and is {actual}")
        }
        Some(Failure::SnapshotDiffered { .. }) => "the snapshot says something else".to_owned(),
        Some(Failure::SnapshotMissing { .. }) => "there is no snapshot yet".to_owned(),
        Some(Failure::InvocationContradicted { step, .. }) => {
            format!("{step}: registration and record contradict each other")
        }
        Some(Failure::Infrastructure { message }) => message.clone(),
        None => String::new(),
    };
    let _ = writeln!(text, "{mark} {} {minors}: {what}", finding.scenario());
}

fn write_finding(text: &mut String, finding: &Finding, run: &Run, options: &TextOptions, paint: Paint) {
    let Some(first) = finding.cases.first() else { return };
    let (word, tone) = scenarios::word(finding.status());
    let _ = writeln!(text, "{} {}: {}", paint.tone(tone, word), first.scenario, first.title);
    write_cases(text, finding, first);
    for failure in &finding.failures {
        text.push('\n');
        write_failure(text, failure, options, paint);
    }
    evidence::write(text, finding, paint);
    let _ = writeln!(text, "\n  again: {}\n", paint.tone(Tone::Strong, &command(first, run)));
}

/// The cases in which it is so.
fn write_cases(text: &mut String, finding: &Finding, first: &Case) {
    let minors = minor_ranges(finding.cases.iter().map(|case| case.minor));
    let releases = release_ranges(finding.cases.iter().map(|case| case.gardener.as_str()));
    let nodes: BTreeSet<String> = finding.cases.iter().map(|case| case.node.to_string()).collect();
    let nodes: Vec<String> = nodes.into_iter().collect();
    let _ = writeln!(text, "  on Kubernetes {minors}, Gardener {releases}, node {}", nodes.join(" and "));
    let parameters: BTreeSet<String> = finding.cases.iter().map(|case| parameters(case)).collect();
    if !first.parameters.is_empty() {
        let shown: Vec<&str> = parameters.iter().take(PARAMETERS).map(String::as_str).collect();
        let more = parameters.len().saturating_sub(PARAMETERS);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let _ = writeln!(text, "  with {}{more}", shown.join(" or "));
    }
    if finding.cases.len() > 1 {
        let _ = writeln!(text, "  {} cases alike; what follows is of {}", number(finding.cases.len()), shown(first));
    }
}

/// The parameters in a line; one that is a mapping goes by its `case`, where it has one.
fn parameters(case: &Case) -> String {
    let text = |(name, value): (&String, &Value)| match value.get("case").and_then(Value::as_str) {
        Some(case) => format!("{name}: {case}"),
        None => format!("{name}={value}"),
    };
    case.parameters.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn shown(case: &Case) -> String {
    let parameters = parameters(case);
    let parameters = if parameters.is_empty() { parameters } else { format!(", {parameters}") };
    format!("Kubernetes {}, Gardener {}, node {}{parameters}", case.minor, case.gardener, case.node)
}

/// The command that runs the first case again.
fn command(case: &Case, run: &Run) -> String {
    let cluster = run.cluster.as_ref().map_or("", |cluster| cluster.name.as_str());
    run_command(&case.scenario, (&case.minor, &case.gardener), (&run.webhook, cluster), &run.flags)
}

fn write_failure(text: &mut String, failure: &Failure, options: &TextOptions, paint: Paint) {
    let said = |text: &mut String, message: &str| {
        let _ = writeln!(text, "  {} {message}", paint.tone(Tone::Bad, "x"));
    };
    match failure {
        Failure::Expectation { file, line, of, subject, expected, actual } => {
            said(text, &format!("{of}: {subject} must be {expected}, and is {actual}"));
            source::write(text, file, *line, paint);
        }
        Failure::SnapshotDiffered { file, section, diff } => {
            said(text, &format!("the snapshot says something else: {}", place(&options.snapshots, file, section)));
            for line in diff.lines() {
                let _ = writeln!(text, "    {}", paint.diff_line(line));
            }
        }
        Failure::SnapshotMissing { file, section } => {
            said(text, &format!("there is no snapshot yet: {}", place(&options.snapshots, file, section)));
        }
        Failure::InvocationContradicted { step, registration, recorded } => {
            said(text, &format!("{step}: the webhook's registration and its own record contradict each other"));
            let _ = writeln!(text, "    registration: {registration}\n    recorded:     {recorded}");
        }
        Failure::Infrastructure { message } => said(text, &format!("the case could not be run: {message}")),
    }
}

fn place(folder: &Utf8Path, file: &Utf8PathBuf, section: &str) -> String {
    let section = if section.is_empty() { String::new() } else { format!(" ({section})") };
    format!("{}{section}", folder.join(file))
}
