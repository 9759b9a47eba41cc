//! Scalars with a form of their own: what Go reads of their text, and writes.

use base64::{
    Engine as _,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use jiff::Timestamp;

use super::{
    quantity::Quantity,
    schema::{Kind, Type},
};

const SECONDS: &str = "%Y-%m-%dT%H:%M:%SZ";
const MICROSECONDS: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// The canonical form of a `resource.Quantity`.
pub(super) fn quantity(text: &str) -> Result<String, String> {
    if is_canonical_already(text) {
        return Ok(text.to_owned());
    }
    text.parse::<Quantity>().map(|quantity| quantity.to_string()).map_err(|error| error.to_string())
}

/// Whether it is a short whole number without a suffix, as most are.
fn is_canonical_already(text: &str) -> bool {
    let digits = text.as_bytes();
    matches!(digits, [b'1'..=b'9', ..]) && digits.len() < 3 && digits.iter().all(u8::is_ascii_digit)
}

/// A `metav1.Time`: whole seconds in UTC; empty for the zero time.
pub(super) fn time(text: &str) -> Result<String, String> {
    parse_time(text, "2006-01-02T15:04:05Z07:00").map(|time| written(time, SECONDS))
}

/// A `metav1.MicroTime`: microseconds in UTC; empty for the zero time.
pub(super) fn micro_time(text: &str) -> Result<String, String> {
    parse_time(text, "2006-01-02T15:04:05.000000Z07:00").map(|time| written(time, MICROSECONDS))
}

/// A `metav1.Time` of so many seconds since 1970; empty for the zero time.
pub(super) fn time_at(seconds: i64) -> Result<String, String> {
    at(seconds, 0).map(|time| written(time, SECONDS))
}

/// A `metav1.MicroTime`; empty for the zero time.
pub(super) fn micro_time_at(seconds: i64, nanoseconds: i32) -> Result<String, String> {
    at(seconds, nanoseconds).map(|time| written(time, MICROSECONDS))
}

fn at(seconds: i64, nanoseconds: i32) -> Result<Timestamp, String> {
    Timestamp::new(seconds, nanoseconds).map_err(|error| error.to_string())
}

fn written(time: Timestamp, format: &str) -> String {
    // Go's zero time, 0001-01-01T00:00:00Z, is "not set".
    const ZERO_SECONDS: i64 = -62_135_596_800;
    if time.as_second() == ZERO_SECONDS { String::new() } else { time.strftime(format).to_string() }
}

fn parse_time(text: &str, layout: &str) -> Result<Timestamp, String> {
    if !has_rfc3339_shape(text) {
        return Err(go_time_error(text, layout));
    }
    text.parse::<Timestamp>().map_err(|_| format!("parsing time {text:?}: {}", out_of_range(text)))
}

/// Which part of a well-formed time Go complains about.
fn out_of_range(text: &str) -> &'static str {
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u8>().ok());
    match (number(5..7), number(11..13), number(14..16), number(17..19)) {
        (Some(month), ..) if !(1..=12).contains(&month) => "month out of range",
        (_, Some(24..), ..) => "hour out of range",
        (_, _, Some(60..), _) => "minute out of range",
        (_, _, _, Some(60..)) => "second out of range",
        _ => "day out of range",
    }
}

/// `2006-01-02T15:04:05`, a fraction perhaps, and `Z` or an offset.
fn has_rfc3339_shape(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |text: &[u8], shape: &[u8]| {
        let mut pairs = text.iter().zip(shape);
        text.len() == shape.len()
            && pairs.all(|(byte, shape)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape })
    };
    let Some((head, mut tail)) = text.as_bytes().split_at_checked(SHAPE.len()) else {
        return false;
    };
    if let [b'.' | b',', b'0'..=b'9', ..] = tail {
        let digits = tail[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        tail = &tail[1 + digits..];
    }
    fits(head, SHAPE) && (tail == b"Z" || fits(tail, b"+dd:dd") || fits(tail, b"-dd:dd"))
}

/// Go's words for a text that has not the layout's shape: the first element that does not fit.
fn go_time_error(text: &str, layout: &str) -> String {
    const ELEMENTS: [(&str, usize); 12] = [
        ("2006", 4),
        ("-", 1),
        ("01", 2),
        ("-", 1),
        ("02", 2),
        ("T", 1),
        ("15", 2),
        (":", 1),
        ("04", 2),
        (":", 1),
        ("05", 2),
        ("Z07:00", 6),
    ];
    let mut rest = text;
    for (element, width) in ELEMENTS {
        if element == "Z07:00" {
            break;
        }
        let is_separator = width == 1;
        let taken = rest.get(..width).filter(|taken| {
            if is_separator { *taken == element } else { taken.bytes().all(|byte| byte.is_ascii_digit()) }
        });
        if taken.is_none() {
            return format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {element:?}");
        }
        rest = &rest[width..];
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    }
    if let Some(extra) = rest.strip_prefix('Z') {
        return format!("parsing time {text:?}: extra text: {extra:?}");
    }
    format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as \"Z07:00\"")
}

/// `[]byte`: decoded and encoded again.
pub(super) fn bytes(text: &str) -> Result<String, String> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let plain;
    let text = if text.contains(['\r', '\n']) {
        plain = text.replace(['\r', '\n'], "");
        &plain
    } else {
        text
    };
    LENIENT.decode(text).map(|bytes| STANDARD.encode(bytes)).map_err(|error| {
        let offset = match error {
            base64::DecodeError::InvalidByte(offset, _) | base64::DecodeError::InvalidLastSymbol(offset, _) => offset,
            // Go names the start of the quantum that is cut short.
            base64::DecodeError::InvalidLength(length) => length - length % 4,
            base64::DecodeError::InvalidPadding => text.len(),
        };
        format!("illegal base64 data at input byte {offset}")
    })
}

/// What Go says of a value that cannot be converted to a type, where neither was ever text.
///
/// # Source
/// apimachinery v0.36 `pkg/runtime/converter.go` `fromUnstructured`
pub(super) fn unstructured_mismatch(found: &str, ty: &Type) -> String {
    let kind = match found {
        "number" => "int64",
        "fraction" => "float64",
        "array" => "slice",
        "object" => "map",
        other => other,
    };
    let expected = match &ty.kind {
        Kind::Struct(_) => return format!("cannot restore struct from: {kind}"),
        Kind::Map(_) => return format!("cannot restore map from {kind}"),
        Kind::List(_) | Kind::Bytes => return format!("cannot restore slice from {kind}"),
        // Go converts an integer to a text of one character, which JSON does not.
        Kind::String if kind == "int64" => return format!("cannot convert int64 to {}", ty.go),
        Kind::Bool => "bool",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        _ => "string",
    };
    format!("unrecognized type: {expected}")
}
