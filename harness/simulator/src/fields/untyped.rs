//! Reading JSON of no particular type, with an eye on fields that are there twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one value.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The steps to where it is, as they stand in a message: `spec`, `.containers`, `[0]`.
    path: Vec<String>,
    pub(super) strict_errors: Vec<String>,
}

impl Reader {
    pub(super) fn read<'de, D: Deserializer<'de>>(&mut self, source: D) -> Result<Value, D::Error> {
        Seed(self).deserialize(source)
    }

    fn below<'de, A: MapAccess<'de>>(&mut self, key: &str, source: &mut A) -> Result<Value, A::Error> {
        self.path.push(if self.path.is_empty() { key.to_owned() } else { format!(".{key}") });
        let value = source.next_value_seed(Seed(self));
        self.path.pop();
        value
    }

    fn is_doubled(&mut self, key: &str) {
        let path = self.path.concat();
        let dot = if path.is_empty() { "" } else { "." };
        let text = format!("duplicate field \"{path}{dot}{}\"", key.escape_debug());
        if !self.strict_errors.contains(&text) {
            self.strict_errors.push(text);
        }
    }
}

struct Seed<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            self.0.path.push(format!("[{}]", items.len()));
            let item = source.next_element_seed(Seed(&mut *self.0));
            self.0.path.pop();
            match item? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = source.next_key::<String>()? {
            if object.contains_key(&key) {
                self.0.is_doubled(&key);
            }
            let value = self.0.below(&key, &mut source)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
