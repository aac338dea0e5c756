//! Many samples of a few items each, resampled alike.

use super::{Bootstrap, LEAST_ITEMS, draw};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// How often each of `n` places is drawn in a run of resamples. The counts of one place lie side by side, so that sums
/// over all resamples are taken at once.
pub(crate) struct Draws {
    n_resamples: usize,
    counts: Vec<u8>,
}

impl Draws {
    /// Of the resamples with these numbers.
    pub(crate) fn of(n: usize, numbers: Range<usize>, plan: &Bootstrap) -> Self {
        let n_resamples = numbers.len();
        let mut counts = vec![0_u8; n * n_resamples];
        for (at, number) in numbers.enumerate() {
            draw(n, plan, number, |place| {
                let count = &mut counts[place * n_resamples + at];
                // A place is drawn once on average; nobody will ever see it drawn 255 times.
                *count = count.saturating_add(1);
            });
        }
        Self { n_resamples, counts }
    }

    /// The data itself: each place once.
    pub(crate) fn once(n: usize) -> Self {
        Self { n_resamples: 1, counts: vec![1; n] }
    }

    /// One count for each resample.
    pub(crate) fn of_place(&self, place: usize) -> &[u8] {
        &self.counts[place * self.n_resamples..][..self.n_resamples]
    }
}

/// Bytes of draws that are made at once; longer ones are made in pieces and not kept.
const AT_ONCE: usize = 8 << 20;
/// Bytes of draws that are kept.
const KEPT: usize = 256 << 20;

/// Draws by the number of places, kept for the next sample of that size.
pub(crate) struct Drawing {
    plan: Bootstrap,
    kept: Mutex<FxHashMap<usize, Arc<Draws>>>,
}

impl Drawing {
    pub(crate) fn new(plan: Bootstrap) -> Self {
        Self { plan, kept: Mutex::default() }
    }

    pub(crate) fn plan(&self) -> &Bootstrap {
        &self.plan
    }

    /// What `look` sees in all resamples of `n` places, at most `width` of them at a time, in their order. Nothing where
    /// `n` is too few for an interval.
    pub(crate) fn each<T: Send>(
        &self,
        n: usize,
        width: usize,
        look: impl Fn(&Draws, Range<usize>) -> T + Sync,
    ) -> Vec<T> {
        let all = self.plan.resamples;
        if n < LEAST_ITEMS || u32::try_from(n).is_err() {
            return Vec::new();
        }
        if n * all <= AT_ONCE {
            let draws = self.whole(n);
            return (0..all)
                .step_by(width)
                .map(|start| look(&draws, start..(start + width).min(all)))
                .collect();
        }
        let width = width.min(AT_ONCE / n).max(16);
        let pieces: Vec<usize> = (0..all).step_by(width).collect();
        pieces
            .into_par_iter()
            .map(|start| {
                let numbers = start..(start + width).min(all);
                let here = 0..numbers.len();
                look(&Draws::of(n, numbers, &self.plan), here)
            })
            .collect()
    }

    fn whole(&self, n: usize) -> Arc<Draws> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(draws) = lock().get(&n) {
            return draws.clone();
        }
        // Outside of the lock: two threads may both make them, and get the same.
        let draws = Arc::new(Draws::of(n, 0..self.plan.resamples, &self.plan));
        let mut kept = lock();
        let bytes: usize = kept.values().map(|draws| draws.counts.len()).sum();
        if bytes + draws.counts.len() <= KEPT {
            kept.insert(n, draws.clone());
        }
        draws
    }
}
