//! The named replacements: the one place where a comparison says less than what was answered.
//!
//! Each value of a kind that an API server draws is replaced by its kind and a number, in the order in which it is first
//! seen on that side: `[uid 1]`. Two values that are the same on one side have to be the same on the other. What a request
//! itself said is never replaced.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The length of the suffix that Kubernetes draws.
const SUFFIX_LENGTH: usize = 5;
/// How much of a wanted prefix Kubernetes keeps.
const LONGEST_PREFIX: usize = 58;
/// What stands before the drawn suffix in names that Kubernetes itself makes.
const GENERATED: &str = "kube-api-access-";
/// What stands before an address in the API server's memory.
const BEFORE_ADDRESS: &str = "(0x";
/// The messages that the difference of two objects follows, on lines of its own. go-cmp takes care that no two builds print
/// the same: "Do not depend on this output being stable".
const BEFORE_DIFF: [&str; 2] = ["pod updates may not change fields other than", "may not be changed"];
/// What stands before a whole object in a message, with all that was drawn for it, encoded once more.
const BEFORE_OBJECT: &str = "Invalid value: \"{\\\"";
/// The keys whose values are points in time, by what they end with.
const TIMES: [&str; 3] = ["Timestamp", "Time", "time"];

/// The names of one side in one case.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What the requests say.
    given: BTreeSet<String>,
    /// Texts that are known beforehand, longest first.
    known: Vec<(String, &'static str)>,
    /// What was drawn, and what stands for it.
    drawn: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
    /// What requests want names to begin with.
    prefixes: BTreeSet<String>,
}

impl Names {
    /// `known`: texts of this side, and what stands for them.
    pub(super) fn new(known: Vec<(String, &'static str)>) -> Self {
        Self { known, ..Self::default() }
    }

    /// Takes note of what a request says.
    pub(super) fn give(&mut self, request: &Value) {
        match request {
            Value::String(text) => drop(self.given.insert(text.clone())),
            Value::Array(entries) => entries.iter().for_each(|entry| self.give(entry)),
            Value::Object(fields) => {
                if let Some(prefix) = fields.get("generateName").and_then(Value::as_str).filter(|text| !text.is_empty())
                {
                    self.prefixes.insert(prefix.chars().take(LONGEST_PREFIX).collect());
                }
                fields.values().for_each(|field| self.give(field));
            }
            _ => {}
        }
    }

    /// Replaces all that an API server draws in `value`.
    pub(super) fn apply(&mut self, value: &mut Value) {
        self.learn_names(value);
        self.visit(value, "");
    }

    /// Learns generated names, wherever an object stands.
    fn learn_names(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                let metadata = |field| value.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
                if let (Some(name), Some(prefix)) = (metadata("name"), metadata("generateName"))
                    && name.len() > SUFFIX_LENGTH
                    && prefix.starts_with(&name[..name.len() - SUFFIX_LENGTH])
                    && !self.given.contains(name)
                {
                    self.draw(name.to_owned(), "generated name");
                }
                fields.values().for_each(|field| self.learn_names(field));
            }
            Value::Array(entries) => entries.iter().for_each(|entry| self.learn_names(entry)),
            _ => {}
        }
    }

    fn draw(&mut self, text: String, kind: &'static str) -> String {
        if let Some(name) = self.drawn.get(&text) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("[{kind} {count}]");
        self.drawn.insert(text, name.clone());
        name
    }

    fn visit(&mut self, value: &mut Value, key: &str) {
        match value {
            Value::String(text) => {
                if let Some(replaced) = self.text(text, key) {
                    *text = replaced;
                }
            }
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.visit(entry, key)),
            Value::Object(fields) => {
                let is_list = fields.contains_key("items");
                sort_finalizers_of_namespace(fields);
                for (key, field) in fields {
                    if is_list && key == "metadata" && field.get("resourceVersion").is_some() {
                        // A list is as new as the newest write of anyone.
                        field["resourceVersion"] = Value::from("[list version]");
                    }
                    let key = key.clone();
                    self.visit(field, &key);
                    if key == "managedFields" {
                        // Theirs is an order of time, in which the second counts in which a request happens to be made.
                        sort_without_time(field);
                    }
                }
            }
            _ => {}
        }
    }

    /// What stands for a whole text; nothing where it stands as it is.
    pub(super) fn text(&mut self, text: &str, key: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        if !self.given.contains(text) {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            if key == "resourceVersion" && is_number && text != "0" {
                return Some(self.draw(text.to_owned(), "version"));
            }
            if TIMES.iter().any(|end| key.ends_with(end)) && text.parse::<Moment>().is_ok() {
                return Some("[time]".to_owned());
            }
        }
        let mut replaced = text.to_owned();
        for (known, name) in &self.known {
            if replaced.contains(known.as_str()) {
                replaced = replaced.replace(known.as_str(), name);
            }
        }
        if let Some(drawn) = self.drawn.get(&replaced) {
            return Some(drawn.clone());
        }
        self.replace_uids(&mut replaced);
        self.replace_versions(&mut replaced);
        self.replace_refused_names(&mut replaced);
        self.replace_generated(&mut replaced);
        for (drawn, name) in &self.drawn {
            if drawn.len() > SUFFIX_LENGTH && name.starts_with("[generated") && replaced.contains(drawn.as_str()) {
                replaced = replaced.replace(drawn.as_str(), name);
            }
        }
        replace_addresses(&mut replaced);
        replace_ports(&mut replaced);
        replace_objects(&mut replaced);
        for before in BEFORE_DIFF {
            if let Some(at) = replaced.find(before).and_then(|at| replaced[at..].find('\n').map(|end| at + end)) {
                replaced.truncate(at);
                replaced.push_str("\n[diff]");
            }
        }
        (replaced != text).then_some(replaced)
    }

    fn replace_uids(&mut self, text: &mut String) {
        let mut at = 0;
        while let Some(candidate) = text.get(at..at + 36) {
            if is_uid(candidate) && !self.given.contains(candidate) {
                let name = self.draw(candidate.to_owned(), "uid");
                text.replace_range(at..at + 36, &name);
                at += name.len();
            } else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
            while !text.is_char_boundary(at.min(text.len())) {
                at += 1;
            }
        }
    }

    /// The version of what is stored, in the words of a precondition that does not hold.
    fn replace_versions(&mut self, text: &mut String) {
        const BEFORE: [&str; 2] = ["ResourceVersion in record (", "ResourceVersion in object meta: "];
        let start = BEFORE.iter().find_map(|before| text.find(before).map(|at| at + before.len()));
        let Some(start) = start else { return };
        let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
        let name = self.draw(text[start..start + digits].to_owned(), "version");
        text.replace_range(start..start + digits, &name);
    }

    /// The generated name of what was not made, which no object tells: a whole text, or one in quotation marks.
    fn replace_refused_names(&mut self, text: &mut String) {
        for prefix in self.prefixes.clone() {
            let Some(start) = text.find(&prefix).filter(|at| *at == 0 || text[..*at].ends_with('"')) else { continue };
            let end = start + prefix.len() + SUFFIX_LENGTH;
            let Some(suffix) = text.get(start + prefix.len()..end) else { continue };
            let is_drawn = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let is_whole = text[end..].is_empty() && start == 0 || text[end..].starts_with('"');
            if is_drawn && is_whole && !self.given.contains(&text[start..end]) {
                let name = self.draw(text[start..end].to_owned(), "generated name");
                text.replace_range(start..end, &name);
            }
        }
    }

    fn replace_generated(&mut self, text: &mut String) {
        let mut from = 0;
        while let Some(found) = text[from..].find(GENERATED) {
            let start = from + found;
            let end = start + GENERATED.len() + SUFFIX_LENGTH;
            let Some(whole) = text.get(start..end) else { return };
            let is_drawn = whole[GENERATED.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !is_drawn || self.given.contains(whole) {
                from = start + GENERATED.len();
                continue;
            }
            let name = self.draw(whole.to_owned(), "token volume");
            text.replace_range(start..end, &name);
            from = start + name.len();
        }
    }
}

/// A point in time as Kubernetes writes it.
struct Moment;

impl std::str::FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = text.as_bytes();
        let is_moment = bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T' && bytes[bytes.len() - 1] == b'Z';
        if is_moment { Ok(Self) } else { Err(()) }
    }
}

fn is_uid(text: &str) -> bool {
    text.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    })
}

fn replace_addresses(text: &mut String) {
    let mut from = 0;
    while let Some(found) = text[from..].find(BEFORE_ADDRESS) {
        let start = from + found + BEFORE_ADDRESS.len();
        let digits = text[start..].bytes().take_while(u8::is_ascii_hexdigit).count();
        text.replace_range(start..start + digits, "[address]");
        from = start;
    }
}

fn sort_without_time(entries: &mut Value) {
    let Some(entries) = entries.as_array_mut() else { return };
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    entries.sort_by_cached_key(|entry| ["operation", "manager", "subresource"].map(|name| text(entry, name)));
}

/// The finalizers of a Namespace that is being deleted, which a deletion may write down in the order of a map of Go's.
///
/// # Source
/// kubernetes v1.36 `pkg/registry/core/namespace/storage/storage.go` `Delete`
fn sort_finalizers_of_namespace(fields: &mut Map<String, Value>) {
    if fields.get("kind").is_none_or(|kind| kind != "Namespace") {
        return;
    }
    let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if metadata.contains_key("deletionTimestamp")
        && let Some(finalizers) = metadata.get_mut("finalizers").and_then(Value::as_array_mut)
    {
        finalizers.sort_by_cached_key(ToString::to_string);
    }
}

/// An object that a message shows as one text.
fn replace_objects(text: &mut String) {
    let Some(start) = text.find(BEFORE_OBJECT).map(|at| at + "Invalid value: \"".len()) else { return };
    let mut is_escaped = false;
    let end = text[start..].find(|letter| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    });
    if let Some(length) = end {
        text.replace_range(start..start + length, "[object]");
    }
}

/// `127.0.0.1:40000->`: the near end of a connection.
fn replace_ports(text: &mut String) {
    const NEAR: &str = "127.0.0.1:";
    let mut from = 0;
    while let Some(found) = text[from..].find(NEAR) {
        let start = from + found + NEAR.len();
        let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
        if text[start + digits..].starts_with("->") {
            text.replace_range(start..start + digits, "[port]");
        }
        from = start;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const UID: &str = "e81f2283-9b79-4487-a15f-9e48ac5a8e5d";
    const OTHER: &str = "a81f2283-9b79-4487-a15f-9e48ac5a8e5d";

    #[test]
    fn keeps_what_is_the_same_the_same() {
        let mut names = Names::default();
        let mut value = json!([{"uid": UID}, {"uid": OTHER}, {"message": format!("not {UID}, but {OTHER}")}]);
        names.apply(&mut value);
        assert_eq!(value, json!([{"uid": "[uid 1]"}, {"uid": "[uid 2]"}, {"message": "not [uid 1], but [uid 2]"}]));
    }

    #[test]
    fn leaves_what_a_request_said() {
        let mut names = Names::default();
        names.give(&json!({"uid": UID, "creationTimestamp": "2020-01-01T00:00:00Z"}));
        let mut value = json!({
            "uid": UID, "creationTimestamp": "2020-01-01T00:00:00Z", "deletionTimestamp": "2021-01-01T00:00:00Z",
            "resourceVersion": "7",
        });
        names.apply(&mut value);
        let expected = json!({
            "uid": UID, "creationTimestamp": "2020-01-01T00:00:00Z", "deletionTimestamp": "[time]",
            "resourceVersion": "[version 1]",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn sorts_what_the_deletion_of_a_namespace_shuffles() {
        let object = |kind: &str, metadata: Value| json!({"kind": kind, "metadata": metadata});
        let finalizers = |names: [&str; 2]| json!({"finalizers": names, "deletionTimestamp": "[time]"});
        let mut deleted = object("Namespace", finalizers(["orphan", "a.b/c"]));
        Names::default().apply(&mut deleted);
        assert_eq!(deleted, object("Namespace", finalizers(["a.b/c", "orphan"])));
        let others = [
            object("Pod", finalizers(["orphan", "a.b/c"])),
            object("Namespace", json!({"finalizers": ["orphan", "a.b/c"]})),
        ];
        for other in others {
            let mut visited = other.clone();
            Names::default().apply(&mut visited);
            assert_eq!(visited, other);
        }
    }

    #[test]
    fn replaces_drawn_names_and_what_is_known() {
        let mut names = Names::new(vec![("https://127.0.0.1:1234".to_owned(), "[webhook]")]);
        let mut value = json!({
            "metadata": {"name": "a-x2b4c", "generateName": "a-"},
            "volume": "kube-api-access-x2b4c",
            "message": "pods \"a-x2b4c\": Post \"https://127.0.0.1:1234/a\": read 127.0.0.1:99->x: (*int)(0xc01a)",
        });
        names.apply(&mut value);
        let expected = json!({
            "metadata": {"name": "[generated name 1]", "generateName": "a-"},
            "volume": "[token volume 1]",
            "message":
                "pods \"[generated name 1]\": Post \"[webhook]/a\": read 127.0.0.1:[port]->x: (*int)(0x[address])",
        });
        assert_eq!(value, expected);
    }
}
