//! The figures of `assay agreement`.

use super::{Agreement, Metric, Weighing};
use crate::ratings::{Answer, Answers};
use crate::{Error, progress};
use learn::agreement as learned;
use learn::agreement::{AgainstOthers, PairKappa, Ratings, SetRatings, Undefined, Weights};
use learn::resample::{Bootstrap, Estimate};
use rustc_hash::FxHashMap;
use std::path::Path;

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
    pub percent: Figure,
    pub krippendorff_alpha: Figure,
    pub fleiss_kappa: Figure,
    pub scott_pi: Figure,
    pub gwet_ac1: Figure,
    pub gwet_ac2: Figure,
    pub pairs: Vec<Pair>,
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
    let bar = progress::bar(9, "measuring");
    let step = |figure: Result<Estimate, Undefined>| {
        bar.inc(1);
        figure.map_err(|why| why.to_string())
    };

    let exact = table.exact();
    let weighing = asked.weights.or(match metric {
        Metric::Nominal | Metric::Masi => None,
        Metric::Ordinal => Some(Weighing::Linear),
        Metric::Interval | Metric::Ratio => Some(Weighing::Quadratic),
    });
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
        percent: step(learned::percent(exact, &plan)),
        krippendorff_alpha: step(table.alpha(metric, &plan)),
        fleiss_kappa: step(learned::fleiss_kappa(exact, &plan)),
        scott_pi: step(learned::multi_pi(exact, &plan)),
        gwet_ac1: step(learned::gwet_ac1(exact, table.scale.len(), &plan)),
        gwet_ac2: match weighing {
            Some(weighing) => step(learned::gwet_ac2(exact, &table.scale, weighing.into(), &plan)),
            None => Err("AC2 is for labels with an order".to_owned()),
        },
        pairs: table.pairs(weighing, &plan, |rank| answers.annotators.name(people[rank as usize]).to_owned()),
        labels: table.labels(answers, &plan),
        annotators: table
            .against_others(weighing, &plan)
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

    fn pairs(&self, weighing: Option<Weighing>, plan: &Bootstrap, name: impl Fn(u64) -> String) -> Vec<Pair> {
        let plain = learned::pairwise_kappa(self.exact(), Weights::Nominal, plan);
        let weighted = match (&self.kind, weighing) {
            (Kind::Sets(sets), _) => Some(learned::masi_pairwise_kappa(sets, plan)),
            (Kind::One(ratings), Some(weighing)) => {
                Some(learned::pairwise_kappa(ratings, weighing.into(), plan))
            }
            (Kind::One(_), None) => None,
        };
        let mut weighted = weighted.map(Vec::into_iter);
        let in_words = |pair: PairKappa| pair.kappa.map_err(|why| why.to_string());
        plain
            .into_iter()
            .map(|pair| Pair {
                a: name(pair.first),
                b: name(pair.second),
                n_items: pair.n_items,
                // The same pairs in the same order.
                weighted: weighted.as_mut().and_then(Iterator::next).map(in_words),
                kappa: in_words(pair),
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
                let alpha = |rank: usize| {
                    learned::krippendorff_alpha(&sets.one_label(rank as u32), learned::Metric::Nominal, plan)
                };
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

    fn against_others(&self, weighing: Option<Weighing>, plan: &Bootstrap) -> Vec<AgainstOthers> {
        match &self.kind {
            Kind::Sets(sets) => learned::masi_against_others(sets, plan),
            Kind::One(ratings) => {
                learned::against_others(ratings, weighing.map_or(Weights::Nominal, Weights::from), plan)
            }
        }
    }
}

/// The value of each label: its place in the alphabet, its rank, or the number that it is.
fn values(asked: &Agreement, metric: Metric, answers: &Answers) -> Result<Vec<f64>, Error> {
    match metric {
        Metric::Nominal | Metric::Masi => Ok(answers.labels.ranks().into_iter().map(f64::from).collect()),
        Metric::Interval => numbers(asked, answers, "for --metric interval labels must be numbers"),
        Metric::Ratio => {
            let values = numbers(asked, answers, "for --metric ratio labels must be numbers")?;
            match answers.answers.iter().find(|answer| values[answer.labels[0] as usize] < 0.0) {
                Some(answer) => Err(cell(asked, answer, "a ratio scale holds no negative values")),
                None => Ok(values),
            }
        }
        Metric::Ordinal if asked.order.is_empty() => {
            let values = numbers(
                asked,
                answers,
                "this label is no number: say with --order in which order labels stand, as in --order low,middle,high",
            )?;
            let mut distinct = values.clone();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            Ok(values.iter().map(|value| distinct.partition_point(|x| x < value) as f64).collect())
        }
        Metric::Ordinal => ranks(asked, answers),
    }
}

fn ranks(asked: &Agreement, answers: &Answers) -> Result<Vec<f64>, Error> {
    let order: Vec<&str> = asked.order.iter().map(|label| label.trim()).collect();
    for (at, label) in order.iter().enumerate() {
        if label.is_empty() || order[..at].contains(label) {
            return Err(Error::Asked(format!(
                "--order names each label once, and none is empty: see '{label}'"
            )));
        }
    }
    let mut values = vec![0.0; answers.labels.len()];
    for answer in &answers.answers {
        let label = answers.labels.name(answer.labels[0]);
        match order.iter().position(|known| *known == label) {
            Some(rank) => values[answer.labels[0] as usize] = rank as f64,
            None => return Err(cell(asked, answer, &format!("the label {label} is not in --order"))),
        }
    }
    Ok(values)
}

fn numbers(asked: &Agreement, answers: &Answers, otherwise: &str) -> Result<Vec<f64>, Error> {
    let number = |label: u32| answers.labels.name(label).parse::<f64>().ok().filter(|x| x.is_finite());
    if let Some(answer) = answers.answers.iter().find(|answer| number(answer.labels[0]).is_none()) {
        return Err(cell(asked, answer, otherwise));
    }
    // Adding zero makes one value of 0 and -0.
    Ok((0..answers.labels.len() as u32).filter_map(number).map(|x| x + 0.0).collect())
}

fn cell(asked: &Agreement, answer: &Answer, what: &str) -> Error {
    let path: &Path = &asked.ratings;
    Error::Cell {
        path: path.to_owned(),
        line: answer.line,
        column: asked.columns.label.clone(),
        what: what.to_owned(),
    }
}
