//! Chance from a seed: the same seed gives the same case, on every machine.

use crate::hash::fnv1a;

/// A sequence of numbers that look random.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of one case: it depends on nothing but these three.
    pub(super) fn of_case(seed: u64, stage: &str, index: usize) -> Self {
        // Hashed, so that neighbours begin far apart.
        let bytes = seed.to_le_bytes().into_iter().chain(stage.bytes()).chain((index as u64).to_le_bytes());
        Self(fnv1a(bytes))
    }

    /// `splitmix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 where there is none.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    /// Whether what happens in `percent` of all cases happens.
    pub(super) fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_case_is_the_same() {
        let draw = |index| {
            let mut random = Random::of_case(1, "pods", index);
            [(); 4].map(|()| random.below(1000))
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
