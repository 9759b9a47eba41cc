//! Strategic merge patch: a merge patch that knows the keys of lists, and takes directives.
//!
//! ```text
//! $patch: delete | replace                   what to do with the object it stands in
//! $retainKeys: [..]                          the only keys that stay
//! $setElementOrder/LIST: [..]                the order of a list's items
//! $deleteFromPrimitiveList/LIST: [..]        scalars that go
//! ```

mod list;
mod order;

use serde_json::{Map, Value};

use super::{PatchError, go_format};
use crate::{
    fields::{self, Field, Kind, Schema, Type},
    minor::{
        Minor,
        patch::{DIRECTIVES_REMOVED, NULLS_DISCARDED},
    },
};

type Object = Map<String, Value>;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

/// Applies a strategic merge patch to an object of type `type_name`.
///
/// # Errors
/// `Undecodable` for a directive of the wrong shape; `DoesNotApply` for lists of lists; `Internal` for all else, as an
/// API server does not tell it from its own fault.
///
/// # Source
/// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `StrategicMergeMapPatch`
pub(super) fn apply(minor: Minor, type_name: &str, object: &Value, patch: Value) -> Result<Value, PatchError> {
    let schema = fields::schema(minor);
    let Some(ty) = fields::root(type_name) else {
        return Err(PatchError::Undecodable("strategic merge patch format is not supported".to_owned()));
    };
    let merge = Merge { minor, schema };
    match (object.clone(), patch) {
        (Value::Object(object), Value::Object(patch)) => merge.objects(object, patch, ty).map(Value::Object),
        _ => Err(PatchError::Internal("invalid JSON document".to_owned())),
    }
}

/// What holds for the whole of one application.
#[derive(Clone, Copy)]
struct Merge {
    minor: Minor,
    schema: &'static Schema,
}

/// How a field is merged.
struct FieldMerge<'a> {
    /// The field's type, or that of its items.
    ty: &'a Type,
    /// `merge`, `replace` or empty.
    strategy: &'a str,
    merge_key: &'a str,
}

fn bad_element_order() -> PatchError {
    PatchError::Undecodable("invalid patch format of setElementOrder list".to_owned())
}

fn bad_retain_keys() -> PatchError {
    PatchError::Undecodable("invalid patch format of retainKeys".to_owned())
}

fn bad_argument(expected: &str, found: &Value) -> PatchError {
    PatchError::Internal(format!("expected a {expected}, but received a {}", go_type(found)))
}

fn no_merge_key(item: &Object, key: &str) -> PatchError {
    let item = go_format(&Value::Object(item.clone()));
    PatchError::Internal(format!("map: {item} does not contain declared merge key: {key}"))
}

fn bad_directive(directive: &Value, patch: &Object) -> PatchError {
    let patch = go_format(&Value::Object(patch.clone()));
    PatchError::Internal(format!("unknown patch type: {} in map: {patch}", go_format(directive)))
}

/// The Go type that a decoded value has.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

impl Merge {
    fn field<'a>(&self, ty: &'a Type, name: &str) -> Result<&'static Field, PatchError>
    where
        'static: 'a,
    {
        let owner = match &ty.kind {
            Kind::Struct(place) => {
                let owner = &self.schema.structs[*place];
                if let Some((_, field)) = owner.field(name) {
                    return Ok(field);
                }
                owner.name
            }
            _ => "",
        };
        Err(PatchError::Internal(format!("unable to find api field in struct {owner} for the json field {name:?}")))
    }

    /// How the object below `name` is merged.
    fn object_merge(&self, ty: &Type, name: &str) -> Result<FieldMerge<'static>, PatchError> {
        let field = self.field(ty, name)?;
        let merge_key = field.patch_merge_key.as_deref().unwrap_or_default();
        Ok(FieldMerge { ty: &field.ty, strategy: strategy(field), merge_key })
    }

    /// How the list below `name` is merged.
    fn list_merge(&self, ty: &Type, name: &str) -> Result<FieldMerge<'static>, PatchError> {
        let merge = self.object_merge(ty, name)?;
        match &merge.ty.kind {
            Kind::List(item) => Ok(FieldMerge { ty: item, ..merge }),
            Kind::Bytes => Ok(merge),
            _ => Err(PatchError::Internal("expected slice or array type, but got: struct".to_owned())),
        }
    }

    fn objects(&self, mut original: Object, mut patch: Object, ty: &Type) -> Result<Object, PatchError> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    Ok(patch)
                }
                Some("delete") => Ok(Object::new()),
                _ => Err(bad_directive(directive, &patch)),
            };
        }
        retain_keys(&mut original, &mut patch)?;
        self.ordered_lists(&mut original, &mut patch, ty)?;
        for (key, value) in patch {
            self.entry(&mut original, key, value, ty)?;
        }
        Ok(original)
    }

    /// Merges one key of a patch.
    fn entry(&self, original: &mut Object, key: String, mut value: Value, ty: &Type) -> Result<(), PatchError> {
        let is_deletion = key.starts_with(DELETE_FROM_LIST);
        let key = if is_deletion {
            let bad = || PatchError::Undecodable("invalid patch format of primitive list".to_owned());
            key.strip_prefix(DELETE_FROM_LIST).and_then(|rest| rest.strip_prefix('/')).ok_or_else(bad)?.to_owned()
        } else {
            key
        };
        if value.is_null() {
            original.remove(&key);
            if *NULLS_DISCARDED.at(self.minor) {
                return Ok(());
            }
        }
        let Some(present) = original.get_mut(&key).filter(|present| go_type(present) == go_type(&value)) else {
            if !is_deletion {
                self.put(original, key, value);
            }
            return Ok(());
        };
        match (present, &mut value) {
            (Value::Object(present), Value::Object(value)) => {
                let merge = self.object_merge(ty, &key)?;
                let (was, patch) = (std::mem::take(present), std::mem::take(value));
                *present = if merge.strategy == "replace" { patch } else { self.objects(was, patch, merge.ty)? };
            }
            (Value::Array(present), Value::Array(value)) => {
                let merge = self.list_merge(ty, &key)?;
                let (was, patch) = (std::mem::take(present), std::mem::take(value));
                *present = self.lists(was, patch, &merge, is_deletion)?;
            }
            (present, value) => *present = value.take(),
        }
        Ok(())
    }

    /// Takes over what the original has not.
    fn put(&self, original: &mut Object, key: String, mut value: Value) {
        if *NULLS_DISCARDED.at(self.minor) {
            discard_nulls(&mut value);
        }
        if !*DIRECTIVES_REMOVED.at(self.minor) || remove_directives(&mut value) {
            original.insert(key, value);
        } else {
            original.remove(&key);
        }
    }
}

/// `merge`, `replace` or nothing: what else stands in the tag is for clients.
fn strategy(field: &Field) -> &str {
    field.patch_strategy.split(',').find(|part| *part != "retainKeys").unwrap_or_default()
}

/// # Source
/// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `applyRetainKeysDirective`
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let keys = keys.as_array().ok_or_else(bad_retain_keys)?;
    let is_kept = |key: &str| keys.iter().any(|kept| kept == key);
    let is_directive = |key: &str| key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !is_directive(key) && !is_kept(key)) {
        return Err(bad_retain_keys());
    }
    original.retain(|key, _| is_kept(key));
    Ok(())
}

fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// Takes out all objects with a directive; whether the value itself stays.
fn remove_directives(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => {
            if fields.contains_key(DIRECTIVE) {
                return false;
            }
            fields.retain(|_, value| remove_directives(value));
        }
        Value::Array(items) => items.retain_mut(remove_directives),
        _ => {}
    }
    true
}
