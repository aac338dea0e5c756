//! Agreement beyond what people's habits would give: κ of two people and of many, π.

use super::ratings::Cell;
use super::sets::Likeness;
use super::{Ratings, Undefined, estimate_over, mean, square};
use crate::resample::{Bootstrap, Estimate};
use rustc_hash::FxHashMap;

/// How bad it is, for [`cohen_kappa`], to be one value off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weights {
    /// Any difference is as bad (Cohen 1960): for labels without an order.
    Nominal,
    /// As bad as the difference of the values (Cohen 1968).
    Linear,
    /// As bad as the square of the difference of the values (Fleiss and Cohen 1973).
    Quadratic,
}

/// Cohen's κ of two annotators over the items that both answered: 1 − observed over expected disagreement, each
/// annotator with their own habits. Weighted, the distance is that of the values themselves: give ranks for equal steps.
///
/// # Errors
/// [`Undefined::NoPairs`] where they share no item; [`Undefined::OneCategory`] where both gave one and the same value
/// throughout; [`Undefined::OutOfRange`].
pub fn cohen_kappa(
    ratings: &Ratings,
    first: u64,
    second: u64,
    weighing: Weights,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let answers = shared(ratings, first, second);
    kappa_of(&answers, &Distance::new(weighing, &ratings.values), ratings.values.len(), plan)
}

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
}

/// [`cohen_kappa`] of every two people who share an item, in ascending order. The mean of these is the κ for many
/// people of Light (1971).
///
/// Memory is that of one person's items times the answers to each.
#[must_use]
pub fn pairwise_kappa(ratings: &Ratings, weighing: Weights, plan: &Bootstrap) -> Vec<PairKappa> {
    pairwise(ratings, &Distance::new(weighing, &ratings.values), plan)
}

pub(super) fn pairwise(ratings: &Ratings, distance: &Distance, plan: &Bootstrap) -> Vec<PairKappa> {
    let n_values = ratings.values.len();
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
        for (second, answers) in shared.iter_mut().enumerate().filter(|(_, answers)| !answers.is_empty()) {
            pairs.push(PairKappa {
                first: ratings.people[first],
                second: ratings.people[second],
                n_items: answers.len(),
                kappa: kappa_of(answers, distance, n_values, plan),
            });
            answers.clear();
        }
    }
    pairs
}

/// Each person's (item's index, value) by the person's index, items in ascending order.
pub(super) fn by_person(ratings: &Ratings) -> Vec<Vec<(usize, u32)>> {
    let mut people = vec![Vec::new(); ratings.people.len()];
    for (item, answers) in ratings.items().enumerate() {
        for &(who, value) in answers {
            people[who as usize].push((item, value));
        }
    }
    people
}

/// What two annotators said of the items that both answered.
fn shared(ratings: &Ratings, first: u64, second: u64) -> Vec<(u32, u32)> {
    let index = |who: u64| ratings.people.binary_search(&who).ok();
    let (Some(first), Some(second)) = (index(first), index(second)) else { return Vec::new() };
    let both = |answers: &[Cell]| {
        let said = |who: usize| {
            answers.binary_search_by_key(&who, |cell| cell.0 as usize).ok().map(|at| answers[at].1)
        };
        Some((said(first)?, said(second)?))
    };
    ratings.items().filter_map(both).collect()
}

/// Pairs of answers folded: each item's pattern, and the patterns.
fn fold(answers: &[(u32, u32)]) -> (Vec<u32>, Vec<(u32, u32)>) {
    let mut pairs = Vec::new();
    let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut pattern = |&pair: &(u32, u32)| {
        *known.entry(pair).or_insert_with(|| {
            pairs.push(pair);
            pairs.len() as u32 - 1
        })
    };
    let of_item = answers.iter().map(&mut pattern).collect();
    (of_item, pairs)
}

fn kappa_of(
    answers: &[(u32, u32)],
    distance: &Distance,
    n_values: usize,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let (of_item, pairs) = fold(answers);
    let apart: Vec<f64> = pairs.iter().map(|p| distance.of(p.0 as usize, p.1 as usize)).collect();
    estimate_over(&of_item, pairs.len(), plan, |weights| {
        let (habits_a, habits_b, n) = habits(&pairs, weights, n_values);
        let observed: f64 = apart.iter().zip(weights).map(|(d, &w)| f64::from(w) * d).sum();
        beyond_chance(n * observed, &habits_a, &habits_b, distance)
    })
}

/// 1 − observed over expected disagreement, for two people's counts of each value.
pub(super) fn beyond_chance(
    observed: f64,
    habits_a: &[f64],
    habits_b: &[f64],
    distance: &Distance,
) -> Result<f64, Undefined> {
    if only_one(habits_a, habits_b) {
        return Err(Undefined::OneCategory);
    }
    let value = 1.0 - observed / distance.chance(habits_a, habits_b);
    if value.is_finite() { Ok(value) } else { Err(Undefined::OutOfRange) }
}

/// How far two values are apart, by their indices.
pub(super) enum Distance<'a> {
    Nominal,
    Linear(&'a [f64]),
    Quadratic(&'a [f64]),
    Sets(&'a Likeness<'a>),
}

impl<'a> Distance<'a> {
    /// `values` are ascending.
    pub(super) fn new(weighing: Weights, values: &'a [f64]) -> Self {
        match weighing {
            Weights::Nominal => Distance::Nominal,
            Weights::Linear => Distance::Linear(values),
            Weights::Quadratic => Distance::Quadratic(values),
        }
    }

    pub(super) fn of(&self, a: usize, b: usize) -> f64 {
        match self {
            Distance::Nominal => f64::from(u8::from(a != b)),
            Distance::Linear(x) => (x[a] - x[b]).abs(),
            Distance::Quadratic(x) => square(x[a] - x[b]),
            Distance::Sets(likeness) => likeness.distance(a, b),
        }
    }

    /// Σ over all pairs of n_a · n_b · distance, for two counts of the values, in one pass over them (for sets, over
    /// those that share something).
    pub(super) fn chance(&self, first: &[f64], second: &[f64]) -> f64 {
        let (n, m): (f64, f64) = (first.iter().sum(), second.iter().sum());
        match self {
            Distance::Nominal => n * m - first.iter().zip(second).map(|(a, b)| a * b).sum::<f64>(),
            Distance::Linear(x) => {
                // Whatever lies on both sides of a gap between neighbouring values is apart by that gap.
                let (mut below_a, mut below_b, mut sum) = (0.0, 0.0, 0.0);
                for (at, gap) in x.windows(2).map(|ends| ends[1] - ends[0]).enumerate() {
                    below_a += first[at];
                    below_b += second[at];
                    sum += gap * (below_a * (m - below_b) + (n - below_a) * below_b);
                }
                sum
            }
            Distance::Quadratic(x) => {
                let centre = first.iter().zip(*x).map(|(a, x)| a * x).sum::<f64>() / n;
                let around = |counts: &[f64]| -> f64 {
                    counts.iter().zip(*x).map(|(c, x)| c * square(x - centre)).sum()
                };
                m * around(first) + n * around(second)
            }
            Distance::Sets(likeness) => likeness.chance(first, second),
        }
    }
}

/// Scott's π (1955) of two annotators over the items that both answered: like Cohen's κ, with the habits of both
/// pooled.
///
/// # Errors
/// As [`cohen_kappa`].
pub fn scott_pi(ratings: &Ratings, first: u64, second: u64, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let (of_item, pairs) = fold(&shared(ratings, first, second));
    estimate_over(&of_item, pairs.len(), plan, |weights| {
        let (habits_a, habits_b, n) = habits(&pairs, weights, ratings.values.len());
        if only_one(&habits_a, &habits_b) {
            return Err(Undefined::OneCategory);
        }
        let apart: f64 =
            pairs.iter().zip(weights).filter(|(p, _)| p.0 != p.1).map(|(_, &w)| f64::from(w)).sum();
        let by_chance: f64 = habits_a.iter().zip(&habits_b).map(|(a, b)| square((a + b) / (2.0 * n))).sum();
        Ok(1.0 - (apart / n) / (1.0 - by_chance))
    })
}

/// Scott's π for any number of annotators (multi-π of Artstein and Poesio 2008, "Inter-Coder Agreement for
/// Computational Linguistics"): observed agreement is that of all pairs of answers to an item, expected agreement that
/// of label shares pooled over everybody. With two annotators it is [`scott_pi`]; Fleiss (1971) found the same number,
/// so it is [`fleiss_kappa`].
///
/// # Errors
/// As [`fleiss_kappa`].
pub fn multi_pi(ratings: &Ratings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    fleiss_kappa(ratings, plan)
}

/// How often each of the two gave each value, and over how many items.
fn habits(pairs: &[(u32, u32)], weights: &[u32], n_values: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let (mut a, mut b, mut n) = (vec![0.0; n_values], vec![0.0; n_values], 0.0);
    for (pair, &weight) in pairs.iter().zip(weights) {
        a[pair.0 as usize] += f64::from(weight);
        b[pair.1 as usize] += f64::from(weight);
        n += f64::from(weight);
    }
    (a, b, n)
}

fn only_one(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).filter(|(a, b)| **a + **b > 0.0).count() < 2
}

/// Fleiss' κ (1971): agreement of any number of interchangeable annotators beyond what pooled label shares give.
///
/// Fleiss asks for the same number of answers to each item; where it differs, items with two or more count alike, each
/// with its own share of agreeing pairs, and label shares are pooled over these items' answers.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`].
pub fn fleiss_kappa(ratings: &Ratings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let patterns = ratings.patterns(2);
    let agreeing = patterns.agreeing();
    patterns.estimate(plan, |weights| {
        let totals = patterns.totals(weights, ratings.values.len());
        if totals.iter().filter(|total| **total > 0.0).count() < 2 {
            return Err(Undefined::OneCategory);
        }
        let n: f64 = totals.iter().sum();
        let chance: f64 = totals.iter().map(|total| square(total / n)).sum();
        let seen = mean(weights, &agreeing).ok_or(Undefined::NoPairs)?;
        Ok((seen - chance) / (1.0 - chance))
    })
}
