//! What an item is resolved to, kept in step with its answers in the same transaction.

use crate::error::{Error, Result};
use crate::label::answers::{AnswerRow, NewAnswer};
use crate::label::leases::Hold;
use crate::label::tally::{Tally, TallyChanges};
use crate::label::write_batch::{Statement, WriteBatch};
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
        let mut writes = WriteBatch::default();
        let consensus = self.settle(&subject, &votes, &mut writes, counts).await?;
        self.execute(writes).await?;
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

    /// The same for an answer that was just given, with everything loaded; the item is locked. The answer and what the
    /// person who gave it now holds are written along.
    pub async fn settle_with(
        &mut self,
        subject: &Subject,
        votes: &[Vote],
        answer: &NewAnswer,
        hold: Option<Hold>,
        counts: &mut TallyChanges,
    ) -> Result<()> {
        let mut writes = WriteBatch::default();
        answer.write(&mut writes, counts);
        if let Some(hold) = &hold {
            hold.write(&mut writes);
        }
        self.settle(subject, votes, &mut writes, counts).await?;
        // What comes next is mostly the next item, which can be looked for without it.
        if let Some(hold) = hold.filter(Hold::only_answers) {
            self.defer(writes);
            self.answered = Some(hold.assignment);
            return Ok(());
        }
        self.execute(writes).await?;
        Ok(())
    }

    async fn settle(
        &mut self,
        subject: &Subject,
        votes: &[Vote],
        writes: &mut WriteBatch,
        counts: &mut TallyChanges,
    ) -> Result<Consensus> {
        let maps = self.maps_for(subject, votes).await?;
        let (target, stuck_after) = (subject.target, subject.stuck_after);
        let outcome = Resolution::of(votes, subject.revision, target, stuck_after, subject.version, &maps);
        save(subject, &outcome, self.now(), writes);
        let consensus = outcome.consensus;
        count_labels(subject, &consensus, counts);
        if consensus.state != subject.state {
            let item = [subject.item.0.into(), consensus.state.as_str().into()];
            writes.add(Statement::ItemState, item);
            counts.add(Tally::Project(subject.project), subject.state.as_str(), -1);
            counts.add(Tally::Project(subject.project), consensus.state.as_str(), 1);
        }
        Ok(consensus)
    }

    /// Label maps into the newest version, where an answer speaks of an older one.
    async fn maps_for(&mut self, subject: &Subject, votes: &[Vote]) -> Result<Maps> {
        let is_old = |v: &Vote| v.version.is_some() && v.version != subject.version;
        match subject.version {
            Some(version) if votes.iter().any(is_old) => {
                let query = "SELECT label_maps FROM taxonomy_version WHERE id = $1";
                let maps: Doc<Maps> =
                    on!(self, |db| sqlx::query_scalar(query).bind(version.0).fetch_one(db).await)?;
                Ok(maps.0)
            }
            _ => Ok(Maps::new()),
        }
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

    /// If not, no consensus is kept of the item.
    pub(crate) fn says_something(&self) -> bool {
        self.consensus.n_answers > 0 || self.n_skips > 0 || self.consensus.state.is_resolved()
    }

    pub(crate) fn method(&self) -> &'static str {
        if self.consensus.state == State::Adjudicated { "adjudicated" } else { "majority" }
    }
}

fn save(subject: &Subject, outcome: &Resolution, now: Time, writes: &mut WriteBatch) {
    let (item, project) = (subject.item.0, subject.project.0);
    let consensus = &outcome.consensus;
    if outcome.says_something() {
        writes.add(
            Statement::Consensus,
            [
                item.into(),
                project.into(),
                subject.revision.0.into(),
                Doc(&consensus.labels).into(),
                outcome.method().into(),
                consensus.confidence.into(),
                i64::from(consensus.n_answers).into(),
                i64::from(outcome.n_skips).into(),
                subject.version.map(|v| v.0).into(),
                now.0.into(),
            ],
        );
    } else if subject.had.is_some() {
        writes.add(Statement::ConsensusGone, [item.into()]);
    }
    for label in without(subject.had(), &consensus.labels) {
        writes.add(Statement::LabelGone, [project.into(), label.0.into(), item.into()]);
    }
    for label in without(&consensus.labels, subject.had()) {
        writes.add(Statement::Label, [project.into(), label.0.into(), item.into()]);
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
