//! The difference between what a snapshot says and what was seen, for people.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// A unified diff whose hunks say where in the object they are.
///
/// # Shape
/// `@@ create Pod labelled: 201 > answer > spec @@` and then lines with ` `, `-` (the snapshot) or `+` (what was seen) before them.
pub(crate) fn diff(snapshot: &str, seen: &str) -> String {
    let diff = TextDiff::from_lines(snapshot, seen);
    let old: Vec<&str> = snapshot.lines().collect();
    let mut out = String::new();
    for group in diff.grouped_ops(CONTEXT) {
        let changed = group.iter().find(|operation| operation.tag() != similar::DiffTag::Equal);
        let start = changed.map_or(0, |operation| operation.old_range().start);
        let _ = writeln!(out, "@@ {} @@", location(&old, start).unwrap_or("at the top".to_owned()));
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

/// The call and the keys that lead to a line, by indentation; nothing where none does.
fn location(lines: &[&str], line: usize) -> Option<String> {
    let depth = |text: &str| text.len() - text.trim_start_matches([' ', '-']).len();
    let line = line.min(lines.len().saturating_sub(1));
    let mut inner = lines.get(line).map_or(0, |text| depth(text));
    let mut keys = Vec::new();
    for text in lines[..line].iter().rev().take_while(|text| !text.is_empty()) {
        let outer = depth(text);
        if outer < inner && text.ends_with(':') {
            keys.push(text.trim_start_matches([' ', '-']).trim_end_matches(':'));
            inner = outer;
        }
    }
    keys.extend(lines[..line].iter().rev().find_map(|text| text.strip_prefix("call ")));
    keys.reverse();
    (!keys.is_empty()).then(|| keys.join(" > "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_a_change_is() {
        let snapshot = "call create Pod web: 201\nwebhook: not called\nanswer:\n  spec:\n    securityContext: {}\n";
        let seen = snapshot.replace("{}", "null");
        let diff = diff(snapshot, &seen);
        assert!(diff.starts_with("@@ create Pod web: 201 > answer > spec @@\n"), "{diff}");
    }

    #[test]
    fn says_that_the_first_line_differs() {
        assert_eq!(diff("a\n", "b\n"), "@@ at the top @@\n-a\n+b\n");
    }
}
