//! The job that computes a run.

use super::before::{Before, Rows, named};
use super::compute::{self, BadPile, Made, Pile, STEPS};
use super::spec::{Outcome, Spec};
use super::vectors;
use crate::jobs::{Halt, Job, JobOutcome, Running, Stop};
use crate::{Error, Instance, Result, Thing};
use domain::discover::{GroupOrigin, RunState};
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use store::discover::groups::{GroupRow, Samples, Words};
use store::discover::members::{MemberRow, PileRow};
use store::discover::runs::{LineageRow, RunRow};
use store::{BoxFuture, Doc, Tx};

/// Texts read at once, and rows written in one transaction.
const PAGE: i64 = 2_000;
const PIECE: usize = 400;
const GROUPS: usize = 100;
/// Fewer texts than this make no groups.
const FEWEST: usize = 3;
/// How often a computation looks whether it was cancelled, and renews its lease.
const PULSE: Duration = Duration::from_millis(500);

/// The job that computes a run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RunClustering {
    pub run: ClusteringId,
    pub project: ProjectId,
}

impl Job for RunClustering {
    const NAME: &'static str = "run_clustering";
    const TITLE: &'static str = "Finding groups";

    fn dedupe(&self) -> Option<String> {
        Some(format!("run_clustering:{}", self.project))
    }

    async fn run(self, instance: &Instance, running: &Running) -> JobOutcome {
        match compute_run(instance, Some(running), self.run).await {
            Ok(n) => Ok(serde_json::json!({ "run": self.run, "items": n })),
            Err(halt) => {
                match &halt {
                    Halt::Stop(Stop::Cancelled) => {
                        end(instance, self.run, RunState::Cancelled, "It was cancelled.").await?;
                    }
                    Halt::Failed(Error::Conflict(why)) => {
                        end(instance, self.run, RunState::Failed, why).await?;
                    }
                    Halt::Failed(_) => {
                        let why = "It could not be computed; the log of the server says why.";
                        end(instance, self.run, RunState::Failed, why).await?;
                    }
                    Halt::Stop(Stop::Lost | Stop::Closing) => {}
                }
                Err(halt)
            }
        }
    }

    async fn given_up(self, instance: &Instance, why: &str) -> Result<()> {
        end(instance, self.run, RunState::Failed, why).await
    }
}

/// Tells the job, if there is one, how far the run is; it may say stop.
async fn tell(running: Option<&Running>, step: i64, message: &str) -> std::result::Result<(), Stop> {
    match running {
        Some(running) => running.progress(step, Some(STEPS.len() as i64 + 3), message).await,
        None => Ok(()),
    }
}

/// Computes a run at once, for the demo and the command line.
pub(crate) async fn compute_now(instance: &Instance, run: ClusteringId) -> std::result::Result<usize, Halt> {
    let computed = compute_run(instance, None, run).await;
    if let Err(halt) = &computed {
        let why = match halt {
            Halt::Failed(Error::Conflict(why)) => why.as_str(),
            _ => "It could not be computed.",
        };
        end(instance, run, RunState::Failed, why).await?;
    }
    computed
}

/// Ends a run without groups, and removes what it wrote. A run that is done has its groups, whatever becomes of its job.
async fn end(instance: &Instance, run: ClusteringId, state: RunState, why: &str) -> Result<()> {
    let why = why.to_owned();
    instance
        .store
        .write(move |tx| Box::pin(async move { Ok::<_, Error>(tx.end_run(run, state, &why).await?) }))
        .await?;
    if instance.store.run_by_id(run).await?.is_none_or(|row| row.state == RunState::Done) {
        return Ok(());
    }
    clear(instance, run).await?;
    derived::vectors::remove(&vectors::path(instance, run)).map_err(Error::internal)
}

async fn clear(instance: &Instance, run: ClusteringId) -> Result<()> {
    loop {
        let more = instance
            .store
            .write_background(move |tx| {
                Box::pin(async move { Ok::<_, Error>(tx.clear_run_piece(run, PIECE as i64).await?) })
            })
            .await?;
        if !more {
            return Ok(());
        }
    }
}

async fn compute_run(
    instance: &Instance,
    running: Option<&Running>,
    run: ClusteringId,
) -> std::result::Result<usize, Halt> {
    tell(running, 0, "Reading the texts").await?;
    let row = instance.store.run_by_id(run).await?.ok_or(Error::NotFound(Thing::Run))?;
    match row.state {
        RunState::Running => {}
        // An earlier attempt was killed between its last transaction and the end of the job.
        RunState::Done => return Ok(row.n_items as usize),
        RunState::Failed | RunState::Cancelled => {
            return Err(Error::conflict("This run was ended already.").into());
        }
    }
    let spec: Spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
    // An earlier attempt may have been killed while it wrote.
    clear(instance, run).await?;
    // What comes in from here on joins later.
    let last_item = instance.store.newest_item(row.project_id).await?;
    let pile = read(instance, running, &row, &spec).await?;
    if pile.len() < FEWEST {
        return Err(Error::Conflict(match pile.len() {
            0 => "There is no text: import a file first.".to_owned(),
            1 => format!("Groups need at least {FEWEST} texts, and there is 1: import more first."),
            n => format!("Groups need at least {FEWEST} texts, and there are {n}: import more first."),
        })
        .into());
    }
    let before = match row.parent_id {
        Some(parent) => Before::read(instance, row.project_id, ClusteringId(parent)).await?,
        None => None,
    };
    let items: Vec<ItemId> = pile.iter().map(|row| row.id).collect();
    let known = before.as_ref().map_or_else(Vec::new, |before| before.places_of(&items));
    let (made, dims) = compute(instance, running, &spec, run, pile, known).await?;
    let hash = fingerprint(&made);
    let (ids, rows) = group_rows(instance, &items, &made);
    let lineage = before.as_ref().map(|before| before.lineage(&items, &made, &ids, &rows));
    let rows = match &lineage {
        Some(lineage) => named(rows, lineage, before.as_ref()),
        None => rows,
    };
    write(instance, running, run, &items, &made, rows, lineage.unwrap_or_default()).await?;
    let outcome = Outcome {
        grains: made.grains,
        n_leaves: made.n_leaves,
        dims,
        honesty: made.honesty,
        reach: made.reach,
        hash,
    };
    let themes = outcome.grains.themes;
    let (outcome, n) = (serde_json::to_string(&outcome).map_err(Error::internal)?, items.len());
    let ticket = running.map(Running::ticket);
    let finished = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                if let Some(ticket) = ticket {
                    ticket.checkpoint(tx, &()).await?;
                }
                Ok::<_, Halt>(tx.finish_run(run, &outcome, n as i64, themes, last_item).await?)
            })
        })
        .await?;
    if !finished {
        return Err(Error::conflict("This run was ended while it was being computed.").into());
    }
    vectors::forget_old(instance).await?;
    Ok(n)
}

/// The texts of the run's slice, in item order.
async fn read(
    instance: &Instance,
    running: Option<&Running>,
    row: &RunRow,
    spec: &Spec,
) -> std::result::Result<Vec<PileRow>, Halt> {
    let selected = super::of_slice(instance, row.project_id, &spec.slice).await?;
    let (mut pile, mut after): (Vec<PileRow>, ItemId) = (Vec::new(), ItemId(0));
    loop {
        let page = instance.store.pile(row.project_id, &spec.slice, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(pile) };
        after = last.id;
        let fits = |row: &PileRow| selected.as_ref().is_none_or(|selected| selected.contains(&row.id));
        pile.extend(page.into_iter().filter(fits));
        tell(running, 0, "Reading the texts").await?;
    }
}

/// Computes vectors and groups beside the requests of the server; looks for a cancel while it does.
async fn compute(
    instance: &Instance,
    running: Option<&Running>,
    spec: &Spec,
    run: ClusteringId,
    pile: Vec<PileRow>,
    known: Vec<Option<[f32; 2]>>,
) -> std::result::Result<(Made, usize), Halt> {
    let step = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let items: Vec<ItemId> = pile.iter().map(|row| row.id).collect();
    let texts: Vec<String> = pile.into_iter().map(|row| row.text).collect();
    let source = vectors::source(instance, spec).await?;
    let path = vectors::path(instance, run);
    let (seed, neighbours) = (spec.seed, spec.neighbours);
    let (told, asked) = (step.clone(), stop.clone());
    let work = move || -> Result<(Made, usize)> {
        let go_on = |number: usize| {
            told.store(number, Ordering::Relaxed);
            !asked.load(Ordering::Relaxed)
        };
        go_on(1);
        let vectors = source.encode(&items, &texts, seed)?;
        if !go_on(2) {
            return Err(Error::conflict("It was cancelled."));
        }
        vectors::keep(&path, &vectors)?;
        let dims = vectors.ncols();
        let known = if known.is_empty() { vec![None; texts.len()] } else { known };
        let pile = Pile { texts: &texts, vectors, seed, neighbours, known };
        let made = compute::make(pile, &|number| go_on(number + 3)).map_err(|bad| match bad {
            BadPile::Stopped => Error::conflict("It was cancelled."),
            bad => Error::Conflict(bad.to_string()),
        })?;
        Ok((made, dims))
    };
    let mut work = tokio::task::spawn_blocking(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done.map_err(Error::internal)??),
            () = tokio::time::sleep(PULSE) => {
                let number = step.load(Ordering::Relaxed);
                let message = match number {
                    0 | 1 => "Computing vectors",
                    2 => "Keeping the vectors",
                    _ => STEPS.get(number - 3).copied().unwrap_or("Finding groups"),
                };
                if let Err(stopped) = tell(running, number as i64, message).await {
                    stop.store(true, Ordering::Relaxed);
                    return Err(stopped.into());
                }
            }
        }
    }
}

fn fingerprint(made: &Made) -> String {
    let mut hasher = blake3::Hasher::new();
    for (leaf, (x, y)) in made.leaves.iter().zip(&made.places) {
        hasher.update(&leaf.to_le_bytes());
        hasher.update(&x.to_le_bytes());
        hasher.update(&y.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn group_rows(instance: &Instance, items: &[ItemId], made: &Made) -> (Vec<ClusterId>, Rows) {
    let ids: Vec<ClusterId> = made.groups.iter().map(|_| instance.store.next_id()).collect();
    let of = |rows: &[usize]| rows.iter().map(|&row| items[row]).collect::<Vec<ItemId>>();
    let rows = made
        .groups
        .iter()
        .zip(&ids)
        .map(|(group, &id)| {
            let row = GroupRow {
                id,
                parent_id: group.parent.map(|place| ids[place].0),
                into_id: None,
                origin: GroupOrigin::Tree,
                from_groups: group.from_groups,
                to_groups: group.to_groups,
                size: group.size,
                n_joined: 0,
                name: None,
                aside: false,
                tightness: f64::from(group.tightness),
                stability: Some(f64::from(group.stability)),
                honesty: group.honesty.map(f64::from),
                x: f64::from(group.anchor[0]),
                y: f64::from(group.anchor[1]),
                zoom_from: f64::from(group.zoom.0),
                zoom_to: f64::from(if group.zoom.1.is_finite() { group.zoom.1 } else { f32::MAX }),
                words: Doc(Words {
                    keywords: group.keywords.clone(),
                    contrast: group.contrast.clone(),
                    unlike: group.sibling.map(|place| ids[place]),
                }),
                samples: Doc(Samples {
                    typical: of(&group.typical),
                    edge: of(&group.edge),
                    outside: of(&group.outside),
                }),
            };
            (row, vec![group.leaves])
        })
        .collect();
    (ids, rows)
}

/// Writes members and groups in pieces, so that people who label do not wait.
async fn write(
    instance: &Instance,
    running: Option<&Running>,
    run: ClusteringId,
    items: &[ItemId],
    made: &Made,
    rows: Rows,
    lineage: Vec<LineageRow>,
) -> std::result::Result<(), Halt> {
    for piece in rows.chunks(GROUPS) {
        let piece = piece.to_vec();
        in_run(instance, running, run, move |tx| {
            Box::pin(async move { Ok(tx.insert_groups(run, &piece).await?) })
        })
        .await?;
    }
    in_run(instance, running, run, move |tx| {
        Box::pin(async move { Ok(tx.insert_lineage(run, &lineage).await?) })
    })
    .await?;
    let members: Vec<MemberRow> = items
        .iter()
        .enumerate()
        .map(|(row, &item_id)| MemberRow {
            item_id,
            leaf: made.leaves[row],
            x: i64::from(made.places[row].0),
            y: i64::from(made.places[row].1),
            distance: f64::from(made.distances[row]),
            joined: false,
            ground: false,
        })
        .collect();
    for piece in members.chunks(PIECE) {
        tell(running, STEPS.len() as i64 + 2, "Keeping the groups").await?;
        let piece = piece.to_vec();
        in_run(instance, running, run, move |tx| {
            Box::pin(async move { Ok(tx.insert_members(run, &piece).await?) })
        })
        .await?;
    }
    Ok(())
}

/// One transaction of a run (fencing): nothing is written once another runner has the job, or the run was ended.
async fn in_run<F>(
    instance: &Instance,
    running: Option<&Running>,
    run: ClusteringId,
    work: F,
) -> std::result::Result<(), Halt>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, std::result::Result<(), Halt>> + Clone + Send + 'static,
{
    let ticket = running.map(Running::ticket);
    instance
        .store
        .write_background(move |tx| {
            Box::pin(async move {
                if let Some(ticket) = ticket {
                    ticket.checkpoint(tx, &()).await?;
                }
                if !tx.is_running(run).await? {
                    return Err(Error::conflict("This run was ended while it was being computed.").into());
                }
                work(tx).await
            })
        })
        .await
}
