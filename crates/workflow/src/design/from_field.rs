//! Labels from a column of an import that was taken as a field.

use super::draft::{Draft, save, unchanged};
use super::edit::refused;
use crate::data::import::{KnownLabels, Names};
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::taxonomy::Problem;
use domain::{LabelId, ProjectId};

/// A column with more different values than this is not a column of labels.
pub const MOST_VALUES: usize = 500;

/// Adds a label for each different value of a field. The values are read as an import reads a column of labels.
/// Returns the draft and how many labels were new.
pub async fn labels_from_field(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    seen: i64,
    field: &str,
) -> Result<(Draft, usize)> {
    allow(actor, Act::EditTaxonomy)?;
    let draft = unchanged(instance, project, seen).await?;
    let values = instance.store.field_values(project, field, MOST_VALUES as i64).await?;
    if values.is_empty() {
        return Err(Error::invalid("field", format!("no item has a field called “{field}”")));
    }
    if values.len() > MOST_VALUES {
        return Err(Error::invalid(
            "field",
            format!(
                "“{field}” has more than {MOST_VALUES} different values: choose the column that holds labels"
            ),
        ));
    }
    let store = &instance.store;
    let (task, _) = store.project_rules(project).await?;
    let known = KnownLabels::of(&draft.taxonomy);
    let mut names = Names::default();
    let doubtful = |why: String| Error::invalid("field", format!("“{field}”: {why}"));
    for (value, _) in &values {
        names.read(task, value, &known).map_err(doubtful)?;
    }
    let names = names.whole(task, &known).map_err(doubtful)?;
    let (taxonomy, taken) =
        draft.taxonomy.with_names(&names, || store.next_id::<LabelId>()).map_err(refused)?;
    let new: Vec<Problem> =
        taxonomy.problems().into_iter().filter(|p| matches!(p, Problem::NameTooLong { .. })).collect();
    if let Some(problem) = new.first() {
        return Err(Error::invalid(
            "field",
            format!("{problem}: “{field}” does not look like a column of labels"),
        ));
    }
    Ok((save(instance, actor, project, &draft, taxonomy).await?, taken))
}
