//! Bulk answers: one label for many items, after a person judged some of them that were drawn at random.

use crate::error::Result;
use crate::label::tally::{Tally, TallyChanges};
use crate::{Doc, Store, Tx, on};
use domain::answer::Origin;
use domain::discover::BulkState;
use domain::slice::Slice;
use domain::{
    BulkId, ClusterId, ClusteringId, ItemId, LabelId, PersonId, ProjectId, RevisionId, TaxonomyVersionId,
};
use sqlx::QueryBuilder;

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct BulkRow {
    #[sqlx(try_from = "i64")]
    pub id: BulkId,
    #[sqlx(try_from = "i64")]
    pub project_id: ProjectId,
    pub clustering_id: Option<i64>,
    pub cluster_id: Option<i64>,
    pub selection: Doc<Slice>,
    #[sqlx(try_from = "i64")]
    pub label_id: LabelId,
    #[sqlx(try_from = "i64")]
    pub taxonomy_version_id: TaxonomyVersionId,
    #[sqlx(try_from = "String")]
    pub state: BulkState,
    pub n_items: i64,
    /// Taken out by hand, among them the drawn ones that are wrong.
    pub n_unticked: i64,
    /// Drawn at random and judged.
    pub n_drawn: i64,
    pub n_right: i64,
    pub n_labeled: i64,
    #[sqlx(try_from = "i64")]
    pub person_id: PersonId,
    pub person: String,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

/// A bulk answer to be begun.
#[derive(Debug, Clone)]
pub struct NewBulk {
    pub run: Option<ClusteringId>,
    pub group: Option<ClusterId>,
    pub selection: Slice,
    pub label: LabelId,
    pub version: TaxonomyVersionId,
    pub seed: i64,
    pub n_items: i64,
    pub person: PersonId,
}

/// An item of a bulk answer.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct BulkItemRow {
    pub place: i64,
    #[sqlx(try_from = "i64")]
    pub item_id: ItemId,
    #[sqlx(try_from = "i64")]
    pub revision_id: RevisionId,
    pub drawn: bool,
    /// `right`, `wrong`, or nothing.
    pub verdict: Option<String>,
    pub labeled: bool,
    /// The text that it had when the bulk answer began; nothing where the item is gone.
    pub text: Option<String>,
    /// It has another text now, or is gone.
    pub changed: bool,
}

/// An item that is about to enter.
#[derive(Debug, Clone, Copy)]
pub struct BulkEntry {
    pub place: i64,
    pub item: ItemId,
    pub revision: RevisionId,
    pub drawn: bool,
}

macro_rules! bulk {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.project_id, b.clustering_id, b.cluster_id, b.selection, b.label_id, \
             b.taxonomy_version_id, b.state, b.n_items, b.n_unticked, b.n_drawn, b.n_right, b.n_labeled, \
             b.person_id, p.name AS person, b.created_at, b.finished_at \
             FROM bulk b JOIN person p ON p.id = b.person_id WHERE ",
            $rest
        )
    };
}

/// Rows of one INSERT.
const ROWS: usize = 64;

impl Store {
    pub async fn bulk(&self, project: ProjectId, bulk: BulkId) -> Result<Option<BulkRow>> {
        let query = bulk!("b.id = $1 AND b.project_id = $2");
        Ok(on!(self, |db| sqlx::query_as(query).bind(bulk.0).bind(project.0).fetch_optional(db).await)?)
    }

    /// Newest first.
    pub async fn bulks(&self, project: ProjectId, limit: i64) -> Result<Vec<BulkRow>> {
        let query = bulk!("b.project_id = $1 ORDER BY b.id DESC LIMIT $2");
        Ok(on!(self, |db| sqlx::query_as(query).bind(project.0).bind(limit).fetch_all(db).await)?)
    }

    /// Items of a bulk answer from a place on, in the order in which they are shown.
    pub async fn bulk_items(&self, bulk: BulkId, from: i64, limit: i64) -> Result<Vec<BulkItemRow>> {
        let query = "SELECT b.place, b.item_id, b.revision_id, b.drawn, b.verdict, b.labeled, r.text,
                            (i.id IS NULL OR i.revision_id <> b.revision_id) AS changed
                     FROM bulk_item b LEFT JOIN item i ON i.id = b.item_id
                     LEFT JOIN item_revision r ON r.id = b.revision_id
                     WHERE b.bulk_id = $1 AND b.place >= $2 ORDER BY b.place LIMIT $3";
        Ok(on!(self, |db| { sqlx::query_as(query).bind(bulk.0).bind(from).bind(limit).fetch_all(db).await })?)
    }

    /// Current revisions of items, for those that are still there.
    pub async fn revisions_now(&self, project: ProjectId, items: &[ItemId]) -> Result<Vec<(i64, i64)>> {
        let mut found = Vec::with_capacity(items.len());
        for items in items.chunks(500) {
            let rows: Vec<(i64, i64)> = on!(self, |db| {
                let mut query = QueryBuilder::new("SELECT id, revision_id FROM item WHERE project_id = ");
                query.push_bind(project.0).push(" AND id IN ");
                crate::sql::dialect::push_list(&mut query, items.iter().map(|item| item.0));
                query.build_query_as().persistent(items.len() == 500).fetch_all(db).await
            })?;
            found.extend(rows);
        }
        Ok(found)
    }
}

impl Tx {
    pub async fn insert_bulk(&mut self, project: ProjectId, bulk: &NewBulk) -> Result<BulkId> {
        let (id, now): (BulkId, _) = (self.next_id(), self.now().0);
        let query = "INSERT INTO bulk (id, project_id, clustering_id, cluster_id, selection, label_id,
                       taxonomy_version_id, state, seed, n_items, person_id, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, 'judging', $8, $9, $10, $11)";
        on!(self, |db| {
            let query = sqlx::query(query).bind(id.0).bind(project.0).bind(bulk.run.map(|run| run.0));
            let query = query.bind(bulk.group.map(|group| group.0)).bind(Doc(&bulk.selection));
            let query = query.bind(bulk.label.0).bind(bulk.version.0).bind(bulk.seed).bind(bulk.n_items);
            query.bind(bulk.person.0).bind(now).execute(db).await.map(|_| ())
        })?;
        Ok(id)
    }

    pub async fn insert_bulk_items(&mut self, bulk: BulkId, entries: &[BulkEntry]) -> Result<()> {
        for rows in entries.chunks(ROWS) {
            on!(self, |db| {
                let mut query =
                    QueryBuilder::new("INSERT INTO bulk_item (bulk_id, place, item_id, revision_id, drawn) ");
                query.push_values(rows, |mut row, entry| {
                    row.push_bind(bulk.0).push_bind(entry.place).push_bind(entry.item.0);
                    row.push_bind(entry.revision.0).push_bind(entry.drawn);
                });
                query.push(" ON CONFLICT DO NOTHING");
                query.build().persistent(rows.len() == ROWS).execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// A person's verdict on an item, while the bulk answer is judged.
    pub async fn judge_bulk_item(&mut self, bulk: BulkId, place: i64, verdict: Option<&str>) -> Result<()> {
        let query = "UPDATE bulk_item SET verdict = $3 WHERE bulk_id = $1 AND place = $2
                       AND EXISTS (SELECT 1 FROM bulk b WHERE b.id = $1 AND b.state = 'judging')";
        Ok(on!(self, |db| {
            sqlx::query(query).bind(bulk.0).bind(place).bind(verdict).execute(db).await.map(|_| ())
        })?)
    }

    /// Counts verdicts: (drawn and judged, of these right, unticked in all).
    pub async fn count_verdicts(&mut self, bulk: BulkId) -> Result<(i64, i64, i64)> {
        let query = "SELECT
              CAST(COALESCE(SUM(CASE WHEN drawn AND verdict IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT),
              CAST(COALESCE(SUM(CASE WHEN drawn AND verdict = 'right' THEN 1 ELSE 0 END), 0) AS BIGINT),
              CAST(COALESCE(SUM(CASE WHEN verdict = 'wrong' THEN 1 ELSE 0 END), 0) AS BIGINT)
            FROM bulk_item WHERE bulk_id = $1 AND verdict IS NOT NULL";
        let counts: (i64, i64, i64) = on!(self, |db| sqlx::query_as(query).bind(bulk.0).fetch_one(db).await)?;
        let update = "UPDATE bulk SET n_drawn = $2, n_right = $3, n_unticked = $4 WHERE id = $1";
        on!(self, |db| {
            let query = sqlx::query(update).bind(bulk.0).bind(counts.0).bind(counts.1);
            query.bind(counts.2).execute(db).await.map(|_| ())
        })?;
        Ok(counts)
    }

    /// Moves a bulk answer on. False if it was not in the state `from`.
    pub async fn move_bulk(&mut self, bulk: BulkId, from: BulkState, to: BulkState) -> Result<bool> {
        let now = self.now().0;
        let query = "UPDATE bulk SET state = $3, finished_at = $4 WHERE id = $1 AND state = $2";
        let finished = matches!(to, BulkState::Done | BulkState::GivenUp).then_some(now);
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(bulk.0).bind(from.as_str()).bind(to.as_str());
            query.bind(finished).execute(db).await.map(|r| r.rows_affected())
        })?;
        Ok(n == 1)
    }

    /// Items of a bulk answer that are still to be labeled, from a place on.
    pub async fn bulk_to_label(&mut self, bulk: BulkId, limit: i64) -> Result<Vec<(i64, i64, i64)>> {
        let query = "SELECT b.place, b.item_id, b.revision_id FROM bulk_item b
                     WHERE b.bulk_id = $1 AND NOT b.labeled AND (b.verdict IS NULL OR b.verdict = 'right')
                     ORDER BY b.place LIMIT $2";
        Ok(on!(self, |db| sqlx::query_as(query).bind(bulk.0).bind(limit).fetch_all(db).await)?)
    }

    /// Gives the label to a piece of a bulk answer: answers of origin *bulk*, and their consensus. Items whose text
    /// changed since it began, that people answered or set aside meanwhile, are passed over. Returns how many were
    /// labeled; `None` when nothing was left.
    pub async fn label_bulk_piece(&mut self, bulk: &BulkRow, limit: i64) -> Result<Option<i64>> {
        let piece = self.bulk_to_label(bulk.id, limit).await?;
        if piece.is_empty() {
            return Ok(None);
        }
        let mut counts = TallyChanges::default();
        let (mut n, now) = (0, self.now());
        for (place, item, revision) in &piece {
            self.lock_item(ItemId(*item)).await?;
            let query = "SELECT COALESCE(MAX(a.number), 0) + 1 FROM answer a
                         WHERE a.item_id = $1 AND a.person_id = $2 AND a.queue_id IS NULL";
            let number: i64 = on!(self, |db| {
                sqlx::query_scalar(query).bind(item).bind(bulk.person_id.0).fetch_one(db).await
            })?;
            // Sent twice, it is one answer: the id follows from the bulk answer and the place.
            let id = answer_id(bulk.id, *place);
            let insert = "INSERT INTO answer (id, project_id, person_id, item_id, revision_id, number, kind, labels,
                            taxonomy_version_id, origin, standing, sighted, bulk_id, at)
                          SELECT $1, $2, $3, i.id, i.revision_id, $6, 'labels', $7, $8, $9, 'counted', $10, $11, $12
                          FROM item i WHERE i.id = $4 AND i.revision_id = $5 AND i.state = 'unlabeled'
                            AND NOT EXISTS (SELECT 1 FROM item_aside o WHERE o.project_id = $2 AND o.item_id = i.id)
                          ON CONFLICT (id) DO NOTHING";
            let inserted = on!(self, |db| {
                let query = sqlx::query(insert).bind(&id).bind(bulk.project_id.0).bind(bulk.person_id.0);
                let query = query.bind(item).bind(revision).bind(number).bind(Doc(vec![bulk.label_id]));
                let query = query.bind(bulk.taxonomy_version_id.0).bind(Origin::Bulk.as_str()).bind(true);
                query.bind(bulk.id.0).bind(now.0).execute(db).await.map(|r| r.rows_affected())
            })?;
            if inserted == 1 {
                n += 1;
                self.settle_consensus(bulk.project_id, ItemId(*item), &mut counts).await?;
            }
        }
        counts.add(Tally::Answers(bulk.project_id), Tally::ALL, n);
        counts.add(Tally::Answers(bulk.project_id), &now.day().to_string(), n);
        self.count_all(counts, bulk.id.0).await?;
        let done = "UPDATE bulk_item SET labeled = $4 WHERE bulk_id = $1 AND place >= $2 AND place <= $3
                      AND (verdict IS NULL OR verdict = 'right')";
        let (first, last) = (piece[0].0, piece[piece.len() - 1].0);
        on!(self, |db| {
            let query = sqlx::query(done).bind(bulk.id.0).bind(first).bind(last).bind(true);
            query.execute(db).await.map(|_| ())
        })?;
        let update = "UPDATE bulk SET n_labeled = n_labeled + $2 WHERE id = $1";
        on!(self, |db| sqlx::query(update).bind(bulk.id.0).bind(n).execute(db).await.map(|_| ()))?;
        Ok(Some(n))
    }
}

/// A UUID in its usual writing (version 8: its content is our own).
fn answer_id(bulk: BulkId, place: i64) -> String {
    let (bulk, place) = (bulk.0 as u64, place as u64);
    format!(
        "{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}",
        (bulk >> 32) as u32,
        (bulk >> 16) & 0xffff,
        (bulk >> 4) & 0xfff,
        bulk & 0xf,
        place & 0xffff_ffff_ffff,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_an_id_of_its_own() {
        let id = answer_id(BulkId(0x1f_ffff_1234_567a), 41);
        assert_eq!(id, "001fffff-1234-8567-800a-000000000029");
        assert_ne!(answer_id(BulkId(5), 1), answer_id(BulkId(4), 1));
        assert_ne!(answer_id(BulkId(5), 1), answer_id(BulkId(5), 2));
    }
}
