//! A run in shards: disjoint, and together the whole.

use std::{fmt, num::NonZeroU32, str::FromStr};

use crate::hash::fnv1a;

/// One share of a plan's cases, `slice:2/8`.
///
/// The same plan is cut in the same way by everyone, on every machine, so that shards need not know of each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Partition {
    kind: PartitionKind,
    shard: NonZeroU32,
    shards: NonZeroU32,
}

/// How cases are dealt out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PartitionKind {
    /// One after the other, in the order of the plan: shards of one size.
    Slice,
    /// By the case's own name: a case stays in its shard, whatever else is planned.
    Hash,
}

impl PartitionKind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slice => "slice",
            Self::Hash => "hash",
        }
    }
}

/// Which part of which whole a run is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shard {
    /// How the whole was cut.
    pub partition: Partition,
    /// How many cases the whole has.
    pub cases: usize,
    /// What the whole consists of, as a digest: shards with another one are of something else.
    pub whole: String,
}

/// A text that is no partition.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("parse partition `{text}`: expected `slice:2/8` or `hash:2/8`, the shard from 1 to the number of shards")]
pub struct PartitionError {
    text: String,
}

impl Partition {
    /// Shard `shard` of `shards`, counted from 1; nothing where there is no such shard.
    pub fn new(kind: PartitionKind, shard: u32, shards: u32) -> Option<Self> {
        let (shard, shards) = NonZeroU32::new(shard).zip(NonZeroU32::new(shards))?;
        (shard <= shards).then_some(Self { kind, shard, shards })
    }

    /// How cases are dealt out.
    pub const fn kind(self) -> PartitionKind {
        self.kind
    }

    /// Which shard, from 1.
    pub const fn shard(self) -> u32 {
        self.shard.get()
    }

    /// How many shards there are.
    pub const fn shards(self) -> u32 {
        self.shards.get()
    }

    /// Whether the case at `place` of the plan, with its name, is in this shard.
    pub(crate) fn contains(self, place: usize, name: &str) -> bool {
        let number = match self.kind {
            PartitionKind::Slice => place as u64,
            PartitionKind::Hash => fnv1a(name.bytes()),
        };
        number % u64::from(self.shards.get()) == u64::from(self.shard.get() - 1)
    }

    /// What this shard is a part of.
    pub(crate) fn shard_of(self, names: &[String]) -> Shard {
        let bytes = names.iter().flat_map(|name| name.bytes().chain([b'\n']));
        Shard { partition: self, cases: names.len(), whole: format!("{:016x}", fnv1a(bytes)) }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}/{}", self.kind.as_str(), self.shard, self.shards)
    }
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        let parse = || {
            let (kind, share) = text.split_once(':')?;
            let kind = [PartitionKind::Slice, PartitionKind::Hash].into_iter().find(|known| known.as_str() == kind)?;
            let (shard, shards) = share.split_once('/')?;
            Self::new(kind, shard.parse().ok()?, shards.parse().ok()?)
        };
        parse().ok_or_else(|| PartitionError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn reads_and_writes_a_partition() {
        for text in ["slice:2/8", "hash:1/1"] {
            assert_eq!(text.parse::<Partition>().unwrap().to_string(), text);
        }
    }

    #[rstest]
    fn rejects_what_is_no_partition(
        #[values("", "slice", "slice:0/2", "slice:3/2", "half:1/2", "slice:1", "hash:a/b")] text: &str,
    ) {
        assert!(text.parse::<Partition>().is_err(), "{text}");
    }

    /// A digest that a release has written is compared with that of another one.
    #[test]
    fn a_digest_stays_what_it_is() {
        let partition: Partition = "slice:1/2".parse().unwrap();
        assert_eq!(partition.shard_of(&["a".to_owned(), "b".to_owned()]).whole, "78ed6781f136a14e");
    }

    proptest! {
        #[test]
        fn shards_are_disjoint_and_together_the_whole(cases in 0_usize..200, shards in 1_u32..12, is_hash: bool) {
            let kind = if is_hash { PartitionKind::Hash } else { PartitionKind::Slice };
            let shares: Vec<Partition> = (1..=shards).filter_map(|shard| Partition::new(kind, shard, shards)).collect();
            prop_assert_eq!(shares.len(), shards as usize);
            for place in 0..cases {
                let name = format!("case {place}");
                prop_assert_eq!(shares.iter().filter(|share| share.contains(place, &name)).count(), 1);
            }
        }

        #[test]
        fn slices_are_of_one_size(cases in 0_usize..200, shards in 1_u32..12) {
            let size = |shard| {
                let share = Partition::new(PartitionKind::Slice, shard, shards);
                (0..cases).filter(|place| share.is_some_and(|share| share.contains(*place, ""))).count()
            };
            let sizes: Vec<usize> = (1..=shards).map(size).collect();
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            prop_assert!(most - least <= 1);
        }
    }
}
