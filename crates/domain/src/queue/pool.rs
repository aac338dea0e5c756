//! Pools: the parts of a queue that are served side by side, each at its own share.
//!
//! A pool is a key. A member belongs to one, and a person has a cursor and counts in each. To add a pool, add a value here:
//! storage and serving go through [`Pool::ALL`].

use crate::item::{HASH_RANGE, hash53};
use crate::word::decoded;
use crate::{PersonId, QueueId};
use serde::{Deserialize, Serialize};
use std::ops::{Index, IndexMut};

/// Which part of a queue a member belongs to. An annotator never learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// What the queue was made for. It is served whenever no other pool is due.
    Plain,
    /// Control items: a random sample of all items, from which validation and test are made.
    Control,
}

impl Pool {
    /// In the order in which they are asked whether they are due, after [`Pool::Plain`], which always is.
    pub const ALL: [Pool; 2] = [Pool::Plain, Pool::Control];

    pub fn as_str(self) -> &'static str {
        match self {
            Pool::Plain => "plain",
            Pool::Control => "control",
        }
    }

    pub fn parse(text: &str) -> Option<Pool> {
        Pool::ALL.into_iter().find(|pool| pool.as_str() == text)
    }

    /// The pool of an item that enters a queue.
    pub fn of(control: bool) -> Pool {
        if control { Pool::Control } else { Pool::Plain }
    }
}

decoded!(Pool, "pool of a queue");

/// A value for each pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerPool<T>([T; Pool::ALL.len()]);

impl<T> PerPool<T> {
    pub fn from_fn(mut value: impl FnMut(Pool) -> T) -> PerPool<T> {
        PerPool(Pool::ALL.map(&mut value))
    }

    pub fn iter(&self) -> impl Iterator<Item = (Pool, &T)> {
        Pool::ALL.into_iter().zip(&self.0)
    }
}

impl<T> Index<Pool> for PerPool<T> {
    type Output = T;

    fn index(&self, pool: Pool) -> &T {
        &self.0[pool as usize]
    }
}

impl<T> IndexMut<Pool> for PerPool<T> {
    fn index_mut(&mut self, pool: Pool) -> &mut T {
        &mut self.0[pool as usize]
    }
}

/// When items of a pool come to a person: one in each block of 1 / share servings, at a place of the block that is drawn
/// for this person alone. The share is kept exactly, and nobody can count along.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub pool: Pool,
    /// The pool's share of what is served, 0 to 1.
    pub share: f64,
    pub seed: u64,
    pub queue: QueueId,
    pub person: PersonId,
}

impl Pace {
    /// Should the next item be of this pool, after so many that were served and so many of this pool among them?
    pub fn is_due(&self, served: u32, served_of_pool: u32) -> bool {
        let place = (f64::from(served_of_pool) + self.draw(served_of_pool)) / self.share;
        self.share > 0.0 && f64::from(served) >= place.floor()
    }

    /// From 0 up to 1, for the k-th item of the pool.
    fn draw(&self, k: u32) -> f64 {
        let (seed, queue, person) = (self.seed.to_le_bytes(), self.queue.0, self.person.0);
        // Queues made by earlier versions draw their control items under this word.
        let word = if self.pool == Pool::Control { "pace" } else { self.pool.as_str() };
        let parts: [&[u8]; 5] =
            [word.as_bytes(), &seed, &queue.to_le_bytes(), &person.to_le_bytes(), &k.to_le_bytes()];
        hash53(&parts) as f64 / HASH_RANGE as f64
    }
}

/// How the pools of a queue are mixed for one person.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Of what is served, 0 to 1. [`Pool::Plain`] has what is left.
    pub shares: PerPool<f64>,
    pub seed: u64,
    pub queue: QueueId,
    pub person: PersonId,
}

impl Mix {
    /// The pool from which the next item is due, after so many that were served from each.
    pub fn due(&self, served: &PerPool<u32>) -> Pool {
        let Mix { shares, seed, queue, person } = *self;
        let all = Pool::ALL.into_iter().map(|pool| served[pool]).sum();
        let mut others = Pool::ALL.into_iter().filter(|pool| *pool != Pool::Plain);
        let is_due = |pool: &Pool| {
            Pace { pool: *pool, share: shares[*pool], seed, queue, person }.is_due(all, served[*pool])
        };
        others.find(is_due).unwrap_or(Pool::Plain)
    }

    /// The pools of the next `n` items.
    pub fn due_next(&self, mut served: PerPool<u32>, n: usize) -> Vec<Pool> {
        let mut next = || {
            let pool = self.due(&served);
            served[pool] += 1;
            pool
        };
        (0..n).map(|_| next()).collect()
    }
}

/// Members in the order in which they are served: each place from the pool that is due there; where that pool has ended,
/// from the plain one, and then from any other.
pub fn merged<T>(due: &[Pool], found: PerPool<Vec<T>>) -> Vec<T> {
    let mut found = found.0.map(Vec::into_iter);
    let mut next = |pool: Pool| found[pool as usize].next();
    let any = |due: Pool, next: &mut dyn FnMut(Pool) -> Option<T>| {
        next(due).or_else(|| Pool::ALL.into_iter().find_map(&mut *next))
    };
    due.iter().filter_map(|pool| any(*pool, &mut next)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_items_keep_their_pace() {
        let pace = |share, person| Pace {
            pool: Pool::Control,
            share,
            seed: 7,
            queue: QueueId(1),
            person: PersonId(person),
        };
        let places = |pace: Pace| {
            let mut control = 0;
            let due = |served| {
                let is_due = pace.is_due(served, control);
                control += u32::from(is_due);
                is_due.then_some(served)
            };
            (0..1000).filter_map(due).collect::<Vec<u32>>()
        };
        let ada = places(pace(0.2, 1));
        assert_eq!(ada.len(), 200, "exactly the share");
        assert!(ada.iter().enumerate().all(|(k, place)| *place / 5 == k as u32), "one in each five");
        let in_block: std::collections::BTreeSet<u32> = ada.iter().map(|place| place % 5).collect();
        assert_eq!(in_block.len(), 5, "at any place of the five");
        assert_ne!(ada, places(pace(0.2, 2)), "another person meets them elsewhere");
        assert!(places(pace(0.0, 1)).is_empty());
        assert_eq!(places(pace(1.0, 1)).len(), 1000);
        assert_eq!(places(pace(0.37, 1)).len(), 370);
    }

    #[test]
    fn a_mix_serves_each_pool_at_its_share() {
        let mut shares = PerPool::default();
        shares[Pool::Control] = 0.25;
        let mix = Mix { shares, seed: 3, queue: QueueId(1), person: PersonId(2) };
        let due = mix.due_next(PerPool::default(), 400);
        assert_eq!(due.iter().filter(|pool| **pool == Pool::Control).count(), 100);
        // Asked a few at a time it says the same.
        let mut served = PerPool::<u32>::default();
        let mut one_by_one = Vec::new();
        for _ in 0..400 {
            let pool = mix.due(&served);
            served[pool] += 1;
            one_by_one.push(pool);
        }
        assert_eq!(due, one_by_one);
    }

    #[test]
    fn where_a_pool_has_ended_others_take_its_places() {
        use Pool::{Control, Plain};
        let found = |plain: &[i32], control: &[i32]| {
            PerPool::from_fn(|pool| if pool == Plain { plain.to_vec() } else { control.to_vec() })
        };
        let due = [Plain, Control, Plain, Plain];
        assert_eq!(merged(&due, found(&[1, 2, 3], &[10])), [1, 10, 2, 3]);
        assert_eq!(merged(&due, found(&[1, 2, 3, 4], &[])), [1, 2, 3, 4]);
        assert_eq!(merged(&due, found(&[1], &[10, 11, 12])), [1, 10, 11, 12]);
        assert_eq!(merged(&due, found(&[1], &[10])), [1, 10]);
    }

    #[test]
    fn a_pool_is_found_by_its_name() {
        for pool in Pool::ALL {
            assert_eq!(Pool::parse(pool.as_str()), Some(pool));
            assert_eq!(Pool::ALL[pool as usize], pool, "its place in lists of all");
        }
    }
}
