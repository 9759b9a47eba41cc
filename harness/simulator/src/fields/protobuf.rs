//! Reading Kubernetes' protobuf: the envelope of a body, and a message along its Go type into JSON.
//!
//! Requests only. The result is not yet in canonical form: every string that a client has is on the wire, empty or not,
//! so that it goes on through the same decoding as JSON does.
//!
//! # Source
//! apimachinery v0.36 `pkg/runtime/serializer/protobuf/protobuf.go`, `pkg/runtime/generated.proto`; api v0.36
//! `core/v1/generated.pb.go`

mod scalar;
mod wire;

use serde_json::{Map, Value};

use self::wire::{LENGTH, Reader, VARINT};
use super::{
    DecodeError,
    schema::{Field, Kind, Numbered, Schema, Type, root, schema},
};
use crate::minor::Minor;

/// What a body in protobuf begins with.
const MAGIC: &[u8] = b"k8s\0";

/// What a message cannot be read as; in the words of the code that Kubernetes generates.
type Error = String;

/// `runtime.Unknown`: an object with the name of its type.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Envelope<'a> {
    /// Empty where the client does not tell.
    pub(crate) api_version: String,
    /// Empty where the client does not tell.
    pub(crate) kind: String,
    raw: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads a request's body.
    ///
    /// # Errors
    /// A body that does not begin as protobuf does, or that is cut off.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, DecodeError> {
        let message = match body.strip_prefix(MAGIC) {
            _ if body.is_empty() => Err("empty data".to_owned()),
            None => {
                Err("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]".to_owned())
            }
            Some([]) => Err("empty body".to_owned()),
            Some(message) => Ok(message),
        };
        message.and_then(Self::message).map_err(|detail| DecodeError { detail })
    }

    fn message(message: &'a [u8]) -> Result<Self, Error> {
        let mut envelope = Self::default();
        let mut reader = Reader::new(message);
        while let Some(tag) = reader.tag("Unknown")? {
            match tag.number {
                1 => {
                    tag.expect(LENGTH, "TypeMeta")?;
                    envelope.type_meta(reader.bytes()?)?;
                }
                2 => {
                    tag.expect(LENGTH, "Raw")?;
                    envelope.raw = reader.bytes()?;
                }
                _ => reader.skip(tag)?,
            }
        }
        Ok(envelope)
    }

    fn type_meta(&mut self, message: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(message);
        while let Some(tag) = reader.tag("TypeMeta")? {
            match tag.number {
                1 => {
                    tag.expect(LENGTH, "APIVersion")?;
                    self.api_version = reader.string()?;
                }
                2 => {
                    tag.expect(LENGTH, "Kind")?;
                    self.kind = reader.string()?;
                }
                _ => reader.skip(tag)?,
            }
        }
        Ok(())
    }

    /// The object as JSON, read as Go type `type_name` of `minor`; without kind and version, which are no part of it.
    ///
    /// # Errors
    /// A message that is cut off, or that does not fit its type.
    pub(crate) fn object(&self, minor: Minor, type_name: &str) -> Result<Map<String, Value>, DecodeError> {
        let decoder = Decoder { schema: schema(minor) };
        let mut object = Map::new();
        let read = match root(type_name).map(|ty| &ty.kind) {
            Some(Kind::Struct(place)) => decoder.read_struct(*place, &[], self.raw, &mut object),
            _ => Err(format!("no kind {type_name:?} is registered")),
        };
        read.map(|()| object).map_err(|detail| DecodeError { detail })
    }
}

/// Reads messages of one minor's types.
struct Decoder {
    schema: &'static Schema,
}

impl Decoder {
    /// Reads the fields of a struct, or of the part of it that it embeds under the numbers of `part`, into `object`,
    /// which has those that were there before: a message that comes in pieces is put together.
    fn read_struct(
        &self,
        place: usize,
        part: &[u32],
        message: &[u8],
        object: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        let ty = &self.schema.structs[place];
        let mut reader = Reader::new(message);
        while let Some(tag) = reader.tag(ty.name)? {
            match ty.numbered(part, tag.number) {
                // A field of another minor.
                None => reader.skip(tag)?,
                Some(Numbered::Part) => {
                    tag.expect(LENGTH, "an embedded struct")?;
                    let inner = [part, &[tag.number]].concat();
                    self.read_struct(place, &inner, reader.bytes()?, object)?;
                }
                Some(Numbered::Field(field)) => {
                    tag.expect_any(allowed(&field.ty), || go_name(&field.name))?;
                    self.read_field(field, tag.wire, &mut reader, object)?;
                }
            }
        }
        Ok(())
    }

    fn read_field(
        &self,
        field: &Field,
        wire: u8,
        reader: &mut Reader<'_>,
        object: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        match &field.ty.kind {
            Kind::List(item) => {
                let list = object.entry(&field.name).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(items) = list else { return Ok(()) };
                if wire == LENGTH && is_varint(&item.kind) {
                    let mut packed = Reader::new(reader.bytes()?);
                    while !packed.is_empty() {
                        items.push(self.value(item, &mut packed)?);
                    }
                } else {
                    items.push(self.value(item, reader)?);
                }
            }
            Kind::Map(item) => {
                let (key, value) = self.map_entry(item, reader.bytes()?)?;
                let map = object.entry(&field.name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
            Kind::Struct(place) => {
                let inner = object.entry(&field.name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(inner) = inner {
                    self.read_struct(*place, &[], reader.bytes()?, inner)?;
                }
            }
            _ => {
                object.insert(field.name.clone(), self.value(&field.ty, reader)?);
            }
        }
        Ok(())
    }

    fn map_entry(&self, item: &Type, message: &[u8]) -> Result<(String, Value), Error> {
        let mut key = String::new();
        let mut value = None;
        let mut reader = Reader::new(message);
        while let Some(tag) = reader.tag("MapEntry")? {
            match tag.number {
                1 => {
                    tag.expect(LENGTH, "mapkey")?;
                    key = reader.string()?;
                }
                2 => {
                    tag.expect_any(allowed(item), || "mapvalue".to_owned())?;
                    value = Some(self.value(item, &mut reader)?);
                }
                _ => reader.skip(tag)?,
            }
        }
        // A value that is not there is empty.
        let value = value.unwrap_or_else(|| super::zero(self.schema, item));
        Ok((key, value))
    }

    /// One value that is not spread over several fields of the wire.
    fn value(&self, ty: &Type, reader: &mut Reader<'_>) -> Result<Value, Error> {
        Ok(match &ty.kind {
            Kind::Bool => Value::Bool(reader.varint()? != 0),
            Kind::Int64 => Value::from(reader.varint()?.cast_signed()),
            Kind::Int32 => Value::from(reader.int32()?),
            Kind::String => Value::String(reader.string()?),
            Kind::Bytes => scalar::bytes(reader.bytes()?),
            Kind::Quantity => scalar::quantity(reader.bytes()?)?,
            Kind::IntOrString => scalar::int_or_string(reader.bytes()?)?,
            Kind::Time => scalar::time(reader.bytes()?)?,
            Kind::MicroTime => scalar::micro_time(reader.bytes()?)?,
            Kind::Raw => scalar::raw(reader.bytes()?)?,
            Kind::Struct(place) => {
                let mut object = Map::new();
                self.read_struct(*place, &[], reader.bytes()?, &mut object)?;
                Value::Object(object)
            }
            // No type of Kubernetes has a list of lists.
            Kind::List(_) | Kind::Map(_) => {
                reader.bytes()?;
                Value::Null
            }
        })
    }
}

fn is_varint(kind: &Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Int32 | Kind::Int64)
}

/// The wire types that a field of that type may have.
fn allowed(ty: &Type) -> &'static [u8] {
    match &ty.kind {
        Kind::List(item) if is_varint(&item.kind) => &[VARINT, LENGTH],
        kind if is_varint(kind) => &[VARINT],
        _ => &[LENGTH],
    }
}

/// A field as Go's struct calls it, but for abbreviations (`Uid` for `UID`).
fn go_name(json: &str) -> String {
    if json == "metadata" {
        return "ObjectMeta".to_owned();
    }
    let mut letters = json.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests;
