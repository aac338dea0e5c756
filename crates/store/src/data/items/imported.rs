//! Answers from a file: a label column, saved as answers of the person that stands for its source.

use super::piece::{AnsweredBy, Incoming, Piece, Sorted};
use crate::error::Result;
use crate::label::tally::{Tally, TallyChanges};
use crate::sql::dialect::push_list;
use crate::{Doc, Tx, on};
use domain::answer::Origin;
use domain::{ItemId, LabelId, PersonId, RevisionId};
use sqlx::QueryBuilder;
use std::collections::HashMap;

/// The last answers of a source person to some items.
#[derive(Default)]
pub(super) struct Said(HashMap<ItemId, Last>);

struct Last {
    number: i64,
    revision: RevisionId,
    labels: Vec<LabelId>,
}

impl Said {
    pub(super) fn labels_of(&self, item: ItemId) -> Option<&Vec<LabelId>> {
        self.0.get(&item).map(|last| &last.labels)
    }
}

/// An answer to make from a row.
struct Fresh<'p> {
    row: &'p Incoming,
    item: ItemId,
    revision: RevisionId,
    number: i64,
    labels: &'p [LabelId],
}

/// Rows per INSERT.
const ROWS: usize = 64;

type SaidRow = (i64, i64, i64, Doc<Vec<LabelId>>);

impl Tx {
    pub(super) async fn said_before(&mut self, person: PersonId, items: &[ItemId]) -> Result<Said> {
        let mut said = Said::default();
        for items in items.chunks(ROWS) {
            let rows: Vec<SaidRow> = on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "SELECT item_id, number, revision_id, labels FROM answer
                     WHERE queue_id IS NULL AND kind = 'labels' AND person_id = ",
                );
                query.push_bind(person.0).push(" AND item_id IN ");
                push_list(&mut query, items.iter().map(|item| item.0));
                query.push(" ORDER BY number");
                query.build_query_as().persistent(items.len() == ROWS).fetch_all(db).await
            })?;
            for (item, number, revision, labels) in rows {
                let last = Last { number, revision: RevisionId(revision), labels: labels.0 };
                said.0.insert(ItemId(item), last);
            }
        }
        Ok(said)
    }

    /// Saves the answers of the label column, except where the same was answered on the same content before. New items
    /// are settled by them at once, the others are resolved again from all their answers.
    pub(super) async fn import_answers(
        &mut self,
        piece: &Piece,
        sorted: &Sorted<'_>,
        said: &Said,
        counts: &mut TallyChanges,
    ) -> Result<i64> {
        let Some(by) = piece.answered_by else { return Ok(0) };
        let new: Vec<Fresh<'_>> =
            sorted.new.iter().filter_map(|row| fresh(row, row.item, row.revision, said)).collect();
        let revised = sorted.revised.iter().filter_map(|(row, k)| fresh(row, k.item, row.revision, said));
        let same = sorted.same.iter().filter_map(|(row, k)| fresh(row, k.item, k.revision, said));
        let known: Vec<Fresh<'_>> = revised.chain(same).collect();
        let mut n = self.insert_answers(piece, by, &new).await?;
        self.settle_new(piece, by, &new, counts).await?;
        n += self.insert_answers(piece, by, &known).await?;
        counts.add(Tally::Answers(piece.project), Tally::ALL, n as i64);
        for answer in &known {
            self.settle_consensus(piece.project, answer.item, counts).await?;
        }
        Ok(n as i64)
    }

    async fn insert_answers(&mut self, piece: &Piece, by: AnsweredBy, answers: &[Fresh<'_>]) -> Result<u64> {
        let (mut n, now) = (0, self.now().0);
        for rows in answers.chunks(ROWS) {
            n += on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "INSERT INTO answer (id, project_id, source_id, person_id, item_id, revision_id, number, kind, \
                     labels, taxonomy_version_id, origin, standing, sighted, at) ",
                );
                query.push_values(rows, |mut row, answer| {
                    row.push_bind(answer_id(by.person, answer)).push_bind(piece.project.0);
                    row.push_bind(piece.source.0).push_bind(by.person.0).push_bind(answer.item.0);
                    row.push_bind(answer.revision.0).push_bind(answer.number).push_bind("labels");
                    row.push_bind(Doc(answer.labels)).push_bind(by.taxonomy.0);
                    row.push_bind(Origin::Imported.as_str())
                        .push_bind("counted")
                        .push_bind(false)
                        .push_bind(now);
                });
                query.push(" ON CONFLICT (id) DO NOTHING");
                let query = query.build().persistent(rows.len() == ROWS);
                query.execute(db).await.map(|r| r.rows_affected())
            })?;
        }
        Ok(n)
    }

    /// Settles an item with one answer where no more are required: it is agreed on.
    async fn settle_new(
        &mut self,
        piece: &Piece,
        by: AnsweredBy,
        answers: &[Fresh<'_>],
        counts: &mut TallyChanges,
    ) -> Result<()> {
        let now = self.now().0;
        for rows in answers.chunks(ROWS) {
            on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "INSERT INTO consensus (item_id, project_id, revision_id, labels, method, confidence, n_answers, \
                     n_skips, taxonomy_version_id, updated_at) ",
                );
                query.push_values(rows, |mut row, answer| {
                    row.push_bind(answer.item.0).push_bind(piece.project.0).push_bind(answer.revision.0);
                    row.push_bind(Doc(answer.labels)).push_bind("majority").push_bind(1.0).push_bind(1_i64);
                    row.push_bind(0_i64).push_bind(by.taxonomy.0).push_bind(now);
                });
                let query = query.build().persistent(rows.len() == ROWS);
                query.execute(db).await.map(|_| ())
            })?;
        }
        let labels: Vec<(ItemId, LabelId)> =
            answers.iter().flat_map(|a| a.labels.iter().map(|l| (a.item, *l))).collect();
        for (_, label) in &labels {
            counts.add(Tally::Labels(piece.project), &label.to_string(), 1);
        }
        for rows in labels.chunks(ROWS) {
            on!(self, |db| {
                let mut query =
                    QueryBuilder::new("INSERT INTO consensus_label (project_id, label_id, item_id) ");
                query.push_values(rows, |mut row, (item, label)| {
                    row.push_bind(piece.project.0).push_bind(label.0).push_bind(item.0);
                });
                let query = query.build().persistent(rows.len() == ROWS);
                query.execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}

fn fresh<'p>(row: &'p Incoming, item: ItemId, revision: RevisionId, said: &Said) -> Option<Fresh<'p>> {
    let labels = row.labels.as_deref()?;
    let number = match said.0.get(&item) {
        Some(last) if last.revision == revision && last.labels == labels => return None,
        Some(last) => last.number + 1,
        None => 1,
    };
    Some(Fresh { row, item, revision, number, labels })
}

/// A UUID of version 8 (RFC 9562), derived from person, answer and content. So the same file gives the same answers
/// (idempotent).
fn answer_id(person: PersonId, answer: &Fresh<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"imported answer");
    for number in [person.0, answer.row.content_hash, answer.number] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(answer.row.external_id.as_bytes());
    for label in answer.labels {
        hasher.update(&label.0.to_le_bytes());
    }
    let mut head = [0u8; 16];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    let id = u128::from_be_bytes(head);
    let id = id & !(0xf << 76) | 0x8 << 76;
    let id = id & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
