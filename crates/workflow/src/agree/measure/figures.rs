//! The figures, computed from a pool.

use super::votes::{Vote, Votes};
use domain::project::Task;
use domain::{LabelId, PersonId, Time};
use learn::agreement::{
    MeanKappa, Metric, PairKappa, Ratings, SetRatings, Undefined, Weights, alpha_per_label,
    krippendorff_alpha, masi_alpha, pairwise_kappa, percent, set_alpha_per_label,
};
use learn::resample::{Bootstrap, Estimate};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// A figure with its interval (95%, bootstrap over items), or why there is no value, or no interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Items that it rests on.
    pub n_items: usize,
    /// Resamples with a value, on which the interval rests.
    pub n_resamples: usize,
    /// Why there is no value, or no interval.
    pub reason: Option<String>,
}

impl Figure {
    fn none(reason: String) -> Figure {
        Figure { value: None, low: None, high: None, n_items: 0, n_resamples: 0, reason: Some(reason) }
    }
}

/// How alike people answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Independent answers.
    pub n_answers: usize,
    /// Items with at least one of them, and with two or more.
    pub n_items: usize,
    pub n_compared: usize,
    pub n_left_behind: usize,
    /// Not all answers were looked at.
    pub truncated: bool,
    /// Krippendorff's α: nominal for one label an item, MASI distance for sets.
    pub alpha: Figure,
    /// Share of pairs of answers that are the same.
    pub percent: Figure,
    /// The same over control items alone: representative of the population.
    pub control_alpha: Figure,
    pub control_percent: Figure,
    /// Each offered label against all others, in the order of the taxonomy.
    pub labels: Vec<LabelFigure>,
    /// Cohen's κ of two people who share an item; of those with the most answers.
    pub pairs: Vec<PairFigure>,
    /// Their mean.
    pub mean_kappa: MeanFigure,
    /// Most answers first.
    pub people: Vec<PersonFigure>,
    pub computed_at: Time,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigure {
    pub label: LabelId,
    pub name: String,
    pub hue: u8,
    /// The bucket for what fits nowhere.
    pub other: bool,
    /// Answers that say so.
    pub n_answers: usize,
    pub alpha: Figure,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairFigure {
    pub a: PersonId,
    pub b: PersonId,
    /// Items that both answered.
    pub n_items: usize,
    pub kappa: Figure,
}

/// The mean κ of pairs, weighted by the items that each shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanFigure {
    pub value: Option<f64>,
    /// Pairs that share an item.
    pub n_pairs: usize,
    /// Those that count: they share enough items and have a κ.
    pub n_counted: usize,
    /// Items that a pair must share to count.
    pub least_items: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonFigure {
    pub person: PersonId,
    pub name: String,
    pub n_answers: usize,
    pub median_seconds: Option<f64>,
}

/// The interval of a figure is the same whenever it is computed from the same answers.
const SEED: u64 = 1;
/// Draws of items that an interval may cost: with more items there are fewer resamples.
const DRAWS: usize = 60_000_000;
/// People whose pairs are compared.
const MOST_PEOPLE: usize = 24;

pub fn measure(pool: &Votes, now: Time) -> Agreement {
    let control: Vec<&Vote> = pool.votes.iter().filter(|v| v.control).collect();
    let all: Vec<&Vote> = pool.votes.iter().collect();
    let whole = Answers::of(pool, &all);
    let sample = Answers::of(pool, &control);
    let people = people(&all);
    let compared = compared(&all);
    let pairs = pairs(pool, &all, &people, compared);
    Agreement {
        n_answers: all.len(),
        n_items: whole.exact().n_items(),
        n_compared: compared,
        n_left_behind: pool.n_left_behind,
        truncated: pool.truncated,
        alpha: figure(whole.alpha(&plan(compared, 1))),
        percent: figure(percent(whole.exact(), &plan(compared, 1))),
        control_alpha: figure(sample.alpha(&plan(control.len(), 1))),
        control_percent: figure(percent(sample.exact(), &plan(control.len(), 1))),
        labels: labels(pool, &whole, compared),
        mean_kappa: mean(&pairs),
        pairs,
        people,
        computed_at: now,
    }
}

/// As many resamples as can be afforded for `n_figures` over so many items, 200 to 2,000.
fn plan(n_items: usize, n_figures: usize) -> Bootstrap {
    let resamples = (DRAWS / (n_items.max(1) * n_figures.max(1))).clamp(200, 2_000);
    Bootstrap::new(resamples, 0.95, SEED).unwrap_or(Bootstrap::seeded(SEED))
}

fn figure(estimate: Result<Estimate, Undefined>) -> Figure {
    match estimate {
        Ok(e) => Figure {
            value: Some(e.value),
            low: e.low(),
            high: e.high(),
            n_items: e.n_items,
            n_resamples: e.n_resamples,
            reason: e.interval.err().map(|why| format!("no interval: {why}")),
        },
        Err(why) => Figure::none(why.to_string()),
    }
}

/// Answers in the shape of the task.
enum Answers {
    Single(Ratings),
    Multi(SetRatings),
}

impl Answers {
    fn of(pool: &Votes, votes: &[&Vote]) -> Answers {
        let set = |v: &Vote| &pool.sets[v.set as usize];
        let who = |v: &Vote| (v.item as u64, v.person.0 as u64);
        match pool.task {
            Task::Single => Answers::Single(Ratings::from_labels(votes.iter().map(|v| {
                let (item, person) = who(v);
                (item, person, set(v).first().copied().unwrap_or(0))
            }))),
            Task::Multi => Answers::Multi(SetRatings::new(votes.iter().map(|v| {
                let (item, person) = who(v);
                (item, person, set(v).iter().copied())
            }))),
        }
    }

    /// Whole answers, equal or not.
    fn exact(&self) -> &Ratings {
        match self {
            Answers::Single(ratings) => ratings,
            Answers::Multi(sets) => sets.exact(),
        }
    }

    fn alpha(&self, plan: &Bootstrap) -> Result<Estimate, Undefined> {
        match self {
            Answers::Single(ratings) => krippendorff_alpha(ratings, Metric::Nominal, plan),
            Answers::Multi(sets) => masi_alpha(sets, plan),
        }
    }
}

fn labels(pool: &Votes, answers: &Answers, compared: usize) -> Vec<LabelFigure> {
    let mut n_answers: HashMap<u32, usize> = HashMap::new();
    for vote in &pool.votes {
        for label in &pool.sets[vote.set as usize] {
            *n_answers.entry(*label).or_default() += 1;
        }
    }
    let mut figures: HashMap<u32, Figure> = match answers {
        // All labels share the resamples.
        Answers::Single(ratings) => {
            let figures = alpha_per_label(ratings, &plan(compared, 1)).into_iter().map(figure);
            ratings.values().iter().map(|v| *v as u32).zip(figures).collect()
        }
        Answers::Multi(sets) => {
            let figures = set_alpha_per_label(sets, &plan(compared, 1)).into_iter().map(figure);
            sets.labels().into_iter().zip(figures).collect()
        }
    };
    let unused = || Figure::none("nobody has used this label yet".to_owned());
    pool.taxonomy
        .labels
        .iter()
        .enumerate()
        .filter(|(_, label)| !label.retired)
        .map(|(at, label)| LabelFigure {
            label: label.id,
            name: label.name.clone(),
            hue: label.hue,
            other: label.other,
            n_answers: n_answers.get(&(at as u32)).copied().unwrap_or(0),
            alpha: figures.remove(&(at as u32)).unwrap_or_else(unused),
        })
        .collect()
}

fn people(votes: &[&Vote]) -> Vec<PersonFigure> {
    let mut seconds: HashMap<PersonId, (usize, Vec<f32>)> = HashMap::new();
    for vote in votes {
        let (n, times) = seconds.entry(vote.person).or_default();
        *n += 1;
        times.extend(vote.seconds);
    }
    let mut people: Vec<PersonFigure> = seconds
        .into_iter()
        .map(|(person, (n_answers, times))| PersonFigure {
            person,
            name: String::new(),
            n_answers,
            median_seconds: median(times),
        })
        .collect();
    people.sort_by_key(|p| (std::cmp::Reverse(p.n_answers), p.person));
    people
}

fn median(mut values: Vec<f32>) -> Option<f64> {
    values.sort_unstable_by(f32::total_cmp);
    let middle = values.len() / 2;
    let upper = f64::from(*values.get(middle)?);
    Some(if values.len() % 2 == 1 { upper } else { (f64::from(values[middle - 1]) + upper) / 2.0 })
}

fn pairs(pool: &Votes, votes: &[&Vote], people: &[PersonFigure], compared: usize) -> Vec<PairFigure> {
    let ids: HashSet<PersonId> = people.iter().take(MOST_PEOPLE).map(|p| p.person).collect();
    let n_pairs = ids.len() * ids.len().saturating_sub(1) / 2;
    let theirs: Vec<&Vote> = votes.iter().copied().filter(|vote| ids.contains(&vote.person)).collect();
    let answers = Answers::of(pool, &theirs);
    let pair = |pair: PairKappa| PairFigure {
        a: PersonId(pair.first as i64),
        b: PersonId(pair.second as i64),
        n_items: pair.n_items,
        kappa: figure(pair.kappa),
    };
    let plan = plan(compared, n_pairs);
    pairwise_kappa(answers.exact(), Weights::Nominal, &plan, || ()).into_iter().map(pair).collect()
}

fn mean(pairs: &[PairFigure]) -> MeanFigure {
    let mean = MeanKappa::of(pairs.iter().map(|pair| (pair.n_items, pair.kappa.value)));
    MeanFigure {
        value: mean.value,
        n_pairs: mean.n_pairs,
        n_counted: mean.n_counted,
        least_items: MeanKappa::LEAST_SHARED,
    }
}

/// Items with two answers or more.
fn compared(votes: &[&Vote]) -> usize {
    let (mut once, mut twice) = (HashSet::new(), HashSet::new());
    for vote in votes {
        if !once.insert(vote.item) {
            twice.insert(vote.item);
        }
    }
    twice.len()
}
