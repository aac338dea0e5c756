//! Refused rows as a file: what they said, where they stood, why they were not taken.

use super::list::of_project;
use crate::{Error, Instance, Result, allow};
use bytes::Bytes;
use domain::permission::{Act, Actor};
use domain::{ProjectId, SourceId};
use futures::Stream;
use store::data::sources::Reject;

/// Rows read at once.
const ROWS: i64 = 500;

/// All refused rows of an import as CSV, piece by piece.
pub async fn rejects_csv(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    source: SourceId,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    allow(actor, Act::SeeOthers)?;
    let source = of_project(instance, project, source).await?.id;
    let store = instance.store.clone();
    let from: Option<i64> = None;
    Ok(futures::stream::try_unfold(Some(from), move |at| {
        let store = store.clone();
        async move {
            let Some(after) = at else { return Ok(None) };
            let rows = store.rejects(source, after.unwrap_or(0), ROWS).await?;
            let next = rows.last().map(|r| Some(r.line));
            let bytes = table(&rows, after.is_none())?;
            Ok(Some((bytes, next)))
        }
    }))
}

fn table(rows: &[Reject], with_header: bool) -> Result<Bytes> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let broken = |e: csv::Error| Error::internal(e);
    if with_header {
        out.write_record(["line", "reason", "row"]).map_err(broken)?;
    }
    for row in rows {
        let line = row.line.to_string();
        out.write_record([line.as_str(), &harmless(&row.reason), &harmless(&row.raw)]).map_err(broken)?;
    }
    Ok(Bytes::from(out.into_inner().map_err(Error::internal)?))
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> std::borrow::Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}").into() } else { cell.into() }
}
