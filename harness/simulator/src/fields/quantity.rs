//! `resource.Quantity`: amounts of resources, and how Kubernetes writes them.

use std::{cmp::Ordering, fmt, ops, str::FromStr};

/// How a quantity was written, and will be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    /// `1500m`, `2k`.
    DecimalSi,
    /// `512Mi`.
    BinarySi,
    /// `12e6`.
    DecimalExponent,
}

/// An amount, exact to a billionth.
///
/// # Shape
/// `nanos`: the amount in billionths. Beyond the 10^29 that fit, an amount stays at the limit.
///
/// # Source
/// apimachinery v0.36 `pkg/api/resource/quantity.go`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantity {
    nanos: i128,
    format: Format,
}

/// A text that is no quantity, in Kubernetes' words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum QuantityError {
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const NANOS: i128 = 1_000_000_000;
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// Nothing.
    pub(crate) const ZERO: Self = Self { nanos: 0, format: Format::DecimalSi };

    pub(crate) fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is less than nothing.
    pub(crate) fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The amount in thousandths, rounded away from zero.
    pub(crate) fn milli_value(self) -> i128 {
        round_up(self.nanos, 1_000_000)
    }

    /// The same amount in whole thousandths, rounded away from zero.
    #[must_use]
    pub(crate) fn rounded_to_milli(self) -> Self {
        Self { nanos: self.milli_value().saturating_mul(1_000_000), format: self.format }
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

impl ops::Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // An amount of nothing takes over how the other is written.
        let format = if self.is_zero() { other.format } else { self.format };
        Self { nanos: self.nanos.saturating_add(other.nanos), format }
    }
}

/// Divides, away from zero where something is left.
fn round_up(nanos: i128, unit: i128) -> i128 {
    let whole = nanos / unit;
    if nanos % unit == 0 { whole } else { whole + nanos.signum() }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let (is_negative, unsigned) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, rest) = split_digits(unsigned);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        if !is_suffix(suffix) {
            return Err(QuantityError::Format);
        }
        let (base, exponent, format) = interpret(suffix).ok_or(QuantityError::Suffix)?;
        let nanos = scale(whole, fraction, base, exponent);
        let format = if format == Format::BinarySi && 0 < nanos && nanos < NANOS { Format::DecimalSi } else { format };
        Ok(Self { nanos: if is_negative { -nanos } else { nanos }, format })
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Letters of suffixes, then perhaps a sign and digits.
fn is_suffix(text: &str) -> bool {
    let rest = text.trim_start_matches(|letter| "eEinumkKMGTP".contains(letter));
    let digits = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn interpret(suffix: &str) -> Option<(i32, i32, Format)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((10, *exponent, Format::DecimalSi));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        return i32::try_from(power * 10).ok().map(|exponent| (2, exponent, Format::BinarySi));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((10, exponent, Format::DecimalExponent))
}

/// `whole.fraction * base^exponent` in billionths, rounded up, and capped.
fn scale(whole: &str, fraction: &str, base: i32, exponent: i32) -> i128 {
    // Binary amounts are capped as Kubernetes caps them.
    const BINARY_CAP: i128 = i64::MAX as i128 * NANOS;
    let mut mantissa: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        mantissa = mantissa.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
    }
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    if base == 2 {
        let amount = mantissa.saturating_mul(1 << exponent);
        return power_of_ten(amount, 9_i32.saturating_sub(places)).min(BINARY_CAP);
    }
    power_of_ten(mantissa, exponent.saturating_sub(places).saturating_add(9))
}

/// `amount * 10^exponent`, rounded up.
fn power_of_ten(amount: i128, exponent: i32) -> i128 {
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    match power {
        _ if amount == 0 => 0,
        Some(power) if exponent >= 0 => amount.saturating_mul(power),
        Some(power) => round_up(amount, power),
        None if exponent >= 0 => i128::MAX,
        None => 1,
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: the greatest suffix that leaves a whole number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return formatter.write_str("0");
        }
        let is_whole = self.nanos % NANOS == 0;
        let is_small = self.nanos.unsigned_abs() < 1024 * NANOS.unsigned_abs();
        if self.format == Format::BinarySi && is_whole && !is_small {
            let mut amount = self.nanos / NANOS;
            let mut power = 0;
            while amount % 1024 == 0 && power + 1 < BINARY.len() {
                amount /= 1024;
                power += 1;
            }
            return write!(formatter, "{amount}{}", BINARY[power]);
        }
        let mut amount = self.nanos;
        let mut exponent = -9;
        while amount % 1000 == 0 && (self.format == Format::DecimalExponent || exponent < 18) {
            amount /= 1000;
            exponent += 3;
        }
        write!(formatter, "{amount}")?;
        if self.format == Format::DecimalExponent {
            return if exponent == 0 { Ok(()) } else { write!(formatter, "e{exponent}") };
        }
        let suffix = DECIMAL.iter().find(|(_, power)| *power == exponent).map_or("", |(name, _)| name);
        formatter.write_str(suffix)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Cases of apimachinery's `quantity_test.go`, and what the API servers of 1.24 and 1.36 stored.
    #[rstest]
    #[case::zero("0", "0")]
    #[case::milli_to_one("1000m", "1")]
    #[case::fraction("0.5", "500m")]
    #[case::kibi_to_mebi("1024Ki", "1Mi")]
    #[case::half_a_gibi("0.5Gi", "512Mi")]
    #[case::small_binary("1Ki", "1Ki")]
    #[case::binary_below_1024("1000Ki", "1000Ki")]
    #[case::exponent("12e6", "12e6")]
    #[case::exponent_moves("1200e4", "12e6")]
    #[case::decimal("1500000", "1500k")]
    #[case::fraction_of_a_binary("1.5Mi", "1536Ki")]
    #[case::too_fine("0.1n", "1n")]
    #[case::negative("-100m", "-100m")]
    #[case::one_point_one_bytes("0.000001Ki", "1024u")]
    #[case::large("10E", "10E")]
    fn writes_the_canonical_form(#[case] text: &str, #[case] canonical: &str) {
        assert_eq!(text.parse::<Quantity>().map(|quantity| quantity.to_string()).as_deref(), Ok(canonical));
    }

    #[rstest]
    #[case::empty("", QuantityError::Format)]
    #[case::words("lots", QuantityError::Format)]
    #[case::two_points("1.2.3", QuantityError::Format)]
    #[case::doubled_suffix("1mm", QuantityError::Suffix)]
    fn refuses_what_is_no_quantity(#[case] text: &str, #[case] error: QuantityError) {
        assert_eq!(text.parse::<Quantity>().err(), Some(error));
    }

    #[test]
    fn rounds_up_to_milli() {
        let rounded = "1.0001".parse::<Quantity>().map(|quantity| quantity.rounded_to_milli().to_string());
        assert_eq!(rounded.as_deref(), Ok("1001m"));
    }
}
