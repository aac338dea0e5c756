//! Changing one label of the draft.

use super::draft::{Draft, save, unchanged};
use crate::error::FieldError;
use crate::{Error, Instance, Result, allow};
use domain::ProjectId;
use domain::permission::{Act, Actor};
use domain::taxonomy::edit::{BadEdit, Edit};
use domain::taxonomy::{Label, Problem};

/// Changes the draft. `seen` is the `edit` of the draft that the person looked at. If another person has changed the
/// draft since, nothing is saved, and the error names that person.
pub async fn edit(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    seen: i64,
    change: Edit,
) -> Result<Draft> {
    allow(actor, Act::EditTaxonomy)?;
    let draft = unchanged(instance, project, seen).await?;
    let published = draft.published.as_ref().map(|p| &*p.taxonomy);
    let taxonomy = draft.taxonomy.edited(change, published).map_err(refused)?;
    save(instance, actor, project, &draft, taxonomy).await
}

/// An empty label with a new id, for a form that adds one.
pub fn new_label(instance: &Instance, name: &str) -> Label {
    Label::named(instance.store.next_id(), name)
}

pub(super) fn refused(error: BadEdit) -> Error {
    match error {
        BadEdit::NoSuchLabel => {
            Error::conflict("That label is not in the draft any more: someone else removed it.")
        }
        BadEdit::TooMany => Error::invalid("name", error.to_string()),
        BadEdit::Problems(found) => problems(&found),
    }
}

pub(super) fn problems(found: &[Problem]) -> Error {
    let field = |p: &Problem| FieldError { field: p.field().to_owned(), message: p.to_string() };
    Error::Invalid(found.iter().map(field).collect())
}
