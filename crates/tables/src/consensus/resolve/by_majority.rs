//! The label with the most votes, and how people stand to it.

use super::{Item, Person, Resolved, empty_tables};
use crate::consensus::known::Known;
use crate::ratings::{Answer, Answers};
use learn::votes::{Majority, majority, majority_each};

pub fn resolve(
    is_multi: bool,
    answers: &Answers,
    counted: &[&Answer],
    known: &Known,
    judged: &[bool],
) -> Resolved {
    let mut votes: Vec<Vec<&[u32]>> = vec![Vec::new(); answers.items.len()];
    for answer in counted {
        votes[answer.item as usize].push(&answer.labels);
    }
    let items: Vec<Item> = votes
        .iter()
        .map(|votes| if is_multi { majority_of_sets(votes) } else { majority_of(votes) })
        .collect();

    let tables = empty_tables(is_multi, answers);
    let person = |is_judged: &bool| Person {
        n_answers: 0,
        is_judged: *is_judged,
        accuracy: None,
        confusion: tables.clone(),
        golden: (0, 0),
    };
    let mut people: Vec<Person> = judged.iter().map(person).collect();
    let mut decisions = vec![(0.0, 0.0); people.len()];
    for answer in counted {
        let truth = known.labels.get(&answer.item).or(items[answer.item as usize].labels.as_ref());
        let Some(truth) = truth else { continue };
        // Everybody agrees with themselves: that says nothing of how often they are right.
        if votes[answer.item as usize].len() < 2 && !known.labels.contains_key(&answer.item) {
            continue;
        }
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

fn majority_of(votes: &[&[u32]]) -> Item {
    let labels: Vec<u32> = votes.iter().filter_map(|labels| labels.first().copied()).collect();
    let share = |votes: usize, of: usize| votes as f64 / of.max(1) as f64;
    match majority(&labels) {
        Majority::Agreed { value, votes, of } => Item::agreed(vec![value], share(votes, of)),
        Majority::Tie { votes, of, .. } => Item::conflict(share(votes, of)),
        Majority::NoVotes => Item::conflict(0.0),
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
