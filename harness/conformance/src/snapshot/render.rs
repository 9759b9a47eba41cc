//! Renders objects for people to review: like YAML, keys sorted, lists in their order, platform parts as one line.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::platform::{Place, PlatformParts};

/// Renders `object`, which is masked, each line `indent` spaces in.
pub(crate) fn object(out: &mut String, indent: usize, object: &Value, platform: &PlatformParts) {
    let is_pod = object.get("kind").is_some_and(|kind| kind == "Pod");
    let place = if is_pod { Place::Pod } else { Place::Elsewhere };
    Renderer { platform }.block(out, indent, object, place);
}

/// Renders a group of fields or an entry of a list as it stands in a platform snapshot.
pub(crate) fn part(value: &Value) -> String {
    let mut out = String::new();
    Renderer { platform: &PlatformParts::default() }.block(&mut out, 0, value, Place::Elsewhere);
    out
}

/// Renders a text so that it fills one line and reads as itself.
pub(crate) fn scalar(text: &str) -> String {
    let mut out = String::new();
    write_text(&mut out, text);
    out
}

struct Renderer<'a> {
    platform: &'a PlatformParts,
}

impl Renderer<'_> {
    /// Renders a value that starts on a line of its own.
    fn block(&self, out: &mut String, indent: usize, value: &Value, place: Place) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.fields(out, indent, fields, place),
            Value::Array(entries) if !entries.is_empty() => self.entries(out, indent, entries, place),
            other => {
                pad(out, indent);
                write_scalar(out, other);
                out.push('\n');
            }
        }
    }

    fn fields(&self, out: &mut String, indent: usize, fields: &Map<String, Value>, place: Place) {
        let folded = self.platform.groups(place, fields);
        for part in &folded {
            pad(out, indent);
            let _ = writeln!(out, "[platform: {}]", part.name);
        }
        let mut keys: Vec<_> = fields.keys().collect();
        keys.sort_unstable();
        for key in keys.into_iter().filter(|key| !folded.iter().any(|part| part.keys.contains(&key.as_str()))) {
            pad(out, indent);
            write_text(out, key);
            out.push(':');
            self.after_key(out, indent, &fields[key], place.field(key));
        }
    }

    /// Renders a field's value: on the key's line if it is a scalar, below it otherwise.
    fn after_key(&self, out: &mut String, indent: usize, value: &Value, place: Place) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                out.push('\n');
                self.fields(out, indent + 2, fields, place);
            }
            Value::Array(entries) if !entries.is_empty() => {
                out.push('\n');
                self.entries(out, indent, entries, place);
            }
            other => {
                out.push(' ');
                write_scalar(out, other);
                out.push('\n');
            }
        }
    }

    fn entries(&self, out: &mut String, indent: usize, entries: &[Value], place: Place) {
        for entry in entries {
            pad(out, indent);
            out.push_str("- ");
            if let Some(part) = self.platform.entry(place, entry) {
                let _ = writeln!(out, "[platform: {}]", part.name);
            } else if place == Place::ManagedFields {
                // A tree of `f:` keys says little to a reader: one line for each manager.
                write_scalar(out, entry);
                out.push('\n');
            } else {
                let start = out.len();
                self.block(out, indent + 2, entry, place.entry());
                // The first line goes behind the dash.
                out.replace_range(start..start + indent + 2, "");
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_scalar(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => write_text(out, text),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// Plain where that cannot be misread, in JSON's quotes otherwise.
fn write_text(out: &mut String, text: &str) {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./[] ,()=$".contains(character);
    let is_word = text.chars().any(|character| character.is_ascii_alphabetic() || character == '[')
        && !matches!(text.to_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n")
        && text.chars().all(plain)
        && !text.starts_with(['-', ' ', ','])
        && !text.ends_with(' ')
        && text.parse::<f64>().is_err();
    if is_word {
        out.push_str(text);
    } else {
        let _ = write!(out, "{}", Value::from(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn renders_like_yaml_with_sorted_keys() {
        let value = json!({
            "b": {"list": [{"name": "x", "value": "1"}, "plain", []], "empty": {}},
            "a": "text with: colon", "t": "true", "count": 30, "z": null, "label.io/key": "",
        });
        let mut out = String::new();
        object(&mut out, 0, &value, &PlatformParts::default());
        insta::assert_snapshot!(out, @r#"
        a: "text with: colon"
        b:
          empty: {}
          list:
          - name: x
            value: "1"
          - plain
          - []
        count: 30
        label.io/key: ""
        t: "true"
        z: null
        "#);
    }

    #[test]
    fn managed_fields_take_a_line_each() {
        let value =
            json!({"kind": "Pod", "metadata": {"managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}]}});
        let mut out = String::new();
        object(&mut out, 0, &value, &PlatformParts::default());
        insta::assert_snapshot!(out, @r#"
        kind: Pod
        metadata:
          managedFields:
          - {"fieldsV1":{"f:spec":{}},"manager":"m"}
        "#);
    }
}
