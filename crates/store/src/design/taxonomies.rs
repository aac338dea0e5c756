//! Taxonomy versions (immutable, numbered), the draft beside them, and the effect of a new version on items that were
//! resolved to labels it no longer offers.

use crate::error::Result;
use crate::sql::dialect::push_list;
use crate::{Doc, Store, Tx, on};
use domain::taxonomy::Taxonomy;
use domain::taxonomy::change::{LabelMap, Operation, operations};
use domain::{ItemId, LabelId, PersonId, ProjectId, TaxonomyVersionId, Time};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// For each earlier version: what its labels become in one version.
pub type LabelMaps = BTreeMap<TaxonomyVersionId, LabelMap>;

/// Caches published taxonomies by version. A version never changes, so the cache is never stale.
#[derive(Clone, Default)]
pub(crate) struct Cache(Arc<Mutex<HashMap<TaxonomyVersionId, Arc<Taxonomy>>>>);

/// The most cached versions.
const CACHED: usize = 256;

/// A version as a list shows it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct VersionRow {
    #[sqlx(try_from = "i64")]
    pub id: TaxonomyVersionId,
    pub number: i64,
    pub note: String,
    pub operations: Doc<Vec<Operation>>,
    pub published_by: Option<String>,
    pub published_at: i64,
}

/// The draft that people are changing.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftRow {
    /// The version that the draft started from.
    pub base: Option<TaxonomyVersionId>,
    pub taxonomy: Taxonomy,
    /// Grows with every change, so that a form from before a change can be detected.
    pub edit: i64,
    pub updated_by: Option<String>,
    pub updated_at: Time,
}

/// The result of publishing.
#[derive(Debug, Clone, PartialEq)]
pub struct NewVersion {
    pub id: TaxonomyVersionId,
    pub number: i64,
    pub operations: Vec<Operation>,
}

impl Store {
    /// The taxonomy that people label with now, its version and number. Cheap: the document is read once.
    pub async fn published_taxonomy(
        &self,
        project: ProjectId,
    ) -> Result<Option<(TaxonomyVersionId, i64, Arc<Taxonomy>)>> {
        let newest: Option<(i64, i64)> =
            on!(self, |db| sqlx::query_as(NEWEST).bind(project.0).fetch_optional(db).await)?;
        match newest {
            Some((id, number)) => {
                let id = TaxonomyVersionId(id);
                Ok(Some((id, number, self.taxonomy(id).await?)))
            }
            None => Ok(None),
        }
    }

    /// The labels of one version.
    pub async fn taxonomy(&self, version: TaxonomyVersionId) -> Result<Arc<Taxonomy>> {
        if let Some(taxonomy) = self.taxonomies.lock().get(&version) {
            return Ok(taxonomy.clone());
        }
        let query = "SELECT document FROM taxonomy_version WHERE id = $1";
        let document: Doc<Taxonomy> =
            on!(self, |db| sqlx::query_scalar(query).bind(version.0).fetch_one(db).await)?;
        let taxonomy = Arc::new(document.0);
        let mut cache = self.taxonomies.lock();
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(version, taxonomy.clone());
        Ok(taxonomy)
    }

    /// The number of a version of this project.
    pub async fn taxonomy_number(&self, project: ProjectId, version: TaxonomyVersionId) -> Result<i64> {
        let query = "SELECT number FROM taxonomy_version WHERE id = $1 AND project_id = $2";
        Ok(on!(self, |db| sqlx::query_scalar(query).bind(version.0).bind(project.0).fetch_one(db).await)?)
    }

    /// Versions, newest first, with numbers below `before`.
    pub async fn taxonomy_versions(
        &self,
        project: ProjectId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<VersionRow>> {
        let query = "SELECT v.id, v.number, v.note, v.operations, p.name AS published_by, v.published_at
                     FROM taxonomy_version v LEFT JOIN person p ON p.id = v.published_by
                     WHERE v.project_id = $1 AND v.number < $2 ORDER BY v.number DESC LIMIT $3";
        let before = before.unwrap_or(i64::MAX);
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }

    /// What the labels of each earlier version become in this one.
    pub async fn label_maps(&self, version: TaxonomyVersionId) -> Result<LabelMaps> {
        let maps: Doc<LabelMaps> =
            on!(self, |db| sqlx::query_scalar(LABEL_MAPS).bind(version.0).fetch_one(db).await)?;
        Ok(maps.0)
    }

    /// How many items are resolved to one of these labels.
    pub async fn n_resolved_to(&self, project: ProjectId, labels: &[LabelId]) -> Result<i64> {
        if labels.is_empty() {
            return Ok(0);
        }
        Ok(on!(self, |db| {
            let mut query = sqlx::QueryBuilder::new(
                "SELECT CAST(COUNT(DISTINCT item_id) AS BIGINT) FROM consensus_label WHERE project_id = ",
            );
            query.push_bind(project.0).push(" AND label_id IN ");
            push_list(&mut query, labels.iter().map(|label| label.0));
            query.build_query_scalar().fetch_one(db).await
        })?)
    }

    /// The draft, if there is one.
    pub async fn taxonomy_draft(&self, project: ProjectId) -> Result<Option<DraftRow>> {
        type Row = (Option<i64>, Doc<Taxonomy>, i64, Option<String>, i64);
        let query = "SELECT d.base_id, d.document, d.edit, p.name, d.updated_at FROM taxonomy_draft d
                     LEFT JOIN person p ON p.id = d.updated_by WHERE d.project_id = $1";
        let row: Option<Row> =
            on!(self, |db| sqlx::query_as(query).bind(project.0).fetch_optional(db).await)?;
        Ok(row.map(|(base, document, edit, updated_by, at)| DraftRow {
            base: base.map(TaxonomyVersionId),
            taxonomy: document.0,
            edit,
            updated_by,
            updated_at: Time(at),
        }))
    }

    /// The distinct values of a field, sorted, each with its number of items. One more than `most` means that there are
    /// too many.
    pub async fn field_values(
        &self,
        project: ProjectId,
        field: &str,
        most: i64,
    ) -> Result<Vec<(String, i64)>> {
        let query = "SELECT text, CAST(COUNT(*) AS BIGINT) FROM item_field
                     WHERE project_id = $1 AND name = $2 GROUP BY text ORDER BY text LIMIT $3";
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(field)
            .bind(most + 1)
            .fetch_all(db)
            .await)?)
    }

    /// Items after `after` that are resolved to a label.
    pub async fn resolved_to(
        &self,
        project: ProjectId,
        label: LabelId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ItemId>> {
        let query = "SELECT item_id FROM consensus_label
                     WHERE project_id = $1 AND label_id = $2 AND item_id > $3 ORDER BY item_id LIMIT $4";
        let items: Vec<i64> = on!(self, |db| sqlx::query_scalar(query)
            .bind(project.0)
            .bind(label.0)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)?;
        Ok(items.into_iter().map(ItemId).collect())
    }

    /// Items of one state after `after`, with the labels of each person's latest counted answer and the version it was
    /// given under. With `version`, only items that were last looked at under an earlier one.
    pub async fn open_answers(
        &self,
        project: ProjectId,
        version: Option<TaxonomyVersionId>,
        state: &'static str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<OldAnswer>> {
        // Items first, so that the limit never cuts within one item's answers.
        let query = "SELECT i.id AS item_id, a.labels, a.taxonomy_version_id
             FROM (SELECT i.id, i.revision_id FROM item i JOIN consensus c ON c.item_id = i.id
                   WHERE i.project_id = $1 AND i.state = $2 AND i.id > $3
                     AND (c.taxonomy_version_id IS NULL OR c.taxonomy_version_id < $4)
                   ORDER BY i.id LIMIT $5) i
             LEFT JOIN answer a ON a.item_id = i.id AND a.revision_id = i.revision_id
               AND a.kind = 'labels' AND a.standing = 'counted'
               AND NOT EXISTS (SELECT 1 FROM answer b WHERE b.item_id = a.item_id AND b.person_id = a.person_id
                               AND b.standing = 'counted'
                               AND (b.at > a.at OR (b.at = a.at AND b.number > a.number)))
             ORDER BY i.id";
        let version = version.map_or(i64::MAX, |v| v.0);
        Ok(on!(self, |db| sqlx::query_as(query)
            .bind(project.0)
            .bind(state)
            .bind(after)
            .bind(version)
            .bind(limit)
            .fetch_all(db)
            .await)?)
    }
}

/// An answer of an item that may need another look.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OldAnswer {
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    /// `None` if the item has no counted answer left.
    pub labels: Option<Doc<Vec<LabelId>>>,
    pub taxonomy_version_id: Option<i64>,
}

const NEWEST: &str =
    "SELECT id, number FROM taxonomy_version WHERE project_id = $1 ORDER BY number DESC LIMIT 1";
const LABEL_MAPS: &str = "SELECT label_maps FROM taxonomy_version WHERE id = $1";

impl Tx {
    /// The version that people label with now, and its number.
    pub async fn published_version(
        &mut self,
        project: ProjectId,
    ) -> Result<Option<(TaxonomyVersionId, i64)>> {
        let newest: Option<(i64, i64)> =
            on!(self, |db| sqlx::query_as(NEWEST).bind(project.0).fetch_optional(db).await)?;
        Ok(newest.map(|(id, number)| (TaxonomyVersionId(id), number)))
    }

    /// What the labels of each earlier version become in this one. An answer under an earlier version now counts as
    /// `maps[its version].carry(its labels)`. If that is nothing, it is no longer a vote.
    pub async fn label_maps(&mut self, version: TaxonomyVersionId) -> Result<LabelMaps> {
        let maps: Doc<LabelMaps> =
            on!(self, |db| sqlx::query_scalar(LABEL_MAPS).bind(version.0).fetch_one(db).await)?;
        Ok(maps.0)
    }

    /// Publishes `taxonomy` as the version after `base`. Returns nothing if `base` is not the newest version: another
    /// person published meanwhile. Missing labels of the base are kept as retired. A draft that started from `base`
    /// moves to the new version.
    pub async fn publish_taxonomy(
        &mut self,
        project: ProjectId,
        base: Option<TaxonomyVersionId>,
        taxonomy: Taxonomy,
        note: &str,
        by: Option<PersonId>,
    ) -> Result<Option<NewVersion>> {
        let newest = self.published_version(project).await?;
        if newest.map(|n| n.0) != base {
            return Ok(None);
        }
        let (before, mut maps) = match base {
            Some(base) => self.version_document(base).await?,
            None => (Taxonomy::default(), LabelMaps::new()),
        };
        let operations = operations(&before, &taxonomy);
        let step = LabelMap::of(&operations);
        for map in maps.values_mut() {
            *map = map.then(&step);
        }
        if let Some(base) = base {
            maps.insert(base, step);
        }
        let taxonomy = keeping_retired(&before, taxonomy);
        let id: TaxonomyVersionId = self.next_id();
        let number = newest.map_or(1, |n| n.1 + 1);
        let now = self.now();
        let query = "INSERT INTO taxonomy_version
                (id, project_id, number, parent_id, document, operations, label_maps, note, published_by, published_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
        let added = on!(self, |db| sqlx::query(query)
            .bind(id.0)
            .bind(project.0)
            .bind(number)
            .bind(base.map(|b| b.0))
            .bind(Doc(&taxonomy))
            .bind(Doc(&operations))
            .bind(Doc(&maps))
            .bind(note)
            .bind(by.map(|p| p.0))
            .bind(now.0)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        if added == 0 {
            return Ok(None);
        }
        self.write_labels(project, &taxonomy).await?;
        let query = "UPDATE taxonomy_draft SET base_id = $1, document = $2, edit = edit + 1, updated_by = $3,
                       updated_at = $4
                     WHERE project_id = $5 AND (base_id = $6 OR (base_id IS NULL AND $7))";
        on!(self, |db| sqlx::query(query)
            .bind(id.0)
            .bind(Doc(&taxonomy))
            .bind(by.map(|p| p.0))
            .bind(now.0)
            .bind(project.0)
            .bind(base.map(|b| b.0))
            .bind(base.is_none())
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(Some(NewVersion { id, number, operations }))
    }

    async fn version_document(&mut self, version: TaxonomyVersionId) -> Result<(Taxonomy, LabelMaps)> {
        let query = "SELECT document, label_maps FROM taxonomy_version WHERE id = $1";
        let (document, maps): (Doc<Taxonomy>, Doc<LabelMaps>) =
            on!(self, |db| sqlx::query_as(query).bind(version.0).fetch_one(db).await)?;
        Ok((document.0, maps.0))
    }

    /// Writes each label under its newest name.
    async fn write_labels(&mut self, project: ProjectId, taxonomy: &Taxonomy) -> Result<()> {
        let query =
            "INSERT INTO label (id, project_id, name, hue, other, retired) VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (id) DO UPDATE SET name = excluded.name, hue = excluded.hue,
                       other = excluded.other, retired = excluded.retired";
        for label in &taxonomy.labels {
            on!(self, |db| sqlx::query(query)
                .bind(label.id.0)
                .bind(project.0)
                .bind(&label.name)
                .bind(i64::from(label.hue))
                .bind(label.other)
                .bind(label.retired)
                .execute(db)
                .await
                .map(|_| ()))?;
        }
        Ok(())
    }

    /// Locks the draft until the transaction ends, if it is unchanged since `edit` (0: there was none). Returns whether
    /// it is.
    pub async fn claim_draft(&mut self, project: ProjectId, edit: i64) -> Result<bool> {
        let query = format!(
            "SELECT edit FROM taxonomy_draft WHERE project_id = $1{}",
            crate::sql::dialect::for_update(self)
        );
        let now: Option<i64> = on!(self, |db| sqlx::query_scalar(AssertSqlSafe(query))
            .bind(project.0)
            .fetch_optional(db)
            .await)?;
        Ok(now.unwrap_or(0) == edit)
    }

    /// Saves the draft if it is unchanged since `edit` (0: there was none). Returns whether it was saved.
    pub async fn save_draft(
        &mut self,
        project: ProjectId,
        edit: i64,
        base: Option<TaxonomyVersionId>,
        taxonomy: &Taxonomy,
        by: Option<PersonId>,
    ) -> Result<bool> {
        let query = if edit == 0 {
            "INSERT INTO taxonomy_draft (project_id, base_id, document, edit, updated_by, updated_at)
             VALUES ($1, $2, $3, $4 + 1, $5, $6) ON CONFLICT DO NOTHING"
        } else {
            "UPDATE taxonomy_draft SET base_id = $2, document = $3, edit = edit + 1, updated_by = $5, updated_at = $6
             WHERE project_id = $1 AND edit = $4"
        };
        let now = self.now();
        let saved = on!(self, |db| sqlx::query(query)
            .bind(project.0)
            .bind(base.map(|b| b.0))
            .bind(Doc(taxonomy))
            .bind(edit)
            .bind(by.map(|p| p.0))
            .bind(now.0)
            .execute(db)
            .await
            .map(|r| r.rows_affected()))?;
        Ok(saved == 1)
    }
}

/// Adds missing labels as retired: a published document holds every label that was ever published.
fn keeping_retired(before: &Taxonomy, mut taxonomy: Taxonomy) -> Taxonomy {
    for label in &before.labels {
        if taxonomy.get(label.id).is_none() {
            taxonomy.labels.push(domain::taxonomy::Label { retired: true, ..label.clone() });
        }
    }
    taxonomy
}

impl Cache {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TaxonomyVersionId, Arc<Taxonomy>>> {
        // A panic while it was locked left a map of immutable documents: nothing can be half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
