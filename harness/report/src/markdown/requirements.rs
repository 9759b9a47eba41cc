//! The requirements by minor: a row for all that have the same cells.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::inline;
use crate::{
    document::{CaseStatus, Document, RequirementDocument},
    version,
};

/// Writes the table, and what no case is about.
pub(super) fn write(text: &mut String, document: &Document) {
    let minors = minors(document);
    if minors.is_empty() {
        return;
    }
    let header: Vec<String> = minors.iter().map(|minor| format!("1.{minor}")).collect();
    let _ = writeln!(text, "| requirement | {} |", header.join(" | "));
    let _ = writeln!(text, "|---|{}", ":-:|".repeat(minors.len()));
    for (row, requirements) in rows(document, &minors) {
        let cells: Vec<&str> = row.cells.iter().map(|status| cell(*status)).collect();
        let names: Vec<String> = requirements.iter().map(|requirement| inline(&requirement.id)).collect();
        let _ = writeln!(text, "| {} | {} |", names.join("<br>"), cells.join(" | "));
    }
    text.push_str(
        "\n(✅ holds, ❌ does not, 🆕 holds but its snapshot is not reviewed, 💥 could not be run, a dot: no case)\n\n",
    );
    let untested = document.requirements.iter().filter(|requirement| requirement.states.is_empty()).count();
    if untested > 0 {
        let _ = writeln!(text, "{untested} of {} requirements have no case here.\n", document.requirements.len());
    }
}

fn cell(status: Option<CaseStatus>) -> &'static str {
    match status {
        Some(CaseStatus::Passed) => "✅",
        Some(CaseStatus::Pending) => "🆕",
        Some(CaseStatus::Failed) => "❌",
        Some(CaseStatus::Broken) => "💥",
        None => "·",
    }
}

/// What the table says of a requirement; rows that sort first hold least.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Row {
    worst: Reverse<Option<CaseStatus>>,
    cells: Vec<Option<CaseStatus>>,
}

fn minors(document: &Document) -> Vec<u16> {
    let states = document.requirements.iter().flat_map(|requirement| &requirement.states);
    let minors: BTreeSet<u16> = states.map(|state| version::number(&state.kubernetes)).collect();
    minors.into_iter().collect()
}

fn rows<'a>(document: &'a Document, minors: &[u16]) -> BTreeMap<Row, Vec<&'a RequirementDocument>> {
    let mut rows: BTreeMap<Row, Vec<&RequirementDocument>> = BTreeMap::new();
    for requirement in document.requirements.iter().filter(|requirement| !requirement.states.is_empty()) {
        let mut worst: BTreeMap<u16, CaseStatus> = BTreeMap::new();
        for state in &requirement.states {
            let status = worst.entry(version::number(&state.kubernetes)).or_insert(state.status);
            *status = state.status.max(*status);
        }
        let cells = minors.iter().map(|minor| worst.get(minor).copied()).collect();
        rows.entry(Row { worst: Reverse(worst.values().copied().max()), cells }).or_default().push(requirement);
    }
    rows
}
