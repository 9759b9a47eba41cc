//! JSON values as YAML, for reading only.

use std::fmt::Write as _;

use serde_json::Value;

/// `value` as block-style YAML, each line ended.
///
/// Every value that could be read as something else is quoted as JSON does it, which YAML reads the same way.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_block(value, 0, &mut text),
        Value::Array(list) if !list.is_empty() => write_block(value, 0, &mut text),
        scalar => {
            text.push_str(&inline(scalar));
            text.push('\n');
        }
    }
    text
}

fn write_block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(map) => {
            for (index, (key, value)) in map.iter().enumerate() {
                // The first key of a list's entry stands beside its dash.
                if index > 0 || !text.ends_with("- ") {
                    let _ = write!(text, "{:indent$}", "");
                }
                text.push_str(&plain(key));
                text.push(':');
                write_member(value, indent, text);
            }
        }
        Value::Array(list) => {
            for value in list {
                let _ = write!(text, "{:indent$}- ", "");
                if is_block(value) {
                    if value.is_array() {
                        text.truncate(text.len() - 1);
                        text.push('\n');
                    }
                    write_block(value, indent + 2, text);
                } else {
                    text.push_str(&inline(value));
                    text.push('\n');
                }
            }
        }
        _ => {}
    }
}

fn write_member(value: &Value, indent: usize, text: &mut String) {
    if is_block(value) {
        text.push('\n');
        write_block(value, if value.is_array() { indent } else { indent + 2 }, text);
    } else {
        text.push(' ');
        text.push_str(&inline(value));
        text.push('\n');
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

/// A string as it is where no reader can take it for something else, else quoted.
fn plain(text: &str) -> String {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/' || first == '[');
    let is_plain = |character: char| character.is_ascii_alphanumeric() || " ./_-:[]".contains(character);
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let ambiguous = reserved.contains(&text.to_ascii_lowercase().as_str())
        || text.contains(": ")
        || text.ends_with([':', ' '])
        || (text.starts_with('[') && !is_placeholder(text));
    if starts_well && text.chars().all(is_plain) && !ambiguous {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// Whether a text is a name that stands for a varying value, `[uid]`: shown as snapshots show it.
fn is_placeholder(text: &str) -> bool {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|name| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_what_a_pod_is_made_of() {
        let pod = json!({
            "kind": "Pod",
            "metadata": {"name": "a", "labels": {"skip": "true", "empty": ""}, "uid": "[uid]"},
            "spec": {"containers": [{"name": "main", "args": ["-c", "a: b"]}, {}], "tolerations": [[1, 2]], "priority": 0}
        });
        assert_snapshot!(to_yaml(&pod), @r#"
        kind: Pod
        metadata:
          labels:
            empty: ""
            skip: "true"
          name: a
          uid: [uid]
        spec:
          containers:
          - args:
            - "-c"
            - "a: b"
            name: main
          - {}
          priority: 0
          tolerations:
          -
            - 1
            - 2
        "#);
        assert_eq!(to_yaml(&json!("x")), "x\n");
    }
}
