//! The order of a merged list: the patch's own items in its order, and the others where they stood.

use serde_json::Value;

use super::{
    DIRECTIVE, ELEMENT_ORDER, Merge, Object, PatchError, bad_argument, bad_element_order, go_format, list,
    no_merge_key, remove_directives,
};
use crate::fields::Type;

impl Merge {
    /// Merges the lists whose order the patch gives, and takes them out of it.
    ///
    /// # Source
    /// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `mergePatchIntoOriginal`
    pub(super) fn ordered_lists(&self, original: &mut Object, patch: &mut Object, ty: &Type) -> Result<(), PatchError> {
        let directives: Vec<_> = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect();
        for directive in directives {
            let wanted = patch.remove(&directive).unwrap_or_default();
            let Value::Array(wanted) = wanted else {
                return Err(bad_argument("[]interface {}", &wanted));
            };
            let name = directive.strip_prefix(ELEMENT_ORDER).and_then(|rest| rest.strip_prefix('/'));
            self.ordered_list(original, patch, name.ok_or_else(bad_element_order)?, &wanted, ty)?;
        }
        Ok(())
    }

    fn ordered_list(
        &self,
        original: &mut Object,
        patch: &mut Object,
        name: &str,
        wanted: &[Value],
        ty: &Type,
    ) -> Result<(), PatchError> {
        let was = optional_list(original.get(name))?;
        let given = optional_list(patch.get(name))?;
        let merge = self.list_merge(ty, name)?;
        validate(given.as_deref().unwrap_or_default(), wanted, merge.merge_key)?;
        let merged = match (was.clone(), given.clone()) {
            (Some(was), None) => was,
            (None, Some(mut given)) => {
                given.retain_mut(remove_directives);
                given
            }
            (Some(was), Some(given)) => self.lists(was, given, &merge, false)?,
            (None, None) => return Ok(()),
        };
        let (was, given) = (was.unwrap_or_default(), given.unwrap_or_default());
        let element_type = list::element_type(&was, &given)?;
        let ordered = if element_type == "map[string]interface {}" {
            of_objects(merged, wanted, &was, merge.merge_key)?
        } else {
            of_scalars(merged, wanted, &was)?
        };
        original.insert(name.to_owned(), Value::Array(ordered));
        patch.remove(name);
        Ok(())
    }
}

fn optional_list(value: Option<&Value>) -> Result<Option<Vec<Value>>, PatchError> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items.clone())),
        Some(other) => Err(bad_argument("[]interface {}", other)),
    }
}

/// Whether the patch's items stand in the wanted order, which may name more.
///
/// # Source
/// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `validatePatchWithSetOrderList`
fn validate(given: &[Value], wanted: &[Value], merge_key: &str) -> Result<(), PatchError> {
    if given.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut wanted_items = wanted.iter();
    for item in given.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let mut is_found = false;
        for other in wanted_items.by_ref() {
            is_found = key_of(item, merge_key)? == key_of(other, merge_key)?;
            if is_found {
                break;
            }
        }
        if !is_found {
            let [given, wanted] = [given, wanted].map(|list| go_format(&Value::Array(list.to_vec())));
            return Err(PatchError::Internal(format!(
                "The order in patch list:\n{given}\n doesn't match {ELEMENT_ORDER} list:\n{wanted}\n"
            )));
        }
    }
    Ok(())
}

/// What tells an item apart: its merge key, or the scalar itself.
fn key_of<'a>(item: &'a Value, merge_key: &str) -> Result<&'a Value, PatchError> {
    if merge_key.is_empty() {
        return Ok(item);
    }
    let Value::Object(fields) = item else {
        return Err(bad_argument("map[string]interface {}", item));
    };
    fields.get(merge_key).ok_or_else(|| no_merge_key(fields, merge_key))
}

/// Puts merged objects in order: `wanted` for those it names, `was` for the others.
pub(super) fn of_objects(
    merged: Vec<Value>,
    wanted: &[Value],
    was: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, PatchError> {
    order(merged, wanted, was, merge_key)
}

/// The same for scalars.
pub(super) fn of_scalars(merged: Vec<Value>, wanted: &[Value], was: &[Value]) -> Result<Vec<Value>, PatchError> {
    order(merged, wanted, was, "")
}

/// # Source
/// apimachinery v0.36 `pkg/util/strategicpatch/patch.go` `partitionMapsByPresentInList`, `normalizeElementOrder`,
/// `mergeSortedSlice`
fn order(merged: Vec<Value>, wanted: &[Value], was: &[Value], merge_key: &str) -> Result<Vec<Value>, PatchError> {
    let keys = |items: &[Value]| -> Result<Vec<Value>, PatchError> {
        items.iter().map(|item| key_of(item, merge_key).cloned()).collect()
    };
    let (wanted, was) = (keys(wanted)?, keys(was)?);
    let place = |order: &[Value], item: &Value| {
        let key = key_of(item, merge_key).ok()?;
        order.iter().position(|other| other == key)
    };
    for item in &merged {
        key_of(item, merge_key)?;
    }
    let (mut named, mut others): (Vec<_>, Vec<_>) = merged.into_iter().partition(|item| place(&wanted, item).is_some());
    named.sort_by_key(|item| place(&wanted, item));
    others.sort_by_key(|item| place(&was, item));

    let mut ordered = Vec::with_capacity(named.len() + others.len());
    let mut named = named.into_iter().peekable();
    for other in others {
        let at = place(&was, &other);
        // An item that the patch names goes first, unless it stood behind.
        let goes_first = |named: &Value| !matches!((at, place(&was, named)), (Some(at), Some(named)) if at < named);
        while let Some(first) = named.next_if(goes_first) {
            ordered.push(first);
        }
        ordered.push(other);
    }
    ordered.extend(named);
    Ok(ordered)
}
