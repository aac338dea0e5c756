//! A label column that becomes answers: whose they are, and the labels they speak of.

use super::known::KnownLabels;
use super::label_cell;
use super::mapping::Mapper;
use super::sample::{read_as, unreadable};
use crate::{Error, Instance, Result};
use domain::project::Task;
use domain::source::{Format, Mapping};
use domain::taxonomy::{Problem, Taxonomy, name};
use records::{COLUMN_LIMIT, Records};
use std::collections::HashSet;
use std::io::Read;
use store::Store;
use store::data::items::AnsweredBy;
use store::data::sources::Source;

/// More different values than this are no labels.
const MOST: usize = 500;

/// Does this import need labels that nobody has published?
pub(super) async fn are_missing(store: &Store, source: &Source) -> Result<bool> {
    Ok(source.mapping.answers_of().is_some() && store.published_taxonomy(source.project).await?.is_none())
}

/// Publishes the first version of the taxonomy with a label for each value of the column. What stands in the
/// draft already is kept.
pub(super) async fn make(
    instance: &Instance,
    source: &Source,
    from: impl Read + Send + 'static,
) -> Result<()> {
    let (task, _) = instance.store.project_rules(source.project).await?;
    let (format, mapping) = (source.format, source.mapping.clone());
    let draft = instance.store.taxonomy_draft(source.project).await?;
    let draft = draft.map(|d| d.taxonomy).unwrap_or_default();
    let known = KnownLabels::of(&draft);
    let names = tokio::task::spawn_blocking(move || distinct(from, format, &mapping, task, &known))
        .await
        .map_err(Error::internal)??;
    let taxonomy = with_names(&draft, &names, instance)?;
    let (project, by) = (source.project, source.created_by);
    let note = format!("Labels from {}", source.name);
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                // Whoever published meanwhile decides; names that are missing then are refused row by row.
                tx.publish_taxonomy(project, None, taxonomy, &note, by).await.map(|_| ())
            })
        })
        .await?;
    Ok(())
}

fn with_names(draft: &Taxonomy, names: &[String], instance: &Instance) -> Result<Taxonomy> {
    let refused =
        |why: String| Error::invalid("label", format!("No taxonomy can be made of the label column: {why}"));
    let (taxonomy, _) =
        draft.with_names(names, || instance.store.next_id()).map_err(|e| refused(e.to_string()))?;
    match taxonomy.problems().first() {
        Some(Problem::TooFew) => {
            let said = names
                .first()
                .map_or("holds no label".to_owned(), |name| format!("says “{name}” and nothing else"));
            Err(refused(format!(
                "it {said}, and a taxonomy has two labels at least. Publish one with the labels that there should be, then \
                 import the file again; or take the column as a field"
            )))
        }
        Some(problem) => Err(refused(problem.to_string())),
        None => Ok(taxonomy),
    }
}

/// The names in the label column in the order in which they come. Cells that can't be read are left to the rows that
/// hold them: those are refused one by one.
fn distinct(
    from: impl Read,
    format: Format,
    mapping: &Mapping,
    task: Task,
    known: &KnownLabels,
) -> Result<Vec<String>> {
    let Some((column, _)) = mapping.answers_of() else { return Ok(Vec::new()) };
    let mut records = Records::open(from, Some(read_as(format)), COLUMN_LIMIT).map_err(unreadable)?;
    let mut names = Names::default();
    while let Some(record) = records.next_record().map_err(unreadable)? {
        let Ok(cells) = record.cells else { continue };
        let Some((_, value)) = cells.into_iter().find(|(name, _)| **name == *column) else { continue };
        if value.contains('\0') {
            continue;
        }
        let _ = names.read(task, &value, known);
        if names.names.len() > MOST {
            return Err(Error::invalid(
                "label",
                format!(
                    "“{column}” has more than {MOST} different values: choose the column that holds labels"
                ),
            ));
        }
    }
    names.whole(task, known).map_err(|why| Error::invalid("label", format!("“{column}”: {why}")))
}

/// Names of labels to be made, each once, in the order in which they come.
#[derive(Default)]
pub(crate) struct Names {
    names: Vec<String>,
    seen: HashSet<String>,
}

impl Names {
    /// The names in a cell that are not known yet; or why it holds none.
    pub(crate) fn read(
        &mut self,
        task: Task,
        cell: &str,
        known: &KnownLabels,
    ) -> std::result::Result<(), String> {
        for name in label_cell::read(task, cell, |name| known.find(name).is_some())? {
            if known.find(&name).is_none() && self.seen.insert(name::key(&name)) {
                self.names.push(name);
            }
        }
        Ok(())
    }

    /// All of them, unless one looks like several of the others.
    pub(crate) fn whole(self, task: Task, known: &KnownLabels) -> std::result::Result<Vec<String>, String> {
        let is_label = |part: &str| self.seen.contains(&name::key(part)) || known.find(part).is_some();
        match several(&self.names, is_label) {
            Some((name, part)) => Err(format!(
                "“{name}” stands beside “{part}” and looks like several labels{}. Publish a taxonomy with it first if it is \
                 one.",
                label_cell::may_be_several(task, name).map_or_else(String::new, |hint| format!("; {hint}"))
            )),
            None => Ok(self.names),
        }
    }
}

/// A name with a part that is a label itself.
pub(super) fn several(names: &[String], is_label: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    names.iter().find_map(|name| Some((name.as_str(), label_cell::parts(name).find(|part| is_label(part))?)))
}

/// Gives the mapper the labels it may find, and makes the person whose answers they are.
pub(super) async fn answered_by(
    instance: &Instance,
    source: &Source,
    mapper: Mapper,
) -> Result<(Mapper, Option<AnsweredBy>)> {
    let Some((_, person)) = source.mapping.answers_of() else { return Ok((mapper, None)) };
    let Some((version, _, taxonomy)) = instance.store.published_taxonomy(source.project).await? else {
        return Err(Error::invalid("label", "No taxonomy is published: publish one, then start the import."));
    };
    let (project, name) = (source.project, person.trim().to_owned());
    let person = instance
        .store
        .write(move |tx| Box::pin(async move { tx.source_person(project, &name).await }))
        .await?;
    Ok((mapper.with_labels(&taxonomy), Some(AnsweredBy { person, taxonomy: version })))
}
