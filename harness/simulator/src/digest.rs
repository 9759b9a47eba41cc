//! Digests where it matters only that the same content has the same one.

use std::fmt::Write as _;

/// `words` times 16 hexadecimal digits: FNV-1a, each word from a beginning of its own.
pub(crate) fn hexadecimal(content: &(impl Iterator<Item = u8> + Clone), words: u64) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    (0..words).fold(String::new(), |mut digits, word| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{:016x}", content.clone().fold(0xcbf2_9ce4_8422_2325 ^ word, fold));
        digits
    })
}
