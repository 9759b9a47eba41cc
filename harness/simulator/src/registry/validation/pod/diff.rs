//! The difference that a refused update shows.
//!
//! Here this text differs from a real API server's: that one prints its internal structs, until 1.23 with
//! `diff.ObjectDiff`, until 1.33 with `cmp.Diff` (whose blanks are meant to vary from build to build), and from 1.34 as
//! a unified diff of their JSON. This one prints each field that differs, with its path and its JSON before and after.

use serde_json::Value;

use crate::registry::read::Read;

/// Each field that differs below `path`, one line before and one after.
pub(super) fn of(path: &str, old: &Value, new: &Value) -> String {
    let mut lines = String::new();
    walk(path, Some(old), Some(new), &mut lines);
    lines
}

fn walk(path: &str, old: Option<&Value>, new: Option<&Value>, lines: &mut String) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut names = before.keys().chain(after.keys()).collect::<Vec<_>>();
            names.sort_unstable();
            names.dedup();
            for name in names {
                walk(&format!("{path}.{name}"), old.field(name), new.field(name), lines);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                walk(&format!("{path}[{index}]"), before.get(index), after.get(index), lines);
            }
        }
        _ => {
            for (sign, value) in [('-', old), ('+', new)] {
                if let Some(value) = value {
                    let line = format!("{sign} {path}: {value}\n");
                    lines.push_str(&line);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn shows_what_differs_and_nothing_else() {
        let old = json!({"a": 1, "b": [{"c": "x", "d": 1}]});
        let new = json!({"a": 1, "b": [{"c": "y", "d": 1}], "e": true});
        assert_eq!(of("spec", &old, &new), "- spec.b[0].c: \"x\"\n+ spec.b[0].c: \"y\"\n+ spec.e: true\n");
    }
}
