//! Audited bulk labeling: one label for many items, after a person judged some that were drawn at random. How many of
//! those were right stands with the answers, as a precision with its interval.

use super::acts::Target;
use super::select::resolve;
use crate::jobs::{self, Halt, Job, JobOutcome, JobView, Running, Stop};
use crate::{Error, Instance, Result, Thing, allow};
use domain::discover::{BulkState, DRAWN};
use domain::permission::{Act, Actor};
use domain::slice::Slice;
use domain::taxonomy::Label;
use domain::{BulkId, ItemId, LabelId, ProjectId, RevisionId};
use learn::proportion::{Interval, wilson};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::discover::acts::NewAct;
pub use store::discover::bulk::BulkItemRow;
use store::discover::bulk::{BulkEntry, BulkRow, NewBulk};

/// Items of one bulk answer.
pub const MOST: usize = 50_000;
/// Items of a page.
pub const PAGE: i64 = DRAWN as i64;
/// Up to so many items are labeled while the person waits.
const SMALL: i64 = 400;
/// Items labeled in one transaction, and rows written in one.
const PIECE: i64 = 20;
const ROWS: usize = 512;
/// The share of right items that a bulk answer should have, where the project says nothing else.
const CONFIDENCE: f64 = 0.95;

/// A bulk answer as lists show it.
#[derive(Debug)]
pub struct Bulk {
    pub row: BulkRow,
    /// As it is in the newest version; nothing for a label that is gone.
    pub label: Option<Label>,
}

impl Bulk {
    /// The share of the drawn items that are right, with its interval (Wilson 1927, 95%); nothing before any was judged.
    pub fn precision(&self) -> Option<(f64, Interval)> {
        let (right, drawn) = (self.row.n_right as u64, self.row.n_drawn as u64);
        let interval = wilson(right, drawn, CONFIDENCE).ok()?;
        (drawn > 0).then(|| (right as f64 / drawn as f64, interval))
    }
}

/// A bulk answer as its page shows it.
#[derive(Debug)]
pub struct BulkView {
    pub bulk: Bulk,
    /// A page of its items.
    pub items: Vec<BulkItemRow>,
    pub from: i64,
    /// The precision that the project asks for.
    pub bar: f64,
    /// The group it came from is found again in less than half of the subsamples: look twice.
    pub is_shaky: bool,
    pub job: Option<JobView>,
}

impl BulkView {
    /// Were all drawn items judged?
    pub fn is_judged(&self) -> bool {
        self.bulk.row.n_drawn >= self.bulk.row.n_items.min(DRAWN as i64)
    }

    /// Is the share of right items below what the project asks for?
    pub fn is_below_bar(&self) -> bool {
        self.bulk.precision().is_some_and(|(share, _)| share < self.bar)
    }
}

/// Begins a bulk answer: the items are fixed, and some are drawn for judging. Items that have answers already, or were
/// set aside, stay out.
pub async fn begin(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    target: &Target,
    label: LabelId,
) -> Result<BulkId> {
    allow(actor, Act::RunQueues)?;
    let Some(person) = actor.person_id() else {
        return Err(Error::conflict("A bulk answer needs a person who stands for it: sign in."));
    };
    let Some((version, _, taxonomy)) = instance.store.published_taxonomy(project).await? else {
        return Err(Error::conflict("No taxonomy is published yet: publish the draft, then label."));
    };
    if !taxonomy.offered().iter().any(|offered| offered.id == label) {
        return Err(Error::invalid(
            "label",
            "This label is not published: publish the draft, then label with it.",
        ));
    }
    let selection = target.selection();
    let selected = resolve(instance, project, &selection).await?;
    let items = unlabeled(instance, project, &selected.points, selected.held).await?;
    if items.is_empty() {
        return Err(Error::conflict(
            "All of these items have answers already or were set aside: there is nothing to label.",
        ));
    }
    if items.len() > MOST {
        return Err(Error::conflict(format!(
            "These are {} items, and one bulk answer takes {MOST} at most: choose a smaller group.",
            items.len()
        )));
    }
    let revisions: HashMap<i64, i64> =
        instance.store.revisions_now(project, &items).await?.into_iter().collect();
    let items: Vec<ItemId> = items.into_iter().filter(|item| revisions.contains_key(&item.0)).collect();
    let seed: i64 = instance.store.next_id();
    let (drawn, rest) = draw(&items, seed as u64);
    let entries: Vec<BulkEntry> = drawn
        .into_iter()
        .map(|item| (item, true))
        .chain(rest.into_iter().map(|item| (item, false)))
        .enumerate()
        .map(|(place, (item, drawn))| BulkEntry {
            place: place as i64,
            item,
            revision: RevisionId(revisions[&item.0]),
            drawn,
        })
        .collect();
    let new = NewBulk {
        run: target.run(),
        group: target.group(),
        selection: Slice { selection, ..Slice::default() },
        label,
        version,
        seed,
        n_items: entries.len() as i64,
        person,
    };
    let first: Vec<BulkEntry> = entries.iter().take(ROWS).copied().collect();
    let bulk = instance
        .store
        .write(move |tx| {
            let (new, first) = (new.clone(), first.clone());
            Box::pin(async move {
                let bulk = tx.insert_bulk(project, &new).await?;
                tx.insert_bulk_items(bulk, &first).await?;
                Ok::<_, Error>(bulk)
            })
        })
        .await?;
    for piece in entries.chunks(ROWS).skip(1) {
        let piece = piece.to_vec();
        instance
            .store
            .write_background(move |tx| {
                let piece = piece.clone();
                Box::pin(async move { Ok::<_, Error>(tx.insert_bulk_items(bulk, &piece).await?) })
            })
            .await?;
    }
    Ok(bulk)
}

/// The selected items that were not set aside and of which nobody has said anything yet. Where people have, a bulk answer
/// would say nothing (see `domain::consensus`).
async fn unlabeled(
    instance: &Instance,
    project: ProjectId,
    points: &super::Points,
    mut held: Vec<bool>,
) -> Result<Vec<ItemId>> {
    let aside = points.in_list(&instance.store.items_aside(project).await?);
    let answered = points.in_list(&instance.store.answered_items(project).await?);
    for (held, (aside, answered)) in held.iter_mut().zip(aside.into_iter().zip(answered)) {
        *held &= !aside && !answered;
    }
    Ok(points.held(&held))
}

/// Some items at random, and the others in their order.
fn draw(items: &[ItemId], seed: u64) -> (Vec<ItemId>, Vec<ItemId>) {
    let n = items.len().min(DRAWN);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let places = rand::seq::index::sample(&mut random, items.len(), n).into_vec();
    let drawn: Vec<ItemId> = places.iter().map(|&at| items[at]).collect();
    let mut is_drawn = vec![false; items.len()];
    places.into_iter().for_each(|at| is_drawn[at] = true);
    let rest = items.iter().zip(is_drawn).filter(|(_, drawn)| !drawn).map(|(item, _)| *item).collect();
    (drawn, rest)
}

/// The newest bulk answers of a project.
pub async fn bulks(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<Bulk>> {
    allow(actor, Act::SeeOthers)?;
    let rows = instance.store.bulks(project, 200).await?;
    let taxonomy = instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| taxonomy);
    let label = |id: LabelId| taxonomy.as_ref().and_then(|taxonomy| taxonomy.get(id).cloned());
    Ok(rows.into_iter().map(|row| Bulk { label: label(row.label_id), row }).collect())
}

/// One bulk answer, and a page of its items.
pub async fn bulk(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    id: BulkId,
    from: i64,
) -> Result<BulkView> {
    allow(actor, Act::SeeOthers)?;
    let row = row(instance, project, id).await?;
    let taxonomy = instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| taxonomy);
    let label = taxonomy.as_ref().and_then(|taxonomy| taxonomy.get(row.label_id).cloned());
    let settings = instance.store.project(project).await?.ok_or(Error::NotFound(Thing::Project))?.settings;
    let group = match (row.clustering_id, row.cluster_id) {
        (Some(run), Some(group)) => {
            instance.store.group(domain::ClusteringId(run), domain::ClusterId(group)).await?
        }
        _ => None,
    };
    let from = from.clamp(0, row.n_items.max(0)) / PAGE * PAGE;
    let job = match row.state {
        BulkState::Labeling => jobs::newest(instance, project, &LabelBulk { bulk: id, project }).await?,
        _ => None,
    };
    Ok(BulkView {
        items: instance.store.bulk_items(id, from, PAGE).await?,
        from,
        bar: settings.0.bulk_bar,
        is_shaky: group.and_then(|group| group.stability).is_some_and(|stability| stability < 0.5),
        job,
        bulk: Bulk { row, label },
    })
}

/// A person's verdicts on a page of items: those of `wrong` are unticked, the others of the page are right.
pub async fn judge(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    id: BulkId,
    from: i64,
    wrong: &[i64],
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let row = row(instance, project, id).await?;
    if row.state != BulkState::Judging {
        return Err(Error::conflict("This bulk answer was given already: nothing was changed."));
    }
    let page = instance.store.bulk_items(id, from.max(0), PAGE).await?;
    let verdicts: Vec<(i64, &'static str)> = page
        .iter()
        .map(|item| (item.place, if wrong.contains(&item.place) { "wrong" } else { "right" }))
        .collect();
    instance
        .store
        .write(move |tx| {
            let verdicts = verdicts.clone();
            Box::pin(async move {
                for (place, verdict) in verdicts {
                    tx.judge_bulk_item(id, place, Some(verdict)).await?;
                }
                tx.count_verdicts(id).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Gives the label to all items that were not unticked. `knowingly`: the person was told that too few are right, or that
/// the group is shaky, and wants it all the same.
pub async fn label(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    id: BulkId,
    knowingly: bool,
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let view = bulk(instance, actor, project, id, 0).await?;
    // The job that gave it failed: another one goes on.
    if view.bulk.row.state == BulkState::Labeling && view.job.as_ref().is_none_or(JobView::is_over) {
        jobs::enqueue(instance, actor.person_id(), Some(project), &LabelBulk { bulk: id, project }).await?;
        return Ok(());
    }
    if !view.is_judged() {
        return Err(Error::conflict("Judge the items that were drawn first: how many are right is kept."));
    }
    if (view.is_below_bar() || view.is_shaky) && !knowingly {
        return Err(Error::invalid(
            "knowingly",
            "Say that you want to label these items all the same, or split the group first.",
        ));
    }
    let row = view.bulk.row;
    let n = row.n_items - row.n_unticked;
    let named = view.bulk.label.map_or_else(|| row.label_id.to_string(), |label| label.name);
    let act = NewAct {
        run: row.clustering_id.map(domain::ClusteringId),
        group: row.cluster_id.map(domain::ClusterId),
        selection: serde_json::to_string(&row.selection.0.selection).map_err(Error::internal)?,
        kind: "labeled in bulk",
        detail: format!("{named}: {} of {} drawn were right", row.n_right, row.n_drawn),
        label: Some(row.label_id),
        n_items: n,
    };
    let work = LabelBulk { bulk: id, project };
    let job = jobs::new(actor.person_id(), Some(project), &work)?;
    let (by, actor, is_small) = (actor.person_id(), *actor, n <= SMALL);
    instance
        .store
        .write(move |tx| {
            let (act, job) = (act.clone(), job.clone());
            Box::pin(async move {
                if !tx.move_bulk(id, BulkState::Judging, BulkState::Labeling).await? {
                    return Err(Error::conflict("This bulk answer was given already."));
                }
                tx.record_act(project, &act, by).await?;
                tx.audit(&actor, Some(project), act.kind, &format!("{} items", act.n_items), &act.detail)
                    .await?;
                // Even when the person waits for it: the job takes over what a killed process leaves.
                tx.enqueue_job(&job).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    if is_small {
        give(instance, project, id, None).await.map_err(|halt| match halt {
            Halt::Failed(error) => error,
            Halt::Stop(_) => Error::conflict("It was stopped."),
        })?;
    }
    jobs::wake(instance);
    Ok(())
}

/// Drops a bulk answer before it is given.
pub async fn give_up(instance: &Instance, actor: &Actor, project: ProjectId, id: BulkId) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    row(instance, project, id).await?;
    let moved = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(tx.move_bulk(id, BulkState::Judging, BulkState::GivenUp).await?)
            })
        })
        .await?;
    if moved { Ok(()) } else { Err(Error::conflict("This bulk answer was given already.")) }
}

/// The job that gives a bulk answer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LabelBulk {
    pub bulk: BulkId,
    pub project: ProjectId,
}

impl Job for LabelBulk {
    const NAME: &'static str = "label_bulk";
    const TITLE: &'static str = "Labeling in bulk";

    fn dedupe(&self) -> Option<String> {
        Some(format!("label_bulk:{}", self.bulk))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        match give(instance, self.project, self.bulk, Some(running)).await {
            Ok(n) => Ok(serde_json::json!({ "bulk": self.bulk, "labeled": n })),
            Err(halt) => {
                // What was labeled until then stands; nothing more will be.
                if matches!(halt, Halt::Stop(Stop::Cancelled)) {
                    end(instance, self.bulk).await?;
                }
                Err(halt)
            }
        }
    }
}

/// Labels what is left of a bulk answer, piece by piece. A second one that does so beside it labels nothing twice.
async fn give(
    instance: &Instance,
    project: ProjectId,
    id: BulkId,
    running: Option<&Running>,
) -> std::result::Result<i64, Halt> {
    let row = row(instance, project, id).await?;
    if row.state != BulkState::Labeling {
        return Ok(row.n_labeled);
    }
    let (mut done, total) = (row.n_labeled, row.n_items - row.n_unticked);
    loop {
        if let Some(running) = running {
            running.progress(done, Some(total.max(done)), "Labeling").await?;
        }
        let bulk = row.clone();
        let labeled = instance
            .store
            .write_background(move |tx| {
                let bulk = bulk.clone();
                Box::pin(async move { Ok::<_, Error>(tx.label_bulk_piece(&bulk, PIECE).await?) })
            })
            .await?;
        match labeled {
            Some(n) => done += n,
            None => break,
        }
    }
    end(instance, id).await?;
    Ok(done)
}

async fn end(instance: &Instance, id: BulkId) -> Result<()> {
    instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.move_bulk(id, BulkState::Labeling, BulkState::Done).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

async fn row(instance: &Instance, project: ProjectId, id: BulkId) -> Result<BulkRow> {
    instance.store.bulk(project, id).await?.ok_or(Error::NotFound(Thing::Bulk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_drawn_and_none_is_lost() {
        let items: Vec<ItemId> = (1..=100).map(ItemId).collect();
        let (drawn, rest) = draw(&items, 7);
        assert_eq!((drawn.len(), rest.len()), (DRAWN, 80));
        let mut all: Vec<ItemId> = drawn.iter().chain(&rest).copied().collect();
        all.sort_unstable();
        assert_eq!(all, items);
        assert_eq!(draw(&items, 7).0, drawn);
        assert_ne!(draw(&items, 8).0, drawn);
        assert_eq!(draw(&items[..3], 7).1.len(), 0);
    }
}
