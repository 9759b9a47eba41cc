//! Protobuf's wire format.

/// The wire type of numbers.
pub(super) const VARINT: u8 = 0;
/// The wire type of texts, bytes and messages.
pub(super) const LENGTH: u8 = 2;

/// The number and wire type before a field's value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) number: u32,
    pub(super) wire: u8,
}

impl Tag {
    /// Checks the wire type.
    pub(super) fn expect(self, wire: u8, field: &str) -> Result<(), String> {
        self.expect_any(&[wire], || field.to_owned())
    }

    /// The same where several are right.
    pub(super) fn expect_any(self, wires: &[u8], field: impl FnOnce() -> String) -> Result<(), String> {
        if wires.contains(&self.wire) {
            Ok(())
        } else {
            Err(format!("proto: wrong wireType = {} for field {}", self.wire, field()))
        }
    }
}

/// Takes a message apart from its front.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field of a message of type `owner`; nothing at its end.
    pub(super) fn tag(&mut self, owner: &str) -> Result<Option<Tag>, String> {
        const END_GROUP: u8 = 4;
        if self.is_empty() {
            return Ok(None);
        }
        let whole = self.varint()?;
        let wire = wire_type(whole);
        if wire == END_GROUP {
            return Err(format!("proto: {owner}: wiretype end group for non-group"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "as Go reads it")]
        let number = (whole >> 3) as i32;
        match u32::try_from(number) {
            Ok(number @ 1..) => Ok(Some(Tag { number, wire })),
            _ => Err(format!("proto: {owner}: illegal tag {number} (wire type {whole})")),
        }
    }

    pub(super) fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or_else(cut_off)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("proto: integer overflow".to_owned())
    }

    /// A number of which Go keeps the lower 32 bits.
    pub(super) fn int32(&mut self) -> Result<i32, String> {
        #[expect(clippy::cast_possible_truncation, reason = "as Go reads it")]
        self.varint().map(|value| value as i32)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], String> {
        let length = self.varint()?;
        if i64::try_from(length).is_err() {
            return Err("proto: negative length found during unmarshaling".to_owned());
        }
        self.take(usize::try_from(length).map_err(|_| cut_off())?)
    }

    /// A text; what is no UTF-8 in it is replaced, as Go's encoder of JSON does.
    pub(super) fn string(&mut self) -> Result<String, String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Passes over a field's value.
    pub(super) fn skip(&mut self, tag: Tag) -> Result<(), String> {
        let mut depth = 0_usize;
        let mut wire = tag.wire;
        loop {
            match wire {
                VARINT => drop(self.varint()?),
                1 => drop(self.take(8)?),
                LENGTH => drop(self.bytes()?),
                3 => depth += 1,
                4 => depth = depth.checked_sub(1).ok_or("proto: unexpected end of group")?,
                5 => drop(self.take(4)?),
                other => return Err(format!("proto: illegal wireType {other}")),
            }
            if depth == 0 {
                return Ok(());
            }
            wire = wire_type(self.varint()?);
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The lowest three bits of what stands before a value.
fn wire_type(whole: u64) -> u8 {
    u8::try_from(whole & 7).unwrap_or_default()
}

fn cut_off() -> String {
    "unexpected EOF".to_owned()
}
