//! Each person against the others.

use super::compared::{Compared, Gauge};
use super::distance::Distance;
use super::kappa::by_person;
use super::masi::Likeness;
use super::{Ratings, SetRatings, Undefined, Weights};
use crate::resample::{Bootstrap, Drawing, Estimate};
use rayon::prelude::*;

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
///
/// `done` is called once for each person, from any thread.
pub fn against_others(
    ratings: &Ratings,
    weighing: Weights,
    plan: &Bootstrap,
    done: impl Fn() + Sync,
) -> Vec<AgainstOthers> {
    each(ratings, &Distance::new(weighing, ratings.values()), plan, done)
}

/// [`against_others`] for sets of labels: `percent` compares whole sets, κ is weighted by
/// [`masi_distance`](super::masi_distance).
pub fn masi_against_others(
    ratings: &SetRatings,
    plan: &Bootstrap,
    done: impl Fn() + Sync,
) -> Vec<AgainstOthers> {
    each(&ratings.ratings, &Distance::Sets(&Likeness::of(&ratings.sets)), plan, done)
}

fn each(
    ratings: &Ratings,
    distance: &Distance,
    plan: &Bootstrap,
    done: impl Fn() + Sync,
) -> Vec<AgainstOthers> {
    let drawing = Drawing::new(*plan);
    let one = |(who, answers): (usize, Vec<(usize, u32)>)| {
        let [percent, kappa] = compared(ratings, who, &answers)
            .measure([Gauge::Same, Gauge::Beyond(distance)], &drawing)
            .try_into()
            .unwrap_or([Err(Undefined::NoPairs); 2]);
        done();
        AgainstOthers { annotator: ratings.people[who], n_answers: answers.len(), percent, kappa }
    };
    by_person(ratings).into_par_iter().enumerate().map(one).collect()
}

/// A person's answers against all others' to the same items.
fn compared(ratings: &Ratings, who: usize, answers: &[(usize, u32)]) -> Compared {
    let (mut own, mut others, mut starts) = (Vec::new(), Vec::new(), vec![0]);
    let mut said: Vec<u32> = Vec::new();
    for &(item, value) in answers {
        said.clear();
        said.extend(ratings.item(item).iter().filter(|cell| cell.0 as usize != who).map(|cell| cell.1));
        if said.is_empty() {
            continue;
        }
        said.sort_unstable();
        let n = said.len() as f64;
        others.extend(said.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as f64 / n)));
        own.push(value);
        starts.push(others.len());
    }
    Compared::of(own, others, starts)
}
