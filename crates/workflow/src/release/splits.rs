//! What decides the split of an item: the control items of the project, and what earlier releases decided.

use crate::Result;
use domain::ProjectId;
use domain::item::split_key;
use domain::release::Split;
use std::collections::{HashMap, HashSet};
use store::engine::snapshot::Snapshot;
use store::release::rows::PAGE;

/// The split keys in the project that hold a control item. One item in ten is a control item, and a key takes eight
/// bytes, so all of them fit in memory.
pub(super) async fn control_keys(moment: &mut Snapshot, project: ProjectId) -> Result<HashSet<i64>> {
    let mut keys = HashSet::new();
    let mut after = 0;
    loop {
        let page = moment.control_items(project, after, PAGE as i64).await?;
        let Some(last) = page.last() else { return Ok(keys) };
        after = last.0;
        keys.extend(page.iter().map(|(_, group, hash)| split_key(group.as_deref(), *hash)));
    }
}

pub(super) async fn decided(
    moment: &mut Snapshot,
    project: ProjectId,
    wanted: &HashMap<i64, i64>,
) -> Result<HashMap<i64, Split>> {
    let mut decided = HashMap::new();
    let mut after = -1;
    loop {
        let page = moment.splits_of(project, after, PAGE as i64).await?;
        let Some((last, _)) = page.last() else { return Ok(decided) };
        after = *last;
        decided.extend(page.into_iter().filter(|(key, _)| wanted.contains_key(key)));
    }
}
