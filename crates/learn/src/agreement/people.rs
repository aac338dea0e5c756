//! Each person against the others.

use super::kappa::{Distance, beyond_chance, by_person};
use super::sets::Likeness;
use super::{Ratings, SetRatings, Undefined, Weights, estimate_over, mean};
use crate::resample::{Bootstrap, Estimate};
use rustc_hash::FxHashMap;

/// How one person's answers fit those of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstOthers {
    /// Who.
    pub annotator: u64,
    /// Their answers, those that nobody else answered included.
    pub n_answers: usize,
    /// Share of the others' answers that are the same, averaged over the person's items.
    pub percent: Result<Estimate, Undefined>,
    /// That beyond chance.
    pub kappa: Result<Estimate, Undefined>,
}

/// Each person's agreement with all others, over the items that somebody else answered too; people in ascending order.
///
/// κ is Cohen's with the others as the second annotator, where those who answered an item share one answer: agreement
/// of an isolated rater with a group as Schouten (1982) measures it, and Vanbelle and Albert (2009, "Agreement between
/// an isolated rater and a group of raters"), who then divide by the maximum that a divided group can be agreed with.
/// With two people it is [`cohen_kappa`](super::cohen_kappa) of them. [`Undefined`] as there.
#[must_use]
pub fn against_others(ratings: &Ratings, weighing: Weights, plan: &Bootstrap) -> Vec<AgainstOthers> {
    each(ratings, &Distance::new(weighing, ratings.values()), plan)
}

/// [`against_others`] for sets of labels: `percent` compares whole sets, κ is weighted by
/// [`masi_distance`](super::masi_distance).
#[must_use]
pub fn masi_against_others(ratings: &SetRatings, plan: &Bootstrap) -> Vec<AgainstOthers> {
    each(&ratings.ratings, &Distance::Sets(&Likeness::of(&ratings.sets)), plan)
}

fn each(ratings: &Ratings, distance: &Distance, plan: &Bootstrap) -> Vec<AgainstOthers> {
    let one = |(who, answers): (usize, Vec<(usize, u32)>)| {
        let sights = Sights::of(ratings, who, &answers, distance);
        AgainstOthers {
            annotator: ratings.people[who],
            n_answers: answers.len(),
            percent: estimate_over(&sights.of_item, sights.own.len(), plan, |weights| {
                mean(weights, &sights.same).ok_or(Undefined::NoPairs)
            }),
            kappa: sights.kappa(ratings.values().len(), distance, plan),
        }
    };
    by_person(ratings).into_iter().enumerate().map(one).collect()
}

/// A person's items folded by their own answer and the others' answers.
#[derive(Default)]
struct Sights {
    of_item: Vec<u32>,
    own: Vec<u32>,
    /// (value, its share of the others' answers) of each pattern in turn.
    others: Vec<Vec<(u32, f64)>>,
    /// Share of the others who say the same.
    same: Vec<f64>,
    /// Mean distance to the others.
    apart: Vec<f64>,
}

impl Sights {
    fn of(ratings: &Ratings, who: usize, answers: &[(usize, u32)], distance: &Distance) -> Self {
        let mut sights = Sights::default();
        let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut key: Vec<u32> = Vec::new();
        for &(item, own) in answers {
            key.clear();
            key.extend(ratings.item(item).iter().filter(|cell| cell.0 as usize != who).map(|cell| cell.1));
            if key.is_empty() {
                continue;
            }
            key.sort_unstable();
            key.push(own);
            let pattern = match known.get(&key) {
                Some(pattern) => *pattern,
                None => {
                    let pattern = sights.own.len() as u32;
                    sights.add(&key, distance);
                    known.insert(key.clone(), pattern);
                    pattern
                }
            };
            sights.of_item.push(pattern);
        }
        sights
    }

    /// `key` is the others' values in ascending order, then the person's own.
    fn add(&mut self, key: &[u32], distance: &Distance) {
        let Some((&own, values)) = key.split_last() else { return };
        let n = values.len() as f64;
        let others: Vec<(u32, f64)> =
            values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as f64 / n)).collect();
        self.same.push(others.iter().find(|(value, _)| *value == own).map_or(0.0, |(_, share)| *share));
        self.apart.push(others.iter().map(|&(v, share)| share * distance.of(own as usize, v as usize)).sum());
        self.own.push(own);
        self.others.push(others);
    }

    fn kappa(&self, n_values: usize, distance: &Distance, plan: &Bootstrap) -> Result<Estimate, Undefined> {
        estimate_over(&self.of_item, self.own.len(), plan, |weights| {
            let (mut own, mut others) = (vec![0.0; n_values], vec![0.0; n_values]);
            let (mut n, mut apart) = (0.0, 0.0);
            for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
                let weight = f64::from(weight);
                n += weight;
                apart += weight * self.apart[p];
                own[self.own[p] as usize] += weight;
                for &(value, share) in &self.others[p] {
                    others[value as usize] += weight * share;
                }
            }
            beyond_chance(n * apart, &own, &others, distance)
        })
    }
}
