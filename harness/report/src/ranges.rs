//! Versions as people write them down: `1.20-1.24, 1.27`.

use seccomp_conformance::Minor;

/// Minors as ranges, `1.20-1.24, 1.27`, in rising order; empty when there are none.
pub fn minor_ranges(minors: impl IntoIterator<Item = Minor>) -> String {
    ranges(minors.into_iter().map(|minor| u16::from(minor.number())))
}

/// Gardener releases, oldest first: all of them where they are few, else the ends and how many there are.
///
/// They are not folded into ranges: a run takes samples of them, and what lies between two samples was not run.
pub fn release_ranges<'a>(releases: impl IntoIterator<Item = &'a str>) -> String {
    let mut sorted: Vec<&str> = releases.into_iter().collect();
    sorted.sort_by_key(|release| release.rsplit('.').next().and_then(|minor| minor.parse::<u16>().ok()));
    sorted.dedup();
    match sorted.as_slice() {
        [first, .., last] if sorted.len() > 3 => format!("{first}..{last} ({})", sorted.len()),
        few => few.join(", "),
    }
}

/// Versions by their numbers.
pub(crate) fn ranges(numbers: impl Iterator<Item = u16>) -> String {
    let mut numbers: Vec<u16> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    let runs = numbers.chunk_by(|left, right| left + 1 == *right);
    let texts = runs.filter_map(|run| match run {
        [] => None,
        [only] => Some(format!("1.{only}")),
        [first, .., last] => Some(format!("1.{first}-1.{last}")),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(&[], "")]
    #[case::one(&[24], "1.24")]
    #[case::two(&[25, 24], "1.24-1.25")]
    #[case::gaps(&[20, 21, 24, 26, 27, 27], "1.20-1.21, 1.24, 1.26-1.27")]
    fn folds_minors(#[case] minors: &[u8], #[case] text: &str) {
        assert_eq!(minor_ranges(minors.iter().copied().filter_map(Minor::new)), text);
    }

    #[test]
    fn names_releases_in_their_order() {
        assert_eq!(release_ranges(["1.149", "1.54", "1.149"]), "1.54, 1.149");
        assert_eq!(release_ranges(["1.149", "1.54", "1.70", "1.118"]), "1.54..1.149 (4)");
    }
}
