//! Splitting groups.

use super::{Target, group_of, write};
use crate::discover::{points::Points, vectors};
use crate::{Error, Instance, Result, Thing, allow};
use domain::discover::GroupOrigin;
use domain::discover::groups::{Level, shown, split as split_levels};
use domain::permission::{Act, Actor};
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use learn::cluster::KMeans;
use learn::text::{Features, TfIdf};
use ndarray::Array2;
use store::Doc;
use store::discover::groups::{GroupRow, Samples, Words};
use store::discover::members::PileRow;

/// A number of groups that no run reaches.
const NEVER: i64 = 1 << 40;
/// Leaves larger than this are split by a part of their texts.
const LARGEST: i64 = 20_000;

/// Splits one group further: into its parts if it was merged, into its children in the tree, or a leaf in two.
pub async fn split(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
    group: ClusterId,
    level: i64,
) -> Result<()> {
    allow(actor, Act::RunQueues)?;
    let row = group_of(instance, project, run, group).await?;
    let act = Target::Group { run, group }.act("split", row.title(), row.size as usize)?;
    if row.origin == GroupOrigin::Merged {
        return write(instance, actor, project, act, move |tx| {
            Box::pin(async move {
                tx.lock_run(run).await?;
                let all = tx.levels(run).await?;
                let own = own_of(&all, group, level)?;
                // Where it was merged further, its parts take its place there.
                for part in all.iter().filter(|part| part.into == Some(group)) {
                    tx.set_level(Level { into: own.into, ..*part }).await?;
                }
                // Shown at no level any more; what was done with it stays readable.
                tx.set_level(Level { from: 1, to: 0, into: None, ..own }).await?;
                Ok(tx.touch_run(run).await?)
            })
        })
        .await;
    }
    let halves = match instance.store.children_of(group).await? {
        0 => Some(halves(instance, project, run, &row).await?),
        _ => None,
    };
    write(instance, actor, project, act, move |tx| {
        let halves = halves.clone();
        Box::pin(async move {
            tx.lock_run(run).await?;
            let all = tx.levels(run).await?;
            let own = own_of(&all, group, level)?;
            // The merged group would be shown beside the children.
            let merged = all.iter().find(|other| Some(other.id) == own.into);
            if merged.is_some_and(|merged| merged.to >= level) {
                return Err(Error::conflict(
                    "This group is merged with others at a finer level: take that merged group apart first.",
                ));
            }
            if let Some(mut halves) = halves {
                tx.move_members(run, &halves.moved, halves.leaf).await?;
                for (half, leaves) in &mut halves.groups {
                    (half.size, half.n_joined) = tx.count_between(run, leaves[0]).await?;
                }
                tx.insert_groups(run, &halves.groups).await?;
            }
            let children = tx.children(group).await?;
            let [a, b] = children[..] else {
                return Err(Error::conflict("This group was split meanwhile: look at the list again."));
            };
            let (own, children) = split_levels(own, [a, b], level);
            tx.set_level(own).await?;
            for child in children {
                tx.set_level(child).await?;
            }
            Ok(tx.touch_run(run).await?)
        })
    })
    .await
}

/// The levels of a group that is shown at one of them.
fn own_of(all: &[Level], group: ClusterId, level: i64) -> Result<Level> {
    let mut visible = shown(all, level).into_iter().map(|at| all[at]);
    visible.find(|own| own.id == group).ok_or_else(|| {
        Error::conflict("Somebody merged or split this group meanwhile: look at the list again.")
    })
}

/// A leaf in two.
#[derive(Clone)]
struct Halves {
    groups: Vec<(GroupRow, Vec<(i64, i64)>)>,
    /// Items of the second half, and their new leaf code.
    moved: Vec<ItemId>,
    leaf: i64,
}

/// Splits the texts of a leaf by 2-means on their vectors.
async fn halves(
    instance: &Instance,
    project: ProjectId,
    run: ClusteringId,
    row: &GroupRow,
) -> Result<Halves> {
    let alike = || Error::conflict("The texts of this group are all alike: there is nothing to split.");
    let range = instance.store.leaf_ranges_of(row.id).await?;
    let [range] = range[..] else { return Err(Error::NotFound(Thing::Group)) };
    let (first, last) = (range.first_leaf, range.last_leaf);
    // Leaf codes halve with every split; sixteen times is more than anybody needs.
    let middle = first + (last - first) / 2 + 1;
    if middle > last {
        return Err(Error::conflict("This group can’t be split any further."));
    }
    let pile = instance.store.members_between(run, (first, last), LARGEST).await?;
    if pile.len() < 2 {
        return Err(alike());
    }
    let whole = instance.store.run(project, run).await?.ok_or(Error::NotFound(Thing::Run))?;
    let points = Points::of_run(instance, &whole).await?;
    let path = vectors::path(instance, run);
    let seed = row.id.0 as u64;
    let (texts, places): (Vec<PileRow>, Vec<usize>) = pile
        .into_iter()
        .filter_map(|text| points.items.binary_search(&text.id.0).ok().map(|at| (text, at)))
        .unzip();
    let items: Vec<ItemId> = texts.iter().map(|text| text.id).collect();
    let halved = tokio::task::spawn_blocking(move || -> Result<Option<Vec<u32>>> {
        let kept = derived::vectors::Vectors::open(&path).map_err(Error::internal)?;
        // A row for each text; not where one of them joined later.
        let rows_of = |n_rows: usize| -> Option<Vec<usize>> {
            let of_rows = points.of_rows(n_rows)?;
            places.iter().map(|at| of_rows.binary_search(at).ok()).collect()
        };
        let kept = kept.and_then(|kept| rows_of(kept.n_rows()).map(|rows| (kept, rows)));
        let rows = match kept {
            Some((mut kept, rows)) => {
                let values = kept.rows(&rows).map_err(Error::internal)?;
                Array2::from_shape_vec((rows.len(), kept.n_columns()), values).map_err(Error::internal)?
            }
            // The vectors are not there: the words of these texts alone tell them apart.
            None => own_vectors(&texts, seed),
        };
        let fit = KMeans::new(2, seed).and_then(|means| means.restarts(4)).and_then(|m| m.fit(rows.view()));
        let fit = fit.map_err(|error| Error::Conflict(format!("{error}.")))?;
        Ok((fit.sizes.len() == 2).then_some(fit.assignment))
    })
    .await
    .map_err(Error::internal)??;
    let Some(assignment) = halved else { return Err(alike()) };
    let half = |which: u32| -> Vec<ItemId> {
        items.iter().zip(&assignment).filter(|(_, half)| **half == which).map(|(item, _)| *item).collect()
    };
    let (stay, moved) = (half(0), half(1));
    let ids: [ClusterId; 2] = [instance.store.next_id(), instance.store.next_id()];
    let words = words_of(instance, project, [&stay, &moved]).await?;
    let [a, b] = words;
    let leaves = [(first, middle - 1), (middle, last)];
    let groups = [(&stay, a), (&moved, b)]
        .into_iter()
        .enumerate()
        .map(|(at, (members, keywords))| {
            let new = GroupRow {
                id: ids[at],
                parent_id: Some(row.id.0),
                origin: GroupOrigin::Split,
                // Until the split is saved it is shown at no level.
                from_groups: NEVER,
                to_groups: row.to_groups,
                // Counted when the members have moved.
                size: 0,
                n_joined: 0,
                name: None,
                stability: None,
                // The place and the name on the map stay with the whole.
                zoom_from: 0.0,
                zoom_to: 0.0,
                words: Doc(Words { contrast: Vec::new(), unlike: Some(ids[1 - at]), keywords }),
                samples: Doc(Samples {
                    typical: members.iter().take(6).copied().collect(),
                    ..Samples::default()
                }),
                ..row.clone()
            };
            (new, vec![leaves[at]])
        })
        .collect();
    Ok(Halves { groups, moved, leaf: middle })
}

fn own_vectors(texts: &[PileRow], seed: u64) -> Array2<f32> {
    let texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    let tfidf = TfIdf::learn(&Features::default(), &texts);
    let spec = learn::lsa::LsaSpec::seeded(seed);
    learn::lsa::Lsa::learn(&tfidf, &texts, &spec).embed(&tfidf, &texts, |_| {})
}

/// The words that tell two groups of texts apart.
async fn words_of(
    instance: &Instance,
    project: ProjectId,
    halves: [&Vec<ItemId>; 2],
) -> Result<[Vec<String>; 2]> {
    let mut texts = Vec::new();
    let mut members = [Vec::new(), Vec::new()];
    for (members, items) in members.iter_mut().zip(halves) {
        for row in instance.store.items_by_id(project, &items[..items.len().min(2_000)]).await? {
            members.push(texts.len());
            texts.push(row.text);
        }
    }
    let Ok(features) = Features::new(Some(1..=2), None, 1, Some(50_000)) else {
        return Ok(Default::default());
    };
    let (tfidf, rows) = TfIdf::fit(&features, &texts);
    let found = learn::keywords::keywords(&rows, &members, |column| Some(tfidf.term(column)), 6);
    let mut spelled = found
        .into_iter()
        .map(|words| words.into_iter().map(|word| tfidf.term(word.column).to_owned()).collect::<Vec<_>>());
    Ok([spelled.next().unwrap_or_default(), spelled.next().unwrap_or_default()])
}
