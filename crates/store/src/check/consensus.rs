//! Compares the consensus of items with their answers: read-only, a limited number of items at a time.

use crate::engine::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::label::answers::{self, AnswerRow};
use crate::label::consensus::{Maps, Resolution, state, target};
use crate::sql::dialect::push_list;
use crate::{Doc, Store, on};
use domain::consensus::Vote;
use domain::project::Settings;
use domain::{ItemId, LabelId, ProjectId, RevisionId, TaxonomyVersionId};
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, BTreeSet};

/// An item and its stored consensus, without its time of writing.
#[derive(sqlx::FromRow)]
struct Kept {
    #[sqlx(try_from = "i64")]
    id: ItemId,
    #[sqlx(try_from = "i64")]
    project_id: ProjectId,
    #[sqlx(try_from = "i64")]
    revision_id: RevisionId,
    state: String,
    want: Option<i64>,
    labels: Option<Doc<Vec<LabelId>>>,
    method: Option<String>,
    confidence: Option<f64>,
    n_answers: Option<i64>,
    n_skips: Option<i64>,
}

/// The rules by which all items of a project are resolved.
#[derive(sqlx::FromRow)]
struct Rules {
    #[sqlx(try_from = "i64")]
    project_id: ProjectId,
    settings: Doc<Settings>,
    version_id: Option<i64>,
    label_maps: Option<Doc<Maps>>,
}

/// By item: the projects and labels under which it is found.
type Found = BTreeMap<ItemId, BTreeSet<(ProjectId, LabelId)>>;

impl Store {
    /// The items whose answers would now resolve differently, each with its project. All of them are read in one
    /// snapshot.
    pub async fn resolved_otherwise(&self, items: &[ItemId]) -> Result<Vec<(ItemId, ProjectId)>> {
        let mut now = self.along_indexes().snapshot().await?;
        let kept = now.kept(items).await?;
        let rules = now.rules(&kept).await?;
        let mut votes = now.votes(items).await?;
        let mut found = now.found(items).await?;
        let mut otherwise = Vec::new();
        for item in kept {
            let rules = rules.get(&item.project_id).ok_or(Error::NotFound)?;
            let votes = votes.remove(&item.id).unwrap_or_default();
            let found = found.remove(&item.id).unwrap_or_default();
            if !item.follows(rules, &votes, &found)? {
                otherwise.push((item.id, item.project_id));
            }
        }
        Ok(otherwise)
    }

    /// The first items after this one.
    pub async fn items_after(&self, after: ItemId, limit: i64) -> Result<Vec<ItemId>> {
        let query = "SELECT id FROM item WHERE id > $1 ORDER BY id LIMIT $2";
        let ids: Vec<i64> =
            on!(self, |db| sqlx::query_scalar(query).bind(after.0).bind(limit).fetch_all(db).await)?;
        Ok(ids.into_iter().map(ItemId).collect())
    }

    /// About `n` items with a consensus, spread over all of them.
    pub async fn some_resolved_items(&self, n: i64) -> Result<Vec<ItemId>> {
        let query = "SELECT item_id FROM consensus
                     ORDER BY item_id / 64 % 1048573 * 7919 % 1048573, item_id LIMIT $1";
        let ids: Vec<i64> = on!(self, |db| sqlx::query_scalar(query).bind(n).fetch_all(db).await)?;
        Ok(ids.into_iter().map(ItemId).collect())
    }
}

impl Kept {
    /// Does the stored consensus follow from the answers?
    fn follows(&self, rules: &Rules, votes: &[Vote], found: &BTreeSet<(ProjectId, LabelId)>) -> Result<bool> {
        let none = Maps::new();
        let outcome = Resolution::of(
            votes,
            self.revision_id,
            target(self.want),
            rules.settings.0.stuck_after,
            rules.version_id.map(TaxonomyVersionId),
            rules.label_maps.as_ref().map_or(&none, |maps| &maps.0),
        );
        let consensus = &outcome.consensus;
        let should_be_found: BTreeSet<_> =
            consensus.labels.iter().map(|label| (self.project_id, *label)).collect();
        let is_kept = || {
            self.labels.as_ref().is_some_and(|labels| labels.0 == consensus.labels)
                && self.method.as_deref() == Some(outcome.method())
                && self.confidence == consensus.confidence
                && self.n_answers == Some(i64::from(consensus.n_answers))
                && self.n_skips == Some(i64::from(outcome.n_skips))
        };
        Ok(state(&self.state)? == consensus.state
            && *found == should_be_found
            && if outcome.says_something() { is_kept() } else { self.labels.is_none() })
    }
}

impl Snapshot {
    async fn kept(&mut self, items: &[ItemId]) -> Result<Vec<Kept>> {
        on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT i.id, i.project_id, i.revision_id, i.state, c.labels, c.method, c.confidence, c.n_answers,
                    c.n_skips, (SELECT MAX(m.target) FROM queue_item m WHERE m.item_id = i.id) AS want
                 FROM item i LEFT JOIN consensus c ON c.item_id = i.id WHERE i.id IN ",
            );
            push_list(&mut query, items.iter().map(|item| item.0));
            query.push(" ORDER BY i.id");
            Ok(query.build_query_as().persistent(false).fetch_all(db).await?)
        })
    }

    async fn rules(&mut self, of: &[Kept]) -> Result<BTreeMap<ProjectId, Rules>> {
        let projects: BTreeSet<i64> = of.iter().map(|item| item.project_id.0).collect();
        let rules: Vec<Rules> = on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT p.id AS project_id, p.settings, v.id AS version_id, v.label_maps FROM project p
                 LEFT JOIN taxonomy_version v ON v.project_id = p.id
                    AND v.number = (SELECT MAX(w.number) FROM taxonomy_version w WHERE w.project_id = p.id)
                 WHERE p.id IN ",
            );
            push_list(&mut query, projects);
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        Ok(rules.into_iter().map(|rules| (rules.project_id, rules)).collect())
    }

    async fn votes(&mut self, items: &[ItemId]) -> Result<BTreeMap<ItemId, Vec<Vote>>> {
        let rows: Vec<AnswerRow> = on!(self, |db| {
            let mut query = QueryBuilder::new("SELECT ");
            query.push(answers::COLUMNS).push(" FROM answer WHERE item_id IN ");
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        let mut votes: BTreeMap<ItemId, Vec<Vote>> = BTreeMap::new();
        for row in rows {
            votes.entry(row.item_id).or_default().push(row.vote()?);
        }
        Ok(votes)
    }

    async fn found(&mut self, items: &[ItemId]) -> Result<Found> {
        let rows: Vec<(i64, i64, i64)> = on!(self, |db| {
            let mut query = QueryBuilder::new(
                "SELECT item_id, project_id, label_id FROM consensus_label WHERE item_id IN ",
            );
            push_list(&mut query, items.iter().map(|item| item.0));
            query.build_query_as().persistent(false).fetch_all(db).await
        })?;
        let mut found = Found::new();
        for (item, project, label) in rows {
            found.entry(ItemId(item)).or_default().insert((ProjectId(project), LabelId(label)));
        }
        Ok(found)
    }
}
