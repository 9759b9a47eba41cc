//! Reading a value along its Go type and writing it back, in one pass.
//!
//! What Go's decoder would keep of a value and its encoder would write of that goes straight into the result; the Go
//! struct in between never exists.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{
    scalar,
    schema::{Field, Kind, Schema, StructType, Type},
};

/// So many strict errors are kept, and no more.
///
/// # Source
/// `sigs.k8s.io/json` `kubernetes_patch.go` `saveStrictError`
const STRICT_ERRORS: usize = 100;

/// A step into a value.
#[derive(Clone, Copy, Debug)]
enum Segment {
    Field(&'static Field),
    Index(usize),
}

/// One walk through a value: where it is, and what it found wrong.
pub(super) struct Walk {
    pub(super) schema: &'static Schema,
    path: Vec<Segment>,
    /// The struct whose field is being read.
    owner: &'static str,
    /// Whether the source is a map that was never text, as a strategic merge patch leaves it.
    is_unstructured: bool,
    pub(super) strict_errors: Vec<String>,
    /// What Go's decoder would return.
    pub(super) failure: Option<String>,
}

impl Walk {
    pub(super) fn new(schema: &'static Schema) -> Self {
        Self { schema, path: Vec::new(), owner: "", is_unstructured: false, strict_errors: Vec::new(), failure: None }
    }

    /// A walk through what a strategic merge patch left, which is told in words of its own.
    pub(super) fn unstructured(schema: &'static Schema) -> Self {
        Self { is_unstructured: true, ..Self::new(schema) }
    }

    /// Reads a value of type `ty`; nothing for `null`.
    pub(super) fn read<'de, D: Deserializer<'de>>(
        &mut self,
        ty: &'static Type,
        source: D,
    ) -> Result<Option<Value>, D::Error> {
        ValueSeed { walk: self, ty }.deserialize(source)
    }

    /// Notes that a value does not fit; Go reads on after it, and returns the first.
    fn mismatch(&mut self, found: impl fmt::Display, ty: &Type) {
        if self.failure.is_none() {
            let found = found.to_string();
            let text = if self.is_unstructured {
                scalar::unstructured_mismatch(&found, ty)
            } else {
                self.mismatch_text(found, &ty.go)
            };
            self.failure = Some(text);
        }
    }

    fn mismatch_text(&self, found: impl fmt::Display, go_type: &str) -> String {
        if self.owner.is_empty() || self.is_unstructured {
            return format!("json: cannot unmarshal {found} into Go value of type {go_type}");
        }
        let mut text = format!("json: cannot unmarshal {found} into Go struct field {}", self.owner);
        for segment in &self.path {
            if let Segment::Field(field) = segment {
                if self.schema.names_embedded && !field.embedded.is_empty() {
                    text.push('.');
                    text.push_str(&field.embedded);
                }
                text.push('.');
                text.push_str(&field.name);
            }
        }
        text.push_str(" of type ");
        text.push_str(go_type);
        text
    }

    /// Notes what a type's own decoder says; Go stops there.
    fn stop<E: serde::de::Error>(&mut self, detail: String) -> E {
        let error = E::custom(&detail);
        self.failure = Some(detail);
        error
    }

    fn strict(&mut self, what: &str, name: &str) {
        if self.strict_errors.len() >= STRICT_ERRORS {
            return;
        }
        let mut path = String::new();
        for segment in &self.path {
            match segment {
                Segment::Field(field) if path.is_empty() => path.push_str(&field.name),
                Segment::Field(field) => {
                    path.push('.');
                    path.push_str(&field.name);
                }
                Segment::Index(index) => {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "[{index}]");
                }
            }
        }
        if !path.is_empty() {
            path.push('.');
        }
        let text = format!("{what} \"{path}{}\"", name.escape_debug());
        if !self.strict_errors.contains(&text) {
            self.strict_errors.push(text);
        }
    }

    fn number<E>(&mut self, ty: &Type, number: &Number) -> Result<Option<Value>, E>
    where
        E: serde::de::Error,
    {
        let whole = number.as_i64();
        Ok(match &ty.kind {
            Kind::Int64 | Kind::Int32 => match whole {
                Some(whole) if matches!(ty.kind, Kind::Int64) || i32::try_from(whole).is_ok() => Some(whole.into()),
                _ if self.is_unstructured => self.converted(ty, number),
                _ => {
                    self.mismatch(format_args!("number {number}"), ty);
                    None
                }
            },
            Kind::IntOrString => match whole {
                Some(whole) if i32::try_from(whole).is_ok() => Some(whole.into()),
                _ => return Err(self.stop(self.mismatch_text(format_args!("number {number}"), "int32"))),
            },
            Kind::Quantity => Some(self.quantity(&number.to_string())?),
            Kind::Time | Kind::MicroTime => return Err(self.stop(self.mismatch_text("number", "string"))),
            Kind::Raw => Some(Value::Number(number.clone())),
            _ => {
                // Go's decoder does not tell the kinds of numbers apart, but its conversion does.
                let kind = if self.is_unstructured && number.is_f64() { "fraction" } else { "number" };
                self.mismatch(kind, ty);
                None
            }
        })
    }

    /// A number after Go's conversion to an integer type, which cuts bits off, but no fractions.
    fn converted(&mut self, ty: &Type, number: &Number) -> Option<Value> {
        #[expect(clippy::cast_possible_truncation, reason = "as Go converts")]
        let whole = match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole,
            (None, Some(float)) if float.trunc().total_cmp(&float).is_eq() => float as i64,
            _ => {
                self.failure.get_or_insert(format!("cannot convert float64 to {}", ty.go));
                return None;
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "as Go converts")]
        let converted = if matches!(ty.kind, Kind::Int32) { i64::from(whole as i32) } else { whole };
        Some(converted.into())
    }

    fn quantity<E: serde::de::Error>(&mut self, text: &str) -> Result<Value, E> {
        match scalar::quantity(text) {
            Ok(canonical) => Ok(Value::String(canonical)),
            Err(detail) => Err(self.stop(detail)),
        }
    }

    fn text<E: serde::de::Error>(&mut self, ty: &Type, text: String) -> Result<Option<Value>, E> {
        let parsed = match &ty.kind {
            Kind::String | Kind::IntOrString | Kind::Raw => Ok(text),
            Kind::Quantity => return self.quantity(text.trim()).map(Some),
            Kind::Time => scalar::time(&text),
            Kind::MicroTime => scalar::micro_time(&text),
            Kind::Bytes => match scalar::bytes(&text) {
                Ok(canonical) => Ok(canonical),
                Err(detail) => {
                    self.failure.get_or_insert(detail);
                    return Ok(None);
                }
            },
            _ => {
                self.mismatch("string", ty);
                return Ok(None);
            }
        };
        match parsed {
            // A zero time is written as null.
            Ok(text) if text.is_empty() && matches!(ty.kind, Kind::Time | Kind::MicroTime) => Ok(None),
            Ok(text) => Ok(Some(Value::String(text))),
            Err(detail) => Err(self.stop(detail)),
        }
    }

    /// What Go says of an array or object where it expects something else; nothing where it reads on.
    fn misplaced<E: serde::de::Error>(&mut self, found: &str, ty: &Type) -> Result<(), E> {
        match &ty.kind {
            Kind::Time | Kind::MicroTime => Err(self.stop(self.mismatch_text(found, "string"))),
            Kind::IntOrString => Err(self.stop(self.mismatch_text(found, "int32"))),
            Kind::Quantity => self.quantity("{}").map(|_: Value| ()),
            _ => {
                self.mismatch(found, ty);
                Ok(())
            }
        }
    }

    fn read_struct<'de, A: MapAccess<'de>>(&mut self, place: usize, mut source: A) -> Result<Value, A::Error> {
        let ty: &'static StructType = &self.schema.structs[place];
        let mut object = Map::new();
        let mut seen = 0_u128;
        let owner = std::mem::replace(&mut self.owner, ty.name);
        while let Some(key) = source.next_key_seed(KeySeed(ty))? {
            let (place, field) = match key {
                Key::Known(place, field) => (place, field),
                Key::Unknown(name) => {
                    self.strict("unknown field", &name);
                    source.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let bit = 1_u128 << (place & 127);
            if seen & bit != 0 {
                self.strict("duplicate field", &field.name);
                object.remove(&field.name);
            }
            seen |= bit;
            self.path.push(Segment::Field(field));
            self.owner = ty.name;
            let value = source.next_value_seed(ValueSeed { walk: self, ty: &field.ty })?;
            self.path.pop();
            if let Some(value) = value.filter(|value| is_written(field, value)) {
                object.insert(field.name.clone(), value);
            }
        }
        self.owner = owner;
        for field in &ty.always {
            if !object.contains_key(&field.name) {
                object.insert(field.name.clone(), zero(self.schema, &field.ty));
            }
        }
        Ok(Value::Object(object))
    }

    fn read_map<'de, A: MapAccess<'de>>(&mut self, item: &'static Type, mut source: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = source.next_key::<String>()? {
            let value = source.next_value_seed(ValueSeed { walk: self, ty: item })?;
            let value = value.unwrap_or_else(|| zero(self.schema, item));
            if object.contains_key(&key) {
                self.strict("duplicate field", &key);
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Whether Go writes a value that was there.
fn is_written(field: &Field, value: &Value) -> bool {
    !field.omit_empty
        // Emptied on purpose, which is not the same as not being there.
        || matches!(field.name.as_str(), "managedFields" | "webhooks")
        || field.ty.pointer || field.is_always_written() || !is_empty(value)
}

/// What `omitempty` leaves out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// What Go writes for a type's zero value.
pub(crate) fn zero(schema: &Schema, ty: &Type) -> Value {
    if ty.pointer {
        return Value::Null;
    }
    match &ty.kind {
        Kind::Bool => Value::Bool(false),
        Kind::Int32 | Kind::Int64 | Kind::IntOrString => Value::from(0),
        Kind::String => Value::String(String::new()),
        Kind::Quantity => Value::from("0"),
        Kind::Bytes | Kind::Time | Kind::MicroTime | Kind::Raw | Kind::List(_) | Kind::Map(_) => Value::Null,
        Kind::Struct(place) => {
            let always = schema.structs[*place].always.iter();
            Value::Object(always.map(|field| (field.name.clone(), zero(schema, &field.ty))).collect())
        }
    }
}

/// A key of a struct's object.
enum Key {
    Known(usize, &'static Field),
    Unknown(String),
}

struct KeySeed(&'static StructType);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Key, D::Error> {
        source.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(self.0.field(name).map_or_else(|| Key::Unknown(name.to_owned()), |(place, field)| Key::Known(place, field)))
    }
}

/// Reads one value; nothing for `null` and for what does not fit.
struct ValueSeed<'w> {
    walk: &'w mut Walk,
    ty: &'static Type,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Option<Value>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Option<Value>, E> {
        match &self.ty.kind {
            Kind::Bool | Kind::Raw => Ok(Some(Value::Bool(value))),
            _ => self.walk.misplaced("bool", self.ty).map(|()| None),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Option<Value>, E> {
        self.walk.number(self.ty, &value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Option<Value>, E> {
        self.walk.number(self.ty, &value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Option<Value>, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a JSON number"))?;
        self.walk.number(self.ty, &number)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Option<Value>, E> {
        self.walk.text(self.ty, value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Option<Value>, E> {
        self.walk.text(self.ty, value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Option<Value>, A::Error> {
        let Self { walk, ty } = self;
        let mut items = Vec::new();
        match &ty.kind {
            Kind::List(item) => {
                let mut index = 0;
                loop {
                    walk.path.push(Segment::Index(index));
                    let value = source.next_element_seed(ValueSeed { walk: &mut *walk, ty: item })?;
                    walk.path.pop();
                    let Some(value) = value else { break };
                    items.push(value.unwrap_or_else(|| zero(walk.schema, item)));
                    index += 1;
                }
            }
            Kind::Raw => {
                while let Some(value) = source.next_element()? {
                    items.push(value);
                }
            }
            _ => {
                walk.misplaced::<A::Error>("array", ty)?;
                while source.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
        }
        Ok(Some(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Option<Value>, A::Error> {
        let Self { walk, ty } = self;
        match &ty.kind {
            Kind::Struct(place) => walk.read_struct(*place, source).map(Some),
            Kind::Map(item) => walk.read_map(item, source).map(Some),
            Kind::Raw => {
                let mut object = Map::new();
                while let Some((key, value)) = source.next_entry()? {
                    object.insert(key, value);
                }
                Ok(Some(Value::Object(object)))
            }
            _ => {
                walk.misplaced::<A::Error>("object", ty)?;
                while source.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(None)
            }
        }
    }
}
