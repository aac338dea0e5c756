//! Loading the pool of independent answers.

use crate::{Error, Instance, Result, Thing};
use domain::answer::Kind;
use domain::project::Task;
use domain::taxonomy::Taxonomy;
use domain::{ItemId, LabelId, PersonId, ProjectId, QueueId, TaxonomyVersionId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::agree::votes::ChainRow;
use store::design::taxonomies::LabelMaps;

/// Answers that are looked at; more are left out, and the figures say so.
pub const MOST_ANSWERS: usize = 2_000_000;

/// Independent answers, small enough to hold millions.
pub struct Votes {
    pub task: Task,
    pub taxonomy: Arc<Taxonomy>,
    /// Distinct label sets, as places in the taxonomy, sorted.
    pub sets: Vec<Vec<u32>>,
    pub votes: Vec<Vote>,
    /// Answers with a label that is gone: what they would say now is not known.
    pub n_left_behind: usize,
    /// There were more than [`MOST_ANSWERS`].
    pub truncated: bool,
}

pub struct Vote {
    pub item: i64,
    pub person: PersonId,
    /// Place in [`Votes::sets`].
    pub set: u32,
    pub control: bool,
    pub seconds: Option<f32>,
}

impl Votes {
    pub async fn load(instance: &Instance, project: ProjectId, queue: Option<QueueId>) -> Result<Votes> {
        let store = &instance.store;
        let row = store.project(project).await?.ok_or(Error::NotFound(Thing::Project))?;
        let (taxonomy, maps) = match store.published_taxonomy(project).await? {
            Some((version, _, taxonomy)) => (taxonomy, store.label_maps(version).await?),
            None => (Arc::default(), LabelMaps::new()),
        };
        let mut queues = store.overlaps(project).await?;
        if let Some(queue) = queue {
            queues.retain(|(id, _)| *id == queue);
            if queues.is_empty() {
                return Err(Error::NotFound(Thing::Queue));
            }
        }
        let many = queues.len() > 1;
        let mut filling = Filling::new(taxonomy, maps, row.task, many);
        for (queue, overlap) in queues {
            filling.overlap = usize::try_from(overlap).unwrap_or(1);
            store.chains(queue, |row| filling.take(row)).await?;
            filling.end_of_item();
        }
        Ok(filling.pool)
    }
}

/// A pool that is being filled, one chain of revisions after another.
struct Filling {
    pool: Votes,
    maps: LabelMaps,
    places: HashMap<LabelId, u32>,
    sets: HashMap<Vec<u32>, u32>,
    overlap: usize,
    /// Who spoke of what in an earlier queue: a second answer to the same item is not independent of the first.
    heard: Option<HashSet<(i64, i64)>>,
    item: Option<ItemId>,
    /// The chains of the item: when it began, and its last revision.
    chains: Vec<(i64, ChainRow)>,
}

impl Filling {
    fn new(taxonomy: Arc<Taxonomy>, maps: LabelMaps, task: Task, many: bool) -> Filling {
        let places = taxonomy.labels.iter().enumerate().map(|(at, l)| (l.id, at as u32)).collect();
        Filling {
            pool: Votes {
                task,
                taxonomy,
                sets: Vec::new(),
                votes: Vec::new(),
                n_left_behind: 0,
                truncated: false,
            },
            maps,
            places,
            sets: HashMap::new(),
            overlap: 1,
            heard: many.then(HashSet::new),
            item: None,
            chains: Vec::new(),
        }
    }

    /// Takes the next row; false where there is no more room.
    fn take(&mut self, row: ChainRow) -> bool {
        if self.item != Some(row.item_id) {
            self.end_of_item();
            self.item = Some(row.item_id);
        }
        match self.chains.last_mut() {
            Some((_, last)) if last.person_id == row.person_id => *last = row,
            _ => self.chains.push((row.at, row)),
        }
        self.pool.truncated |= self.pool.votes.len() >= MOST_ANSWERS;
        !self.pool.truncated
    }

    /// Takes what was said of the last item: the first answers, as many as were asked for.
    fn end_of_item(&mut self) {
        let mut chains = std::mem::take(&mut self.chains);
        self.item = None;
        chains.retain(|(_, last)| last.kind == Kind::Labels && !last.sighted);
        chains.sort_by_key(|(began, last)| (*began, last.person_id));
        for (_, last) in chains.into_iter().take(self.overlap) {
            let is_new = match &mut self.heard {
                Some(heard) => heard.insert((last.item_id.0, last.person_id.0)),
                None => true,
            };
            if is_new {
                self.vote(last);
            }
        }
    }

    fn vote(&mut self, row: ChainRow) {
        let Some(set) = self.set(row.taxonomy_version_id, &row.labels.0) else {
            self.pool.n_left_behind += 1;
            return;
        };
        let next = self.sets.len() as u32;
        let set = *self.sets.entry(set).or_insert_with_key(|set| {
            self.pool.sets.push(set.clone());
            next
        });
        self.pool.votes.push(Vote {
            item: row.item_id.0,
            person: row.person_id,
            set,
            control: row.control,
            seconds: row.seconds.map(|s| s as f32),
        });
    }

    /// What labels say under the newest version, as places in the taxonomy.
    fn set(&self, version: Option<i64>, labels: &[LabelId]) -> Option<Vec<u32>> {
        let labels = match version.and_then(|v| self.maps.get(&TaxonomyVersionId(v))) {
            Some(map) => map.carry(labels)?,
            None => labels.to_vec(),
        };
        let mut set: Vec<u32> =
            labels.iter().map(|id| self.places.get(id).copied()).collect::<Option<_>>()?;
        set.sort_unstable();
        (self.pool.task == Task::Multi || set.len() == 1).then_some(set)
    }
}
