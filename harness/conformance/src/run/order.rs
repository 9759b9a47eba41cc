//! The order in which cases are run best on clusters that many of them share.

use std::collections::{BTreeMap, VecDeque};

use kube_simulator::Minor;

use crate::{execute::is_exclusive, plan::Planned};

/// Where Linux says how much memory there is.
const MEMORY: &str = "/proc/meminfo";

/// How many clusters the machine has memory for at once, each of which takes so many MiB; one where nobody tells.
pub(super) fn clusters_at_once(mebibytes: u64) -> usize {
    let text = std::fs::read_to_string(MEMORY).unwrap_or_default();
    let fit = available(&text).map_or(1, |available| available / mebibytes.max(1));
    usize::try_from(fit).unwrap_or(usize::MAX).max(1)
}

/// `MemAvailable:   16266844 kB`, in MiB: what new processes may take without others being swapped out.
///
/// # Source
/// Linux v6.18 `Documentation/filesystems/proc.rst` `meminfo`
fn available(text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}

/// Sorts `cases` so that at most `at_once` clusters are needed at the same time.
///
/// One minor comes after the other, and within it those cases together that want the same registration. The cases that
/// need a cluster for themselves come last, one by one; meanwhile the next minor's cluster is started and used.
pub(super) fn order(cases: &mut Vec<Planned>, at_once: usize) {
    cases.sort_by_key(|planned| {
        let given = &planned.instance().given;
        (planned.case.minor, is_exclusive(planned.instance()), !given.is_gate_on(), planned.release)
    });
    let mut minors: BTreeMap<Minor, Split<Planned>> = BTreeMap::new();
    for planned in std::mem::take(cases) {
        let minor = minors.entry(planned.case.minor).or_default();
        if is_exclusive(planned.instance()) {
            minor.exclusive.push_back(planned);
        } else {
            minor.shared.push(planned);
        }
    }
    *cases = stagger(minors.into_values(), at_once);
}

/// A minor's cases.
struct Split<T> {
    shared: Vec<T>,
    exclusive: VecDeque<T>,
}

impl<T> Default for Split<T> {
    fn default() -> Self {
        Self { shared: Vec::new(), exclusive: VecDeque::new() }
    }
}

fn stagger<T>(minors: impl Iterator<Item = Split<T>>, at_once: usize) -> Vec<T> {
    let mut ordered = Vec::new();
    // What is left of minors that come before, the oldest first.
    let mut before: VecDeque<VecDeque<T>> = VecDeque::new();
    for minor in minors {
        while before.len() >= at_once {
            ordered.extend(before.pop_front().into_iter().flatten());
        }
        for case in minor.shared {
            ordered.push(case);
            ordered.extend(before.iter_mut().filter_map(VecDeque::pop_front));
            before.retain(|cases| !cases.is_empty());
        }
        before.push_back(minor.exclusive);
    }
    ordered.extend(before.into_iter().flatten());
    ordered
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Cases by name: the letter is the minor's, those in capitals need their cluster for themselves.
    fn mk_minors(minors: &[(&'static str, &'static str)]) -> Vec<Split<char>> {
        let minor = |(shared, exclusive): &(&str, &str)| Split {
            shared: shared.chars().collect(),
            exclusive: exclusive.chars().collect(),
        };
        minors.iter().map(minor).collect()
    }

    #[rstest]
    #[case::one_after_the_other(1, "aaaAAbbBBcc", &[("aaa", "AA"), ("bb", "BB"), ("cc", "")])]
    #[case::the_next_beside(2, "aaabAbAbcBC", &[("aaa", "AA"), ("bbb", "B"), ("c", "C")])]
    #[case::more_than_two(3, "abAcABcABcBC", &[("a", "AAA"), ("b", "BBB"), ("ccc", "C")])]
    #[case::no_more_than_allowed(2, "abAAAcBcBcBC", &[("a", "AAA"), ("b", "BBB"), ("ccc", "C")])]
    fn minors_overlap_within_bounds(
        #[case] at_once: usize,
        #[case] expected: &str,
        #[case] minors: &[(&'static str, &'static str)],
    ) {
        let ordered: String = stagger(mk_minors(minors).into_iter(), at_once).into_iter().collect();
        assert_eq!(ordered, expected);
    }

    #[test]
    fn reads_what_linux_says_of_its_memory() {
        let text = "MemTotal:       24684084 kB\nMemFree:  100 kB\nMemAvailable:   16266844 kB\n";
        assert_eq!(available(text), Some(15885));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
        assert!(clusters_at_once(u64::MAX) == 1);
    }
}
