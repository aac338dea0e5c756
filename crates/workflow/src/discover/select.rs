//! Selections resolved to items: on the server and over all items, not only those that a map has drawn.

use super::points::Points;
use crate::{Error, Instance, Result, Thing, allow};
use derived::search::Direction;
use domain::discover::selection::{Op, Part, Selection};
use domain::permission::{Act, Actor};
use domain::slice::Slice;
use domain::{ItemId, ProjectId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Hits of one search request.
const HITS: usize = 100_000;

/// The items of a project or of a run, and which of them are selected.
pub struct Selected {
    pub points: Arc<Points>,
    pub held: Vec<bool>,
}

impl Selected {
    pub fn items(&self) -> Vec<ItemId> {
        self.points.held(&self.held)
    }

    pub fn count(&self) -> usize {
        self.held.iter().filter(|held| **held).count()
    }
}

/// The items that a selection means.
pub async fn select(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    selection: &Selection,
) -> Result<Selected> {
    allow(actor, Act::SeeOthers)?;
    resolve(instance, project, selection).await
}

pub(crate) async fn resolve(
    instance: &Instance,
    project: ProjectId,
    selection: &Selection,
) -> Result<Selected> {
    let points = match selection.run {
        Some(run) => {
            let run = instance.store.run(project, run).await?.ok_or(Error::NotFound(Thing::Run))?;
            Points::of_run(instance, &run).await?
        }
        None => Points::of_project(instance, project).await?,
    };
    let mut held = vec![false; points.len()];
    for step in &selection.steps {
        let part = part(instance, project, selection, &points, &step.part).await?;
        for (held, part) in held.iter_mut().zip(part) {
            *held = match step.op {
                Op::Or => *held || part,
                Op::And => *held && part,
                Op::Not => *held && !part,
            };
        }
    }
    Ok(Selected { points, held })
}

async fn part(
    instance: &Instance,
    project: ProjectId,
    selection: &Selection,
    points: &Points,
    part: &Part,
) -> Result<Vec<bool>> {
    let store = &instance.store;
    Ok(match part {
        Part::Group(group) => {
            let Some(run) = selection.run else { return Ok(vec![false; points.len()]) };
            store.group(run, *group).await?.ok_or(Error::NotFound(Thing::Group))?;
            points.in_leaves(&store.leaf_ranges_of(*group).await?)
        }
        Part::Area(area) if selection.run.is_some() => points.in_area(area),
        Part::Area(_) => vec![false; points.len()],
        Part::Ground if points.ground.len() == points.len() => points.ground.clone(),
        Part::Ground => vec![false; points.len()],
        Part::Words(words) => points.in_list(&with_words(instance, project, words).await?),
        Part::Field { name, value } => points.in_list(&store.items_with(project, name, value).await?),
        Part::Days { first, last } => {
            points.in_list(&store.items_of_time(project, *first, last.plus_seconds(86_400)).await?)
        }
    })
}

/// All items that hold the words, in item order.
async fn with_words(instance: &Instance, project: ProjectId, words: &str) -> Result<Vec<i64>> {
    let mut found: Vec<i64> = Vec::new();
    loop {
        let (search, words) = (instance.search().await?.clone(), words.to_owned());
        let after = found.last().copied().map(ItemId);
        let find = move || search.find(project, &words, Direction::OldestFirst, after, HITS);
        let hits =
            tokio::task::spawn_blocking(find).await.map_err(Error::internal)?.map_err(Error::internal)?;
        let is_last = hits.len() < HITS;
        found.extend(hits.into_iter().map(|item| item.0));
        if is_last {
            return Ok(found);
        }
    }
}

/// The items of a slice's selection, for callers that walk over items: nothing where it has none.
pub(crate) async fn of_slice(
    instance: &Instance,
    project: ProjectId,
    slice: &Slice,
) -> Result<Option<BTreeSet<ItemId>>> {
    if slice.selection.is_empty() {
        return Ok(None);
    }
    let selected = resolve(instance, project, &slice.selection).await?;
    Ok(Some(selected.items().into_iter().collect()))
}
