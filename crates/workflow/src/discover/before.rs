//! The run before, from which a new run goes out: its places on the map, its groups, and what became of them.

use super::compute::{Made, from_u16};
use super::points::Points;
use super::spec::Outcome;
use crate::Instance;
use crate::jobs::Halt;
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use learn::cluster::{Fate, Lineage, Origin};
use std::collections::HashMap;
use store::discover::groups::GroupRow;
use store::discover::runs::LineageRow;

/// Groups with their leaf ranges.
pub(super) type Rows = Vec<(GroupRow, Vec<(i64, i64)>)>;

/// The run before: its places and its groups at the themes cut.
pub(super) struct Before {
    places: HashMap<ItemId, [f32; 2]>,
    leaves: HashMap<ItemId, i64>,
    groups: Vec<(GroupRow, Vec<(i64, i64)>)>,
}

impl Before {
    pub(super) async fn read(
        instance: &Instance,
        project: ProjectId,
        run: ClusteringId,
    ) -> std::result::Result<Option<Before>, Halt> {
        let Some(row) = instance.store.run(project, run).await? else { return Ok(None) };
        let Some(outcome) = row.outcome.as_deref().and_then(|o| serde_json::from_str::<Outcome>(o).ok())
        else {
            return Ok(None);
        };
        let points = Points::of_run(instance, &row).await?;
        let groups = instance.store.groups(run).await?;
        let ranges = instance.store.leaf_ranges(run).await?;
        let levels: Vec<_> = groups.iter().map(GroupRow::level).collect();
        let shown = domain::discover::groups::shown(&levels, outcome.grains.themes);
        let groups = shown
            .into_iter()
            .map(|at| {
                let own = ranges.iter().filter(|range| range.cluster_id == groups[at].id);
                (groups[at].clone(), own.map(|range| (range.first_leaf, range.last_leaf)).collect())
            })
            .collect();
        let items = points.items.iter().map(|&item| ItemId(item));
        Ok(Some(Before {
            places: items
                .clone()
                .zip(&points.places)
                .map(|(item, (x, y))| (item, [from_u16(*x), from_u16(*y)]))
                .collect(),
            leaves: items.zip(points.leaves.iter().map(|&leaf| i64::from(leaf))).collect(),
            groups,
        }))
    }

    pub(super) fn places_of(&self, items: &[ItemId]) -> Vec<Option<[f32; 2]>> {
        items.iter().map(|item| self.places.get(item).copied()).collect()
    }

    fn group_of(&self, item: ItemId) -> Option<u32> {
        let leaf = *self.leaves.get(&item)?;
        let holds =
            |ranges: &[(i64, i64)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&leaf));
        self.groups.iter().position(|(_, ranges)| holds(ranges)).map(|at| at as u32)
    }

    /// What became of the groups, both runs at their themes cut.
    pub(super) fn lineage(
        &self,
        items: &[ItemId],
        made: &Made,
        ids: &[ClusterId],
        rows: &Rows,
    ) -> Vec<LineageRow> {
        let themes = made.grains.themes;
        let now: Vec<usize> = (0..rows.len())
            .filter(|&at| rows[at].0.from_groups <= themes && themes <= rows[at].0.to_groups)
            .collect();
        let new_of = |leaf: i64| {
            now.iter()
                .position(|&at| {
                    let (first, last) = made.groups[at].leaves;
                    (first..=last).contains(&leaf)
                })
                .map(|at| at as u32)
        };
        let new: Vec<Option<u32>> = made.leaves.iter().map(|&leaf| new_of(leaf)).collect();
        let old: Vec<Option<u32>> = items.iter().map(|&item| self.group_of(item)).collect();
        let old_sizes: Vec<u64> = self.groups.iter().map(|(group, _)| group.size as u64).collect();
        let new_sizes: Vec<u64> = now.iter().map(|&at| made.groups[at].size as u64).collect();
        let found = Lineage::of(old.into_iter().zip(new), &old_sizes, &new_sizes);
        let alike = |old: u32, new: u32| {
            let pair = found.pairs.iter().find(|pair| (pair.old, pair.new) == (old, new));
            pair.map_or(0.0, |pair| pair.jaccard)
        };
        let line = |kind: &str, from: Option<u32>, to: Option<u32>| LineageRow {
            kind: kind.to_owned(),
            from_id: from.map(|at| self.groups[at as usize].0.id.0),
            to_id: to.map(|at| ids[now[at as usize]].0),
            jaccard: from.zip(to).map_or(0.0, |(from, to)| alike(from, to)),
        };
        let mut lines = Vec::new();
        for (from, fate) in found.fates.iter().enumerate() {
            let from = from as u32;
            match fate {
                Fate::Continued(to) => lines.push(line("continued", Some(from), Some(*to))),
                Fate::Grown(to) => lines.push(line("grown", Some(from), Some(*to))),
                Fate::Split(into) => {
                    lines.extend(into.iter().map(|to| line("split", Some(from), Some(*to))));
                }
                Fate::Merged(to) => lines.push(line("merged", Some(from), Some(*to))),
                Fate::Gone => lines.push(line("gone", Some(from), None)),
            }
        }
        let new_ones = found.origins.iter().enumerate().filter(|(_, origin)| **origin == Origin::New);
        lines.extend(new_ones.map(|(to, _)| line("new", None, Some(to as u32))));
        lines
    }
}

/// Names carry over to the group that is mostly the same: Jaccard of at least one half.
pub(super) fn named(mut rows: Rows, lineage: &[LineageRow], before: Option<&Before>) -> Rows {
    let Some(before) = before else { return rows };
    for line in lineage.iter().filter(|line| matches!(line.kind.as_str(), "continued" | "grown")) {
        let (Some(from), Some(to)) = (line.from_id, line.to_id) else { continue };
        let Some((old, _)) = before.groups.iter().find(|(group, _)| group.id.0 == from) else { continue };
        if let Some((new, _)) = rows.iter_mut().find(|(group, _)| group.id.0 == to) {
            new.name.clone_from(&old.name);
            new.aside = old.aside;
        }
    }
    rows
}
