//! The figures of `assay agreement`.

use super::values::values;
use super::{Agreement, Metric, Weighing};
use crate::ratings::{Answer, Answers};
use crate::{Error, progress};
use learn::agreement as learned;
use learn::agreement::{AgainstOthers, MeanKappa, Ratings, SetRatings, Undefined, Weights};
use learn::resample::{Bootstrap, Estimate};
use rustc_hash::FxHashMap;

/// A figure, or why it has no value.
pub type Figure = Result<Estimate, String>;

#[derive(Debug)]
pub struct Measured {
    pub metric: Metric,
    pub weights: Option<Weighing>,
    pub resamples: usize,
    pub seed: u64,
    pub n_items: usize,
    /// Items with two answers or more.
    pub n_compared: usize,
    pub n_annotators: usize,
    pub n_answers: usize,
    pub n_repeats_dropped: usize,
    /// Fewest and most answers to an item, of those with two or more.
    pub answers_an_item: Option<(usize, usize)>,
    pub percent: Figure,
    pub krippendorff_alpha: Figure,
    pub fleiss_kappa: Figure,
    pub scott_pi: Figure,
    pub gwet_ac1: Figure,
    pub gwet_ac2: Figure,
    pub pairs: Vec<Pair>,
    pub mean_kappa: MeanKappa,
    pub mean_weighted: Option<MeanKappa>,
    pub labels: Vec<Label>,
    pub annotators: Vec<Annotator>,
}

#[derive(Debug)]
pub struct Pair {
    pub a: String,
    pub b: String,
    pub n_items: usize,
    pub kappa: Figure,
    /// Weighted, where labels have an order or are sets.
    pub weighted: Option<Figure>,
}

#[derive(Debug)]
pub struct Label {
    pub label: String,
    /// Answers that say so.
    pub n_answers: usize,
    pub alpha: Figure,
}

#[derive(Debug)]
pub struct Annotator {
    pub annotator: String,
    pub n_answers: usize,
    pub percent: Figure,
    pub kappa: Figure,
}

pub fn measure(asked: &Agreement, metric: Metric, answers: &Answers) -> Result<Measured, Error> {
    let plan = Bootstrap::new(asked.resamples, 0.95, asked.seed).map_err(|e| Error::Asked(e.to_string()))?;
    let people = answers.annotators.sorted();
    let table = Labeled::new(asked, metric, answers)?;
    // Seven figures of all answers, and twice a step for each person: with the others, and with each of them.
    let bar = progress::bar(7 + 2 * people.len() as u64, "measuring");
    let done = || bar.inc(1);
    let step = |figure: Result<Estimate, Undefined>| {
        done();
        figure.map_err(|why| why.to_string())
    };

    let exact = table.exact();
    let weighing = asked.weights.or(match metric {
        Metric::Nominal | Metric::Masi => None,
        Metric::Ordinal => Some(Weighing::Linear),
        Metric::Interval | Metric::Ratio => Some(Weighing::Quadratic),
    });
    let pairs =
        table.pairs(weighing, &plan, done, |rank| answers.annotators.name(people[rank as usize]).to_owned());
    let value = |figure: &Figure| figure.as_ref().ok().map(|e| e.value);
    let mean = |kappa: &dyn Fn(&Pair) -> Option<f64>| {
        MeanKappa::of(pairs.iter().map(|pair| (pair.n_items, kappa(pair))))
    };
    let measured = Measured {
        metric,
        weights: weighing,
        resamples: asked.resamples,
        seed: asked.seed,
        n_items: exact.n_items(),
        n_compared: learned::percent(exact, &Bootstrap::none()).map_or(0, |percent| percent.n_items),
        n_annotators: people.len(),
        n_answers: exact.n_answers(),
        n_repeats_dropped: exact.dropped(),
        answers_an_item: answers_an_item(answers),
        percent: step(learned::percent(exact, &plan)),
        krippendorff_alpha: step(table.alpha(metric, &plan)),
        fleiss_kappa: step(learned::fleiss_kappa(exact, &plan)),
        scott_pi: step(learned::multi_pi(exact, &plan)),
        gwet_ac1: step(learned::gwet_ac1(exact, table.scale.len(), &plan)),
        gwet_ac2: match weighing {
            Some(weighing) => step(learned::gwet_ac2(exact, &table.scale, weighing.into(), &plan)),
            None => Err("AC2 is for labels with an order".to_owned()),
        },
        mean_kappa: mean(&|pair| value(&pair.kappa)),
        mean_weighted: (metric == Metric::Masi || weighing.is_some())
            .then(|| mean(&|pair| pair.weighted.as_ref().and_then(value))),
        pairs,
        labels: table.labels(answers, &plan),
        annotators: table
            .against_others(weighing, &plan, done)
            .into_iter()
            .map(|person| Annotator {
                annotator: answers.annotators.name(people[person.annotator as usize]).to_owned(),
                n_answers: person.n_answers,
                percent: person.percent.map_err(|why| why.to_string()),
                kappa: person.kappa.map_err(|why| why.to_string()),
            })
            .collect(),
    };
    bar.finish_and_clear();
    Ok(measured)
}

impl From<Weighing> for Weights {
    fn from(weighing: Weighing) -> Self {
        match weighing {
            Weighing::Linear => Weights::Linear,
            Weighing::Quadratic => Weights::Quadratic,
        }
    }
}

/// Answers in the shape of the metric.
struct Labeled {
    kind: Kind,
    /// Values that could be chosen, as far as is known.
    scale: Vec<f64>,
    /// The value of each of the file's labels, where labels are told apart.
    values: Option<Vec<f64>>,
}

enum Kind {
    One(Ratings),
    Sets(SetRatings),
}

impl Labeled {
    fn new(asked: &Agreement, metric: Metric, answers: &Answers) -> Result<Self, Error> {
        // By name and not by what came first: the order of rows then changes nothing.
        let (items, people) = (answers.items.ranks(), answers.annotators.ranks());
        let who = |answer: &Answer| {
            (u64::from(items[answer.item as usize]), u64::from(people[answer.annotator as usize]))
        };
        if metric == Metric::Masi {
            let labels = answers.labels.ranks();
            let sets = SetRatings::new(answers.answers.iter().map(|answer| {
                let (item, person) = who(answer);
                (item, person, answer.labels.iter().map(|label| labels[*label as usize]))
            }));
            return Ok(Self { kind: Kind::Sets(sets), scale: Vec::new(), values: None });
        }
        let values = values(asked, metric, answers)?;
        let rows = answers.answers.iter().map(|answer| {
            let (item, person) = who(answer);
            (item, person, values[answer.labels[0] as usize])
        });
        let ratings = Ratings::from_values(rows).map_err(|e| Error::Asked(e.to_string()))?;
        let mut scale = if metric == Metric::Ordinal {
            (0..asked.order.len()).map(|rank| rank as f64).collect()
        } else {
            Vec::new()
        };
        if scale.is_empty() {
            scale = ratings.values().to_vec();
        }
        let told_apart = matches!(metric, Metric::Nominal | Metric::Ordinal);
        Ok(Self { kind: Kind::One(ratings), scale, values: told_apart.then_some(values) })
    }

    fn exact(&self) -> &Ratings {
        match &self.kind {
            Kind::One(ratings) => ratings,
            Kind::Sets(sets) => sets.exact(),
        }
    }

    fn alpha(&self, metric: Metric, plan: &Bootstrap) -> Result<Estimate, Undefined> {
        let by = |metric| learned::krippendorff_alpha(self.exact(), metric, plan);
        match (metric, &self.kind) {
            (_, Kind::Sets(sets)) => learned::masi_alpha(sets, plan),
            (Metric::Ordinal, _) => by(learned::Metric::Ordinal),
            (Metric::Interval, _) => by(learned::Metric::Interval),
            (Metric::Ratio, _) => by(learned::Metric::Ratio),
            (Metric::Nominal | Metric::Masi, _) => by(learned::Metric::Nominal),
        }
    }

    fn pairs(
        &self,
        weighing: Option<Weighing>,
        plan: &Bootstrap,
        done: impl Fn() + Sync,
        name: impl Fn(u64) -> String,
    ) -> Vec<Pair> {
        let pairs = match &self.kind {
            Kind::Sets(sets) => learned::masi_pairwise_kappa(sets, plan, done),
            Kind::One(ratings) => {
                let weighing = weighing.map_or(Weights::Nominal, Weights::from);
                learned::pairwise_kappa(ratings, weighing, plan, done)
            }
        };
        let in_words = |kappa: Result<Estimate, Undefined>| kappa.map_err(|why| why.to_string());
        pairs
            .into_iter()
            .map(|pair| Pair {
                a: name(pair.first),
                b: name(pair.second),
                n_items: pair.n_items,
                kappa: in_words(pair.kappa),
                weighted: pair.weighted.map(in_words),
            })
            .collect()
    }

    fn labels(&self, answers: &Answers, plan: &Bootstrap) -> Vec<Label> {
        let mut n_answers = vec![0_usize; answers.labels.len()];
        for label in answers.latest().iter().flat_map(|answer| &answer.labels) {
            n_answers[*label as usize] += 1;
        }
        let label = |label: u32, n_answers: usize, alpha: Result<Estimate, Undefined>| Label {
            label: answers.labels.name(label).to_owned(),
            n_answers,
            alpha: alpha.map_err(|why| why.to_string()),
        };
        match (&self.kind, &self.values) {
            (Kind::Sets(sets), _) => {
                // Labels of sets are the ranks of their names.
                let alphas = sets.labels().into_iter().zip(learned::set_alpha_per_label(sets, plan));
                let mut alphas: FxHashMap<u32, _> = alphas.collect();
                let mut alpha =
                    |rank: usize| alphas.remove(&(rank as u32)).unwrap_or(Err(Undefined::NoPairs));
                let sorted = answers.labels.sorted().into_iter().enumerate();
                sorted.map(|(rank, name)| label(name, n_answers[name as usize], alpha(rank))).collect()
            }
            (Kind::One(ratings), Some(values)) => {
                let alphas = learned::alpha_per_label(ratings, plan);
                // Several spellings of a number are one label, called by the first.
                let mut spelled: FxHashMap<u64, (u32, usize)> = FxHashMap::default();
                for name in answers.labels.sorted() {
                    spelled.entry(values[name as usize].to_bits()).or_insert((name, 0)).1 +=
                        n_answers[name as usize];
                }
                let named = |(value, alpha): (&f64, _)| {
                    let (name, n) = spelled.get(&value.to_bits())?;
                    Some(label(*name, *n, alpha))
                };
                ratings.values().iter().zip(alphas).filter_map(named).collect()
            }
            (Kind::One(_), None) => Vec::new(),
        }
    }

    fn against_others(
        &self,
        weighing: Option<Weighing>,
        plan: &Bootstrap,
        done: impl Fn() + Sync,
    ) -> Vec<AgainstOthers> {
        match &self.kind {
            Kind::Sets(sets) => learned::masi_against_others(sets, plan, done),
            Kind::One(ratings) => {
                let weighing = weighing.map_or(Weights::Nominal, Weights::from);
                learned::against_others(ratings, weighing, plan, done)
            }
        }
    }
}

fn answers_an_item(answers: &Answers) -> Option<(usize, usize)> {
    let mut n_answers = vec![0_usize; answers.items.len()];
    answers.latest().iter().for_each(|answer| n_answers[answer.item as usize] += 1);
    let compared = || n_answers.iter().copied().filter(|n| *n > 1);
    Some((compared().min()?, compared().max()?))
}
