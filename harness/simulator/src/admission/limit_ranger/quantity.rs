//! `resource.Quantity`: a number with a unit, `100m`, `1Gi`, `1e3`.

use std::{cmp::Ordering, fmt};

use serde_json::Value;

/// How many nanos are one.
const NANOS: i128 = 1_000_000_000;

/// How a quantity was written, and is written again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// A quantity in nanos.
///
/// # Source
/// apimachinery v0.36 `api/resource/quantity.go`
#[derive(Clone, Debug)]
pub(super) struct Quantity {
    nanos: i128,
    format: Format,
}

impl Quantity {
    /// Reads a text or a plain number; nothing where it is none.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::from_text(text),
            Value::Number(number) => Self::from_text(&number.to_string()),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let end = text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (scale, format) = scale(suffix)?;
        let (is_negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
        let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = match scale {
            Scale::Times(factor) => mantissa.checked_mul(factor)?.checked_mul(NANOS)?,
            Scale::Nanos(nanos) => mantissa.checked_mul(nanos)?,
        };
        // What is finer than a nano is rounded up.
        let nanos = scaled / divisor + i128::from(scaled % divisor != 0);
        Some(Self { nanos: if is_negative { -nanos } else { nanos }, format })
    }

    pub(super) fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// Near enough for a ratio that is printed with six digits.
    #[expect(clippy::cast_precision_loss, reason = "the source computes the ratio in floating point, too")]
    pub(super) fn to_float(&self) -> f64 {
        self.nanos as f64 / NANOS as f64
    }

    /// Adds; the sum keeps this quantity's format, unless it is zero.
    pub(super) fn add(&mut self, other: &Self) {
        if self.nanos == 0 {
            self.format = other.format;
        }
        self.nanos = self.nanos.saturating_add(other.nanos);
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// What a suffix stands for.
enum Scale {
    Times(i128),
    Nanos(i128),
}

fn scale(suffix: &str) -> Option<(Scale, Format)> {
    let decimal = |exponent| Some((Scale::Times(10_i128.pow(exponent)), Format::Decimal));
    let binary = |exponent| Some((Scale::Times(1024_i128.pow(exponent)), Format::Binary));
    match suffix {
        "" => decimal(0),
        "n" => Some((Scale::Nanos(1), Format::Decimal)),
        "u" => Some((Scale::Nanos(1_000), Format::Decimal)),
        "m" => Some((Scale::Nanos(1_000_000), Format::Decimal)),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let scale = match u32::try_from(exponent) {
                Ok(exponent) => Scale::Times(10_i128.checked_pow(exponent)?),
                Err(_) => Scale::Nanos(10_i128.pow(u32::try_from(9 + exponent).ok()?)),
            };
            Some((scale, Format::Exponent))
        }
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, the greatest unit that allows it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return formatter.write_str("0");
        }
        if self.format == Format::Binary && self.nanos.abs() >= 1024 * NANOS {
            let mut number = self.nanos.div_euclid(NANOS) + i128::from(self.nanos.rem_euclid(NANOS) != 0);
            let mut unit = 0;
            while number % 1024 == 0 && unit < 6 {
                number /= 1024;
                unit += 1;
            }
            return write!(formatter, "{number}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][unit]);
        }
        let mut number = self.nanos;
        let mut unit = 0;
        while number % 1000 == 0 && unit < 9 {
            number /= 1000;
            unit += 1;
        }
        if self.format == Format::Exponent {
            let exponent = 3 * i32::try_from(unit).unwrap_or_default() - 9;
            return if exponent == 0 {
                write!(formatter, "{number}")
            } else {
                write!(formatter, "{number}e{exponent}")
            };
        }
        write!(formatter, "{number}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][unit])
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::milli("100m", "100m")]
    #[case::fraction("0.5", "500m")]
    #[case::thousand("1000", "1k")]
    #[case::binary("1024Mi", "1Gi")]
    #[case::small_binary("0.5Ki", "512")]
    #[case::exponent("12e6", "12e6")]
    #[case::zero("0", "0")]
    fn writes_the_canonical_form(#[case] text: &str, #[case] expected: &str) {
        let quantity = Quantity::parse(&json!(text)).expect("a quantity");
        assert_eq!(quantity.to_string(), expected);
    }

    #[test]
    fn rejects_what_is_no_quantity() {
        for text in ["", "x", "1Q", "m", "1e99"] {
            assert!(Quantity::parse(&json!(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn compares_across_units() {
        let parse = |text: &str| Quantity::parse(&json!(text)).expect("a quantity");
        assert!(parse("1Gi") > parse("1G"));
        assert_eq!(parse("1000m"), parse("1"));
    }
}
