//! Agreement beyond what people's habits would give: κ of two people and of many, π.

use super::compared::{Compared, Gauge};
use super::distance::{Distance, Weights};
use super::ratings::Cell;
use super::{Ratings, Undefined, estimate_over, mean, square};
use crate::resample::{Bootstrap, Drawing, Estimate};
use rustc_hash::FxHashMap;

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
    let distance = Distance::new(weighing, &ratings.values);
    let pair = Compared::pair(&shared(ratings, first, second));
    pair.measure([Gauge::Beyond(&distance)], &Drawing::new(*plan))[0]
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
