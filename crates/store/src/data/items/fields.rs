//! The fields of items for filters. They are derived from the items' current revisions, and stored by value only.

use crate::error::Result;
use crate::sql::bound_rows::{Rows, comes_again};
use crate::sql::dialect::push_list;
use crate::{Doc, Tx, on};
use domain::{ItemId, ProjectId};
use serde_json::{Map, Value};
use sqlx::QueryBuilder;
use std::borrow::Borrow;
use std::sync::Arc;

/// A field for the filter table, with its text truncated.
#[derive(Debug, Clone)]
pub struct FieldValue {
    pub name: Arc<str>,
    pub text: Arc<str>,
    pub number: Option<f64>,
}

/// Characters of a field that filters see. The revision has all of it.
const FIELD_TEXT: usize = 200;
/// Fields per statement.
const FIELDS: usize = 384;

static NEW_FIELDS: Rows =
    Rows::new("INSERT INTO item_field (project_id, name, text, item_id, number) ", 5, "");

impl FieldValue {
    pub fn new(name: Arc<str>, value: &str) -> FieldValue {
        let end = value.char_indices().nth(FIELD_TEXT).map_or(value.len(), |(at, _)| at);
        let number = value.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        FieldValue { name, text: Arc::from(&value[..end]), number }
    }

    /// Made from a field of a revision.
    pub(super) fn of(name: &str, value: &Value) -> FieldValue {
        match value {
            Value::String(text) => FieldValue::new(name.into(), text),
            other => FieldValue::new(name.into(), &other.to_string()),
        }
    }
}

impl Tx {
    pub(super) async fn insert_fields(
        &mut self,
        project: ProjectId,
        fields: &[(ItemId, impl Borrow<FieldValue> + Sync)],
    ) -> Result<()> {
        for rows in fields.chunks(FIELDS) {
            let text = NEW_FIELDS.of(self, rows.len());
            on!(self, |db| {
                let mut query = sqlx::query(text).persistent(comes_again(rows.len()));
                for (item, field) in rows {
                    let field: &FieldValue = field.borrow();
                    query = query.bind(project.0).bind(field.name.clone()).bind(field.text.clone());
                    query = query.bind(item.0).bind(field.number);
                }
                query.execute(db).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Call it while the items still have the revision with these fields.
    pub(super) async fn delete_fields(&mut self, project: ProjectId, items: &[ItemId]) -> Result<()> {
        for items in items.chunks(FIELDS) {
            let of_items: Vec<(i64, Doc<Map<String, Value>>)> = on!(self, |db| {
                let mut query = QueryBuilder::new(
                    "SELECT i.id, r.fields FROM item i JOIN item_revision r ON r.id = i.revision_id WHERE i.id IN ",
                );
                push_list(&mut query, items.iter().map(|item| item.0));
                query.build_query_as().persistent(comes_again(items.len())).fetch_all(db).await
            })?;
            let fields: Vec<(i64, FieldValue)> = of_items
                .iter()
                .flat_map(|(item, fields)| {
                    fields.0.iter().map(|(name, value)| (*item, FieldValue::of(name, value)))
                })
                .collect();
            for rows in fields.chunks(FIELDS) {
                on!(self, |db| {
                    let mut query = QueryBuilder::new("DELETE FROM item_field WHERE project_id = ");
                    query.push_bind(project.0).push(" AND (name, text, item_id) IN (");
                    query.push_values(rows, |mut row, (item, field)| {
                        row.push_bind(field.name.clone()).push_bind(field.text.clone()).push_bind(*item);
                    });
                    query.push(")");
                    query.build().persistent(comes_again(rows.len())).execute(db).await.map(|_| ())
                })?;
            }
        }
        Ok(())
    }
}
