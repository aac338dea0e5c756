//! Imports one piece. New rows, nearly always most of them, take a few multi-row statements. Only rows with a known
//! external id are handled one by one.

use super::fields::FieldValue;
use super::imported::Said;
use super::piece::{Incoming, Known, Piece, Sorted};
use crate::data::changes::ChangeKind;
use crate::error::{Error, Result};
use crate::label::tally::{self, Tally};
use crate::sql::bound_rows::{Rows, comes_again};
use crate::sql::dialect::push_list;
use crate::{Tx, on};
use domain::consensus::State;
use domain::source::RowCounts;
use domain::{ItemId, ProjectId, RevisionId, SourceId};
use sqlx::QueryBuilder;
use std::collections::HashMap;

/// Rows per statement: as many as an import brings at once, so that they go to the database at once.
const ROWS: usize = 192;

static NEW_ITEMS: Rows = Rows::new(
    "INSERT INTO item (id, project_id, source_id, external_id, group_key, event_at, ingested_at, control_hash, \
     control, revision_id, state, seen_source, seen_line) ",
    13,
    " ON CONFLICT (project_id, external_id) DO NOTHING",
);
static NEW_REVISIONS: Rows = Rows::new(
    "INSERT INTO item_revision (id, item_id, project_id, source_id, number, text, fields, group_key, event_at, \
     content_hash, normalized_hash, created_at) ",
    12,
    "",
);
/// Not `EXISTS`: PostgreSQL turns it into a join, and reads the texts of the whole project for each piece.
static DUPLICATES: Rows = Rows::new(
    "SELECT v.column1 FROM (",
    4,
    ") AS v WHERE 1 = (SELECT 1 FROM item_revision r WHERE r.normalized_hash = v.column2 AND r.item_id <> v.column3 \
     AND r.project_id = v.column4 LIMIT 1)",
);

#[derive(sqlx::FromRow)]
struct KnownRow {
    id: i64,
    external_id: String,
    revision_id: i64,
    content_hash: Option<i64>,
    number: Option<i64>,
    seen_source: Option<i64>,
    seen_line: Option<i64>,
}

impl KnownRow {
    fn known(self) -> Known {
        Known {
            item: ItemId(self.id),
            revision: RevisionId(self.revision_id),
            content_hash: self.content_hash.unwrap_or_default(),
            number: self.number.unwrap_or_default(),
            seen_source: self.seen_source.map(SourceId),
            seen_line: self.seen_line,
        }
    }
}

/// The initial state of a new item: one imported answer settles it.
fn entry_state(row: &Incoming) -> State {
    if row.labels.is_some() { State::Agreed } else { State::Unlabeled }
}

impl Tx {
    /// Imports a piece: items, revisions, fields, refusals, imported answers, counts and the change feed.
    pub async fn import_piece(&mut self, piece: &Piece) -> Result<RowCounts> {
        let (sorted, said) = self.sort_rows(piece).await?;
        let mut counts = RowCounts {
            read: (piece.items.len() + piece.rejects.len()) as i64,
            new: sorted.new.len() as i64,
            revised: sorted.revised.len() as i64,
            same: sorted.same.len() as i64,
            rejected: (piece.rejects.len() + sorted.refused.len()) as i64,
            undated: sorted.taken().filter(|row| row.undated).count() as i64,
            ..RowCounts::default()
        };
        (counts.duplicate, counts.duplicate_exact) = self.count_duplicates(piece, &sorted).await?;
        self.insert_contents(piece, &sorted).await?;
        let mut tallies = tally::TallyChanges::default();
        self.replace_contents(piece, &sorted, &mut tallies).await?;
        self.mark_seen(piece, &sorted.same).await?;
        self.insert_rejects(piece.source, piece.rejects.iter().chain(&sorted.refused)).await?;
        counts.answers = self.import_answers(piece, &sorted, &said, &mut tallies).await?;
        count_items(piece, &sorted, &mut tallies);
        self.count_all(tallies, piece.source.0).await?;
        self.add_counts(piece, counts).await?;
        let changed: Vec<ItemId> =
            sorted.new.iter().map(|r| r.item).chain(sorted.revised.iter().map(|r| r.1.item)).collect();
        self.note_change(piece.project, ChangeKind::Items, &changed).await?;
        Ok(counts)
    }

    /// Inserts the new items, and sorts the rows by kind.
    async fn sort_rows<'p>(&mut self, piece: &'p Piece) -> Result<(Sorted<'p>, Said)> {
        let (mut inserted, now) = (0, self.now().0);
        for rows in piece.items.chunks(ROWS) {
            let text = NEW_ITEMS.of(self, rows.len());
            inserted += on!(self, |db| {
                let mut query = sqlx::query(text).persistent(comes_again(rows.len()));
                for item in rows {
                    query = query.bind(item.item.0).bind(piece.project.0).bind(piece.source.0);
                    query = query.bind(item.external_id.clone()).bind(item.group.clone());
                    query = query.bind(item.event_at).bind(now).bind(item.control_hash).bind(item.control);
                    query = query.bind(item.revision.0).bind(entry_state(item).as_str());
                    query = query.bind(piece.source.0).bind(item.line);
                }
                query.execute(db).await.map(|r| r.rows_affected())
            })?;
        }
        if inserted == piece.items.len() as u64 {
            return Ok((Sorted { new: piece.items.iter().collect(), ..Sorted::default() }, Said::default()));
        }
        let known = self.known_items(piece).await?;
        let items: Vec<ItemId> = known.values().map(|k| k.item).collect();
        let said = match piece.answered_by {
            Some(by) => self.said_before(by.person, &items).await?,
            None => Said::default(),
        };
        Ok((Sorted::of(piece, known, &said), said))
    }

    /// The items of this project with the piece's external ids, including those just inserted.
    async fn known_items(&mut self, piece: &Piece) -> Result<HashMap<String, Known>> {
        let mut known = HashMap::with_capacity(piece.items.len());
        for rows in piece.items.chunks(ROWS) {
            let found: Vec<KnownRow> = on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "SELECT i.id, i.external_id, i.revision_id, r.content_hash, r.number, i.seen_source,
                            i.seen_line
                     FROM item i LEFT JOIN item_revision r ON r.id = i.revision_id
                     WHERE i.project_id = ",
                );
                query.push_bind(piece.project.0).push(" AND i.external_id IN ");
                push_list(&mut query, rows.iter().map(|row| row.external_id.clone()));
                query.build_query_as().persistent(comes_again(rows.len())).fetch_all(db).await
            })?;
            for row in found {
                known.insert(row.external_id.clone(), row.known());
            }
        }
        Ok(known)
    }

    /// Counts the new or revised texts that another item already has: after normalization, and exactly. Call it before
    /// the piece's own revisions are inserted.
    async fn count_duplicates(&mut self, piece: &Piece, sorted: &Sorted<'_>) -> Result<(i64, i64)> {
        let rows: Vec<(ItemId, &Incoming)> = sorted.contents().collect();
        let mut duplicates: HashMap<usize, bool> = HashMap::new();
        let mut within: HashMap<i64, Vec<&str>> = HashMap::new();
        for (at, (_, row)) in rows.iter().enumerate() {
            let texts = within.entry(row.normalized_hash).or_default();
            if !texts.is_empty() {
                duplicates.insert(at, texts.contains(&&*row.text));
            }
            texts.push(&row.text);
        }
        for (block, chunk) in rows.chunks(ROWS).enumerate() {
            let text = DUPLICATES.of(self, chunk.len());
            let found: Vec<i64> = on!(self, |db| {
                let query = sqlx::query_scalar(text);
                let mut query = query.persistent(comes_again(chunk.len()));
                for (at, (item, row)) in chunk.iter().enumerate() {
                    query = query.bind((block * ROWS + at) as i64).bind(row.normalized_hash);
                    query = query.bind(item.0).bind(piece.project.0);
                }
                query.fetch_all(db).await
            })?;
            for at in found {
                duplicates.entry(usize::try_from(at).unwrap_or_default()).or_insert(false);
            }
        }
        let mut exact = 0;
        for (at, known_exact) in &duplicates {
            let Some((item, row)) = rows.get(*at) else { continue };
            if *known_exact || self.has_same_text(piece.project, *item, row).await? {
                exact += 1;
            }
        }
        Ok((duplicates.len() as i64, exact))
    }

    async fn has_same_text(&mut self, project: ProjectId, item: ItemId, row: &Incoming) -> Result<bool> {
        let query = "SELECT EXISTS (SELECT 1 FROM item_revision
                     WHERE project_id = $1 AND normalized_hash = $2 AND item_id <> $3 AND text = $4)";
        Ok(on!(self, |db| {
            let query = sqlx::query_scalar(query).bind(project.0).bind(row.normalized_hash);
            query.bind(item.0).bind(row.text.clone()).fetch_one(db).await
        })?)
    }

    /// Inserts revisions and fields of the new and revised items.
    async fn insert_contents(&mut self, piece: &Piece, sorted: &Sorted<'_>) -> Result<()> {
        let now = self.now().0;
        let new = sorted.new.iter().map(|row| (row.item, 1, *row));
        let revised = sorted.revised.iter().map(|(row, known)| (known.item, known.number + 1, *row));
        let contents: Vec<(ItemId, i64, &Incoming)> = new.chain(revised).collect();
        for rows in contents.chunks(ROWS) {
            let text = NEW_REVISIONS.of(self, rows.len());
            on!(self, |db| {
                let mut query = sqlx::query(text).persistent(comes_again(rows.len()));
                for (item, number, from) in rows {
                    query = query.bind(from.revision.0).bind(item.0).bind(piece.project.0);
                    query = query.bind(piece.source.0).bind(*number).bind(from.text.clone());
                    query = query.bind(from.fields.clone()).bind(from.group.clone()).bind(from.event_at);
                    query = query.bind(from.content_hash).bind(from.normalized_hash).bind(now);
                }
                query.execute(db).await.map(|_| ())
            })?;
        }
        let revised: Vec<ItemId> = sorted.revised.iter().map(|(_, known)| known.item).collect();
        self.delete_fields(piece.project, &revised).await?;
        let fields: Vec<(ItemId, &FieldValue)> =
            contents.iter().flat_map(|(item, _, row)| row.field_values.iter().map(|f| (*item, f))).collect();
        self.insert_fields(piece.project, &fields).await
    }

    /// Points the revised items at their new revision, and reopens them.
    async fn replace_contents(
        &mut self,
        piece: &Piece,
        sorted: &Sorted<'_>,
        counts: &mut tally::TallyChanges,
    ) -> Result<()> {
        for rows in sorted.revised.chunks(ROWS) {
            on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "UPDATE item SET revision_id = v.column2, group_key = v.column3, event_at = v.column4,
                       seen_line = v.column5, seen_source = ",
                );
                query.push_bind(piece.source.0).push(" FROM (");
                query.push_values(rows, |mut row, (from, known)| {
                    row.push_bind(known.item.0).push_bind(from.revision.0).push_bind(from.group.clone());
                    row.push_bind(from.event_at).push_bind(from.line);
                });
                query.push(") AS v WHERE item.id = v.column1");
                let query = query.build().persistent(comes_again(rows.len()));
                query.execute(db).await.map(|_| ())
            })?;
        }
        let items: Vec<ItemId> = sorted.revised.iter().map(|(_, k)| k.item).collect();
        self.reopen_items(piece.project, &items, counts).await
    }

    /// Notes the last import with an unchanged item, so that a second row of the same file is detected.
    async fn mark_seen(&mut self, piece: &Piece, same: &[(&Incoming, Known)]) -> Result<()> {
        let fresh: Vec<_> = same.iter().filter(|(_, k)| k.seen_source != Some(piece.source)).collect();
        for rows in fresh.chunks(ROWS) {
            on!(self, |db| {
                let mut query = QueryBuilder::new("UPDATE item SET seen_line = v.column2, seen_source = ");
                query.push_bind(piece.source.0).push(" FROM (");
                query.push_values(rows.iter(), |mut row, (from, known)| {
                    row.push_bind(known.item.0).push_bind(from.line);
                });
                query.push(") AS v WHERE item.id = v.column1");
                let query = query.build().persistent(comes_again(rows.len()));
                query.execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    async fn insert_rejects(
        &mut self,
        source: SourceId,
        rejects: impl Iterator<Item = &crate::data::sources::Reject>,
    ) -> Result<()> {
        let rejects: Vec<_> = rejects.collect();
        for rows in rejects.chunks(ROWS) {
            on!(self, |db| {
                let mut query = QueryBuilder::new("INSERT INTO reject (source_id, line, reason, raw) ");
                query.push_values(rows, |mut row, reject| {
                    row.push_bind(source.0).push_bind(reject.line);
                    row.push_bind(reject.reason.as_str()).push_bind(reject.raw.as_str());
                });
                query.push(" ON CONFLICT (source_id, line) DO NOTHING");
                let query = query.build().persistent(comes_again(rows.len()));
                query.execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    async fn add_counts(&mut self, piece: &Piece, counts: RowCounts) -> Result<()> {
        let query = "UPDATE source SET n_read = n_read + $2, n_new = n_new + $3, n_revised = n_revised + $4,
                       n_same = n_same + $5, n_rejected = n_rejected + $6, n_duplicate = n_duplicate + $7,
                       n_duplicate_exact = n_duplicate_exact + $8, n_answers = n_answers + $9,
                       n_undated = n_undated + $10
                     WHERE id = $1 AND n_read = $11 AND state = 'running'";
        let n = on!(self, |db| {
            let query = sqlx::query(query).bind(piece.source.0).bind(counts.read).bind(counts.new);
            let query = query.bind(counts.revised).bind(counts.same).bind(counts.rejected);
            let query = query.bind(counts.duplicate).bind(counts.duplicate_exact).bind(counts.answers);
            query.bind(counts.undated).bind(piece.read_before).execute(db).await.map(|r| r.rows_affected())
        })?;
        // Another runner has this import, or it was ended meanwhile: this piece must not count.
        if n == 1 { Ok(()) } else { Err(Error::Closed) }
    }
}

fn count_items(piece: &Piece, sorted: &Sorted<'_>, counts: &mut tally::TallyChanges) {
    let project = Tally::Project(piece.project);
    let n_where = |is: &dyn Fn(&Incoming) -> bool| sorted.new.iter().filter(|row| is(row)).count() as i64;
    counts.add(project, "control", n_where(&|row| row.control));
    for state in [State::Unlabeled, State::Agreed] {
        counts.add(project, state.as_str(), n_where(&|row| entry_state(row) == state));
    }
}

impl<'p> Sorted<'p> {
    /// Sorts the rows by kind, in file order. Within one file an external id stands for one content.
    fn of(piece: &'p Piece, known: HashMap<String, Known>, said: &Said) -> Sorted<'p> {
        let mut sorted = Sorted::default();
        let mut taken: HashMap<ItemId, &Incoming> = HashMap::new();
        for row in &piece.items {
            let Some(known) = known.get(&*row.external_id).copied().filter(|k| k.item != row.item) else {
                taken.insert(row.item, row);
                sorted.new.push(row);
                continue;
            };
            if let Some(earlier) = taken.get(&known.item) {
                let same = earlier.content_hash == row.content_hash;
                if same && earlier.labels == row.labels {
                    sorted.same.push((row, Known { seen_source: Some(piece.source), ..known }));
                } else {
                    sorted.refuse(row, earlier.line, same);
                }
                continue;
            }
            let same = known.content_hash == row.content_hash;
            if let (true, Some(line)) = (known.seen_source == Some(piece.source), known.seen_line) {
                let says_same = row.labels.is_none() || said.labels_of(known.item) == row.labels.as_ref();
                if same && says_same {
                    sorted.same.push((row, known))
                } else {
                    sorted.refuse(row, line, same)
                }
                continue;
            }
            taken.insert(known.item, row);
            if same { sorted.same.push((row, known)) } else { sorted.revised.push((row, known)) }
        }
        sorted
    }

    /// `same` means that the contents are the same, and only the labels differ.
    fn refuse(&mut self, row: &Incoming, earlier: i64, same: bool) {
        let reason = if same {
            format!(
                "line {earlier} is the same item with another label; in one import one person answers. Bring the answers of \
                 several people one by one, each with their name"
            )
        } else {
            format!(
                "line {earlier} has the same id with other content; in one file an id stands for one item"
            )
        };
        let raw = String::from_utf8_lossy(&row.raw).replace('\0', "\u{fffd}");
        self.refused.push(crate::data::sources::Reject { line: row.line, reason, raw });
    }

    /// All rows except the refused.
    fn taken(&self) -> impl Iterator<Item = &'p Incoming> + '_ {
        let known = self.revised.iter().chain(&self.same).map(|(row, _)| *row);
        self.new.iter().copied().chain(known)
    }

    /// The rows with new content, each with its item.
    fn contents(&self) -> impl Iterator<Item = (ItemId, &'p Incoming)> + '_ {
        let new = self.new.iter().map(|row| (row.item, *row));
        new.chain(self.revised.iter().map(|(row, known)| (known.item, *row)))
    }
}
