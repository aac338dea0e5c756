//! A slice as SQL. All queries that select items by a [`Slice`] get their conditions here, so lists, queues and jobs
//! select the same items. A property test compares it with [`Slice::fits`] on both engines.

use crate::sql::dialect::push_list;
use domain::slice::Slice;
use sqlx::{Database, Encode, QueryBuilder, Type};

/// The part of a slice whose index a query walks. The caller writes a leading label or field itself, as a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    Label,
    Field,
    State,
    Source,
    All,
}

/// Appends ` AND …` for each part of the slice; items have the alias `i`.
///
/// Only the leading part is written so that an index can serve it. The others are checked item by item: they are
/// written as expressions, so that the planner does not walk their index instead. Nothing is written for a leading
/// label or field: the caller joins its table.
pub(crate) fn push_slice<'v, DB>(query: &mut QueryBuilder<DB>, slice: &'v Slice, lead: Lead)
where
    DB: Database,
    &'v str: Encode<'v, DB> + Type<DB>,
    i64: Encode<'v, DB> + Type<DB>,
{
    if !slice.states.is_empty() {
        query.push(if lead == Lead::State { " AND i.state IN " } else { " AND COALESCE(i.state, '') IN " });
        push_list(query, slice.states.iter().map(|state| state.as_str()));
    }
    if let Some(source) = slice.source {
        query.push(if lead == Lead::Source {
            " AND i.source_id = "
        } else {
            " AND COALESCE(i.source_id, 0) = "
        });
        query.push_bind(source.0);
    }
    if let (Some(label), true) = (slice.label, lead != Lead::Label) {
        query
            .push(" AND EXISTS (SELECT 1 FROM consensus_label l WHERE l.item_id = i.id AND l.label_id = ")
            .push_bind(label.0)
            .push(")");
    }
    match slice.control {
        Some(true) => drop(query.push(" AND i.control")),
        Some(false) => drop(query.push(" AND NOT i.control")),
        None => {}
    }
    if let (Some(field), true) = (&slice.field, lead != Lead::Field) {
        query
            .push(" AND EXISTS (SELECT 1 FROM item_field f WHERE f.project_id = i.project_id AND f.name = ")
            .push_bind(field.name.as_str())
            .push(" AND f.text = ")
            .push_bind(field.value.as_str())
            .push(" AND f.item_id = i.id)");
    }
}
