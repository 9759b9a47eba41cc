//! What the cases say of the requirements, and of the preconditions.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use seccomp_conformance::{Coverage, Minor, PreconditionCoverage, Preconditions, RequirementCoverage, Status};

use crate::{
    ranges::release_ranges,
    text::{
        number,
        paint::{Paint, Tone},
        scenarios,
    },
};

/// Columns that a line may take.
const WIDTH: usize = 120;

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

/// The matrix: the requirements by minor, the worst of all Gardener releases in each cell.
///
/// Requirements with equal cells share a row, so that the whole summary stands on one screen: as a rule most hold
/// everywhere, and what does not is to be seen at once.
pub(crate) fn write_requirements(text: &mut String, coverage: &Coverage, minors: &[Minor], paint: Paint) {
    if coverage.requirements.is_empty() || minors.is_empty() {
        return;
    }
    let rows = rows(coverage, minors);
    let releases: Vec<String> = rows.keys().map(|row| release_ranges(row.releases.iter().copied())).collect();
    let width = releases.iter().map(String::len).max().unwrap_or(0).max("Gardener".len());
    let numbers: Vec<String> = minors.iter().map(|minor| minor.number().to_string()).collect();
    let heading = format!("{}  {:<width$}  requirement", numbers.join(" "), "Gardener");
    let _ = writeln!(text, "Kubernetes 1.");
    let _ = writeln!(text, "{}", paint.tone(Tone::Strong, &heading));
    let indent = 3 * minors.len() + 1 + width + 2;
    for ((row, ids), releases) in rows.iter().zip(&releases) {
        let cells: Vec<String> =
            row.cells.iter().map(|status| cell(*status)).map(|(mark, tone)| paint.tone(tone, mark)).collect();
        let releases = paint.tone(Tone::Faint, &format!("{releases:<width$}"));
        let ids = wrapped(ids, WIDTH.saturating_sub(indent)).join(&format!("\n{:indent$}", ""));
        let _ = writeln!(text, "{}  {releases}  {ids}", cells.join(" "));
    }
    write_legend(text, coverage);
    write_untested(text, coverage, paint);
    text.push('\n');
}

/// What the matrix says of a requirement; rows that sort first hold least.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Row<'a> {
    worst: Reverse<Option<Status>>,
    cells: Vec<Option<Status>>,
    releases: BTreeSet<&'a str>,
}

/// The rows, and the requirements that each is about.
fn rows<'a>(coverage: &'a Coverage, minors: &[Minor]) -> BTreeMap<Row<'a>, Vec<&'a str>> {
    let mut rows: BTreeMap<Row<'_>, Vec<&str>> = BTreeMap::new();
    for (id, requirement) in coverage.requirements.iter().filter(|(_, requirement)| !requirement.states.is_empty()) {
        let worst = worst_by_minor(requirement);
        let row = Row {
            worst: Reverse(worst.values().copied().max()),
            cells: minors.iter().map(|minor| worst.get(minor).copied()).collect(),
            releases: requirement.states.keys().map(|(_, release)| release.as_str()).collect(),
        };
        rows.entry(row).or_default().push(id);
    }
    rows
}

/// The words in lines of at most `width` columns, or a word a line where one is longer.
fn wrapped(words: &[&str], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push((*word).to_owned()),
        }
    }
    lines
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
    let ids: Vec<&str> = coverage.uncovered().collect();
    if ids.is_empty() {
        return;
    }
    let said = format!("{} of {} requirements have no case here", ids.len(), coverage.requirements.len());
    // Where most are not selected, their names are no news.
    let is_selection = 2 * ids.len() > coverage.requirements.len();
    if is_selection {
        let _ = writeln!(text, "({said})");
        return;
    }
    let _ = writeln!(text, "{}:", paint.tone(Tone::Warning, &said));
    for line in wrapped(&ids, WIDTH - 2) {
        let _ = writeln!(text, "  {line}");
    }
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
