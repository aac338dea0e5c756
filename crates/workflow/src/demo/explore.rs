//! What the owner of the demo does on Discover: a first look at the pile, names for what is clear, one label in bulk.

use super::stage::Stage;
use crate::design;
use crate::discover::{self, Begin, Target};
use crate::jobs::Halt;
use crate::{Error, Result, Thing};
use domain::permission::Actor;
use domain::{ClusterId, ClusteringId, ItemId, ProjectId};
use sample::{INTENTS, Inbox};
use std::collections::HashMap;

/// Groups that the owner names: where so many of the typical texts are about the same.
const NAMED: usize = 8;
const CLEAR: f64 = 0.8;

/// What the messages are about, by item.
type Truth = HashMap<ItemId, usize>;

impl Stage {
    /// Finds groups, and names the clear ones.
    pub(super) async fn look_around(
        &self,
        owner: &Actor,
        project: ProjectId,
        inbox: &Inbox,
    ) -> std::result::Result<(), Halt> {
        let begin = Begin { seed: 1, ..Begin::default() };
        let run = Box::pin(discover::run_now(&self.instance, owner, project, begin)).await?;
        let truth = self.truth(project, run, inbox).await?;
        for (group, intent, _) in self.clear(owner, project, run, &truth).await?.into_iter().take(NAMED) {
            let name = INTENTS[intent].name;
            discover::name(&self.instance, owner, project, run, group, name).await?;
        }
        Ok(())
    }

    /// Labels the clear group with the most unlabeled items in bulk: judges the items that were drawn, then labels the rest.
    pub(super) async fn label_in_bulk(&self, owner: &Actor, project: ProjectId, inbox: &Inbox) -> Result<()> {
        let Some(run) = self.instance.store.newest_run(project).await?.map(|run| run.id) else {
            return Ok(());
        };
        let truth = self.truth(project, run, inbox).await?;
        let published = design::published(&self.instance, owner, project).await?;
        let taxonomy = published.ok_or(Error::NotFound(Thing::PublishedTaxonomy))?.taxonomy;
        let mut clear = self.clear(owner, project, run, &truth).await?;
        clear.sort_by_key(|(id, _, n_unlabeled)| (std::cmp::Reverse(*n_unlabeled), *id));
        for (group, intent, _) in clear {
            let offered = taxonomy.offered();
            let Some(label) = offered.iter().find(|label| label.name == INTENTS[intent].name) else {
                continue;
            };
            let target = Target::Group { run, group };
            let Ok(bulk) = discover::begin_bulk(&self.instance, owner, project, &target, label.id).await
            else {
                continue;
            };
            let view = discover::bulk(&self.instance, owner, project, bulk, 0).await?;
            let is_wrong = |item: &&discover::BulkItemRow| truth.get(&item.item_id) != Some(&intent);
            let wrong: Vec<i64> = view.items.iter().filter(is_wrong).map(|item| item.place).collect();
            discover::judge(&self.instance, owner, project, bulk, 0, &wrong).await?;
            let judged = discover::bulk(&self.instance, owner, project, bulk, 0).await?;
            if judged.is_below_bar() || judged.is_shaky {
                discover::give_up_bulk(&self.instance, owner, project, bulk).await?;
                continue;
            }
            return discover::label_bulk(&self.instance, owner, project, bulk, false).await;
        }
        Ok(())
    }

    async fn truth(&self, project: ProjectId, run: ClusteringId, inbox: &Inbox) -> Result<Truth> {
        let row = self.instance.store.run(project, run).await?.ok_or(Error::NotFound(Thing::Run))?;
        let points = discover::Points::of_run(&self.instance, &row).await?;
        let intents: HashMap<&str, usize> =
            inbox.messages.iter().map(|message| (message.external_id.as_str(), message.intent)).collect();
        let items: Vec<ItemId> = points.items.iter().map(|&item| ItemId(item)).collect();
        let mut truth = Truth::new();
        for items in items.chunks(500) {
            for row in self.instance.store.items_by_id(project, items).await? {
                if let Some(&intent) = intents.get(row.external_id.as_str()) {
                    truth.insert(row.id, intent);
                }
            }
        }
        Ok(truth)
    }

    /// The groups of the themes cut whose typical texts are mostly about one thing, the largest first, each with the number of
    /// its unlabeled items; one group a thing.
    async fn clear(
        &self,
        owner: &Actor,
        project: ProjectId,
        run: ClusteringId,
        truth: &Truth,
    ) -> Result<Vec<(ClusterId, usize, i64)>> {
        let view = discover::run(&self.instance, owner, project, run).await?;
        let themes = view.outcome.as_ref().map_or(1, |outcome| outcome.grains.themes);
        let mut clear: Vec<(i64, (ClusterId, usize, i64))> = Vec::new();
        for at in view.shown(themes) {
            let group = &view.groups[at].group;
            let typical = &group.samples.0.typical;
            let mut counts: HashMap<usize, usize> = HashMap::new();
            typical
                .iter()
                .filter_map(|item| truth.get(item))
                .for_each(|i| *counts.entry(*i).or_insert(0) += 1);
            let most = counts.into_iter().max_by_key(|(intent, n)| (*n, std::cmp::Reverse(*intent)));
            if let Some((intent, n)) = most
                && n as f64 >= CLEAR * typical.len() as f64
                && !INTENTS[intent].is_other
            {
                let n_unlabeled = group.size - view.groups[at].n_labeled.unwrap_or(0);
                clear.push((group.size, (group.id, intent, n_unlabeled)));
            }
        }
        clear.sort_by_key(|(size, (id, ..))| (std::cmp::Reverse(*size), *id));
        let mut seen = std::collections::HashSet::new();
        clear.retain(|(_, (_, intent, _))| seen.insert(*intent));
        Ok(clear.into_iter().map(|(_, group)| group).collect())
    }
}
