//! Designing the taxonomy: a draft that several people may change, and publishing it as an immutable version.

use crate::data::import::{KnownLabels, Names};
use crate::error::FieldError;
use crate::jobs::{self, Halt, JobView, Kind, Running, Stop};
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use domain::taxonomy::change::{LabelMap, Operation, operations};
use domain::taxonomy::edit::{BadEdit, Edit};
use domain::taxonomy::{Label, Problem, Taxonomy};
use domain::{ItemId, JobId, LabelId, ProjectId, TaxonomyVersionId, Time};
use std::sync::Arc;
use store::design::taxonomies::{LabelMaps, OldAnswer, VersionRow};
use store::label::tally::TallyChanges;

/// The draft beside what is published.
#[derive(Debug, Clone)]
pub struct Draft {
    pub taxonomy: Taxonomy,
    /// Goes back with every edit; 0 while nobody has changed anything.
    pub edit: i64,
    pub updated_by: Option<String>,
    pub updated_at: Option<Time>,
    /// The number of the version the draft was begun on.
    pub base: Option<i64>,
    pub published: Option<Published>,
    /// What publishing now would do to the version that the draft was begun on.
    pub operations: Vec<Operation>,
    /// What keeps it from being published.
    pub problems: Vec<Problem>,
    /// Someone published since the draft was begun: these operations are not in it yet.
    pub behind: Vec<Operation>,
}

/// The version that people label with.
#[derive(Debug, Clone)]
pub struct Published {
    pub id: TaxonomyVersionId,
    pub number: i64,
    pub taxonomy: Arc<Taxonomy>,
}

/// What was done by publishing.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    pub version: TaxonomyVersionId,
    pub number: i64,
    pub operations: Vec<Operation>,
    /// Answered items whose answers say the same under the new version.
    pub n_carried: i64,
    /// Items that need another look.
    pub n_need_look: i64,
}

/// A column with more different values than this is not a column of labels.
pub const MOST_VALUES: usize = 500;
/// Characters of the note that is published with a version.
pub const MAX_NOTE: usize = 2_000;
/// Versions a page.
const PAGE: i64 = 50;
/// Items that are looked at in one transaction.
const PIECE: i64 = 25;
/// Items whose answers are read at once.
const READ: i64 = 500;
/// States of items that have answers under the newest version.
const ANSWERED: [&str; 4] = ["agreed", "adjudicated", "partial", "conflict"];
/// Of these, the ones that are not resolved.
const OPEN: [&str; 2] = ["partial", "conflict"];

/// What people label with now, if anything was published yet.
pub async fn published(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Option<Published>> {
    allow(actor, Act::SeeProject)?;
    newest(instance, project).await
}

/// How many items carry each label; labels that none carries are left out.
pub async fn label_counts(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
) -> Result<Vec<(LabelId, i64)>> {
    allow(actor, Act::SeeOthers)?;
    Ok(instance.store.label_counts(project).await?)
}

/// The draft; before anyone changed it, it is what was published last.
pub async fn draft(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Draft> {
    allow(actor, Act::SeeOthers)?;
    load(instance, project).await
}

/// Changes the draft. `seen` is the `edit` of the draft that the person looked at: where someone else changed it
/// since, nothing is saved and the error names them.
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

/// A label's id for a form that adds one.
pub fn new_label(instance: &Instance, name: &str) -> Label {
    Label::named(instance.store.next_id(), name)
}

/// Adds a label for each different value of a field, read as an import reads a column of labels. Returns the draft and how many were new.
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

/// Forgets all changes: the draft is what was published last.
pub async fn discard(instance: &Instance, actor: &Actor, project: ProjectId, seen: i64) -> Result<Draft> {
    allow(actor, Act::EditTaxonomy)?;
    let mut draft = unchanged(instance, project, seen).await?;
    let taxonomy = draft.published.as_ref().map(|p| (*p.taxonomy).clone()).unwrap_or_default();
    draft.base = draft.published.as_ref().map(|p| p.number);
    save(instance, actor, project, &draft, taxonomy).await
}

/// Takes what was published since the draft was begun into the draft; what the draft changed itself stays.
pub async fn catch_up(instance: &Instance, actor: &Actor, project: ProjectId, seen: i64) -> Result<Draft> {
    allow(actor, Act::EditTaxonomy)?;
    let mut draft = unchanged(instance, project, seen).await?;
    let Some(published) = draft.published.clone() else { return Ok(draft) };
    let base = base_taxonomy(instance, project).await?;
    let taxonomy = draft.taxonomy.rebased(&base, &published.taxonomy);
    draft.base = Some(published.number);
    save(instance, actor, project, &draft, taxonomy).await
}

/// Publishes the draft as the next version, and takes back what items were resolved to where a label of it is
/// gone.
pub async fn publish(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    seen: i64,
    note: &str,
) -> Result<Publication> {
    allow(actor, Act::EditTaxonomy)?;
    let draft = unchanged(instance, project, seen).await?;
    if note.chars().count() > MAX_NOTE {
        return Err(Error::invalid("note", format!("a note has up to {MAX_NOTE} characters")));
    }
    if !draft.behind.is_empty() {
        return Err(behind(&draft));
    }
    if !draft.problems.is_empty() {
        return Err(problems(&draft.problems));
    }
    if draft.published.is_some() && draft.operations.is_empty() {
        return Err(Error::conflict(
            "The draft says what is published already: there is nothing to publish.",
        ));
    }
    let (n_carried, n_need_look) = reach(instance, project, &draft).await?;
    let base = draft.published.as_ref().map(|p| p.id);
    let (taxonomy, note, actor) = (draft.taxonomy, note.trim().to_owned(), *actor);
    let by = actor.person_id();
    // The work on items is promised in the same transaction, so that no crash can come between.
    let settling = jobs::new(by, Some(project), Kind::SettleTaxonomy, &project, None)?;
    let new = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.claim_draft(project, seen).await? {
                    return Ok(None);
                }
                let new = tx.publish_taxonomy(project, base, taxonomy, &note, by).await?;
                if let Some(new) = &new {
                    if n_need_look > 0 {
                        tx.enqueue_job(&settling).await?;
                    }
                    let target = format!("version {}", new.number);
                    tx.audit(&actor, Some(project), "published the taxonomy", &target, &note).await?;
                }
                Ok::<_, Error>(new)
            })
        })
        .await?;
    let Some(new) = new else {
        // Someone was faster: with the draft, or with a version of their own.
        let now = load(instance, project).await?;
        let is_theirs = now.edit != seen && now.behind.is_empty();
        return Err(if is_theirs { changed_by(now.updated_by.as_deref()) } else { behind(&now) });
    };
    jobs::wake(instance);
    Ok(Publication {
        version: new.id,
        number: new.number,
        operations: new.operations,
        n_carried,
        n_need_look,
    })
}

/// What publishing the draft would mean for what was answered: so many items say the same afterwards, so many
/// need another look.
pub async fn impact(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<(i64, i64)> {
    allow(actor, Act::SeeOthers)?;
    let draft = load(instance, project).await?;
    reach(instance, project, &draft).await
}

async fn reach(instance: &Instance, project: ProjectId, draft: &Draft) -> Result<(i64, i64)> {
    let counts = instance.store.tally(store::label::tally::Tally::Project(project)).await?;
    let answered: i64 = ANSWERED.iter().filter_map(|state| counts.get(*state)).sum();
    let step = LabelMap::of(&draft.operations);
    let Some(published) = draft.published.as_ref().filter(|_| !step.0.is_empty()) else {
        return Ok((answered, 0));
    };
    let gone: Vec<LabelId> = step.0.keys().copied().collect();
    let mut n_need_look = instance.store.n_resolved_to(project, &gone).await?;
    let maps = instance.store.label_maps(published.id).await?;
    let leads_nowhere = |answer: &OldAnswer| match carried(&maps, answer) {
        Some(labels) => step.carry(&labels).is_none(),
        None => answer.labels.is_some(),
    };
    for state in OPEN {
        let mut after = 0;
        loop {
            let answers = instance.store.open_answers(project, None, state, after, READ).await?;
            let Some(last) = answers.last() else { break };
            after = last.item_id.0;
            n_need_look += items_where(&answers, leads_nowhere).len() as i64;
        }
    }
    Ok((answered - n_need_look, n_need_look))
}

/// Brings items into line with the newest version: those that are resolved to a label it no longer offers, and
/// those that are open with such an answer, need another look. Work in pieces that can stop anywhere; publishing
/// asks for it, and every release does it again before it looks at labels.
pub async fn settle(instance: &Instance, project: ProjectId) -> Result<()> {
    match settle_for(instance, project, None).await {
        Ok(_) => Ok(()),
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::Stop(_)) => Err(Error::conflict("The work was stopped.")),
    }
}

/// The job that does it, unless all of its work is done: under way, or stopped.
pub async fn settling(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Option<JobView>> {
    allow(actor, Act::SeeOthers)?;
    let job = jobs::newest(instance, project, Kind::SettleTaxonomy, &project).await?;
    Ok(job.filter(|job| job.state != "done"))
}

/// Asks for it again where it was stopped.
pub async fn settle_again(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<JobId> {
    allow(actor, Act::EditTaxonomy)?;
    jobs::enqueue(instance, actor.person_id(), Some(project), Kind::SettleTaxonomy, &project, None).await
}

/// The same as a job.
pub async fn settle_job(instance: &Instance, run: &Running) -> jobs::JobOutcome {
    let project: ProjectId = run.payload()?;
    run.progress(0, None, "Looking at the labels").await?;
    let n_items = settle_for(instance, project, Some(run)).await?;
    Ok(serde_json::json!({ "items": n_items }))
}

async fn settle_for(
    instance: &Instance,
    project: ProjectId,
    run: Option<&Running>,
) -> std::result::Result<i64, Halt> {
    let Some(published) = newest(instance, project).await? else { return Ok(0) };
    let retired: Vec<LabelId> =
        published.taxonomy.labels.iter().filter(|l| l.retired).map(|l| l.id).collect();
    if retired.is_empty() {
        return Ok(0);
    }
    let mut done = 0;
    let (store, version) = (&instance.store, published.id);
    for label in retired {
        let mut after = 0;
        loop {
            let items = store.resolved_to(project, label, after, PIECE).await?;
            let Some(last) = items.last() else { break };
            after = last.0;
            done += resettle(instance, project, items).await?;
            tell(run, done).await?;
        }
    }
    let maps = store.label_maps(version).await?;
    for state in OPEN {
        let mut after = 0;
        loop {
            let answers = store.open_answers(project, Some(version), state, after, PIECE).await?;
            let Some(last) = answers.last() else { break };
            after = last.item_id.0;
            let items = items_where(&answers, |a| a.labels.is_some() && carried(&maps, a).is_none());
            done += resettle(instance, project, items).await?;
            tell(run, done).await?;
        }
    }
    Ok(done)
}

async fn tell(run: Option<&Running>, done: i64) -> std::result::Result<(), Stop> {
    match run {
        Some(run) => run.progress(done, None, "Taking back labels that are gone").await,
        None => Ok(()),
    }
}

/// Resolves items again from their answers; returns how many.
async fn resettle(instance: &Instance, project: ProjectId, items: Vec<ItemId>) -> Result<i64> {
    if items.is_empty() {
        return Ok(0);
    }
    let n = items.len() as i64;
    instance
        .store
        .write_piece(move |tx| {
            Box::pin(async move {
                let mut counts = TallyChanges::default();
                for item in items {
                    tx.settle_consensus(project, item, &mut counts).await?;
                }
                tx.count_all(counts, project.0).await?;
                Ok::<_, Error>(n)
            })
        })
        .await
}

/// What an answer says under the version of the maps; nothing where a label of it is gone.
fn carried(maps: &LabelMaps, answer: &OldAnswer) -> Option<Vec<LabelId>> {
    let labels = &answer.labels.as_ref()?.0;
    match answer.taxonomy_version_id.and_then(|v| maps.get(&TaxonomyVersionId(v))) {
        Some(map) => map.carry(labels),
        // Given under this very version.
        None => Some(labels.clone()),
    }
}

fn items_where(answers: &[OldAnswer], is: impl Fn(&OldAnswer) -> bool) -> Vec<ItemId> {
    let mut items: Vec<ItemId> = answers.iter().filter(|a| is(a)).map(|a| a.item_id).collect();
    items.dedup();
    items
}

/// Versions, newest first; `before` is the last number of the page before.
pub async fn versions(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    before: Option<i64>,
) -> Result<Vec<VersionRow>> {
    allow(actor, Act::SeeProject)?;
    Ok(instance.store.taxonomy_versions(project, before, PAGE).await?)
}

async fn newest(instance: &Instance, project: ProjectId) -> Result<Option<Published>> {
    let newest = instance.store.published_taxonomy(project).await?;
    Ok(newest.map(|(id, number, taxonomy)| Published { id, number, taxonomy }))
}

async fn load(instance: &Instance, project: ProjectId) -> Result<Draft> {
    let published = newest(instance, project).await?;
    let row = instance.store.taxonomy_draft(project).await?;
    let current = published.as_ref().map(|p| (*p.taxonomy).clone()).unwrap_or_default();
    let Some(row) = row else {
        return Ok(Draft {
            problems: current.problems(),
            taxonomy: current,
            edit: 0,
            updated_by: None,
            updated_at: None,
            base: published.as_ref().map(|p| p.number),
            published,
            operations: Vec::new(),
            behind: Vec::new(),
        });
    };
    let base = match row.base {
        Some(base) => instance.store.taxonomy(base).await?,
        None => Arc::default(),
    };
    let number = match row.base {
        Some(base) => Some(instance.store.taxonomy_number(project, base).await?),
        None => None,
    };
    let is_current = row.base == published.as_ref().map(|p| p.id);
    Ok(Draft {
        operations: operations(&base, &row.taxonomy),
        problems: row.taxonomy.problems(),
        behind: if is_current { Vec::new() } else { operations(&base, &current) },
        taxonomy: row.taxonomy,
        edit: row.edit,
        updated_by: row.updated_by,
        updated_at: Some(row.updated_at),
        base: number,
        published,
    })
}

async fn base_taxonomy(instance: &Instance, project: ProjectId) -> Result<Arc<Taxonomy>> {
    match instance.store.taxonomy_draft(project).await?.and_then(|row| row.base) {
        Some(base) => Ok(instance.store.taxonomy(base).await?),
        None => Ok(Arc::default()),
    }
}

/// The draft, if it is the one that the person saw.
async fn unchanged(instance: &Instance, project: ProjectId, seen: i64) -> Result<Draft> {
    let draft = load(instance, project).await?;
    if draft.edit == seen { Ok(draft) } else { Err(changed_by(draft.updated_by.as_deref())) }
}

fn changed_by(name: Option<&str>) -> Error {
    let who = name.unwrap_or("Someone");
    Error::Conflict(format!(
        "{who} changed the draft after you opened it, so nothing was saved. What you typed is still here: look at \
         the draft as it is now, then save again."
    ))
}

async fn save(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    draft: &Draft,
    taxonomy: Taxonomy,
) -> Result<Draft> {
    let base = match (draft.base, &draft.published) {
        (Some(number), Some(published)) if number == published.number => Some(published.id),
        (None, _) => None,
        // Begun on an earlier version: it stays on that one until someone catches up.
        _ => instance.store.taxonomy_draft(project).await?.and_then(|row| row.base),
    };
    let (seen, by) = (draft.edit, actor.person_id());
    let saved = instance
        .store
        .write(move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.save_draft(project, seen, base, &taxonomy, by).await?) })
        })
        .await?;
    let now = load(instance, project).await?;
    if saved { Ok(now) } else { Err(changed_by(now.updated_by.as_deref())) }
}

fn refused(error: BadEdit) -> Error {
    match error {
        BadEdit::NoSuchLabel => {
            Error::conflict("That label is not in the draft any more: someone else removed it.")
        }
        BadEdit::TooMany => Error::invalid("name", error.to_string()),
        BadEdit::Problems(found) => problems(&found),
    }
}

fn problems(found: &[Problem]) -> Error {
    let field = |p: &Problem| FieldError { field: p.field().to_owned(), message: p.to_string() };
    Error::Invalid(found.iter().map(field).collect())
}

fn behind(draft: &Draft) -> Error {
    let number = draft.published.as_ref().map_or(0, |p| p.number);
    let steps: Vec<String> = draft.behind.iter().map(said).collect();
    Error::Conflict(format!(
        "Version {number} was published after this draft was begun ({}). Take it into the draft, look at the \
         result, then publish.",
        steps.join("; ")
    ))
}

/// An operation as a person reads it.
pub fn said(operation: &Operation) -> String {
    match operation {
        Operation::Add { name, .. } => format!("added “{name}”"),
        Operation::Rename { from, to, .. } => format!("renamed “{from}” to “{to}”"),
        Operation::Redefine { name, .. } => format!("reworded the guideline of “{name}”"),
        Operation::Arrange { name, .. } => format!("changed key or place of “{name}”"),
        Operation::Retire { name, .. } => format!("retired “{name}”"),
        Operation::Restore { name, .. } => format!("brought back “{name}”"),
        Operation::Reorder => "changed the order".to_owned(),
    }
}
