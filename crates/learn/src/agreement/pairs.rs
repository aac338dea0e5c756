//! Every two people who share an item, and what that comes to.

use super::compared::{Compared, Gauge};
use super::distance::Distance;
use super::kappa::by_person;
use super::{Ratings, Undefined, Weights};
use crate::resample::{Bootstrap, Drawing, Estimate, LEAST_ITEMS};
use rayon::prelude::*;

/// Two people's κ.
#[derive(Debug, Clone, PartialEq)]
pub struct PairKappa {
    /// One of the two: the lower number.
    pub first: u64,
    /// The other.
    pub second: u64,
    /// Items that both answered.
    pub n_items: usize,
    /// Their κ, or why they have none.
    pub kappa: Result<Estimate, Undefined>,
    /// Their weighted κ, where weights were asked for.
    pub weighted: Option<Result<Estimate, Undefined>>,
}

/// [`cohen_kappa`](super::cohen_kappa) of every two people who share an item, in ascending order: plain, and weighted
/// where `weighing` is not nominal. [`MeanKappa`] sums them up.
///
/// `done` is called once for each person, from any thread. Memory is that of one person's items times the answers to
/// each.
pub fn pairwise_kappa(
    ratings: &Ratings,
    weighing: Weights,
    plan: &Bootstrap,
    done: impl Fn() + Sync,
) -> Vec<PairKappa> {
    let distance = (weighing != Weights::Nominal).then(|| Distance::new(weighing, &ratings.values));
    pairwise(ratings, distance.as_ref(), plan, done)
}

pub(super) fn pairwise(
    ratings: &Ratings,
    weighted: Option<&Distance>,
    plan: &Bootstrap,
    done: impl Fn() + Sync,
) -> Vec<PairKappa> {
    let drawing = Drawing::new(*plan);
    let mut pairs = Vec::new();
    // Emptied for each person, so that the memory is asked for once.
    let mut shared: Vec<Vec<(u32, u32)>> = vec![Vec::new(); ratings.people.len()];
    for (first, of_person) in by_person(ratings).into_iter().enumerate() {
        for (item, own) in of_person {
            let answers = ratings.item(item);
            // People ascend within an item.
            for &(second, value) in answers.iter().rev().take_while(|cell| cell.0 as usize > first) {
                shared[second as usize].push((own, value));
            }
        }
        let one = |(second, answers): (usize, &mut Vec<(u32, u32)>)| {
            if answers.is_empty() {
                return None;
            }
            let n_items = answers.len();
            let pair = Compared::pair(answers);
            answers.clear();
            let gauges = std::iter::once(Gauge::Beyond(&Distance::Nominal));
            let mut kappas = pair.measure(gauges.chain(weighted.map(Gauge::Beyond)), &drawing).into_iter();
            Some(PairKappa {
                first: ratings.people[first],
                second: ratings.people[second],
                n_items,
                kappa: kappas.next().unwrap_or(Err(Undefined::NoPairs)),
                weighted: kappas.next(),
            })
        };
        pairs.par_extend(shared.par_iter_mut().enumerate().with_min_len(8).filter_map(one));
        done();
    }
    pairs
}

/// The mean of the κ of all pairs (Light 1971), each weighted by the items that the two share.
///
/// Pairs that share fewer than [`MeanKappa::LEAST_SHARED`] items don't count: with one or two items, two people who
/// agree have no κ (they used one label) and two who disagree have κ 0, so that the mean of such pairs is near 0 however
/// much people agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeanKappa<T = f64> {
    /// The mean; none where no pair counts.
    pub value: Option<T>,
    /// Pairs that share an item.
    pub n_pairs: usize,
    /// Those that count: they share enough items and have a κ.
    pub n_counted: usize,
    /// Those that share too few items.
    pub n_few_items: usize,
}

impl MeanKappa {
    /// Items that two people share at least.
    pub const LEAST_SHARED: usize = LEAST_SHARED;

    /// Of pairs with the items that they share and their κ.
    pub fn of(pairs: impl IntoIterator<Item = (usize, Option<f64>)>) -> Self {
        let mut mean = Self { value: None, n_pairs: 0, n_counted: 0, n_few_items: 0 };
        let (mut sum, mut all) = (0.0, 0.0);
        for (n_items, kappa) in pairs {
            mean.n_pairs += 1;
            match kappa {
                _ if n_items < Self::LEAST_SHARED => mean.n_few_items += 1,
                Some(kappa) => {
                    mean.n_counted += 1;
                    sum += kappa * n_items as f64;
                    all += n_items as f64;
                }
                None => {}
            }
        }
        mean.value = (mean.n_counted > 0).then(|| sum / all);
        mean
    }
}

const LEAST_SHARED: usize = LEAST_ITEMS;
