//! All imports, and the place where a new file is dropped.

use crate::islands::upload::Upload;
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::pager::{both_ways, first, next};
use crate::parts::table::{Table, figures, words};
use crate::parts::times::moment;
use crate::web::flash::Flash;
use crate::web::page::ProjectPage;
use domain::permission::Act;
use domain::source::SourceState;
use leptos::prelude::*;
use workflow::data::import::{self, Source};

pub fn view(sources: &[Source], is_later: bool, n_items: i64, page: &ProjectPage) -> AnyView {
    let base = page.path("/data");
    let drop = page.may(Act::Import).then(|| drop_zone(&base, &page.flash));
    let has_items = n_items > 0;
    let about = if has_items { format!("{} items", grouped(n_items)) } else { "No items yet.".to_owned() };
    let browse = has_items.then(|| {
        view! {
            <a class="btn" href=page.path("/items")>
                "Browse items"
            </a>
        }
    });
    view! {
        {Head::titled("Data").about(view! { <p>{about}</p> }).acts(browse).view()}
        <div class="stack">{drop} {table(sources, &base, is_later)}</div>
    }
    .into_any()
}

fn drop_zone(base: &str, flash: &Flash) -> AnyView {
    let action = format!("{base}/upload");
    let error = flash.error("upload", "file").map(str::to_owned);
    let (invalid, describes) = match error {
        Some(_) => (Some("true"), "file-hint file-error"),
        None => (None, "file-hint"),
    };
    // A closure: an island needs its owner, which is there while the document is made.
    let zone = move || {
        let error = error.clone().map(|text| {
            view! {
                <p class="error" id="file-error">
                    {text}
                </p>
            }
        });
        view! {
            <Upload action=action.clone()>
                <label for="file">"Drop a file here, or choose one"</label>
                <p class="quiet" id="file-hint">
                    "A table with a header (CSV, TSV or of another separator), or JSON Lines, best in UTF-8. You see the columns before anything is imported."
                </p>
                {error}
                <div class="acts">
                    <input
                        id="file"
                        name="file"
                        type="file"
                        accept=".csv,.tsv,.tab,.jsonl,.ndjson,text/csv,text/tab-separated-values,application/x-ndjson"
                        required
                        aria-invalid=invalid
                        aria-describedby=describes
                    />
                    <button class="btn do">"Read the columns"</button>
                </div>
            </Upload>
        }
    };
    zone.into_any()
}

fn table(sources: &[Source], base: &str, is_later: bool) -> Option<AnyView> {
    if sources.is_empty() {
        return None;
    }
    let rows: Vec<_> = sources.iter().map(|source| row(source, base)).collect();
    let older = (sources.len() as i64 == import::PAGE).then(|| sources.last().map(|s| s.id)).flatten();
    let newest = is_later.then(|| first(base.to_owned(), "Newest"));
    let older = older.map(|id| next(format!("{base}?before={id}"), "Older →"));
    let pager = (older.is_some() || newest.is_some()).then(|| both_ways(newest, older));
    Some(
        view! {
            <section class="sheet flush">
                <div class="sec">
                    <h2>"Imports"</h2>
                </div>
                {Table::new("Imports", [words("File"), words("When"), words("State"), figures("Read"), figures("New"), figures("Revised"), figures("Same"), figures("Duplicate text"), figures("Refused")]).rows(rows)}
            </section>
            {pager}
        }
        .into_any(),
    )
}

fn row(source: &Source, base: &str) -> AnyView {
    let counts = source.counts;
    let n = |n: i64| {
        view! { <td class="n">{grouped(n)}</td> }
    };
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{base}/{}", source.id) dir="auto">
                    {source.name.clone()}
                </a>
            </th>
            <td>{moment(source.created_at)}</td>
            <td>{state(source)}</td>
            {n(counts.read)}
            {n(counts.new)}
            {n(counts.revised)}
            {n(counts.same)}
            {n(counts.duplicate)}
            {n(counts.rejected)}
        </tr>
    }
    .into_any()
}

fn state(source: &Source) -> AnyView {
    let (class, words) = match source.state {
        _ if source.undo_stopped => ("state failed", "taking back stopped"),
        SourceState::Preview => ("state", "columns to confirm"),
        SourceState::Running => ("state running", "running"),
        SourceState::Done => ("state on", "done"),
        SourceState::Failed => ("state failed", "failed"),
        SourceState::Cancelled => ("state off", "cancelled"),
        SourceState::Undone => ("state off", "taken back"),
    };
    view! { <span class=class>{words}</span> }.into_any()
}
