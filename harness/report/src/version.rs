//! Versions as documents have them, `1.24`: of any number, also one that this harness does not know.

/// The number after the point; versions without one sort first.
pub(crate) fn number(version: &str) -> u16 {
    version.rsplit('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Versions as ranges, `1.20-1.24, 1.27`, in rising order.
pub(crate) fn ranges<'a>(versions: impl IntoIterator<Item = &'a str>) -> String {
    crate::ranges::ranges(versions.into_iter().map(number))
}

/// Sorts versions by their numbers, each once.
pub(crate) fn sort(versions: &mut Vec<String>) {
    versions.sort_by_key(|version| number(version));
    versions.dedup();
}
