//! What an item is resolved to, kept in step with its answers in the same transaction.

use crate::error::{Error, Result};
use crate::label::answers::AnswerRow;
use crate::label::tally::{Tally, TallyChanges};
use crate::label::write_batch::{Statement, WriteBatch, batch_row};
use crate::{Doc, Tx, on};
use domain::consensus::{Consensus, State, Vote, gather, resolve};
use domain::project::Settings;
use domain::taxonomy::change::LabelMap;
use domain::{ItemId, LabelId, ProjectId, RevisionId, TaxonomyVersionId, Time};
use std::collections::BTreeMap;

/// An item as its consensus needs it.
#[derive(Debug, Clone)]
pub struct Subject {
    pub project: ProjectId,
    pub item: ItemId,
    /// Its current content.
    pub revision: RevisionId,
    pub state: State,
    /// The largest target of the queues it is in; 1 if in none.
    pub target: u32,
    pub stuck_after: u32,
    /// The newest taxonomy version.
    pub version: Option<TaxonomyVersionId>,
    /// Labels of the consensus until now; nothing where there is none.
    pub had: Option<Vec<LabelId>>,
}

impl Subject {
    fn had(&self) -> &[LabelId] {
        self.had.as_deref().unwrap_or_default()
    }

    /// The version whose label maps are needed: an answer was given under another one than the newest.
    pub(crate) fn needs_maps(&self, votes: &[Vote]) -> Option<TaxonomyVersionId> {
        let is_old = |vote: &Vote| vote.version.is_some() && vote.version != self.version;
        self.version.filter(|_| votes.iter().any(is_old))
    }

    /// Resolves the item from all its answers. What changes goes into the batch and the counts.
    pub(crate) fn settle(
        &self,
        votes: &[Vote],
        maps: &Maps,
        now: Time,
        batch: &mut WriteBatch,
        counts: &mut TallyChanges,
    ) -> Consensus {
        let (target, stuck_after) = (self.target, self.stuck_after);
        let resolution = Resolution::of(votes, self.revision, target, stuck_after, self.version, maps);
        save(self, &resolution, now, batch);
        let consensus = resolution.consensus;
        count_labels(self, &consensus, counts);
        if consensus.state != self.state {
            batch.add(&NewState { item: self.item, state: consensus.state });
            counts.add(Tally::Project(self.project), self.state.as_str(), -1);
            counts.add(Tally::Project(self.project), consensus.state.as_str(), 1);
        }
        consensus
    }
}

#[derive(sqlx::FromRow)]
struct SubjectRow {
    revision_id: i64,
    state: String,
    settings: Doc<Settings>,
    want: Option<i64>,
    version_id: Option<i64>,
    had: Option<Doc<Vec<LabelId>>>,
}

impl Tx {
    /// Resolves an item again from its answers, after any of them, its content, its queues or the taxonomy
    /// changed. The counts of the project follow: write them when all is settled (see [`TallyChanges`]).
    pub async fn settle_consensus(
        &mut self,
        project: ProjectId,
        item: ItemId,
        counts: &mut TallyChanges,
    ) -> Result<Consensus> {
        self.lock_item(item).await?;
        let query = "SELECT item.revision_id, item.state, project.settings, c.labels AS had,
                (SELECT MAX(target) FROM queue_item WHERE queue_item.item_id = item.id) AS want,
                (SELECT v.id FROM taxonomy_version v WHERE v.project_id = project.id
                 ORDER BY v.number DESC LIMIT 1) AS version_id
            FROM item JOIN project ON project.id = item.project_id
            LEFT JOIN consensus c ON c.item_id = item.id
            WHERE item.id = $1 AND item.project_id = $2";
        let row: SubjectRow =
            on!(self, |db| sqlx::query_as(query).bind(item.0).bind(project.0).fetch_one(db).await)?;
        let subject = Subject {
            project,
            item,
            revision: RevisionId(row.revision_id),
            state: state(&row.state)?,
            target: target(row.want),
            stuck_after: row.settings.0.stuck_after,
            version: row.version_id.map(TaxonomyVersionId),
            had: row.had.map(|d| d.0),
        };
        let votes: Vec<Vote> =
            self.answers_of_item(item).await?.iter().map(AnswerRow::vote).collect::<Result<_>>()?;
        let maps = match subject.needs_maps(&votes) {
            Some(version) => self.maps_into(version).await?,
            None => Maps::new(),
        };
        let mut batch = WriteBatch::default();
        let consensus = subject.settle(&votes, &maps, self.now(), &mut batch, counts);
        batch.execute(self).await?;
        Ok(consensus)
    }

    /// Holds an item until the transaction ends, so that its answers change one after another.
    pub async fn lock_item(&mut self, item: ItemId) -> Result<()> {
        if self.is_postgres() {
            let query = "SELECT id FROM item WHERE id = $1 FOR UPDATE";
            let _: Option<i64> =
                on!(self, |db| sqlx::query_scalar(query).bind(item.0).fetch_optional(db).await)?;
        }
        Ok(())
    }

    /// Label maps into a taxonomy version.
    pub(crate) async fn maps_into(&mut self, version: TaxonomyVersionId) -> Result<Maps> {
        let query = "SELECT label_maps FROM taxonomy_version WHERE id = $1";
        let maps: Doc<Maps> = on!(self, |db| sqlx::query_scalar(query).bind(version.0).fetch_one(db).await)?;
        Ok(maps.0)
    }
}

/// Label maps into the newest version, by the version from which they lead.
pub(crate) type Maps = BTreeMap<TaxonomyVersionId, LabelMap>;

/// What the answers of an item come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resolution {
    pub(crate) consensus: Consensus,
    pub(crate) n_skips: u32,
}

impl Resolution {
    /// `revision` is the item's current content, `version` the newest of the taxonomy.
    pub(crate) fn of(
        votes: &[Vote],
        revision: RevisionId,
        target: u32,
        stuck_after: u32,
        version: Option<TaxonomyVersionId>,
        maps: &Maps,
    ) -> Resolution {
        let carry = |from: Option<TaxonomyVersionId>, labels: &[LabelId]| match from {
            Some(from) if Some(from) != version => {
                maps.get(&from).map_or(Some(labels.to_vec()), |map| map.carry(labels))
            }
            _ => Some(labels.to_vec()),
        };
        let (mut evidence, n_left_behind) = gather(votes, revision, carry);
        (evidence.target, evidence.stuck_after) = (target, stuck_after);
        let mut consensus = resolve(&evidence);
        if n_left_behind > 0 && !consensus.state.is_resolved() {
            consensus.state = State::NeedsLook;
        }
        Resolution { consensus, n_skips: evidence.n_skips }
    }

    /// Must a consensus be stored? Not of an item without answers and skips.
    pub(crate) fn says_something(&self) -> bool {
        self.consensus.n_answers > 0 || self.n_skips > 0 || self.consensus.state.is_resolved()
    }

    pub(crate) fn method(&self) -> &'static str {
        match self.consensus.state {
            State::Adjudicated => "adjudicated",
            State::Agreed if self.consensus.n_answers == 0 => "bulk",
            _ => "majority",
        }
    }
}

/// What an item is resolved to, as it is kept.
struct NewConsensus<'c> {
    subject: &'c Subject,
    resolution: &'c Resolution,
    at: Time,
}

batch_row! { NewConsensus<'_> as Statement::Consensus, |row| {
    "item_id": Int = row.subject.item.0,
    "project_id": Int = row.subject.project.0,
    "revision_id": Int = row.subject.revision.0,
    "labels": Text = Doc(&row.resolution.consensus.labels),
    "method": Text = row.resolution.method(),
    "confidence": Float = row.resolution.consensus.confidence,
    "n_answers": Int = i64::from(row.resolution.consensus.n_answers),
    "n_skips": Int = i64::from(row.resolution.n_skips),
    "taxonomy_version_id": Int = row.subject.version.map(|v| v.0),
    "updated_at": Int = row.at.0,
} }

/// The consensus of an item without answers and skips goes.
struct ItemKey(ItemId);

batch_row! { ItemKey as Statement::DeleteConsensus, |row| { "item_id": Int = row.0.0 } }

/// A label that an item is resolved to, or no more.
struct LabelOf {
    project: ProjectId,
    label: LabelId,
    item: ItemId,
}

batch_row! { LabelOf as Statement::Label, |row| {
    "project_id": Int = row.project.0,
    "label_id": Int = row.label.0,
    "item_id": Int = row.item.0,
} }

struct NewState {
    item: ItemId,
    state: State,
}

batch_row! { NewState as Statement::ItemState, |row| { "id": Int = row.item.0, "state": Text = row.state.as_str() } }

fn save(subject: &Subject, resolution: &Resolution, at: Time, batch: &mut WriteBatch) {
    let (item, project) = (subject.item, subject.project);
    let labels = &resolution.consensus.labels;
    if resolution.says_something() {
        batch.add(&NewConsensus { subject, resolution, at });
    } else if subject.had.is_some() {
        batch.add(&ItemKey(item));
    }
    for label in without(subject.had(), labels) {
        batch.add_to(Statement::DeleteLabel, &LabelOf { project, label, item });
    }
    for label in without(labels, subject.had()) {
        batch.add(&LabelOf { project, label, item });
    }
}

fn count_labels(subject: &Subject, consensus: &Consensus, counts: &mut TallyChanges) {
    let tally = Tally::Labels(subject.project);
    for label in without(subject.had(), &consensus.labels) {
        counts.add(tally, &label.to_string(), -1);
    }
    for label in without(&consensus.labels, subject.had()) {
        counts.add(tally, &label.to_string(), 1);
    }
}

fn without<'l>(labels: &'l [LabelId], others: &'l [LabelId]) -> impl Iterator<Item = LabelId> + 'l {
    labels.iter().copied().filter(|label| !others.contains(label))
}

pub(crate) fn state(text: &str) -> Result<State> {
    State::parse(text).ok_or_else(|| Error::Unreadable(format!("item state {text}")))
}

pub(crate) fn target(want: Option<i64>) -> u32 {
    want.and_then(|n| u32::try_from(n).ok()).unwrap_or(1)
}
