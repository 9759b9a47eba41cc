//! What the cases say of the requirements, and of the preconditions.

use std::{collections::BTreeMap, fmt::Write as _};

use seccomp_conformance::{Coverage, Minor, PreconditionCoverage, Preconditions, RequirementCoverage, Status};

use crate::{
    ranges::release_ranges,
    text::{
        number,
        paint::{Paint, Tone},
        scenarios,
    },
};

/// Columns that a list may take.
const WIDTH: usize = 100;

/// A cell of the matrix: two letters, so that all minors fit on a line.
fn cell(status: Option<Status>) -> (&'static str, Tone) {
    match status {
        Some(Status::Passed) => ("ok", Tone::Good),
        Some(Status::Pending) => ("??", Tone::Warning),
        Some(Status::Failed) => ("NO", Tone::Bad),
        Some(Status::Broken) => ("!!", Tone::Bad),
        None => (" .", Tone::Faint),
    }
}

/// The matrix: each requirement by minor, the worst of all Gardener releases in each cell.
pub(crate) fn write_requirements(text: &mut String, coverage: &Coverage, minors: &[Minor], paint: Paint) {
    if coverage.requirements.is_empty() || minors.is_empty() {
        return;
    }
    let tested = coverage.requirements.iter().filter(|(_, requirement)| !requirement.states.is_empty());
    let width = tested.map(|(id, _)| id.len()).max().unwrap_or(0).max("requirement".len());
    let numbers: Vec<String> = minors.iter().map(|minor| minor.number().to_string()).collect();
    let heading = format!("{:<width$}  {}  Gardener", "requirement", numbers.join(" "));
    let _ = writeln!(text, "{:width$}  Kubernetes 1.", "");
    let _ = writeln!(text, "{}", paint.tone(Tone::Strong, &heading));
    for (id, requirement) in coverage.requirements.iter().filter(|(_, requirement)| !requirement.states.is_empty()) {
        let worst = worst_by_minor(requirement);
        let cells: Vec<String> = minors
            .iter()
            .map(|minor| cell(worst.get(minor).copied()))
            .map(|(mark, tone)| paint.tone(tone, mark))
            .collect();
        let releases = release_ranges(requirement.states.keys().map(|(_, release)| release.as_str()));
        let _ = writeln!(text, "{id:<width$}  {}  {}", cells.join(" "), paint.tone(Tone::Faint, &releases));
    }
    write_legend(text, coverage);
    write_untested(text, coverage, paint);
    text.push('\n');
}

/// The legend, as far as the matrix needs one.
fn write_legend(text: &mut String, coverage: &Coverage) {
    let statuses: Vec<Status> =
        coverage.requirements.values().flat_map(|requirement| requirement.states.values().copied()).collect();
    let meanings = [
        (Status::Failed, "NO: does not hold"),
        (Status::Broken, "!!: could not be run"),
        (Status::Pending, "??: holds, snapshot not reviewed"),
    ];
    let used = meanings.into_iter().filter(|(status, _)| statuses.contains(status)).map(|(_, meaning)| meaning);
    let legend: Vec<&str> = std::iter::once("ok: holds").chain(used).chain(["a dot: no case"]).collect();
    let _ = writeln!(text, "({})", legend.join(", "));
}

/// Requirements that no case is about: in a run of everything, a gap.
fn write_untested(text: &mut String, coverage: &Coverage, paint: Paint) {
    let untested = coverage.requirements.iter().filter(|(_, requirement)| requirement.states.is_empty());
    let ids: Vec<&str> = untested.map(|(id, _)| id.as_str()).collect();
    if ids.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "{}",
        paint.tone(
            Tone::Warning,
            &format!("{} of {} requirements have no case here:", ids.len(), coverage.requirements.len())
        )
    );
    let mut line = String::new();
    for id in ids {
        if line.len() + id.len() > WIDTH {
            let _ = writeln!(text, " {line}");
            line.clear();
        }
        let _ = write!(line, " {id}");
    }
    let _ = writeln!(text, " {line}");
}

fn worst_by_minor(requirement: &RequirementCoverage) -> BTreeMap<Minor, Status> {
    let mut worst: BTreeMap<Minor, Status> = BTreeMap::new();
    for ((minor, _), status) in &requirement.states {
        worst.entry(*minor).and_modify(|held| *held = (*held).max(*status)).or_insert(*status);
    }
    worst
}

/// The truth table: what became of the Pods that were created, by what held when they were.
pub(crate) fn write_preconditions(text: &mut String, coverage: &Coverage, paint: Paint) {
    if coverage.preconditions.values().all(|row| row.creations == 0) {
        return;
    }
    let heading =
        format!("{:<9}  {:<10}  {:<12}  {:<29}  {}", "namespace", "skip label", "own profile", "gate on", "gate off");
    let _ = writeln!(text, "{}", paint.tone(Tone::Strong, &heading));
    for row in Preconditions::all().filter(|row| row.gate).collect::<Vec<_>>().into_iter().rev() {
        let off = Preconditions { gate: false, ..row };
        let (on, off) = (coverage.preconditions.get(&row), coverage.preconditions.get(&off));
        let _ = writeln!(
            text,
            "{:<9}  {:<10}  {:<12}  {}  {}",
            if row.managed_namespace { "managed" } else { "other" },
            if row.unlabelled { "no" } else { "yes" },
            if row.profile_unset { "no" } else { "yes" },
            outcome(on, 29, paint),
            outcome(off, 0, paint)
        );
    }
    text.push('\n');
}

/// What became of the Pods of one row.
fn outcome(row: Option<&PreconditionCoverage>, width: usize, paint: Paint) -> String {
    let Some(row) = row.filter(|row| row.creations > 0) else {
        return paint.tone(Tone::Warning, &format!("{:<width$}", "no case"));
    };
    let said = match row.mutated {
        0 => format!("{} left alone", number(row.creations)),
        mutated if mutated == row.creations => format!("{} changed", number(mutated)),
        mutated => format!("{} of {} changed", number(mutated), number(row.creations)),
    };
    let status = row.status.unwrap_or(Status::Passed);
    if status == Status::Passed {
        return format!("{said:<width$}");
    }
    let (word, tone) = scenarios::word(status);
    paint.tone(tone, &format!("{:<width$}", format!("{said}, {word}")))
}
