//! A run as its page shows it: what it is, its groups at a level, and what became of the groups before.

use super::acts::done;
use super::spec::Spec;
use super::{LeafCodes, Outcome, Points};
use crate::jobs::{self, JobView};
use crate::{Error, Instance, Result, Thing, allow};
use domain::discover::groups::shown;
use domain::permission::{Act, Actor};
use domain::{ClusterId, ClusteringId, ProjectId};
use std::collections::HashMap;
use std::sync::Arc;
use store::discover::groups::{GroupRow, LeafRange};
use store::discover::runs::{LineageRow, RunRow};

/// Runs listed at once.
const RUNS: i64 = 50;
/// Up to so many items, the labeled ones are counted while a page is made; beyond, the map asks for them.
const COUNTED: i64 = 200_000;
/// Points of a map that is drawn without a script.
const DRAWN_POINTS: usize = 3_000;

/// A run.
#[derive(Debug)]
pub struct RunView {
    pub row: RunRow,
    pub spec: Spec,
    pub outcome: Option<Outcome>,
    /// The job that computes it, while it does.
    pub job: Option<JobView>,
    /// All groups, parents before their children; empty while it is computed.
    pub groups: Vec<Node>,
    /// Items that came in after it, and have joined no group yet.
    pub n_waiting: i64,
}

/// A group with what is counted of it.
#[derive(Debug, Clone)]
pub struct Node {
    pub group: GroupRow,
    pub leaves: Vec<(i64, i64)>,
    /// Members with labels; nothing where they were not counted.
    pub n_labeled: Option<i64>,
    /// Shown on the map, unless a person merged it into another group.
    pub has_name_on_map: bool,
}

impl RunView {
    /// The groups of a level, as places in `groups`.
    pub fn shown(&self, level: i64) -> Vec<usize> {
        let levels: Vec<_> = self.groups.iter().map(|node| node.group.level()).collect();
        shown(&levels, level)
    }

    /// The finest level.
    pub fn finest(&self) -> i64 {
        self.outcome.as_ref().map_or(1, |outcome| outcome.n_leaves as i64)
    }
}

/// The newest runs of a project.
pub async fn runs(instance: &Instance, actor: &Actor, project: ProjectId) -> Result<Vec<RunView>> {
    allow(actor, Act::SeeOthers)?;
    let mut views = Vec::new();
    for row in instance.store.runs(project, RUNS).await? {
        views.push(of_row(instance, project, row).await?);
    }
    Ok(views)
}

/// One run with its groups.
pub async fn run(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
) -> Result<RunView> {
    allow(actor, Act::SeeOthers)?;
    let row = instance.store.run(project, run).await?.ok_or(Error::NotFound(Thing::Run))?;
    let mut view = of_row(instance, project, row).await?;
    if view.outcome.is_some() {
        view.n_waiting = instance.store.n_items_after(project, view.row.last_item).await?;
        view.groups = groups(instance, &view.row, view.row.n_items <= COUNTED).await?;
    }
    Ok(view)
}

async fn of_row(instance: &Instance, project: ProjectId, row: RunRow) -> Result<RunView> {
    let spec = serde_json::from_str(&row.spec).map_err(Error::internal)?;
    let outcome = row.outcome.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal)?;
    let job = match row.state {
        domain::discover::RunState::Running => {
            jobs::newest(instance, project, &super::RunClustering { run: row.id, project }).await?
        }
        _ => None,
    };
    Ok(RunView { row, spec, outcome, job, groups: Vec::new(), n_waiting: 0 })
}

/// The groups of a run with their labeled members, for the map.
pub async fn nodes(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
) -> Result<(RunRow, Outcome, Vec<Node>)> {
    allow(actor, Act::SeeOthers)?;
    let (row, outcome) = done(instance, project, run).await?;
    let nodes = groups(instance, &row, true).await?;
    Ok((row, outcome, nodes))
}

async fn groups(instance: &Instance, run: &RunRow, with_labels: bool) -> Result<Vec<Node>> {
    let groups = instance.store.groups(run.id).await?;
    let ranges = instance.store.leaf_ranges(run.id).await?;
    let labeled = match with_labels {
        true => Some(Sums::of(instance.store.labeled_by_leaf(run.project_id, run.id).await?)),
        false => None,
    };
    let mut leaves: HashMap<ClusterId, Vec<(i64, i64)>> = HashMap::new();
    for LeafRange { cluster_id, first_leaf, last_leaf } in ranges {
        leaves.entry(cluster_id).or_default().push((first_leaf, last_leaf));
    }
    Ok(groups
        .into_iter()
        .map(|group| {
            let leaves = leaves.remove(&group.id).unwrap_or_default();
            let n_labeled =
                labeled.as_ref().map(|sums| leaves.iter().map(|&(a, b)| sums.between(a, b)).sum());
            let has_name_on_map = group.into_id.is_none() && group.zoom_from < group.zoom_to;
            Node { group, leaves, n_labeled, has_name_on_map }
        })
        .collect())
}

/// Counts by leaf code, added up.
pub(super) struct Sums {
    leaves: Vec<i64>,
    sums: Vec<i64>,
}

impl Sums {
    pub(super) fn of(counts: Vec<(i64, i64)>) -> Sums {
        let mut sum = 0;
        let (leaves, sums) = counts
            .into_iter()
            .map(|(leaf, n)| {
                sum += n;
                (leaf, sum)
            })
            .unzip();
        Sums { leaves, sums }
    }

    /// Of the codes from `first` to `last`, both included.
    pub(super) fn between(&self, first: i64, last: i64) -> i64 {
        let before = |leaf: i64| match self.leaves.partition_point(|known| *known < leaf) {
            0 => 0,
            at => self.sums[at - 1],
        };
        before(last.saturating_add(1)) - before(first)
    }
}

/// What became of the groups of the run before, with the groups of both.
#[derive(Debug)]
pub struct Compared {
    pub row: RunRow,
    pub parent: Option<RunRow>,
    pub lines: Vec<(LineageRow, Option<GroupRow>, Option<GroupRow>)>,
}

pub async fn compare(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
) -> Result<Compared> {
    allow(actor, Act::SeeOthers)?;
    let (row, _) = done(instance, project, run).await?;
    let lines = instance.store.lineage(run).await?;
    let parent = match row.parent_id {
        Some(parent) => instance.store.run(project, ClusteringId(parent)).await?,
        None => None,
    };
    let by_id = |groups: Vec<GroupRow>| -> HashMap<i64, GroupRow> {
        groups.into_iter().map(|group| (group.id.0, group)).collect()
    };
    let now = by_id(instance.store.groups(run).await?);
    let then = match &parent {
        Some(parent) => by_id(instance.store.groups(parent.id).await?),
        None => HashMap::new(),
    };
    let lines = lines
        .into_iter()
        .map(|line| {
            let from = line.from_id.and_then(|id| then.get(&id).cloned());
            let to = line.to_id.and_then(|id| now.get(&id).cloned());
            (line, from, to)
        })
        .collect();
    Ok(Compared { row, parent, lines })
}

/// The members of a run for its map, and its leaf codes.
pub async fn points(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
) -> Result<(Arc<Points>, LeafCodes)> {
    allow(actor, Act::SeeOthers)?;
    let (row, _) = done(instance, project, run).await?;
    let ranges = instance.store.leaf_ranges(run).await?;
    let ranges: Vec<(i64, i64)> =
        ranges.into_iter().map(|range| (range.first_leaf, range.last_leaf)).collect();
    Ok((Points::of_run(instance, &row).await?, LeafCodes::of(ranges.iter())))
}

/// A random sample of the map: places and leaf codes. What a page draws without a script.
pub async fn sample_of_map(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
) -> Result<Vec<(u16, u16, i64)>> {
    let (points, _) = points(instance, actor, project, run).await?;
    let drawn = points.order.iter().take(DRAWN_POINTS).map(|&at| at as usize);
    Ok(drawn
        .map(|at| {
            let (x, y) = points.places[at];
            (x, y, i64::from(points.leaves[at]))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_leaf_ranges() {
        let sums = Sums::of(vec![(0, 2), (65_536, 3), (98_304, 4), (131_072, 5)]);
        assert_eq!(sums.between(0, i64::MAX), 14);
        assert_eq!(sums.between(65_536, 131_071), 7);
        assert_eq!(sums.between(98_304, 131_071), 4);
        assert_eq!(sums.between(131_073, 200_000), 0);
    }
}
