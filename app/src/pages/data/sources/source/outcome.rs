//! What came of an import: its counts, the rows that were refused, the way to take it back.

use super::head::{SHOWN, head, undo_form};
use crate::parts::facts::{figure, written_fact};
use crate::parts::numbers::{counted, grouped};
use crate::parts::pager::{first, next, pager};
use crate::parts::shortened;
use crate::parts::table::{Table, figures, words};
use crate::parts::times::moment;
use crate::web::page::ProjectPage;
use domain::permission::Act;
use domain::source::{LabelUse, SourceState};
use leptos::prelude::*;
use workflow::data::import::{self, Reject, Source};
use workflow::jobs::JobView;

/// The end of an import.
pub fn outcome(source: &Source, job: Option<&JobView>, refused: &[Reject], page: &ProjectPage) -> AnyView {
    let base = page.path("/data");
    let counts = source.counts;
    let notice = match source.state {
        _ if source.undo_stopped => Some(("notice bad", half_gone(job.map_or("", JobView::why_stopped)))),
        SourceState::Done if counts.read == 0 => {
            Some(("notice", "There was no row in this file: nothing was imported.".to_owned()))
        }
        SourceState::Done if counts.changed_nothing() => {
            Some(("notice", "Everything in this file was known already: nothing changed.".to_owned()))
        }
        SourceState::Cancelled => Some((
            "notice",
            "The import was cancelled. The rows below are in; it can be gone on with.".to_owned(),
        )),
        SourceState::Failed => source.error.clone().map(|why| ("notice bad", why)),
        SourceState::Undone => Some(("notice", "This import was taken back.".to_owned())),
        SourceState::Preview => Some(("notice", "Its columns wait to be confirmed.".to_owned())),
        SourceState::Running => Some((
            "notice",
            "This import runs on the command line or through the API, or was cut off there. Bring the same file again to take \
             in the rest: what is in is passed over."
                .to_owned(),
        )),
        SourceState::Done => None,
    };
    let notice = notice.map(|(class, text)| view! { <p class=class role="status">{text}</p> });
    let notes: Vec<_> = source.notes.iter().map(|note| view! { <p dir="auto">{note.clone()}</p> }).collect();
    let notes = (!notes.is_empty()).then(|| {
        view! {
            <div class="notice" role="note">
                <div>{notes}</div>
            </div>
        }
    });
    let may_import = page.may(Act::Import);
    let ended = !matches!(source.state, SourceState::Preview | SourceState::Undone);
    let is_cut_off = matches!(source.state, SourceState::Failed | SourceState::Cancelled);
    let goes_on = may_import && is_cut_off && !source.undo_stopped;
    let go_on = (goes_on && source.upload.is_some()).then(|| {
        view! {
            <form method="post" action=format!("{base}/{}/start", source.id)>
                <button class="btn do">"Go on with it"</button>
            </form>
        }
    });
    let undo = (may_import && ended).then(|| undo_form(source, &base, &page.flash));
    view! {
        {head(source, &base)}
        {notice}
        <div class="stack">
            {notes}
            <dl class="figures">
                {figure("rows read", counts.read)} {figure("new items", counts.new)} {figure("revised", counts.revised)}
                {figure("known already", counts.same)} {figure("refused", counts.rejected)}
                {figure("same text as another item", counts.duplicate)} {figure("of these, identical", counts.duplicate_exact)}
                {(counts.answers > 0).then(|| figure("answers", counts.answers))}
                {(counts.undated > 0).then(|| figure("without a time that can be read", counts.undated))}
            </dl>
            <div class="acts">
                {go_on}
                <a class="btn" href=page.path(&format!("/items?source={}", source.id))>
                    "Browse its items"
                </a>
            </div>
            {columns_used(source)}
            {refusals(source, refused, &base)}
            {undo}
        </div>
    }
    .into_any()
}

fn half_gone(why: &str) -> String {
    format!(
        "Taking this import back was stopped. {why} Some of it may be gone already: “Take it back” finishes that, importing \
         the file again brings back what is missing."
    )
}

fn columns_used(source: &Source) -> AnyView {
    let mapping = &source.mapping;
    let fact = |name: &'static str, value: Option<String>| value.map(|value| written_fact(name, value));
    let label = mapping.label.as_ref().map(|label| match &label.becomes {
        LabelUse::Field => format!("{} (a field)", label.column),
        LabelUse::Answers { person } => format!("{} (answers of {person})", label.column),
    });
    let ignored = (!mapping.ignore.is_empty()).then(|| mapping.ignore.join(", "));
    view! {
        <section class="sheet">
            <div class="sec">
                <h2>"Columns"</h2>
                <span class="quiet">"brought " {moment(source.created_at)}</span>
            </div>
            <dl class="facts">
                {fact("Text", Some(mapping.text.clone()))}
                {fact("Id", mapping.id.clone().or_else(|| Some("made from the content".to_owned())))}
                {fact("Event time", mapping.event_time.clone())} {fact("Group", mapping.group.clone())} {fact("Label", label)}
                {fact("Left out", ignored)}
            </dl>
        </section>
    }
    .into_any()
}

fn refusals(source: &Source, refused: &[Reject], base: &str) -> Option<AnyView> {
    if source.counts.rejected == 0 {
        return None;
    }
    let rows: Vec<_> = refused
        .iter()
        .map(|reject| {
            view! {
                <tr>
                    <td class="n">{grouped(reject.line)}</td>
                    <td class="wrap">{reject.reason.clone()}</td>
                    <td class="text" dir="auto">
                        {shortened(&reject.raw, SHOWN)}
                    </td>
                </tr>
            }
        })
        .collect();
    let here = format!("{base}/{}", source.id);
    let last = refused.last().filter(|_| refused.len() as i64 == import::PAGE);
    let next = last.map(|last| {
        let on = next(format!("{here}?after={}", last.line), "Next →");
        pager("Pages of refused rows", view! { {first(here.clone(), "First")} {on} })
    });
    Some(
        view! {
            <section class="sheet flush">
                <div class="sec">
                    <h2>{counted(source.counts.rejected, "refused row")}</h2>
                    <a href=format!("{base}/{}/rejects.csv", source.id)>"Download as CSV"</a>
                </div>
                {Table::new("Refused rows", [figures("Line"), words("Why"), words("Row")]).rows(rows)}
            </section>
            {next}
        }
        .into_any(),
    )
}
