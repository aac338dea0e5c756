//! Merging groups.

use super::{Target, group_of, write};
use crate::{Error, Instance, Result, allow};
use domain::discover::GroupOrigin;
use domain::discover::groups::{Level, merged, shown};
use domain::permission::{Act, Actor};
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use store::Doc;
use store::discover::groups::{GroupRow, Samples, Words};

/// Merges groups that are shown together into a new one, which takes their place.
pub async fn merge(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
    groups: &[ClusterId],
    level: i64,
) -> Result<ClusterId> {
    allow(actor, Act::RunQueues)?;
    let mut ids = groups.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < 2 {
        return Err(Error::invalid("groups", "Choose at least two groups to merge."));
    }
    let mut rows = Vec::new();
    let mut leaves = Vec::new();
    for &id in &ids {
        rows.push(group_of(instance, project, run, id).await?);
        let ranges = instance.store.leaf_ranges_of(id).await?;
        leaves.extend(ranges.iter().map(|range| (range.first_leaf, range.last_leaf)));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.size));
    let new = of_parts(instance.store.next_id(), &rows);
    let (id, detail) = (new.id, rows.iter().map(GroupRow::title).collect::<Vec<_>>().join(" + "));
    let mut act = Target::Group { run, group: id }.act("merged", detail, new.size as usize)?;
    act.group = Some(id);
    write(instance, actor, project, act, move |tx| {
        let (mut new, leaves, ids) = (new.clone(), leaves.clone(), ids.clone());
        Box::pin(async move {
            tx.lock_run(run).await?;
            let all = tx.levels(run).await?;
            let visible = shown(&all, level);
            let parts: Vec<Level> =
                visible.iter().map(|&at| all[at]).filter(|level| ids.contains(&level.id)).collect();
            let (true, Some((from, to))) = (parts.len() == ids.len(), merged(&parts)) else {
                return Err(Error::conflict(
                    "Somebody merged or split one of these groups meanwhile: look at the list again.",
                ));
            };
            // It is shown here, and stands for its merged group at other levels: it can't be part of two.
            if parts.iter().any(|part| part.into.is_some()) {
                return Err(Error::conflict(
                    "One of these groups is merged with others at another level: take that merged group apart first.",
                ));
            }
            (new.from_groups, new.to_groups) = (from, to);
            tx.insert_groups(run, &[(new, leaves)]).await?;
            for part in parts {
                tx.set_level(Level { into: Some(id), ..part }).await?;
            }
            tx.touch_run(run).await?;
            Ok(())
        })
    })
    .await?;
    Ok(id)
}

/// A merged group, made of its parts, the largest first. It takes over the place of the largest on the map.
fn of_parts(id: ClusterId, parts: &[GroupRow]) -> GroupRow {
    let total: i64 = parts.iter().map(|part| part.size).sum();
    let weighted = |value: &dyn Fn(&GroupRow) -> f64| {
        parts.iter().map(|part| value(part) * part.size as f64).sum::<f64>() / total.max(1) as f64
    };
    let largest = &parts[0];
    let mut keywords: Vec<String> = largest.words.0.keywords.iter().take(2).cloned().collect();
    for at in 0..3 {
        for part in parts {
            if let Some(word) = part.words.0.keywords.get(at).filter(|word| !keywords.contains(word)) {
                keywords.push(word.clone());
            }
        }
    }
    keywords.truncate(6);
    let take = |list: &dyn Fn(&Samples) -> Vec<ItemId>, most: usize| {
        let lists: Vec<Vec<ItemId>> = parts.iter().map(|part| list(&part.samples.0)).collect();
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        let each = (0..longest).flat_map(|at| lists.iter().filter_map(move |list| list.get(at).copied()));
        each.take(most).collect::<Vec<ItemId>>()
    };
    GroupRow {
        id,
        parent_id: None,
        into_id: None,
        origin: GroupOrigin::Merged,
        from_groups: 1,
        to_groups: 0,
        size: total,
        n_joined: parts.iter().map(|part| part.n_joined).sum(),
        name: parts.iter().find_map(|part| part.name.clone()),
        aside: false,
        tightness: weighted(&|part| part.tightness),
        stability: parts.iter().filter_map(|part| part.stability).reduce(f64::min),
        honesty: Some(weighted(&|part| part.honesty.unwrap_or(0.0))),
        x: largest.x,
        y: largest.y,
        zoom_from: largest.zoom_from,
        zoom_to: largest.zoom_to,
        words: Doc(Words { keywords, contrast: Vec::new(), unlike: None }),
        samples: Doc(Samples {
            typical: take(&|samples| samples.typical.clone(), 6),
            edge: take(&|samples| samples.edge.clone(), 3),
            outside: Vec::new(),
        }),
    }
}
