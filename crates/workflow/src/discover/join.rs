//! New items join the nearest group of the newest run, without a new run. Those that are far from all groups are *new
//! ground*.

use super::spec::Spec;
use super::{Outcome, vectors};
use crate::jobs::{self, Halt, Job, JobOutcome, Running};
use crate::{Error, Instance, Result, Thing};
use domain::{ClusteringId, ItemId, ProjectId};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::discover::members::{MemberRow, PileRow};

/// Texts read at once, and rows written in one transaction.
const PAGE: i64 = 2_000;
const PIECE: usize = 400;
/// Items of a run by which it is measured how far from all groups a new one is *new ground*.
const MEASURED: usize = 4_000;
/// Neighbours among which a new item is placed on the map.
const PLACED_AMONG: usize = 5;

/// The job that brings new items into a run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct JoinRun {
    pub run: ClusteringId,
    pub project: ProjectId,
}

impl Job for JoinRun {
    const NAME: &'static str = "join_run";
    const TITLE: &'static str = "New items join their groups";

    fn dedupe(&self) -> Option<String> {
        Some(format!("join_run:{}", self.run))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        let (mut joined, mut ground) = (0, 0);
        // An import that ends while this works finds this job open, so its items are looked at here.
        loop {
            let (n, n_ground) = join(instance, running, self.project, self.run).await?;
            (joined, ground) = (joined + n, ground + n_ground);
            let row = instance.store.run(self.project, self.run).await?.ok_or(Error::NotFound(Thing::Run))?;
            if row.outcome.is_none() || instance.store.newest_item(self.project).await? <= row.last_item {
                return Ok(serde_json::json!({ "joined": joined, "ground": ground }));
            }
        }
    }
}

/// Enqueues a job for each project whose newest run has not looked at its newest items. Called after imports, and when
/// the program starts. Returns how many.
pub async fn follow_imports(instance: &Instance) -> Result<usize> {
    let behind = instance.store.runs_behind().await?;
    let mut n = 0;
    for (project, run) in behind {
        let work = JoinRun { run: ClusteringId(run), project: ProjectId(project) };
        let job = jobs::new(None, Some(work.project), &work)?;
        let enqueued = instance
            .store
            .write(move |tx| {
                let job = job.clone();
                Box::pin(async move { Ok::<_, Error>(tx.enqueue_job(&job).await?) })
            })
            .await;
        match enqueued {
            Ok(_) => n += 1,
            // One is under way: it looks at the newest items when it begins.
            Err(Error::Store(store::Error::Unique(store::Constraint::JobDedupe))) => {}
            Err(error) => return Err(error),
        }
    }
    if n > 0 {
        jobs::wake(instance);
    }
    Ok(n)
}

async fn join(
    instance: &Instance,
    running: &Running,
    project: ProjectId,
    run: ClusteringId,
) -> std::result::Result<(usize, usize), Halt> {
    running.progress(0, Some(3), "Reading the texts").await?;
    let store = &instance.store;
    let row = store.run(project, run).await?.ok_or(Error::NotFound(Thing::Run))?;
    let Some(outcome) = row.outcome.as_deref() else { return Ok((0, 0)) };
    let outcome: Outcome = serde_json::from_str(outcome).map_err(Error::internal)?;
    let spec: Spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
    // What comes in while this works is looked at next.
    let last = store.newest_item(project).await?;
    // A run over selected items stays what it was selected as.
    if !spec.slice.selection.is_empty() {
        recount(instance, run, Some(last)).await?;
        return Ok((0, 0));
    }
    let mut members: BTreeMap<ItemId, MemberRow> = BTreeMap::new();
    store
        .members_of_run(run, |member| {
            members.insert(member.item_id, member);
        })
        .await?;
    let (mut old, mut new): (Vec<PileRow>, Vec<PileRow>) = (Vec::new(), Vec::new());
    let mut after = ItemId(0);
    loop {
        let page = store.pile(project, &spec.slice, after, PAGE).await?;
        let Some(end) = page.last() else { break };
        after = end.id;
        for text in page {
            match members.get(&text.id) {
                Some(member) if !member.joined => old.push(text),
                Some(_) => {}
                None => new.push(text),
            }
        }
        running.progress(0, Some(3), "Reading the texts").await?;
    }
    if !new.is_empty() && !old.is_empty() {
        running.progress(1, Some(3), "Computing vectors").await?;
        let source = vectors::source(instance, &spec).await?;
        let (seed, reach) = (spec.seed, outcome.reach);
        let known: Vec<MemberRow> = old.iter().filter_map(|text| members.get(&text.id).copied()).collect();
        let joined = tokio::task::spawn_blocking(move || -> Result<Vec<MemberRow>> {
            let items = |texts: &[PileRow]| texts.iter().map(|text| text.id).collect::<Vec<ItemId>>();
            let (old_items, new_items) = (items(&old), items(&new));
            let texts =
                |texts: Vec<PileRow>| texts.into_iter().map(|text| text.text).collect::<Vec<String>>();
            let (old_texts, new_texts) = (texts(old), texts(new));
            let (old_rows, new_rows) =
                source.encode_more((&old_items, &new_items), (&old_texts, &new_texts), seed)?;
            Ok(place(&known, &old_rows, &new_items, &new_rows, reach))
        })
        .await
        .map_err(Error::internal)??;
        let n_ground = joined.iter().filter(|member| member.ground).count();
        let n = joined.len();
        for piece in joined.chunks(PIECE) {
            running.progress(2, Some(3), "Keeping their places").await?;
            let (piece, ticket) = (piece.to_vec(), running.ticket());
            store
                .write_background(move |tx| {
                    let piece = piece.clone();
                    Box::pin(async move {
                        ticket.checkpoint(tx, &()).await?;
                        Ok::<_, Halt>(tx.insert_members(run, &piece).await?)
                    })
                })
                .await?;
        }
        recount(instance, run, Some(last)).await?;
        return Ok((n, n_ground));
    }
    recount(instance, run, Some(last)).await?;
    Ok((0, 0))
}

/// The leaf, the distance and the place of each new item. Its leaf is the one with the nearest middle; its place is the
/// median of its nearest items of that leaf.
fn place(
    known: &[MemberRow],
    old_rows: &Array2<f32>,
    new_items: &[ItemId],
    new_rows: &Array2<f32>,
    reach: f32,
) -> Vec<MemberRow> {
    let mut leaves: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, member) in known.iter().enumerate() {
        leaves.entry(member.leaf).or_default().push(at);
    }
    let middles: Vec<(i64, Array1<f32>)> = leaves
        .iter()
        .map(|(&leaf, rows)| {
            let mut sum = Array1::<f32>::zeros(old_rows.ncols());
            rows.iter().for_each(|&row| sum += &old_rows.row(row));
            (leaf, sum / rows.len() as f32)
        })
        .collect();
    let square = |a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>| -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    // The reach was measured on smoothed vectors; plain ones lie farther from their middles. It is measured again here, on
    // items of the run as if they came in now: to the nearest middle, in which they have no part.
    let apart = |at: usize, leaf: i64, middle: &Array1<f32>| -> Option<f32> {
        let distance = square(old_rows.row(at), middle.view()).sqrt();
        let n = leaves[&leaf].len() as f32;
        match known[at].leaf == leaf {
            true => (n > 1.0).then(|| distance * n / (n - 1.0)),
            false => Some(distance),
        }
    };
    let mut own: Vec<f32> = (0..known.len())
        .step_by(known.len().div_ceil(MEASURED).max(1))
        .filter_map(|at| {
            middles.iter().filter_map(|(leaf, middle)| apart(at, *leaf, middle)).min_by(f32::total_cmp)
        })
        .collect();
    own.sort_by(f32::total_cmp);
    let reach = own.get((own.len() as f64 * 0.99) as usize).copied().unwrap_or(reach);
    new_items
        .iter()
        .enumerate()
        .filter_map(|(at, &item_id)| {
            let row = new_rows.row(at);
            let (squared, leaf) = middles
                .iter()
                .map(|(leaf, middle)| (square(row, middle.view()), *leaf))
                .min_by(|a, b| a.0.total_cmp(&b.0))?;
            let mut near: Vec<(f32, usize)> =
                leaves[&leaf].iter().map(|&other| (square(row, old_rows.row(other)), other)).collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            near.truncate(PLACED_AMONG);
            let middle_of = |axis: &dyn Fn(&MemberRow) -> i64| {
                let mut along: Vec<i64> = near.iter().map(|(_, other)| axis(&known[*other])).collect();
                along.sort_unstable();
                along[along.len() / 2]
            };
            let distance = squared.sqrt();
            Some(MemberRow {
                item_id,
                leaf,
                x: middle_of(&|member| member.x),
                y: middle_of(&|member| member.y),
                distance: f64::from(distance),
                joined: true,
                ground: distance > reach,
            })
        })
        .collect()
}

/// Sizes of the groups and counts of a run after items joined it or left it.
pub(crate) async fn recount(instance: &Instance, run: ClusteringId, last: Option<ItemId>) -> Result<()> {
    let counts = instance.store.leaf_counts(run).await?;
    let all = super::view::Sums::of(counts.iter().map(|&(leaf, n, _)| (leaf, n)).collect());
    let joined = super::view::Sums::of(counts.iter().map(|&(leaf, _, n)| (leaf, n)).collect());
    let mut sizes: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for range in instance.store.leaf_ranges(run).await? {
        let size = sizes.entry(range.cluster_id.0).or_insert((0, 0));
        size.0 += all.between(range.first_leaf, range.last_leaf);
        size.1 += joined.between(range.first_leaf, range.last_leaf);
    }
    let changed: Vec<(i64, i64, i64)> = instance
        .store
        .groups(run)
        .await?
        .into_iter()
        .filter_map(|group| {
            let &(size, n_joined) = sizes.get(&group.id.0)?;
            ((group.size, group.n_joined) != (size, n_joined)).then_some((group.id.0, size, n_joined))
        })
        .collect();
    for piece in changed.chunks(100) {
        let piece = piece.to_vec();
        instance
            .store
            .write_background(move |tx| {
                let piece = piece.clone();
                Box::pin(async move {
                    for (group, size, n_joined) in piece {
                        tx.resize_group(domain::ClusterId(group), size, n_joined).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
    }
    instance
        .store
        .write(move |tx| Box::pin(async move { Ok::<_, Error>(tx.recount_run(run, last).await?) }))
        .await
}

/// Counts of all runs of a project, after items of it were removed.
pub(crate) async fn recount_all(instance: &Instance, project: ProjectId) -> Result<()> {
    for run in instance.store.runs(project, 1_000).await? {
        if run.outcome.is_some() {
            recount(instance, run.id, None).await?;
        }
    }
    Ok(())
}
