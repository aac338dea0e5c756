//! A label column that becomes answers: whose they are, and the labels they speak of.

use super::mapping::{Mapper, label_names};
use super::run::unreadable;
use super::sample::read_as;
use crate::{Error, House, Result};
use domain::project::Task;
use domain::source::{Format, Mapping};
use domain::taxonomy::Taxonomy;
use records::{COLUMN_LIMIT, Records};
use std::io::Read;
use store::Store;
use store::items::AnsweredBy;
use store::sources::Source;

/// More different values than this are no labels.
const MOST: usize = 500;

/// Does this import need labels that nobody has published?
pub(super) async fn are_missing(store: &Store, source: &Source) -> Result<bool> {
    Ok(source.mapping.answers_of().is_some() && store.published_taxonomy(source.project).await?.is_none())
}

/// Publishes the first version of the taxonomy with a label for each value of the column. What stands in the
/// draft already is kept.
pub(super) async fn make(house: &House, source: &Source, from: impl Read + Send + 'static) -> Result<()> {
    let (task, _) = house.store.project_rules(source.project).await?;
    let (format, mapping) = (source.format, source.mapping.clone());
    let names = tokio::task::spawn_blocking(move || distinct(from, format, &mapping, task))
        .await
        .map_err(Error::internal)??;
    let draft = house.store.taxonomy_draft(source.project).await?;
    let draft = draft.map(|d| d.taxonomy).unwrap_or_default();
    let taxonomy = with_names(&draft, &names, house)?;
    let (project, by) = (source.project, source.created_by);
    let note = format!("Labels from {}", source.name);
    house
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

fn with_names(draft: &Taxonomy, names: &[String], house: &House) -> Result<Taxonomy> {
    let refused =
        |why: String| Error::invalid("label", format!("No taxonomy can be made of the label column: {why}"));
    let (taxonomy, _) =
        draft.with_names(names, || house.store.next_id()).map_err(|e| refused(e.to_string()))?;
    match taxonomy.problems().first() {
        Some(problem) => Err(refused(problem.to_string())),
        None => Ok(taxonomy),
    }
}

/// The values of the label column in the order in which they come.
fn distinct(from: impl Read, format: Format, mapping: &Mapping, task: Task) -> Result<Vec<String>> {
    let Some((column, _)) = mapping.answers_of() else { return Ok(Vec::new()) };
    let mut records = Records::open(from, Some(read_as(format)), COLUMN_LIMIT).map_err(unreadable)?;
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    while let Some(record) = records.next().map_err(unreadable)? {
        let Ok(cells) = record.cells else { continue };
        let Some((_, value)) = cells.into_iter().find(|(name, _)| **name == *column) else { continue };
        if value.trim().is_empty() || value.contains('\0') {
            continue;
        }
        for name in label_names(task, &value) {
            if seen.insert(name.to_lowercase()) {
                names.push(name);
            }
        }
        if names.len() > MOST {
            return Err(Error::invalid(
                "label",
                format!(
                    "“{column}” has more than {MOST} different values: choose the column that holds labels"
                ),
            ));
        }
    }
    Ok(names)
}

/// Gives the mapper the labels it may find, and makes the person whose answers they are.
pub(super) async fn answered_by(
    house: &House,
    source: &Source,
    mapper: Mapper,
) -> Result<(Mapper, Option<AnsweredBy>)> {
    let Some((_, person)) = source.mapping.answers_of() else { return Ok((mapper, None)) };
    let Some((version, _, taxonomy)) = house.store.published_taxonomy(source.project).await? else {
        return Err(Error::invalid("label", "No taxonomy is published: publish one, then start the import."));
    };
    let (project, name) = (source.project, person.trim().to_owned());
    let person =
        house.store.write(move |tx| Box::pin(async move { tx.source_person(project, &name).await })).await?;
    Ok((mapper.with_labels(&taxonomy), Some(AnsweredBy { person, taxonomy: version })))
}
