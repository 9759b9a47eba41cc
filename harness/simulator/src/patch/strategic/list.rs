//! Merging lists: by key, or as sets of scalars.

use serde_json::Value;

use super::{
    DIRECTIVE, FieldMerge, Merge, Object, PatchError, bad_argument, bad_directive, go_format, go_type, no_merge_key,
    order,
};

impl Merge {
    /// # Source
    /// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `mergeSliceHandler`, `mergeSlice`
    pub(super) fn lists(
        &self,
        original: Vec<Value>,
        patch: Vec<Value>,
        merge: &FieldMerge<'_>,
        is_deletion: bool,
    ) -> Result<Vec<Value>, PatchError> {
        if merge.strategy != "merge" && !is_deletion {
            return Ok(patch);
        }
        if original.is_empty() && patch.is_empty() {
            return Ok(original);
        }
        if element_type(&original, &patch)? != "map[string]interface {}" {
            if is_deletion {
                return Ok(original.into_iter().filter(|item| !patch.contains(item)).collect());
            }
            let mut merged = Vec::new();
            for item in original.iter().chain(&patch) {
                if !merged.contains(item) {
                    merged.push(item.clone());
                }
            }
            return order::of_scalars(merged, &patch, &original);
        }
        if merge.merge_key.is_empty() {
            let name = merge.ty.go.rsplit_once('.').map_or(merge.ty.go.as_str(), |(_, name)| name);
            return Err(PatchError::Internal(format!("cannot merge lists without merge key for {name}")));
        }
        let (original, patch) = directives(original, patch, merge.merge_key)?;
        let merged = self.items(original.clone(), &patch, merge)?;
        order::of_objects(merged, &patch, &original, merge.merge_key)
    }

    /// Merges each item into the one with the same key, or adds it.
    fn items(
        &self,
        mut original: Vec<Value>,
        patch: &[Value],
        merge: &FieldMerge<'_>,
    ) -> Result<Vec<Value>, PatchError> {
        for item in patch {
            let Value::Object(item) = item else {
                return Err(bad_argument("map[string]interface {}", item));
            };
            let key = item.get(merge.merge_key).ok_or_else(|| no_merge_key(item, merge.merge_key))?;
            match find(&original, merge.merge_key, key)? {
                Some(place) => {
                    let present = original[place].as_object_mut().map(std::mem::take).unwrap_or_default();
                    original[place] = Value::Object(self.objects(present, item.clone(), merge.ty)?);
                }
                None => original.push(Value::Object(item.clone())),
            }
        }
        Ok(original)
    }
}

/// The one Go type of all items.
pub(super) fn element_type(original: &[Value], patch: &[Value]) -> Result<&'static str, PatchError> {
    let mut types = original.iter().chain(patch).map(go_type);
    let Some(first) = types.next() else {
        return Err(PatchError::Internal("no elements in any of the given slices".to_owned()));
    };
    if first == "[]interface {}" {
        return Err(PatchError::DoesNotApply("lists of lists are not supported".to_owned()));
    }
    if types.any(|other| other != first) {
        let lists: Vec<_> = [original, patch].map(|list| go_format(&Value::Array(list.to_vec()))).into();
        return Err(PatchError::Internal(format!("list element types are not identical: [{}]", lists.join(" "))));
    }
    Ok(first)
}

/// The place of the first item with that key.
pub(super) fn find(items: &[Value], merge_key: &str, key: &Value) -> Result<Option<usize>, PatchError> {
    for (place, item) in items.iter().enumerate() {
        let Value::Object(item) = item else {
            return Err(PatchError::Internal(format!("value for key {place} is not a map")));
        };
        if item.get(merge_key) == Some(key) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Obeys the directives among a patch's items, and takes them out.
///
/// # Source
/// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `mergeSliceWithSpecialElements`
fn directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    merge_key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut plain = Vec::new();
    let mut is_replaced = false;
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        let fields = item.as_object().cloned().unwrap_or_else(Object::new);
        match directive.as_str() {
            Some("delete") => {
                let key = fields.get(merge_key).ok_or_else(|| no_merge_key(&fields, merge_key))?;
                while let Some(place) = find(&original, merge_key, key)? {
                    original.remove(place);
                }
            }
            Some("replace") => is_replaced = true,
            Some("merge") => {
                return Err(PatchError::Internal("merging lists cannot yet be specified in the patch".to_owned()));
            }
            _ => return Err(bad_directive(directive, &fields)),
        }
    }
    Ok(if is_replaced { (plain, Vec::new()) } else { (original, plain) })
}
