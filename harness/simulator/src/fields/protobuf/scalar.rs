//! Types that are messages on the wire and a scalar in JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    super::scalar,
    Error,
    wire::{LENGTH, Reader, VARINT},
};

/// `[]byte`: base64 in JSON.
pub(super) fn bytes(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

/// `resource.Quantity`: its text.
pub(super) fn quantity(message: &[u8]) -> Result<Value, Error> {
    let mut text = "0".to_owned();
    let mut reader = Reader::new(message);
    while let Some(tag) = reader.tag("Quantity")? {
        if tag.number == 1 {
            tag.expect(LENGTH, "String_")?;
            text = reader.string()?;
        } else {
            reader.skip(tag)?;
        }
    }
    Ok(Value::String(text))
}

/// `intstr.IntOrString`: which of the two, and both.
pub(super) fn int_or_string(message: &[u8]) -> Result<Value, Error> {
    let (mut kind, mut number, mut text) = (0, 0, String::new());
    let mut reader = Reader::new(message);
    while let Some(tag) = reader.tag("IntOrString")? {
        match tag.number {
            1 => {
                tag.expect(VARINT, "Type")?;
                kind = reader.varint()?;
            }
            2 => {
                tag.expect(VARINT, "IntVal")?;
                number = reader.int32()?;
            }
            3 => {
                tag.expect(LENGTH, "StrVal")?;
                text = reader.string()?;
            }
            _ => reader.skip(tag)?,
        }
    }
    match kind {
        0 => Ok(Value::from(number)),
        1 => Ok(Value::String(text)),
        _ => Err("impossible IntOrString.Type".to_owned()),
    }
}

/// `metav1.Time`: whole seconds; an empty message is the zero time.
pub(super) fn time(message: &[u8]) -> Result<Value, Error> {
    if message.is_empty() {
        return Ok(Value::Null);
    }
    let (seconds, _) = timestamp(message)?;
    scalar::time_at(seconds).map(or_null)
}

/// `metav1.MicroTime`: microseconds; an empty message is the zero time.
pub(super) fn micro_time(message: &[u8]) -> Result<Value, Error> {
    if message.is_empty() {
        return Ok(Value::Null);
    }
    let (seconds, nanoseconds) = timestamp(message)?;
    scalar::micro_time_at(seconds, nanoseconds).map(or_null)
}

/// The zero time is an empty text.
fn or_null(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::String(text) }
}

/// `Timestamp`: seconds since 1970 and nanoseconds.
fn timestamp(message: &[u8]) -> Result<(i64, i32), Error> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    let mut reader = Reader::new(message);
    while let Some(tag) = reader.tag("Timestamp")? {
        match tag.number {
            1 => {
                tag.expect(VARINT, "Seconds")?;
                seconds = reader.varint()?.cast_signed();
            }
            2 => {
                tag.expect(VARINT, "Nanos")?;
                nanoseconds = reader.int32()?;
            }
            _ => reader.skip(tag)?,
        }
    }
    Ok((seconds, nanoseconds))
}

/// `FieldsV1` and `RawExtension`: JSON as bytes.
pub(super) fn raw(message: &[u8]) -> Result<Value, Error> {
    let mut json: &[u8] = &[];
    let mut reader = Reader::new(message);
    while let Some(tag) = reader.tag("FieldsV1")? {
        if tag.number == 1 {
            tag.expect(LENGTH, "Raw")?;
            json = reader.bytes()?;
        } else {
            reader.skip(tag)?;
        }
    }
    if json.is_empty() {
        return Ok(Value::Null);
    }
    super::super::parse(json).map_err(|error| error.detail)
}
