//! From answers to labels, and what that says of the people.

use super::Method;
use super::known::Known;
use crate::ratings::{Answer, Answers, Columns};
use crate::{Error, progress};
use learn::proportion::{Interval, wilson};
use learn::votes::{
    DawidSkene, DawidSkeneError, Fitted, LabelVotes, Outcome, People, SetVote, Vote, majority, majority_each,
};
use ndarray::Array2;

/// Numbers in all confusion matrices together; beyond, they are left out.
const MOST_CELLS: usize = 1 << 26;
/// Probabilities that differ by less are a tie.
const TIE: f64 = 1e-9;

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
    Golden,
}

impl State {
    pub const ALL: [State; 3] = [State::Agreed, State::Conflict, State::Golden];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Agreed => "agreed",
            State::Conflict => "conflict",
            State::Golden => "golden",
        }
    }
}

#[derive(Debug)]
pub struct Person {
    pub n_answers: usize,
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

pub fn resolve(
    method: Method,
    shrinkage: Option<f64>,
    columns: &Columns,
    answers: &Answers,
    known: &Known,
) -> Result<Resolved, Error> {
    let is_multi = columns.multi.is_some();
    let counted: Vec<&Answer> = match method {
        Method::Majority => answers.latest(),
        Method::DawidSkene | Method::OneCoin => answers.answers.iter().collect(),
    };
    let people = match method {
        Method::OneCoin => People::OneCoin,
        _ => People::Confusion { shrinkage: shrinkage.unwrap_or(1.0) },
    };
    let mut resolved = match (method, is_multi) {
        (Method::Majority, _) => by_majority(is_multi, answers, &counted, known),
        (_, false) => by_model(people, answers, &counted, known)?,
        (_, true) => label_by_label(people, answers, &counted, known)?,
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

fn by_majority(is_multi: bool, answers: &Answers, counted: &[&Answer], known: &Known) -> Resolved {
    let mut votes: Vec<Vec<&[u32]>> = vec![Vec::new(); answers.items.len()];
    for answer in counted {
        votes[answer.item as usize].push(&answer.labels);
    }
    let items: Vec<Item> = votes
        .iter()
        .map(|votes| if is_multi { majority_of_sets(votes) } else { majority_of(votes) })
        .collect();

    let n_labels = answers.labels.len();
    let tables = match (is_multi, have_tables(answers)) {
        (true, _) => vec![Array2::zeros((2, 2)); n_labels],
        (false, true) => vec![Array2::zeros((n_labels, n_labels))],
        (false, false) => Vec::new(),
    };
    let person = || Person { n_answers: 0, accuracy: None, confusion: tables.clone(), golden: (0, 0) };
    let mut people: Vec<Person> = (0..answers.annotators.len()).map(|_| person()).collect();
    let mut decisions = vec![(0.0, 0.0); people.len()];
    for answer in counted {
        let truth = known.labels.get(&answer.item).or(items[answer.item as usize].labels.as_ref());
        let Some(truth) = truth else { continue };
        let tables = &mut people[answer.annotator as usize].confusion;
        let (right, all) = &mut decisions[answer.annotator as usize];
        if is_multi {
            let holds = |set: &[u32], label: usize| usize::from(set.contains(&(label as u32)));
            for (label, table) in tables.iter_mut().enumerate() {
                let (truth, given) = (holds(truth, label), holds(&answer.labels, label));
                table[[truth, given]] += 1.0;
                *right += f64::from(u8::from(truth == given));
                *all += 1.0;
            }
        } else {
            let (truth, given) = (truth[0] as usize, answer.labels[0] as usize);
            if let Some(table) = tables.first_mut() {
                table[[truth, given]] += 1.0;
            }
            *right += f64::from(u8::from(truth == given));
            *all += 1.0;
        }
    }
    for (person, (right, all)) in people.iter_mut().zip(decisions) {
        person.accuracy = (all > 0.0).then(|| right / all);
        for mut row in person.confusion.iter_mut().flat_map(|table| table.rows_mut()) {
            let sum = row.sum();
            if sum > 0.0 {
                row /= sum;
            }
        }
    }
    Resolved { items, people, n_answers: 0, n_repeats_dropped: 0, model: None }
}

fn have_tables(answers: &Answers) -> bool {
    let n_labels = answers.labels.len();
    answers.annotators.len().saturating_mul(n_labels).saturating_mul(n_labels) <= MOST_CELLS
}

fn majority_of(votes: &[&[u32]]) -> Item {
    let labels: Vec<u32> = votes.iter().filter_map(|labels| labels.first().copied()).collect();
    let share = |votes: usize, of: usize| votes as f64 / of.max(1) as f64;
    match majority(&labels) {
        Outcome::Agreed { value, votes, of } => Item::agreed(vec![value], share(votes, of)),
        Outcome::Tie { votes, of, .. } => Item::conflict(share(votes, of)),
        Outcome::NoVotes => Item::conflict(0.0),
    }
}

fn majority_of_sets(votes: &[&[u32]]) -> Item {
    let each = majority_each(votes);
    // The least certain label: nearest to half of the votes.
    let mut labels: Vec<u32> = votes.iter().flat_map(|set| set.iter().copied()).collect();
    labels.sort_unstable();
    let share = |run: &[u32]| run.len() as f64 / votes.len() as f64;
    let confidence =
        labels.chunk_by(|a, b| a == b).map(|run| share(run).max(1.0 - share(run))).fold(1.0, f64::min);
    if each.tied.is_empty() { Item::agreed(each.agreed, confidence) } else { Item::conflict(confidence) }
}

impl Item {
    fn agreed(labels: Vec<u32>, confidence: f64) -> Self {
        Self { labels: Some(labels), confidence, n_answers: 0, state: State::Agreed }
    }

    fn conflict(confidence: f64) -> Self {
        Self { labels: None, confidence, n_answers: 0, state: State::Conflict }
    }
}

fn by_model(
    people: People,
    answers: &Answers,
    counted: &[&Answer],
    known: &Known,
) -> Result<Resolved, Error> {
    let votes: Vec<Vote> = counted
        .iter()
        .map(|answer| Vote {
            item: answer.item as usize,
            annotator: answer.annotator as usize,
            label: answer.labels[0] as usize,
        })
        .collect();
    let known: Vec<(usize, usize)> =
        known.sorted().into_iter().map(|(item, labels)| (item, labels[0] as usize)).collect();
    let fitted = DawidSkene::new(answers.items.len(), answers.annotators.len(), answers.labels.len())
        .and_then(|model| model.people(people)?.fit(&votes, &known))
        .map_err(in_words)?;
    let items = fitted
        .probabilities
        .rows()
        .into_iter()
        .map(|row| {
            let most = row.iter().copied().fold(0.0, f64::max);
            let first: Vec<u32> = row
                .iter()
                .enumerate()
                .filter(|(_, p)| **p > most - TIE)
                .map(|(label, _)| label as u32)
                .collect();
            if first.len() == 1 { Item::agreed(first, most) } else { Item::conflict(most) }
        })
        .collect();
    let with_tables = have_tables(answers);
    let people = (0..answers.annotators.len())
        .map(|who| Person {
            n_answers: 0,
            accuracy: fitted.accuracy(who),
            confusion: if with_tables { fitted.confusion(who).into_iter().collect() } else { Vec::new() },
            golden: (0, 0),
        })
        .collect();
    let model = Model {
        rounds: fitted.rounds,
        converged: fitted.converged,
        log_likelihood: fitted.log_likelihood,
        prior: fitted.prior,
    };
    Ok(Resolved { items, people, n_answers: 0, n_repeats_dropped: 0, model: Some(model) })
}

fn label_by_label(
    people: People,
    answers: &Answers,
    counted: &[&Answer],
    known: &Known,
) -> Result<Resolved, Error> {
    let (n_items, n_people, n_labels) = (answers.items.len(), answers.annotators.len(), answers.labels.len());
    if n_labels == 0 {
        return Err(Error::Asked("every answer is the empty set: there is no label to decide on".into()));
    }
    let votes: Vec<SetVote> = counted
        .iter()
        .map(|answer| SetVote {
            item: answer.item as usize,
            annotator: answer.annotator as usize,
            labels: answer.labels.iter().map(|label| *label as usize).collect(),
        })
        .collect();
    let known: Vec<(usize, Vec<usize>)> = known
        .sorted()
        .into_iter()
        .map(|(item, labels)| (item, labels.iter().map(|label| *label as usize).collect()))
        .collect();
    let mut items = vec![Item::agreed(Vec::new(), 1.0); n_items];
    let mut persons: Vec<Person> = (0..n_people)
        .map(|_| Person { n_answers: 0, accuracy: Some(0.0), confusion: Vec::new(), golden: (0, 0) })
        .collect();
    let mut model = Model { prior: Vec::new(), rounds: 0, converged: true, log_likelihood: 0.0 };
    let bar = progress::bar(n_labels as u64, "labels");
    let add = |label: usize, fitted: Fitted| {
        for (item, yes) in items.iter_mut().zip(fitted.probabilities.column(1)) {
            item.confidence = item.confidence.min(yes.max(1.0 - yes));
            if (yes - 0.5).abs() < TIE {
                item.state = State::Conflict;
            } else if let (true, Some(labels)) = (*yes > 0.5, &mut item.labels) {
                labels.push(label as u32);
            }
        }
        for (who, person) in persons.iter_mut().enumerate() {
            let right = fitted.accuracy(who).unwrap_or(0.0) / n_labels as f64;
            person.accuracy = person.accuracy.map(|sum| sum + right);
            person.confusion.extend(fitted.confusion(who));
        }
        model.prior.push(fitted.prior[1]);
        model.rounds = model.rounds.max(fitted.rounds);
        model.converged &= fitted.converged;
        model.log_likelihood += fitted.log_likelihood;
        bar.inc(1);
    };
    LabelVotes::new(n_items, n_people, n_labels)
        .and_then(|model| model.people(people)?.fit(&votes, &known, add))
        .map_err(in_words)?;
    bar.finish_and_clear();
    for item in items.iter_mut().filter(|item| item.state == State::Conflict) {
        item.labels = None;
    }
    Ok(Resolved { items, people: persons, n_answers: 0, n_repeats_dropped: 0, model: Some(model) })
}

fn in_words(error: DawidSkeneError) -> Error {
    Error::Asked(match error {
        DawidSkeneError::BadShrinkage(_) => format!("--shrinkage: {error}"),
        _ => error.to_string(),
    })
}
