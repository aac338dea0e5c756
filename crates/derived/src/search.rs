//! The words of all items' current texts, for the search box. One folder for an installation's data directory;
//! only the process that serves from it writes, any number may read.
//!
//! An index that can't be read is thrown away and begun again: it holds nothing that the database has not.

mod ask;
mod words;

#[cfg(test)]
mod tests;

pub use ask::is_blank;

use domain::{ItemId, ProjectId};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use tantivy::collector::{Count, TopDocs};
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::LockError;
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, Order, ReloadPolicy, TantivyDocument, TantivyError, Term};
use thiserror::Error;

/// Rises with every change of the fields or of how text is cut into words; other formats are thrown away.
const FORMAT: &str = "1";
/// Memory that a writer fills before it writes a segment, in bytes.
const MEMORY: usize = 48 << 20;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Error)]
pub enum Error {
    #[error("another process is writing this search index")]
    InUse,
    #[error("search index: {0}")]
    Index(#[from] TantivyError),
    #[error("search index: {0}")]
    Io(#[from] std::io::Error),
}

/// Which end of the items comes first. Ids grow with time, so this is the order of import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    OldestFirst,
    NewestFirst,
}

/// The index, open for reading. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    folder: PathBuf,
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

#[derive(Clone, Copy)]
struct Fields {
    item: Field,
    project: Field,
    text: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer(words::NAME)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions)
        .set_fieldnorms(false);
    let fields = Fields {
        item: schema.add_i64_field("item", FAST),
        project: schema.add_i64_field("project", INDEXED),
        text: schema.add_text_field("text", TextOptions::default().set_indexing_options(words)),
    };
    (schema.build(), fields)
}

impl Search {
    /// Opens the index under `folder`, or begins an empty one.
    pub fn open(folder: &Path) -> Result<Search> {
        let place = folder.join(FORMAT);
        match Search::open_at(&place) {
            Ok(search) => Ok(search),
            Err(error) => {
                tracing::warn!(%error, "the search index can't be read and is made again");
                remove_if_there(folder)?;
                Search::open_at(&place)
            }
        }
    }

    fn open_at(place: &Path) -> Result<Search> {
        std::fs::create_dir_all(place)?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(place).map_err(TantivyError::from)?;
        let index = Index::open_or_create(directory, schema)?;
        index.tokenizers().register(words::NAME, words::analyzer());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Search { folder: place.to_owned(), index, reader, fields })
    }

    /// How far into the change feed the index has come; nothing in an empty one.
    pub fn cursor(&self) -> Result<Option<i64>> {
        Ok(self.index.load_metas()?.payload.and_then(|payload| payload.parse().ok()))
    }

    /// Number of texts in the index.
    pub fn n_items(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Items of a project whose text holds all the words, in the order of their ids: `limit` of them, beyond
    /// `after`. Whatever is typed is a query (see [`ask`]); one without a word finds nothing.
    pub fn find(
        &self,
        project: ProjectId,
        query: &str,
        direction: Direction,
        after: Option<ItemId>,
        limit: usize,
    ) -> Result<Vec<ItemId>> {
        let Some(asked) = self.query(project, query) else { return Ok(Vec::new()) };
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (range, order) = match (direction, after) {
            (Direction::OldestFirst, after) => (after.map(|a| self.items(Some(a.0 + 1), None)), Order::Asc),
            (Direction::NewestFirst, after) => (after.map(|a| self.items(None, Some(a.0 - 1))), Order::Desc),
        };
        let asked = match range {
            Some(range) => Box::new(BooleanQuery::intersection(vec![asked, range])) as Box<dyn Query>,
            None => asked,
        };
        let top = TopDocs::with_limit(limit).order_by_fast_field::<i64>("item", order);
        let found = self.reader.searcher().search(&asked, &top)?;
        Ok(found.into_iter().filter_map(|(item, _)| item.map(ItemId)).collect())
    }

    /// How many items [`find`](Search::find) would find in all.
    pub fn count(&self, project: ProjectId, query: &str) -> Result<usize> {
        let Some(asked) = self.query(project, query) else { return Ok(0) };
        Ok(self.reader.searcher().search(&asked, &Count)?)
    }

    fn query(&self, project: ProjectId, query: &str) -> Option<Box<dyn Query>> {
        let mut clauses = ask::clauses(query, self.fields.text);
        if clauses.is_empty() {
            return None;
        }
        clauses.push((Occur::Must, self.project(project)));
        Some(Box::new(BooleanQuery::new(clauses)))
    }

    fn project(&self, project: ProjectId) -> Box<dyn Query> {
        let term = Term::from_field_i64(self.fields.project, project.0);
        Box::new(TermQuery::new(term, IndexRecordOption::Basic))
    }

    /// Items with ids from `first` to `last`, both included.
    fn items(&self, first: Option<i64>, last: Option<i64>) -> Box<dyn Query> {
        let end = |id: Option<i64>| {
            id.map_or(Bound::Unbounded, |id| Bound::Included(Term::from_field_i64(self.fields.item, id)))
        };
        Box::new(RangeQuery::new(end(first), end(last)))
    }

    /// The one writer; in use while another one lives, in this or another process.
    pub fn writer(&self) -> Result<Writer> {
        let writer = self.index.writer_with_num_threads(1, MEMORY).map_err(|error| match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Error::InUse,
            error => Error::Index(error),
        })?;
        Ok(Writer { search: self.clone(), writer })
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn remove_if_there(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Brings an index up to date. Nothing can be found before [`commit`](Writer::commit).
pub struct Writer {
    search: Search,
    writer: IndexWriter,
}

impl Writer {
    /// Forgets everything.
    pub fn clear(&mut self) -> Result<()> {
        self.writer.delete_all_documents()?;
        Ok(())
    }

    /// Forgets the items of a project with ids from `first` to `last`.
    pub fn forget(&mut self, project: ProjectId, first: ItemId, last: ItemId) -> Result<()> {
        let range = self.search.items(Some(first.0), Some(last.0));
        let gone = BooleanQuery::intersection(vec![self.search.project(project), range]);
        self.writer.delete_query(Box::new(gone))?;
        Ok(())
    }

    /// Adds an item that is not there.
    pub fn add(&mut self, project: ProjectId, item: ItemId, text: &str) -> Result<()> {
        let fields = self.search.fields;
        let mut document = TantivyDocument::new();
        document.add_i64(fields.item, item.0);
        document.add_i64(fields.project, project.0);
        document.add_text(fields.text, text);
        self.writer.add_document(document)?;
        Ok(())
    }

    /// Makes what was done findable, and remembers how far into the change feed that is.
    pub fn commit(&mut self, cursor: i64) -> Result<()> {
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&cursor.to_string());
        commit.commit()?;
        self.search.reader.reload()?;
        Ok(())
    }
}
