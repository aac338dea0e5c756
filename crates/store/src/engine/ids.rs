//! Ids: 41 bits of milliseconds since 2026, 6 bits of process number, 6 bits of sequence. They grow with time and fit
//! into JavaScript's 53 bits. Two processes that write at once never make the same id.

use crate::Clock;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-01-01T00:00:00Z in unix milliseconds.
const EPOCH_MS: i64 = 1_767_225_600_000;
const NODE_BITS: u32 = 6;
const SEQUENCE_BITS: u32 = 6;

pub struct Ids {
    node: i64,
    clock: Clock,
    /// (milliseconds << SEQUENCE_BITS | sequence) of the newest id.
    last: AtomicI64,
}

impl Ids {
    pub fn new(process: i64, clock: Clock) -> Ids {
        Ids { node: process & ((1 << NODE_BITS) - 1), clock, last: AtomicI64::new(0) }
    }

    /// The next id. Beyond 64 in a millisecond, ids run ahead of the clock instead of waiting for it.
    pub fn next(&self) -> i64 {
        let floor = (self.clock.now().0 / 1000 - EPOCH_MS).max(1) << SEQUENCE_BITS;
        let take = |last: i64| Some(floor.max(last + 1));
        let last = match self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            Ok(last) | Err(last) => last,
        };
        let mine = floor.max(last + 1);
        let (ms, sequence) = (mine >> SEQUENCE_BITS, mine & ((1 << SEQUENCE_BITS) - 1));
        (ms << NODE_BITS | self.node) << SEQUENCE_BITS | sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Time;

    #[test]
    fn ids_grow_and_never_meet() {
        let clock = Clock::manual(Time(1_800_000_000_000_000));
        let (a, b) = (Ids::new(1, clock.clone()), Ids::new(2, clock.clone()));
        let mut seen = Vec::new();
        for _ in 0..1000 {
            seen.push(a.next());
            seen.push(b.next());
        }
        let own: Vec<i64> = seen.iter().copied().step_by(2).collect();
        assert!(own.is_sorted());
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 2000);
        assert!(seen.iter().all(|id| (1..1i64 << 53).contains(id)));
    }
}
