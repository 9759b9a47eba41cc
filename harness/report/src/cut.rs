//! Texts that must not grow beyond what their readers take.

/// `text`, or as much of it as fits into `longest` characters together with `end`, which says that it was cut.
pub(crate) fn cut(text: &str, longest: usize, end: &str) -> String {
    if text.chars().nth(longest).is_none() {
        return text.to_owned();
    }
    let kept = longest.saturating_sub(end.chars().count());
    let start: String = text.chars().take(kept).collect();
    format!("{start}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_fits_and_cuts_the_rest() {
        assert_eq!(cut("über", 4, "..."), "über");
        assert_eq!(cut("überall", 6, "..."), "übe...");
        assert_eq!(cut("", 0, "..."), "");
    }
}
