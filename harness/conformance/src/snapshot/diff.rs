//! The difference between what a snapshot says and what was seen, for people.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// A unified diff whose hunks say where in the object they are.
///
/// # Shape
/// `@@ answer.spec.securityContext @@` and then lines with ` `, `-` (the snapshot) or `+` (what was seen) before them.
pub(crate) fn diff(snapshot: &str, seen: &str) -> String {
    let diff = TextDiff::from_lines(snapshot, seen);
    let old: Vec<&str> = snapshot.lines().collect();
    let mut out = String::new();
    for group in diff.grouped_ops(CONTEXT) {
        let changed = group.iter().find(|operation| operation.tag() != similar::DiffTag::Equal);
        let start = changed.map_or(0, |operation| operation.old_range().start);
        let _ = writeln!(out, "@@ {} @@", location(&old, start));
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(out, "{sign}{}", change.value().trim_end_matches('\n'));
        }
    }
    out
}

/// The keys that lead to a line, by indentation: `create labelled: answer.spec`.
fn location(lines: &[&str], line: usize) -> String {
    let depth = |text: &str| text.len() - text.trim_start_matches([' ', '-']).len();
    let line = line.min(lines.len().saturating_sub(1));
    let mut inner = lines.get(line).map_or(0, |text| depth(text));
    let mut keys = Vec::new();
    for text in lines[..line].iter().rev() {
        if text.is_empty() {
            if let Some(call) = lines[..line].iter().rev().find(|text| text.starts_with("call ")) {
                keys.push(call.trim_start_matches("call "));
            }
            break;
        }
        let outer = depth(text);
        if outer < inner && text.ends_with(':') {
            keys.push(text.trim_start_matches([' ', '-']).trim_end_matches(':'));
            inner = outer;
        }
    }
    keys.reverse();
    keys.join(" > ")
}
