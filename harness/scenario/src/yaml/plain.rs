//! What an unquoted scalar means, where all readers agree.

use crate::yaml::Kind;

/// Words that some readers take for something else than others do.
const AMBIGUOUS_WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];

/// The value of an unquoted scalar; nothing where YAML readers disagree about it.
///
/// `serde_yaml`, `serde-saphyr` and Kubernetes' own reader differ about `yes`, `014` and `1_000`, and about each spelling
/// of a number but the plain decimal one.
pub(super) fn resolve(text: &str) -> Option<Kind> {
    match text {
        "" | "null" => return Some(Kind::Null),
        "true" => return Some(Kind::Bool(true)),
        "false" => return Some(Kind::Bool(false)),
        _ => {}
    }
    if let Some(number) = decimal(text) {
        return Some(Kind::Number(number));
    }
    let is_ambiguous = AMBIGUOUS_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) || looks_like_number(text);
    if is_ambiguous { None } else { Some(Kind::Text(text.to_owned())) }
}

/// A decimal number in its plainest spelling.
fn decimal(text: &str) -> Option<serde_json::Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || (whole.len() > 1 && whole.starts_with('0')) || text == "-0" {
        return None;
    }
    match fraction {
        None => text.parse::<i64>().ok().map(Into::into),
        Some(fraction) if is_number(fraction) && digits.len() <= 16 => {
            text.parse().ok().and_then(serde_json::Number::from_f64)
        }
        Some(_) => None,
    }
}

/// Whether some reader may take the text for a number, a time or a date.
fn looks_like_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let unpointed = unsigned.strip_prefix('.').unwrap_or(unsigned);
    let is_special = [".inf", ".nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word));
    let starts_with_digit = unpointed.starts_with(|first: char| first.is_ascii_digit());
    is_special
        || starts_with_digit && unpointed.chars().all(|c| c.is_ascii_hexdigit() || "xXoObB_.:+-eE \tTZ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn rejects_what_readers_understand_differently(
        #[values(
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "~",
            "True",
            "NULL",
            "014",
            "1_000",
            "0x1f",
            "0o14",
            "1e3",
            "1.",
            ".5",
            "+1",
            "-0",
            ".inf",
            "-.INF",
            ".NaN",
            "12:30:45",
            "2001-12-14",
            "99999999999999999999",
            "0.12345678901234567890"
        )]
        text: &str,
    ) {
        assert_eq!(resolve(text), None);
    }

    #[rstest]
    #[case::text("RuntimeDefault", Kind::Text("RuntimeDefault".into()))]
    #[case::quantity("100m", Kind::Text("100m".into()))]
    #[case::dash("-", Kind::Text("-".into()))]
    #[case::address("probe:v1", Kind::Text("probe:v1".into()))]
    #[case::integer("-12", Kind::Number((-12).into()))]
    #[case::zero("0", Kind::Number(0.into()))]
    #[case::boolean("true", Kind::Bool(true))]
    #[case::nothing("", Kind::Null)]
    fn resolves_what_is_clear(#[case] text: &str, #[case] kind: Kind) {
        assert_eq!(resolve(text), Some(kind));
    }
}
