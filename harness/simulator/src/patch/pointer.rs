//! The paths of a JSON patch, as `github.com/evanphx/json-patch` follows them.

use serde_json::{Map, Value};

/// What holds the value that a path names.
pub(super) enum Holder<'a> {
    Object(&'a mut Map<String, Value>),
    Array(&'a mut Vec<Value>),
}

/// Why a step into an array fails.
pub(super) fn invalid_index(index: i64) -> String {
    format!("Unable to access invalid index: {index}: invalid index referenced")
}

/// Go's `strconv.Atoi`.
pub(super) fn atoi(key: &str) -> Result<i64, String> {
    let digits = key.strip_prefix(['+', '-']).unwrap_or(key);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("strconv.Atoi: parsing {key:?}: invalid syntax"));
    }
    key.parse().map_err(|_| format!("strconv.Atoi: parsing {key:?}: value out of range"))
}

/// Where index `key` lies among `len` items; negative ones count from the end.
pub(super) fn place(key: &str, len: usize) -> Result<usize, String> {
    let index = atoi(key)?;
    let from_start = if index < 0 { index.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)) } else { index };
    usize::try_from(from_start).ok().filter(|place| *place < len).ok_or_else(|| invalid_index(index))
}

impl Holder<'_> {
    /// The value at `key`; a missing one is null, as the library does not tell them apart.
    pub(super) fn get(&self, key: &str) -> Result<Value, String> {
        match self {
            Self::Object(fields) => Ok(fields.get(key).cloned().unwrap_or_default()),
            Self::Array(items) => place(key, items.len()).map(|place| items[place].clone()),
        }
    }

    /// Puts a value in the place of what is there.
    pub(super) fn set(&mut self, key: &str, value: Value) -> Result<(), String> {
        match self {
            Self::Object(fields) => {
                fields.insert(key.to_owned(), value);
            }
            Self::Array(items) => {
                let place = place(key, items.len())?;
                items[place] = value;
            }
        }
        Ok(())
    }

    /// Puts a value into an object, or between the items of an array.
    pub(super) fn add(&mut self, key: &str, value: Value) -> Result<(), String> {
        match self {
            Self::Object(fields) => {
                fields.insert(key.to_owned(), value);
            }
            Self::Array(items) if key == "-" => items.push(value),
            Self::Array(items) => {
                atoi(key).map_err(|error| format!("value was not a proper array index: '{key}': {error}"))?;
                let place = place(key, items.len() + 1)?;
                items.insert(place, value);
            }
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &str) -> Result<(), String> {
        match self {
            Self::Object(fields) => match fields.remove(key) {
                Some(_) => Ok(()),
                None => Err(format!("Unable to remove nonexistent key: {key}: missing value")),
            },
            Self::Array(items) => {
                let place = place(key, items.len())?;
                items.remove(place);
                Ok(())
            }
        }
    }
}

/// The holder of the value that `path` names, and its key there; nothing where the way does not exist.
pub(super) fn find<'a>(document: &'a mut Value, path: &str) -> Option<(Holder<'a>, String)> {
    // What stands before the first slash is not looked at.
    let (_, path) = path.split_once('/')?;
    let (parents, key) = path.rsplit_once('/').map_or((None, path), |(parents, key)| (Some(parents), key));
    let mut at = document;
    for part in parents.into_iter().flat_map(|parents| parents.split('/')) {
        let part = unescape(part);
        at = match at {
            Value::Object(fields) => fields.get_mut(&part)?,
            Value::Array(items) => {
                let place = place(&part, items.len()).ok()?;
                &mut items[place]
            }
            _ => return None,
        };
    }
    let holder = match at {
        Value::Object(fields) => Holder::Object(fields),
        Value::Array(items) => Holder::Array(items),
        _ => return None,
    };
    Some((holder, unescape(key)))
}

/// `~1` is a slash and `~0` a tilde.
fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}
