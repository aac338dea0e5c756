//! An item and what its identity decides: whether it is a control item, and which key its split hangs on.

use serde::{Deserialize, Serialize};

/// Where a content stands in its life: made by an import, replaced by a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upsert {
    /// The external id was not known.
    New,
    /// Known, with other content: a new revision.
    Revised,
    /// Known, with the same content: nothing to do.
    Same,
}

/// 53 bits of BLAKE3 over the parts, each preceded by its length, so that ("ab","c") and ("a","bc") differ.
pub fn hash53(parts: &[&[u8]]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut head = [0u8; 8];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    (u64::from_le_bytes(head) >> 11) as i64
}

/// The number of values that [`hash53`] takes.
pub const HASH_RANGE: i64 = 1 << 53;

/// The seeded hash that decides, on entry and with nothing else in mind, whether an item is a control item:
/// it is one where this lies under [`control_threshold`].
pub fn control_hash(seed: u64, external_id: &str) -> i64 {
    hash53(&[b"control", &seed.to_le_bytes(), external_id.as_bytes()])
}

/// Control hashes under this are control items. `share` is clamped to 0..=1.
pub fn control_threshold(share: f64) -> i64 {
    (share.clamp(0.0, 1.0) * HASH_RANGE as f64) as i64
}

/// What an item's split hangs on: its group where it has one, else its normalized text, so that
/// re-sent messages never straddle two splits.
pub fn split_key(group: Option<&str>, normalized_hash: i64) -> i64 {
    match group {
        Some(group) => hash53(&[b"group", group.as_bytes()]),
        None => hash53(&[b"text", &normalized_hash.to_le_bytes()]),
    }
}

/// An external id for a row that brings none: made from the content, so that the same row imported again is
/// the same item.
pub fn external_id_from_content(text: &str) -> String {
    let hash = blake3::hash(text.as_bytes());
    format!("h-{}", &hash.to_hex()[..20])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_tenth_is_control() {
        let threshold = control_threshold(0.10);
        let n = (0..100_000).filter(|i| control_hash(7, &format!("item-{i}")) < threshold).count();
        // Binomial(100000, 0.1): standard deviation 95; five of them.
        assert!((9_525..=10_475).contains(&n), "{n}");
        assert_eq!(control_threshold(0.0), 0);
        assert_eq!(control_threshold(1.0), HASH_RANGE);
    }

    proptest! {
        #[test]
        fn hashes_stay_within_53_bits(a in ".*", seed: u64) {
            prop_assert!((0..HASH_RANGE).contains(&control_hash(seed, &a)));
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash53(&[b"ab", b"c"]), hash53(&[b"a", b"bc"]));
    }
}
