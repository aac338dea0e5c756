//! Labels and people fitted together, by the model of Dawid and Skene.
//!
//! A model that has little to hold a person's answers against can make them likely by believing in the most frequent
//! label alone. So no item gets a label that nobody gave it: the likeliest answer stands, its state is unknown, and its
//! confidence what the model gives it.

use super::{Item, Model, Person, Resolved, State, empty_tables};
use crate::consensus::known::Known;
use crate::ratings::{Answer, Answers};
use crate::{Error, progress};
use learn::votes::{
    DawidSkene, DawidSkeneError, Fitted, LabelVotes, Majority, People, SetVote, Vote, majority, majority_each,
};

/// Probabilities that differ by less are a tie.
const TIE: f64 = 1e-9;

pub fn resolve(
    people: People,
    is_multi: bool,
    answers: &Answers,
    counted: &[&Answer],
    known: &Known,
    judged: &[bool],
) -> Result<Resolved, Error> {
    if is_multi && answers.labels.len() == 0 {
        return Err(Error::Asked("every answer is the empty set: there is no label to decide on".into()));
    }
    // Whoever can't be judged shares no item with anybody: what they say teaches nothing of others, and the model
    // nothing of them.
    let (held, alone): (Vec<&Answer>, Vec<&Answer>) =
        counted.iter().copied().partition(|answer| judged[answer.annotator as usize]);
    let tables = empty_tables(is_multi, answers);
    let person = |is_judged: &bool| Person {
        n_answers: 0,
        is_judged: *is_judged,
        accuracy: None,
        confusion: tables.clone(),
        golden: (0, 0),
    };
    let mut resolved = Resolved {
        items: vec![Item::agreed(Vec::new(), 1.0); answers.items.len()],
        people: judged.iter().map(person).collect(),
        n_answers: 0,
        n_repeats_dropped: 0,
        model: None,
    };
    if !held.is_empty() {
        if is_multi {
            label_by_label(people, answers, &held, known, &mut resolved)?;
        } else {
            one_label(people, answers, &held, known, &mut resolved)?;
        }
    }
    unjudged(is_multi, answers, &alone, &mut resolved);
    Ok(resolved)
}

fn one_label(
    people: People,
    answers: &Answers,
    held: &[&Answer],
    known: &Known,
    resolved: &mut Resolved,
) -> Result<(), Error> {
    let votes: Vec<Vote> = held
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
    let mut given: Vec<Vec<usize>> = vec![Vec::new(); answers.items.len()];
    for vote in &votes {
        given[vote.item].push(vote.label);
    }
    for ((item, given), row) in resolved.items.iter_mut().zip(&mut given).zip(fitted.probabilities.rows()) {
        given.sort_unstable();
        given.dedup();
        let row: Vec<f64> = row.to_vec();
        *item = match decide(&row, given) {
            Decision::Agreed(label) => Item::agreed(vec![label as u32], row[label]),
            Decision::Conflict(most) => Item::conflict(most),
            Decision::Overruled(label) => Item::unknown(vec![label as u32], row[label]),
        };
    }
    for (who, person) in resolved.people.iter_mut().enumerate().filter(|(_, person)| person.is_judged) {
        person.accuracy = fitted.accuracy(who);
        if !person.confusion.is_empty() {
            person.confusion = fitted.confusion(who).into_iter().collect();
        }
    }
    resolved.model = Some(Model {
        rounds: fitted.rounds,
        converged: fitted.converged,
        log_likelihood: fitted.log_likelihood,
        prior: fitted.prior,
    });
    Ok(())
}

fn label_by_label(
    people: People,
    answers: &Answers,
    held: &[&Answer],
    known: &Known,
    resolved: &mut Resolved,
) -> Result<(), Error> {
    let (n_items, n_people, n_labels) = (answers.items.len(), answers.annotators.len(), answers.labels.len());
    let votes: Vec<SetVote> = held
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
    for person in resolved.people.iter_mut().filter(|person| person.is_judged) {
        person.accuracy = Some(0.0);
    }
    let mut model = Model { prior: Vec::new(), rounds: 0, converged: true, log_likelihood: 0.0 };
    let bar = progress::bar(n_labels as u64, "labels");
    let Resolved { items, people: persons, .. } = resolved;
    let add = |label: usize, fitted: Fitted| {
        // Whether anybody said no, and yes.
        let mut said = vec![[false; 2]; n_items];
        for vote in &votes {
            said[vote.item][usize::from(vote.labels.contains(&label))] = true;
        }
        for ((item, said), row) in items.iter_mut().zip(&said).zip(fitted.probabilities.rows()) {
            let given: Vec<usize> = (0..2).filter(|answer| said[*answer]).collect();
            if given.is_empty() {
                continue;
            }
            let (is_yes, confidence) = match decide(&[row[0], row[1]], &given) {
                Decision::Agreed(answer) => (answer == 1, row[answer]),
                Decision::Overruled(answer) => {
                    if item.state == State::Agreed {
                        item.state = State::Unknown;
                    }
                    (answer == 1, row[answer])
                }
                Decision::Conflict(most) => {
                    item.state = State::Conflict;
                    (false, most)
                }
            };
            item.confidence = item.confidence.min(confidence);
            if let (true, Some(labels)) = (is_yes, &mut item.labels) {
                labels.push(label as u32);
            }
        }
        for (who, person) in persons.iter_mut().enumerate().filter(|(_, person)| person.is_judged) {
            let right = fitted.accuracy(who).unwrap_or(0.0) / n_labels as f64;
            person.accuracy = person.accuracy.map(|sum| (sum + right).min(1.0));
            if let Some(table) = fitted.confusion(who) {
                person.confusion[label] = table;
            }
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
    for item in resolved.items.iter_mut().filter(|item| item.state == State::Conflict) {
        item.labels = None;
    }
    resolved.model = Some(model);
    Ok(())
}

/// What is to become of an item.
#[derive(Debug, PartialEq)]
enum Decision {
    Agreed(usize),
    /// Several labels are as likely as any, this much.
    Conflict(f64),
    /// The model would have a label that nobody gave; this is the likeliest that was given.
    Overruled(usize),
}

/// From an item's probabilities and the labels that were given.
fn decide(row: &[f64], given: &[usize]) -> Decision {
    let most = row.iter().copied().fold(0.0, f64::max);
    let first: Vec<usize> = (0..row.len()).filter(|label| row[*label] > most - TIE).collect();
    let best_given = given.iter().copied().max_by(|a, b| row[*a].total_cmp(&row[*b]).then(b.cmp(a)));
    match (&first[..], best_given) {
        (_, Some(best)) if !first.iter().any(|label| given.contains(label)) => Decision::Overruled(best),
        ([label], _) => Decision::Agreed(*label),
        _ => Decision::Conflict(most),
    }
}

/// Answers of people who can't be judged stand as they are, with the confidence of a guess.
fn unjudged(is_multi: bool, answers: &Answers, alone: &[&Answer], resolved: &mut Resolved) {
    let guess = 1.0 / if is_multi { 2.0 } else { answers.labels.len().max(2) as f64 };
    let mut by_item: Vec<Vec<&[u32]>> = vec![Vec::new(); answers.items.len()];
    for answer in alone {
        by_item[answer.item as usize].push(&answer.labels);
    }
    for (item, said) in resolved.items.iter_mut().zip(&by_item).filter(|(_, said)| !said.is_empty()) {
        // A person may have answered an item several times.
        let agreed = if is_multi {
            let each = majority_each(said);
            each.tied.is_empty().then_some(each.agreed)
        } else {
            match majority(said) {
                Majority::Agreed { value, .. } => Some(value.to_vec()),
                Majority::Tie { .. } | Majority::NoVotes => None,
            }
        };
        *item = agreed.map_or(Item::conflict(guess), |labels| Item::unknown(labels, guess));
    }
}

fn in_words(error: DawidSkeneError) -> Error {
    Error::Asked(match error {
        DawidSkeneError::BadShrinkage(_) => format!("--shrinkage: {error}"),
        DawidSkeneError::BadSmoothing(_) => format!("--smoothing: {error}"),
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_item_gets_a_label_that_nobody_gave_it() {
        assert_eq!(decide(&[0.8, 0.2], &[1]), Decision::Overruled(1));
        assert_eq!(decide(&[0.8, 0.1, 0.1], &[1, 2]), Decision::Overruled(1));
        assert_eq!(decide(&[0.8, 0.2], &[0]), Decision::Agreed(0));
        assert_eq!(decide(&[0.8, 0.2], &[0, 1]), Decision::Agreed(0));
        assert_eq!(decide(&[0.5, 0.5], &[0, 1]), Decision::Conflict(0.5));
    }
}
