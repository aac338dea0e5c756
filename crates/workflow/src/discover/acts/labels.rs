//! Labels made of groups and selections, and their examples.

use super::{Target, group_of, items_of, write};
use crate::design::{self, new_label};
use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::taxonomy::edit::Edit;
use domain::{ItemId, LabelId, ProjectId};
use store::discover::acts::ActRow;

/// Examples that a new label takes over, and that one act adds.
const EXAMPLES: usize = 3;

/// Makes a label of a group or a selection in the taxonomy's draft. `criterion` says in one line what belongs to it.
pub async fn make_label(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    target: &Target,
    name: &str,
    criterion: &str,
) -> Result<LabelId> {
    allow(actor, Act::EditTaxonomy)?;
    let items = items_of(instance, project, target).await?;
    let texts = examples_of(instance, project, target, &items).await?;
    let mut label = new_label(instance, name.trim());
    label.includes = criterion.trim().to_owned();
    label.examples = texts;
    let id = label.id;
    let draft = design::draft(instance, actor, project).await?;
    design::edit(instance, actor, project, draft.edit, Edit::Add(label)).await?;
    let mut act = target.act("made a label", name.trim().to_owned(), items.len())?;
    act.label = Some(id);
    let unnamed = match target {
        Target::Group { run, group } => {
            let row = group_of(instance, project, *run, *group).await?;
            row.name.is_none().then_some(*group)
        }
        Target::Selection(_) => None,
    };
    let name = name.trim().to_owned();
    write(instance, actor, project, act, move |tx| {
        let name = name.clone();
        Box::pin(async move {
            if let Some(group) = unnamed {
                tx.name_group(group, Some(&name)).await?;
            }
            Ok(())
        })
    })
    .await?;
    Ok(id)
}

/// Adds texts of a group or a selection to the examples or counter-examples of a label, in the draft.
pub async fn examples(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    target: &Target,
    label: LabelId,
    are_counter: bool,
) -> Result<usize> {
    allow(actor, Act::EditTaxonomy)?;
    let items = items_of(instance, project, target).await?;
    let texts = examples_of(instance, project, target, &items).await?;
    let draft = design::draft(instance, actor, project).await?;
    let mut changed = draft.taxonomy.get(label).cloned().ok_or(Error::NotFound(Thing::Label))?;
    let list = if are_counter { &mut changed.counter_examples } else { &mut changed.examples };
    let fresh: Vec<String> = texts.into_iter().filter(|text| !list.contains(text)).collect();
    let n = fresh.len();
    list.extend(fresh);
    let name = changed.name.clone();
    design::edit(instance, actor, project, draft.edit, Edit::Change(changed)).await?;
    let kind = if are_counter { "added counter-examples" } else { "added examples" };
    let mut act = target.act(kind, name, items.len())?;
    act.label = Some(label);
    write(instance, actor, project, act, |_| Box::pin(async { Ok(()) })).await?;
    Ok(n)
}

/// From which groups and selections a label came, the oldest first.
pub async fn acts_of_label(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    label: LabelId,
) -> Result<Vec<ActRow>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.acts_of_label(project, label).await?)
}

/// Texts that stand for a target: the typical ones of a group, or the first of a selection.
async fn examples_of(
    instance: &Instance,
    project: ProjectId,
    target: &Target,
    items: &[ItemId],
) -> Result<Vec<String>> {
    let typical = match target {
        Target::Group { run, group } => {
            group_of(instance, project, *run, *group).await?.samples.0.typical.clone()
        }
        Target::Selection(_) => Vec::new(),
    };
    let chosen = if typical.is_empty() { items } else { &typical };
    let chosen = &chosen[..chosen.len().min(EXAMPLES)];
    Ok(instance.store.items_by_id(project, chosen).await?.into_iter().map(|row| row.text).collect())
}
