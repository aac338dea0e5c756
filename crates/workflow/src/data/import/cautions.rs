//! What the first rows of a file warn of before any is taken: what keeps the import from beginning, and what people
//! should know.

use super::guess::{Columns, names};
use super::known::KnownLabels;
use super::label_cell::{self, shown};
use super::labels::several;
use super::noticed::{FEW_ROWS, LARGE_GROUP, large_group, rows};
use super::sample::Sample;
use super::when::{self, Order, Reading};
use domain::project::Task;
use domain::source::{Mapping, means_nothing};
use domain::taxonomy::name;
use records::Notice;
use std::collections::{HashMap, HashSet};

impl Sample {
    /// The mapping with what its columns say by themselves: the order of their dates.
    pub fn completed(&self, mut mapping: Mapping) -> Mapping {
        if let (Some(column), None) = (&mapping.event_time, mapping.dates)
            && let Order::Told(order) = self.order_of(column)
        {
            mapping.dates = Some(order);
        }
        mapping
    }

    /// A date of the event time that hangs on what comes first in it, where nothing in the column tells.
    pub fn open_date(&self, mapping: &Mapping) -> Option<String> {
        match (&mapping.event_time, mapping.dates) {
            (Some(column), None) => match self.order_of(column) {
                Order::Open(example) => Some(example),
                _ => None,
            },
            _ => None,
        }
    }

    /// What keeps an import with this mapping from beginning: the part of the mapping, and a sentence.
    pub(super) fn problems(&self, mapping: &Mapping) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.records.is_empty() {
            problems.push(("file", "There is a header, but no row: nothing can be imported.".to_owned()));
        }
        if let (Some(date), Some(column)) = (self.open_date(mapping), &mapping.event_time) {
            problems.push((
                "event_time",
                format!(
                    "“{column}” has dates such as {date}, and nothing in the first {} says whether the day or the month comes \
                     first. Say which (dates: day-first or month-first), or take the column as a field.",
                    rows(self.records.len() as i64)
                ),
            ));
        }
        problems
    }

    /// What people should know of an import with this mapping before it begins. `known` are the labels of the published
    /// taxonomy.
    pub(super) fn cautions(&self, mapping: &Mapping, task: Task, known: Option<&KnownLabels>) -> Vec<String> {
        let columns = Columns::of(&self.columns, &self.records);
        let mut said: Vec<String> = self.notices.iter().map(Notice::to_string).collect();
        said.extend(texts(&columns, mapping));
        said.extend(ids(&columns, mapping));
        said.extend(times(&columns, mapping));
        said.extend(groups(&columns, mapping));
        if let Some(label) = &mapping.label {
            let mut of_labels = labels(&columns, &label.column, task, known);
            of_labels.extend(several_people(&columns, mapping, &label.column));
            let if_answers = mapping.answers_of().is_none();
            said.extend(of_labels.into_iter().map(|words| {
                if if_answers { format!("If “{}” becomes answers: {words}", label.column) } else { words }
            }));
        }
        said
    }

    fn order_of(&self, column: &str) -> Order {
        when::order_of(Columns::of(&self.columns, &self.records).values(column).into_iter())
    }
}

fn texts(columns: &Columns<'_>, mapping: &Mapping) -> Option<String> {
    let values = columns.values(&mapping.text);
    let n = values.iter().filter(|value| means_nothing(value)).count();
    let word = values.iter().find(|value| means_nothing(value))?;
    Some(format!(
        "In {} of the first {} the text is “{}”: such texts are taken as they stand.",
        n,
        columns.n_rows,
        word.trim()
    ))
}

fn ids(columns: &Columns<'_>, mapping: &Mapping) -> Option<String> {
    let column = mapping.id.as_deref()?;
    let mut seen = HashSet::new();
    let twice =
        columns.values(column).into_iter().find(|value| !means_nothing(value) && !seen.insert(*value))?;
    Some(format!(
        "“{column}” says {} more than once: in one file an id stands for one item, and a later row with other content is \
         refused.",
        shown(twice)
    ))
}

fn times(columns: &Columns<'_>, mapping: &Mapping) -> Option<String> {
    let column = mapping.event_time.as_deref()?;
    let values = columns.values(column);
    let is_none = |value: &&&str| when::read(value, mapping.dates) == Reading::NoTime;
    let n = values.iter().filter(is_none).count();
    let first = values.iter().find(is_none)?;
    Some(format!(
        "In {n} of the first {} “{column}” is no time that can be meant, as in {}: these rows are taken without one, and the \
         value is kept as a field. Times are {}.",
        rows(columns.n_rows as i64),
        shown(first),
        when::FORMS
    ))
}

fn groups(columns: &Columns<'_>, mapping: &Mapping) -> Option<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for value in columns.values(mapping.group.as_deref()?) {
        if !means_nothing(value) {
            *counts.entry(value.trim()).or_default() += 1;
        }
    }
    let (group, n) = counts.into_iter().max_by_key(|(group, n)| (*n, std::cmp::Reverse(*group)))?;
    let share = n as f64 / columns.n_rows as f64;
    (columns.n_rows as i64 >= FEW_ROWS && share > LARGE_GROUP)
        .then(|| large_group(group, share, &format!("of the first {}", rows(columns.n_rows as i64))))
}

fn labels(columns: &Columns<'_>, column: &str, task: Task, known: Option<&KnownLabels>) -> Vec<String> {
    let mut said = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut spellings: HashMap<String, Vec<String>> = HashMap::new();
    let (mut nothing, mut refused): (Vec<&str>, Option<(i64, String)>) = (Vec::new(), None);
    for (line, cell) in columns.cells(column) {
        match label_cell::read(task, cell, |name| known.is_some_and(|known| known.find(name).is_some())) {
            Ok(read) if read.is_empty() => nothing.push(cell),
            Ok(read) => {
                for name in read.into_iter().map(|name| name.trim().to_owned()) {
                    let of_name = spellings.entry(name::key(&name)).or_default();
                    if of_name.is_empty() {
                        names.push(name.clone());
                    }
                    if !of_name.contains(&name) {
                        of_name.push(name);
                    }
                }
            }
            Err(why) => drop(refused.get_or_insert((line, why))),
        }
    }
    if let Some((line, why)) = refused {
        said.push(format!("line {line} will be refused: {why}."));
    }
    if let Some(word) = nothing.first() {
        said.push(format!(
            "{} of the first {} say {}, which is no label: they get no answer.",
            nothing.len(),
            rows(columns.n_rows as i64),
            shown(word.trim())
        ));
    }
    let mut same: Vec<&Vec<String>> = spellings.values().filter(|of_name| of_name.len() > 1).collect();
    same.sort();
    for of_name in same {
        let of_name: Vec<String> = of_name.iter().map(|name| shown(name)).collect();
        said.push(format!("{} are one label.", of_name.join(" and ")));
    }
    let is_label = |part: &str| spellings.contains_key(&name::key(part));
    let is_known = |name: &str| known.is_some_and(|known| known.find(name).is_some());
    let unknown: Vec<String> = names.iter().filter(|name| !is_known(name)).cloned().collect();
    let doubtful = several(&unknown, is_label).map(|(name, _)| name.to_owned());
    let doubtful =
        doubtful.or_else(|| unknown.iter().find(|n| label_cell::may_be_several(task, n).is_some()).cloned());
    if let Some(name) = doubtful
        && let Some(hint) = label_cell::may_be_several(task, &name)
    {
        said.push(format!("{} is taken for one label: {hint}.", shown(&name)));
    }
    match (known, &unknown[..], &names[..]) {
        (Some(_), [first, ..], _) => {
            said.push(format!(
                "{} is no label of the published taxonomy: such rows are refused.",
                shown(first)
            ));
        }
        (None, _, [only]) => said.push(format!(
            "all of the first {} say {}, and a taxonomy needs two labels at least.",
            rows(columns.n_rows as i64),
            shown(only)
        )),
        _ => {}
    }
    said
}

/// One row for each answer: an import is what one person said.
fn several_people(columns: &Columns<'_>, mapping: &Mapping, label: &str) -> Option<String> {
    const HOW: &str = "One import takes one label an item, of one person. For the answers of several people make a file for \
                       each, leave the column with their names out, and import it under their name.";
    let annotators = columns.names.iter().find(|column| {
        names::ANNOTATOR.contains(&&*names::plain(column))
            && columns.values(column).into_iter().collect::<HashSet<_>>().len() > 1
    });
    if let Some(column) = annotators {
        return Some(format!("“{column}” seems to say who gave each label. {HOW}"));
    }
    let by = mapping.id.as_deref().unwrap_or(&mapping.text);
    let labels: HashMap<i64, &str> = columns.cells(label).collect();
    let mut said: HashMap<&str, &str> = HashMap::new();
    columns.cells(by).find_map(|(line, item)| {
        let label = labels.get(&line)?;
        let earlier = *said.entry(item).or_insert(label);
        (name::key(earlier) != name::key(label))
            .then(|| format!("{} has more than one row, with different labels. {HOW}", shown(item)))
    })
}
