//! JSON patch (RFC 6902), with the habits of the library that Kubernetes applies it with.

use serde_json::{Map, Value};

use super::{PatchError, pointer};
use crate::{
    fields,
    minor::{
        Minor,
        patch::{SCALAR_DOCUMENT_REFUSED, WHOLE_DOCUMENT},
    },
};

/// What all `copy` operations of a patch may add, in bytes.
///
/// # Source
/// apiserver v0.31 `pkg/server/config.go` `JSONPatchMaxCopyBytes`
const COPY_LIMIT: usize = 3 * 1024 * 1024;

/// What strict decoding complains about in a JSON patch: unknown and doubled fields of its operations.
///
/// # Errors
/// `Undecodable`: an operation whose fields have not the right types.
///
/// # Source
/// apiserver v0.31 `pkg/endpoints/handlers/patch.go` `applyJSPatch`
pub(crate) fn strict_errors(minor: Minor, patch: &[u8]) -> Result<Vec<String>, PatchError> {
    let decoded = fields::decode(minor, "[]jsonPatchOp", patch)
        .map_err(|error| PatchError::Undecodable(format!("error decoding patch: {error}")))?;
    Ok(decoded.strict_errors.into_iter().map(|error| format!("json patch {error}")).collect())
}

/// A decoded JSON patch.
///
/// # Source
/// `github.com/evanphx/json-patch` v4.9.0 to v4.13.0 `patch.go`
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    operations: Vec<Operation>,
}

/// One step: `op`, `path`, `from`, `value`, as far as they are there.
type Operation = Map<String, Value>;

impl Patch {
    /// Reads a patch; `null` is one without operations.
    ///
    /// # Errors
    /// `Undecodable`: not a JSON array of objects.
    pub(crate) fn decode(patch: &[u8]) -> Result<Self, PatchError> {
        let undecodable = |found: &str, go_type: &str| {
            PatchError::Undecodable(format!("json: cannot unmarshal {found} into Go value of type jsonpatch.{go_type}"))
        };
        let items = match fields::parse(patch).map_err(|error| PatchError::Undecodable(error.detail))? {
            Value::Null => Vec::new(),
            Value::Array(items) => items,
            other => return Err(undecodable(fields::go_kind(&other), "Patch")),
        };
        let operations = items.into_iter().map(|item| match item {
            Value::Null => Ok(Operation::new()),
            Value::Object(operation) => Ok(operation),
            other => Err(undecodable(fields::go_kind(&other), "Operation")),
        });
        Ok(Self { operations: operations.collect::<Result<_, _>>()? })
    }

    /// How many operations it has.
    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// Applies each operation to what the ones before it made.
    ///
    /// # Errors
    /// `DoesNotApply`: an operation that fails; nothing is changed then.
    pub(crate) fn apply(&self, minor: Minor, document: &Value) -> Result<Value, PatchError> {
        let mut application = Application { minor, document: document.clone(), copied: 0 };
        for operation in &self.operations {
            application.apply(operation).map_err(PatchError::DoesNotApply)?;
        }
        Ok(application.document)
    }
}

/// A patch halfway through.
struct Application {
    minor: Minor,
    document: Value,
    copied: usize,
}

type Step = Result<(), String>;

impl Application {
    fn apply(&mut self, operation: &Operation) -> Step {
        match kind(operation) {
            "add" => self.add(operation),
            "remove" => self.remove(operation),
            "replace" => self.replace(operation),
            "move" => self.r#move(operation),
            "copy" => self.copy(operation),
            "test" => self.test(operation),
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    fn add(&mut self, operation: &Operation) -> Step {
        let path = text(operation, "path").map_err(|_| "add operation failed to decode path: missing value")?;
        let Some((mut holder, key)) = pointer::find(&mut self.document, path) else {
            return Err(format!("add operation does not apply: doc is missing path: \"{path}\": missing value"));
        };
        holder.add(&key, value(operation)).map_err(|error| format!("error in add for path: '{path}': {error}"))
    }

    fn remove(&mut self, operation: &Operation) -> Step {
        let path = text(operation, "path").map_err(|_| "remove operation failed to decode path: missing value")?;
        let Some((mut holder, key)) = pointer::find(&mut self.document, path) else {
            return Err(format!("remove operation does not apply: doc is missing path: \"{path}\": missing value"));
        };
        holder.remove(&key).map_err(|error| format!("error in remove for path: '{path}': {error}"))
    }

    /// A missing key of an object is added, which RFC 6902 forbids.
    fn replace(&mut self, operation: &Operation) -> Step {
        let path =
            text(operation, "path").map_err(|error| format!("replace operation failed to decode path: {error}"))?;
        if path.is_empty() && *WHOLE_DOCUMENT.at(self.minor) {
            return self.replace_document(operation);
        }
        let Some((mut holder, key)) = pointer::find(&mut self.document, path) else {
            return Err(format!("replace operation does not apply: doc is missing path: {path}: missing value"));
        };
        if holder.get(&key).is_err() {
            return Err(format!("replace operation does not apply: doc is missing key: {path}: missing value"));
        }
        holder.set(&key, value(operation)).map_err(|error| format!("error in remove for path: '{path}': {error}"))
    }

    fn replace_document(&mut self, operation: &Operation) -> Step {
        match value(operation) {
            whole @ (Value::Object(_) | Value::Array(_)) => self.document = whole,
            _ if *SCALAR_DOCUMENT_REFUSED.at(self.minor) => {
                return Err("replace operation value must be object or array: %!w(<nil>)".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn r#move(&mut self, operation: &Operation) -> Step {
        let from = text(operation, "from").map_err(|error| format!("move operation failed to decode from: {error}"))?;
        let Some((mut holder, key)) = pointer::find(&mut self.document, from) else {
            return Err(format!("move operation does not apply: doc is missing from path: {from}: missing value"));
        };
        let in_move = |error| format!("error in move for path: '{key}': {error}");
        let moved = holder.get(&key).map_err(in_move)?;
        holder.remove(&key).map_err(in_move)?;
        let path = text(operation, "path").map_err(|error| format!("move operation failed to decode path: {error}"))?;
        let Some((mut holder, key)) = pointer::find(&mut self.document, path) else {
            return Err(format!(
                "move operation does not apply: doc is missing destination path: {path}: missing value"
            ));
        };
        holder.add(&key, moved).map_err(|error| format!("error in move for path: '{path}': {error}"))
    }

    fn copy(&mut self, operation: &Operation) -> Step {
        let from = text(operation, "from").map_err(|error| format!("copy operation failed to decode from: {error}"))?;
        let Some((holder, key)) = pointer::find(&mut self.document, from) else {
            return Err(format!("copy operation does not apply: doc is missing from path: {from}: missing value"));
        };
        let copied = holder.get(&key).map_err(|error| format!("error in copy for from: '{from}': {error}"))?;
        let path = text(operation, "path").map_err(|_| "copy operation failed to decode path: missing value")?;
        let Some((mut holder, key)) = pointer::find(&mut self.document, path) else {
            return Err(format!(
                "copy operation does not apply: doc is missing destination path: {path}: missing value"
            ));
        };
        if !copied.is_null() {
            self.copied += copied.to_string().len();
        }
        if self.copied > COPY_LIMIT {
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {}, exceeding the limit {}",
                self.copied, COPY_LIMIT
            ));
        }
        holder.add(&key, copied).map_err(|error| format!("error while adding value during copy: {error}"))
    }

    /// A missing key of an object equals null.
    fn test(&mut self, operation: &Operation) -> Step {
        let path = text(operation, "path").map_err(|error| format!("test operation failed to decode path: {error}"))?;
        let found = if path.is_empty() && *WHOLE_DOCUMENT.at(self.minor) {
            self.document.clone()
        } else {
            let Some((holder, key)) = pointer::find(&mut self.document, path) else {
                return Err(format!("test operation does not apply: is missing path: {path}: missing value"));
            };
            holder.get(&key).map_err(|error| format!("error in test for path: '{path}': {error}"))?
        };
        if found == value(operation) { Ok(()) } else { Err(format!("testing value {path} failed: test failed")) }
    }
}

/// What the operation does; `unknown` where it does not say.
fn kind(operation: &Operation) -> &str {
    operation.get("op").and_then(Value::as_str).unwrap_or("unknown")
}

fn value(operation: &Operation) -> Value {
    operation.get("value").cloned().unwrap_or_default()
}

/// `path` or `from` of an operation, or why Go cannot read it.
fn text<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, String> {
    match operation.get(name) {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(match name {
            "path" => "operation missing path field: missing value".to_owned(),
            _ => format!("operation, missing {name} field: missing value"),
        }),
        Some(other) => Err(format!("json: cannot unmarshal {} into Go value of type string", fields::go_kind(other))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn apply(minor: Minor, document: &Value, patch: &[u8]) -> Result<Value, PatchError> {
        Patch::decode(patch)?.apply(minor, document)
    }

    fn patched(document: &Value, patch: &Value) -> Result<Value, String> {
        apply(Minor::NEWEST, document, patch.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    /// Cases of the library's own `patch_test.go`, and its texts.
    #[rstest]
    #[case::add_replaces(json!([{"op": "add", "path": "/a", "value": 2}]), json!({"a": 2, "l": [1, 2]}))]
    #[case::append(json!([{"op": "add", "path": "/l/-", "value": 3}]), json!({"a": 1, "l": [1, 2, 3]}))]
    #[case::insert(json!([{"op": "add", "path": "/l/0", "value": 0}]), json!({"a": 1, "l": [0, 1, 2]}))]
    #[case::from_the_end(json!([{"op": "add", "path": "/l/-1", "value": 3}]), json!({"a": 1, "l": [1, 2, 3]}))]
    #[case::replace_of_a_missing_key(json!([{"op": "replace", "path": "/b", "value": 1}]), json!({"a": 1, "b": 1, "l": [1, 2]}))]
    #[case::remove(json!([{"op": "remove", "path": "/a"}]), json!({"l": [1, 2]}))]
    #[case::moves(json!([{"op": "move", "from": "/a", "path": "/l/0"}]), json!({"l": [1, 1, 2]}))]
    #[case::copies(json!([{"op": "copy", "from": "/l", "path": "/m"}]), json!({"a": 1, "l": [1, 2], "m": [1, 2]}))]
    #[case::tests(json!([{"op": "test", "path": "/l", "value": [1, 2]}]), json!({"a": 1, "l": [1, 2]}))]
    #[case::missing_is_null(json!([{"op": "test", "path": "/x", "value": null}]), json!({"a": 1, "l": [1, 2]}))]
    #[case::escaped(json!([{"op": "add", "path": "/x~1y~0z", "value": 1}]), json!({"a": 1, "l": [1, 2], "x/y~z": 1}))]
    #[case::whole(json!([{"op": "replace", "path": "", "value": {}}]), json!({}))]
    #[case::nothing(json!(null), json!({"a": 1, "l": [1, 2]}))]
    fn changes_the_document(#[case] patch: Value, #[case] expected: Value) {
        assert_eq!(patched(&json!({"a": 1, "l": [1, 2]}), &patch), Ok(expected));
    }

    #[rstest]
    #[case::no_parent(
        json!([{"op": "add", "path": "/x/y", "value": 1}]),
        "add operation does not apply: doc is missing path: \"/x/y\": missing value"
    )]
    #[case::out_of_range(
        json!([{"op": "add", "path": "/l/9", "value": 1}]),
        "error in add for path: '/l/9': Unable to access invalid index: 9: invalid index referenced"
    )]
    #[case::no_index(
        json!([{"op": "add", "path": "/l/x", "value": 1}]),
        "error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax"
    )]
    #[case::replace_without_parent(
        json!([{"op": "replace", "path": "/x/y", "value": 1}]),
        "replace operation does not apply: doc is missing path: /x/y: missing value"
    )]
    #[case::remove_of_a_missing_key(
        json!([{"op": "remove", "path": "/x"}]),
        "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value"
    )]
    #[case::failed_test(json!([{"op": "test", "path": "/a", "value": 2}]), "testing value /a failed: test failed")]
    #[case::unknown(json!([{"op": "foo", "path": "/a"}]), "Unexpected kind: foo")]
    #[case::unnamed(json!([{"path": "/a"}]), "Unexpected kind: unknown")]
    #[case::no_array(json!({}), "json: cannot unmarshal object into Go value of type jsonpatch.Patch")]
    #[case::no_object(json!(["x"]), "json: cannot unmarshal string into Go value of type jsonpatch.Operation")]
    fn says_why_it_does_not_apply(#[case] patch: Value, #[case] text: &str) {
        assert_eq!(patched(&json!({"a": 1, "l": [1, 2]}), &patch), Err(text.to_owned()));
    }

    #[test]
    fn an_empty_path_names_the_document_from_1_23_on() {
        let patch = br#"[{"op": "replace", "path": "", "value": {}}]"#;
        let on = |minor: u8| apply(Minor::new(minor).expect("modelled"), &json!({"a": 1}), patch);
        assert_eq!(on(23), Ok(json!({})));
        assert!(matches!(on(22), Err(PatchError::DoesNotApply(_))));
    }

    #[test]
    fn text_that_is_no_json_is_undecodable() {
        assert_eq!(
            apply(Minor::NEWEST, &json!({}), b"["),
            Err(PatchError::Undecodable("unexpected end of JSON input".to_owned()))
        );
    }

    proptest! {
        /// RFC 6902 section 4.1: what was added is found by a test, and removing it gives back the document.
        #[test]
        fn add_then_remove_is_nothing(key in "[a-z/~]{1,8}", number in any::<i64>()) {
            let document = json!({"UNTOUCHED": [1, {"x": null}]});
            let path = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let added = json!([
                {"op": "add", "path": path, "value": number},
                {"op": "test", "path": path, "value": number},
                {"op": "remove", "path": path},
            ]);
            prop_assert_eq!(patched(&document, &added), Ok(document));
        }

        /// Nothing that a webhook sends makes it panic.
        #[test]
        fn any_path_is_answered(op in "add|remove|replace|move|copy|test", path in "[-/~0-9a-z+]{0,12}", from in "[-/0-9a-z]{0,6}") {
            let document = json!({"a": [1, [2], {"b": null}]});
            let _ = patched(&document, &json!([{"op": op, "path": path, "from": from, "value": 1}]));
        }
    }
}
