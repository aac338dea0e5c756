//! One group as people open it: its words, items that show what it is and is not, and how its fields and times differ.

use super::acts::{done, group_of};
use super::points::Points;
use super::{Outcome, vectors};
use crate::{Error, Instance, Result, Thing, allow};
use domain::permission::{Act, Actor};
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeMap;
use store::data::items::ItemRow;
use store::discover::acts::ActRow;
use store::discover::facts::SampledRow;
use store::discover::groups::GroupRow;

/// Items whose fields and times are compared: so many of the group and so many of the run.
const SAMPLED: usize = 1_000;
/// Differences that are shown.
const SKEWS: usize = 5;
const BARS: usize = 12;
/// True neighbours that a point is joined to.
const NEAR: usize = 10;
/// Members of the leaves around a point among which its neighbours are looked for.
const AROUND: usize = 3_000;

#[derive(Debug)]
pub struct GroupPage {
    pub group: GroupRow,
    pub outcome: Outcome,
    /// The group beside it in the tree, which the contrast line names.
    pub sibling: Option<GroupRow>,
    pub typical: Vec<ItemRow>,
    pub edge: Vec<ItemRow>,
    pub outside: Vec<ItemRow>,
    pub skews: Vec<Skew>,
    /// Shares of the group and of the run over the time of the run, the earliest first; empty without a range of times.
    pub times: Vec<(f64, f64)>,
    pub span: Option<(i64, i64)>,
    /// What people did with it, the newest first.
    pub acts: Vec<ActRow>,
    /// How many of its items it was compared with the run by.
    pub n_sampled: usize,
    /// Can it be split, or is it a leaf of one text?
    pub can_split: bool,
}

/// A value that a group has more often than the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Skew {
    pub name: String,
    pub value: String,
    pub share: f64,
    pub overall: f64,
}

pub async fn group(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
    group: ClusterId,
) -> Result<GroupPage> {
    allow(actor, Act::SeeOthers)?;
    let (row, outcome) = done(instance, project, run).await?;
    let group = group_of(instance, project, run, group).await?;
    let sibling = match group.words.0.unlike {
        Some(sibling) => instance.store.group(run, sibling).await?,
        None => None,
    };
    let samples = &group.samples.0;
    let (typical, edge, outside, acts) = tokio::try_join!(
        instance.store.items_by_id(project, &samples.typical),
        instance.store.items_by_id(project, &samples.edge),
        instance.store.items_by_id(project, &samples.outside),
        instance.store.acts_of_group(project, group.id),
    )?;
    let points = Points::of_run(instance, &row).await?;
    let held = points.in_leaves(&instance.store.leaf_ranges_of(group.id).await?);
    let own = sampled(&points.held(&held), group.id.0);
    let all = sampled(&points.items.iter().map(|&item| ItemId(item)).collect::<Vec<_>>(), run.0);
    let (own, all) =
        tokio::try_join!(instance.store.sampled(project, &own), instance.store.sampled(project, &all))?;
    let (times, span) = times(&own, &all);
    Ok(GroupPage {
        sibling,
        typical,
        edge,
        outside,
        skews: skews(&own, &all),
        times,
        span,
        acts,
        n_sampled: own.len(),
        can_split: group.size > 1,
        outcome,
        group,
    })
}

/// Names of the fields that the items of a run have, from a sample of them.
pub async fn field_names(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
) -> Result<Vec<String>> {
    allow(actor, Act::SeeOthers)?;
    let (row, _) = done(instance, project, run).await?;
    let points = Points::of_run(instance, &row).await?;
    let items: Vec<ItemId> =
        points.order.iter().take(200).map(|&at| ItemId(points.items[at as usize])).collect();
    let mut names = std::collections::BTreeSet::new();
    for row in instance.store.sampled(project, &items).await? {
        names.extend(row.fields.0.into_iter().map(|(name, _)| name));
    }
    Ok(names.into_iter().take(50).collect())
}

/// Items drawn at random, the same for the same seed.
fn sampled(items: &[ItemId], seed: i64) -> Vec<ItemId> {
    let n = items.len().min(SAMPLED);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed as u64);
    rand::seq::index::sample(&mut random, items.len(), n).iter().map(|at| items[at]).collect()
}

/// Values that the group has at least half as often again as the run, by the difference of their shares.
fn skews(own: &[SampledRow], all: &[SampledRow]) -> Vec<Skew> {
    let count = |rows: &[SampledRow]| -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for row in rows {
            for (name, value) in &row.fields.0 {
                let text = match value {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                if text.chars().count() <= 60 {
                    *counts.entry((name.clone(), text)).or_insert(0) += 1;
                }
            }
        }
        counts
    };
    let (here, there) = (count(own), count(all));
    let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
    let mut skews: Vec<Skew> = here
        .into_iter()
        .filter(|(_, n)| *n >= 5)
        .map(|((name, value), n)| {
            let overall = there.get(&(name.clone(), value.clone())).copied().unwrap_or(0);
            Skew { name, value, share: share(n, own.len()), overall: share(overall, all.len()) }
        })
        .filter(|skew| skew.share >= skew.overall * 1.5 && skew.share - skew.overall > 0.05)
        .collect();
    skews.sort_by(|a, b| (b.share - b.overall).total_cmp(&(a.share - a.overall)));
    skews.truncate(SKEWS);
    skews
}

type Times = (Vec<(f64, f64)>, Option<(i64, i64)>);

fn times(own: &[SampledRow], all: &[SampledRow]) -> Times {
    let ends = (all.iter().map(|row| row.at).min(), all.iter().map(|row| row.at).max());
    let (Some(first), Some(last)) = ends else { return (Vec::new(), None) };
    // All of one import without event times came in within a minute: that is no range.
    if last - first < 86_400_000_000 {
        return (Vec::new(), None);
    }
    let bars = |rows: &[SampledRow]| {
        let mut bars = [0.0; BARS];
        for row in rows {
            let at = ((row.at - first) as f64 / (last - first + 1) as f64 * BARS as f64).max(0.0) as usize;
            bars[at.min(BARS - 1)] += 1.0 / rows.len() as f64;
        }
        bars
    };
    (bars(own).into_iter().zip(bars(all)).collect(), Some((first, last)))
}

/// A point of the map as it is hovered.
#[derive(Debug)]
pub struct Point {
    pub item: ItemId,
    pub text: String,
    /// Places of its true neighbours; nothing while the vectors are not there.
    pub near: Vec<(u16, u16)>,
}

/// The item of a point, by its number in the order of the map, and its true neighbours.
pub async fn point(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
    number: usize,
) -> Result<Point> {
    allow(actor, Act::SeeOthers)?;
    let (row, _) = done(instance, project, run).await?;
    let points = Points::of_run(instance, &row).await?;
    let at = *points.order.get(number).ok_or(Error::NotFound(Thing::Item))? as usize;
    let item = ItemId(points.items[at]);
    let text = instance.store.items_by_id(project, &[item]).await?.pop().map(|row| row.text);
    let text = text.ok_or(Error::NotFound(Thing::Item))?;
    let path = vectors::path(instance, run);
    let near = tokio::task::spawn_blocking(move || neighbours(&points, at, &path))
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    Ok(Point { item, text, near })
}

/// The nearest items by their vectors, among those of the nearest leaves of the tree.
fn neighbours(points: &Points, at: usize, path: &std::path::Path) -> std::io::Result<Vec<(u16, u16)>> {
    let Some(mut vectors) = derived::vectors::Vectors::open(path)? else { return Ok(Vec::new()) };
    let Some(of_rows) = points.of_rows(vectors.n_rows()) else { return Ok(Vec::new()) };
    // An item that joined later has no row.
    let Ok(own_row) = of_rows.binary_search(&at) else { return Ok(Vec::new()) };
    let own_leaf = i64::from(points.leaves[at]);
    let mut around: Vec<usize> = (0..of_rows.len()).filter(|&row| row != own_row).collect();
    if around.len() > AROUND {
        around.select_nth_unstable_by_key(AROUND, |&row| {
            ((i64::from(points.leaves[of_rows[row]]) - own_leaf).abs(), row)
        });
        around.truncate(AROUND);
        around.sort_unstable();
    }
    let own = vectors.rows(&[own_row])?;
    let rows = vectors.rows(&around)?;
    let width = vectors.n_columns().max(1);
    let mut by_closeness: Vec<(f32, usize)> = rows
        .chunks(width)
        .zip(&around)
        .map(|(row, &other)| (row.iter().zip(&own).map(|(a, b)| a * b).sum(), other))
        .collect();
    by_closeness.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(by_closeness.into_iter().take(NEAR).map(|(_, row)| points.places[of_rows[row]]).collect())
}
