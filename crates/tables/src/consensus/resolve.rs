//! From answers to labels, and what that says of the people.

mod by_majority;
mod by_model;

use super::known::Known;
use super::{Consensus, Method};
use crate::Error;
use crate::ratings::{Answer, Answers};
use learn::proportion::{Interval, wilson};
use learn::votes::{People, judged};
use ndarray::Array2;

/// Numbers in all confusion matrices together; beyond, they are left out.
const MOST_CELLS: usize = 1 << 26;

#[derive(Debug)]
pub struct Resolved {
    /// One for each item of the answers.
    pub items: Vec<Item>,
    /// One for each annotator.
    pub people: Vec<Person>,
    pub n_answers: usize,
    pub n_repeats_dropped: usize,
    pub model: Option<Model>,
}

#[derive(Debug, Clone)]
pub struct Item {
    /// None in a conflict.
    pub labels: Option<Vec<u32>>,
    pub confidence: f64,
    pub n_answers: usize,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Agreed,
    Conflict,
    /// The label is what was answered, and nothing speaks for it but that: the person can't be judged, or the model would
    /// put a label in its place that nobody gave.
    Unknown,
    Golden,
}

impl State {
    pub const ALL: [State; 4] = [State::Agreed, State::Conflict, State::Unknown, State::Golden];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Agreed => "agreed",
            State::Conflict => "conflict",
            State::Unknown => "unknown",
            State::Golden => "golden",
        }
    }
}

#[derive(Debug)]
pub struct Person {
    pub n_answers: usize,
    /// Whether somebody else answered one of their items, or it is golden.
    pub is_judged: bool,
    /// How often right; none where nothing is known.
    pub accuracy: Option<f64>,
    /// True × given label, rows summing to 1 (or 0 where nothing is known): one table, or one of no and yes a label. None
    /// where there are too many labels.
    pub confusion: Vec<Array2<f64>>,
    /// Right answers to golden items, of how many.
    pub golden: (u64, u64),
}

impl Person {
    /// At 95%.
    pub fn golden_interval(&self) -> Option<Interval> {
        let (right, all) = self.golden;
        if all == 0 { None } else { wilson(right, all, 0.95).ok() }
    }
}

/// What the model of Dawid and Skene came to.
#[derive(Debug)]
pub struct Model {
    /// Share of each label, or of yes to each.
    pub prior: Vec<f64>,
    pub rounds: usize,
    pub converged: bool,
    pub log_likelihood: f64,
}

pub fn resolve(asked: &Consensus, answers: &Answers, known: &Known) -> Result<Resolved, Error> {
    let is_multi = asked.columns.multi.is_some();
    let counted: Vec<&Answer> = match asked.method {
        Method::Majority => answers.latest(),
        Method::DawidSkene | Method::OneCoin => answers.answers.iter().collect(),
    };
    let judged = judged(
        answers.items.len(),
        answers.annotators.len(),
        counted.iter().map(|answer| (answer.item as usize, answer.annotator as usize)),
        known.labels.keys().map(|item| *item as usize),
    );
    let people = match asked.method {
        Method::OneCoin => People::OneCoin { smoothing: asked.smoothing.unwrap_or(1.0) },
        _ => People::Confusion { shrinkage: asked.shrinkage.unwrap_or(1.0) },
    };
    let mut resolved = match asked.method {
        Method::Majority => by_majority::resolve(is_multi, answers, &counted, known, &judged),
        _ => by_model::resolve(people, is_multi, answers, &counted, known, &judged)?,
    };
    resolved.n_answers = counted.len();
    resolved.n_repeats_dropped = answers.answers.len() - counted.len();
    for answer in &counted {
        resolved.items[answer.item as usize].n_answers += 1;
        let person = &mut resolved.people[answer.annotator as usize];
        person.n_answers += 1;
        if let Some(labels) = known.labels.get(&answer.item) {
            person.golden.0 += u64::from(*labels == answer.labels);
            person.golden.1 += 1;
        }
    }
    for (&item, labels) in &known.labels {
        let item = &mut resolved.items[item as usize];
        item.labels = Some(labels.clone());
        item.confidence = 1.0;
        item.state = State::Golden;
    }
    Ok(resolved)
}

impl Item {
    fn agreed(labels: Vec<u32>, confidence: f64) -> Self {
        Self { labels: Some(labels), confidence, n_answers: 0, state: State::Agreed }
    }

    fn conflict(confidence: f64) -> Self {
        Self { labels: None, confidence, n_answers: 0, state: State::Conflict }
    }

    fn unknown(labels: Vec<u32>, confidence: f64) -> Self {
        Self { labels: Some(labels), confidence, n_answers: 0, state: State::Unknown }
    }
}

/// Tables of nothing: one, or one of no and yes for each label. None where there are too many labels.
fn empty_tables(is_multi: bool, answers: &Answers) -> Vec<Array2<f64>> {
    let n_labels = answers.labels.len();
    let n_cells = answers.annotators.len().saturating_mul(n_labels).saturating_mul(n_labels);
    match is_multi {
        true => vec![Array2::zeros((2, 2)); n_labels],
        false if n_cells <= MOST_CELLS => vec![Array2::zeros((n_labels, n_labels))],
        false => Vec::new(),
    }
}
