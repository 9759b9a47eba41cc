//! Which fields differ between two objects, along their type.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value};

use super::set::Set;
use crate::fields::{Field, Kind, Ownership, Schema, Type};

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Added or modified.
    pub(super) set: Set,
    pub(super) removed: Set,
}

/// An item of a list that cannot be told apart from others: it has not the keys of its list, or those of another item.
#[derive(Debug)]
pub(super) struct Unkeyed;

type Compared = Result<Difference, Unkeyed>;

impl Difference {
    fn descend(&mut self, step: impl Into<Cow<'static, str>>, child: Self) {
        let step = step.into();
        if !child.removed.is_empty() {
            self.removed.insert(step.clone(), child.removed);
        }
        self.set.insert(step, child.set);
    }
}

/// How objects are compared.
///
/// # Source
/// structured-merge-diff v4.4 `typed/compare.go`
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison<'a> {
    pub(super) schema: &'a Schema,
    /// Whether two items of a list may have the same keys.
    pub(super) duplicates: bool,
    /// Whether an item without the `name` that is its key has the empty one.
    pub(super) empty_names: bool,
}

impl Comparison<'_> {
    /// Compares two objects of a type.
    ///
    /// # Errors
    /// A list has items that cannot be told apart.
    pub(super) fn compare(self, ty: &Type, old: &Value, new: &Value) -> Compared {
        value(self, ty, &Ownership::Granular, Some(old), Some(new))
    }
}

fn value(
    comparison: Comparison<'_>,
    ty: &Type,
    ownership: &Ownership,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Compared {
    let is_hollow = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if *ownership == Ownership::Atomic || is_hollow(old) && is_hollow(new) {
        return Ok(leaf(old, new));
    }
    let (old_fields, new_fields) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
    let mut difference = match &ty.kind {
        Kind::Struct(place) if !comparison.schema.structs[*place].atomic => {
            let of = |name: &str| comparison.schema.structs[*place].field(name).map(|(_, field)| Below::Field(field));
            children(comparison, of, old_fields, new_fields)?
        }
        Kind::Map(item) => children(comparison, |_| Some(Below::Item(item)), old_fields, new_fields)?,
        Kind::List(item) => items(comparison, item, ownership, old, new)?,
        _ => return Ok(leaf(old, new)),
    };
    match (old, new) {
        (None, _) => difference.set.is_member = true,
        (_, None) => difference.removed.is_member = true,
        _ => {}
    }
    Ok(difference)
}

fn leaf(old: Option<&Value>, new: Option<&Value>) -> Difference {
    let mut difference = Difference::default();
    match (old, new) {
        (_, None) => difference.removed = Set::leaf(),
        (old, new) if old != new => difference.set = Set::leaf(),
        _ => {}
    }
    difference
}

/// What a key leads to.
enum Below<'a> {
    Field(&'static Field),
    Item(&'a Type),
}

fn children<'a>(
    comparison: Comparison<'_>,
    of: impl Fn(&str) -> Option<Below<'a>>,
    old: Option<&Map<String, Value>>,
    new: Option<&Map<String, Value>>,
) -> Compared {
    let mut difference = Difference::default();
    let old_keys = old.into_iter().flatten().map(|(key, _)| key);
    let gone = old_keys.filter(|key| new.is_none_or(|new| !new.contains_key(*key)));
    for key in new.into_iter().flatten().map(|(key, _)| key).chain(gone) {
        let (was, is) = (old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key)));
        if was == is {
            continue;
        }
        match of(key) {
            Some(Below::Field(field)) => {
                difference.descend(field.step.as_str(), value(comparison, &field.ty, &field.ownership, was, is)?);
            }
            Some(Below::Item(item)) => {
                difference.descend(format!("f:{key}"), value(comparison, item, &Ownership::Granular, was, is)?);
            }
            None => {}
        }
    }
    Ok(difference)
}

/// The items of an associative list, by their step; several where they have the same keys.
type Items<'a> = BTreeMap<String, Vec<&'a Value>>;

fn index<'a>(comparison: Comparison<'_>, ownership: &Ownership, list: Option<&'a Value>) -> Result<Items<'a>, Unkeyed> {
    let mut items = Items::new();
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        items.entry(step(comparison, ownership, item)?).or_default().push(item);
    }
    Ok(items)
}

/// How an item is told apart from the others of its list.
fn step(comparison: Comparison<'_>, ownership: &Ownership, item: &Value) -> Result<String, Unkeyed> {
    let Ownership::Keyed(keys) = ownership else {
        return if item.is_object() || item.is_array() || item.is_null() {
            Err(Unkeyed)
        } else {
            Ok(format!("v:{item}"))
        };
    };
    let fields = item.as_object().ok_or(Unkeyed)?;
    let mut found: Vec<_> = keys
        .iter()
        .map(|key| {
            let empty = (comparison.empty_names && key == "name").then(|| Value::from(""));
            let value = fields.get(key).or(empty.as_ref()).ok_or(Unkeyed)?;
            Ok(format!("{}:{value}", Value::from(key.as_str())))
        })
        .collect::<Result<_, _>>()?;
    found.sort_unstable();
    Ok(format!("k:{{{}}}", found.join(",")))
}

fn items(
    comparison: Comparison<'_>,
    item: &Type,
    ownership: &Ownership,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Compared {
    let (old, new) = (index(comparison, ownership, old)?, index(comparison, ownership, new)?);
    if !comparison.duplicates && old.values().chain(new.values()).any(|items| items.len() > 1) {
        return Err(Unkeyed);
    }
    let mut difference = Difference::default();
    let none: &[&Value] = &[];
    let gone = old.keys().filter(|step| !new.contains_key(*step));
    for step in new.keys().chain(gone) {
        let was = old.get(step).map_or(none, Vec::as_slice);
        let is = new.get(step).map_or(none, Vec::as_slice);
        let compare =
            |old: Option<&Value>, new: Option<&Value>| value(comparison, item, &Ownership::Granular, old, new);
        let child = match (was, is) {
            (was @ ([] | [_]), is @ ([] | [_])) => {
                if was == is {
                    continue;
                }
                compare(was.first().copied(), is.first().copied())?
            }
            // Items with the same keys are owned together, as a whole.
            ([_, _, ..], [_, _, ..]) => {
                let set = if was == is { Set::default() } else { Set::leaf() };
                Difference { set, removed: Set::default() }
            }
            ([_, _, ..], is) => {
                let mut child = is.first().map_or_else(|| Ok(Difference::default()), |is| compare(None, Some(is)))?;
                child.removed.is_member = true;
                child
            }
            (was, _) => {
                let mut child =
                    was.first().map_or_else(|| Ok(Difference::default()), |was| compare(Some(was), None))?;
                child.set.is_member = true;
                child
            }
        };
        difference.descend(step.clone(), child);
    }
    Ok(difference)
}
