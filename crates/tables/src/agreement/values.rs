//! What labels are worth: their place in an order, or the number that they are.

use super::{Agreement, Metric};
use crate::Error;
use crate::ratings::{Answer, Answers, whole};
use std::path::Path;

/// The value of each label: its place in the alphabet, its rank, or the number that it is.
pub fn values(asked: &Agreement, metric: Metric, answers: &Answers) -> Result<Vec<f64>, Error> {
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
        if label.is_empty() || order[..at].iter().any(|before| whole(before) == whole(label)) {
            return Err(Error::Asked(format!(
                "--order names each label once, and none is empty: see '{label}'"
            )));
        }
    }
    let mut values = vec![0.0; answers.labels.len()];
    for answer in &answers.answers {
        let label = answers.labels.name(answer.labels[0]);
        match order.iter().position(|known| whole(known) == whole(label)) {
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
