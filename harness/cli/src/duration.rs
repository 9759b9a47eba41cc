//! Durations as Go and Kubernetes write them.

use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no duration such as 90s, 20m or 1h30m")]
pub(crate) struct DurationError {
    text: String,
}

/// Reads `1h30m`, `90s`, `500ms`.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let refused = || DurationError { text: text.to_owned() };
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).ok_or_else(refused)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|character: char| character.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let number: u64 = number.parse().map_err(|_| refused())?;
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(refused()),
        };
        let part = number.checked_mul(milliseconds).map(Duration::from_millis);
        sum = part.and_then(|part| sum.checked_add(part)).ok_or_else(refused)?;
        rest = after;
    }
    if sum.is_zero() { Err(refused()) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("90s", 90_000)]
    #[case("1h30m", 5_400_000)]
    #[case("2h", 7_200_000)]
    #[case("500ms", 500)]
    fn reads(#[case] text: &str, #[case] milliseconds: u64) {
        assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
    }

    #[rstest]
    fn rejects(#[values("", "0s", "5", "s", "1d", "-1s", "1.5h", "1h 30m", "99999999999999999999s")] text: &str) {
        assert!(parse(text).is_err());
    }
}
