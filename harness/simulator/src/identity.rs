//! Names, uids and suffixes that a real cluster draws at random; here from a seed.

use std::sync::Mutex;

/// The letters of generated names, and of hashes in names.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/util/rand/rand.go` `alphanums`, `SafeEncodeString`
pub(crate) const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Draws identities: the same seed gives the same sequence.
#[derive(Debug)]
pub(crate) struct Identities {
    state: Mutex<u64>,
}

impl Identities {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }

    /// Draws from here on what this one would draw.
    pub(crate) fn fork(&self) -> Self {
        Self { state: Mutex::new(*self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)) }
    }

    /// `splitmix64`: small, well spread, and nothing here is a secret.
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A version 4 UUID in its usual form.
    pub(crate) fn uid(&self) -> String {
        let high = self.next();
        let low = self.next();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    /// `length` letters as Kubernetes appends them to a `generateName`.
    pub(crate) fn suffix(&self, length: usize) -> String {
        let mut random = self.next();
        (0..length)
            .map(|_| {
                let size = ALPHABET.len() as u64;
                let letter = ALPHABET[usize::try_from(random % size).unwrap_or_default()];
                random /= size;
                char::from(letter)
            })
            .collect()
    }
}
