//! One item with its whole history.

use super::marks::{labels, state};
use crate::parts::facts::{fact, written_fact};
use crate::parts::head::Head;
use crate::parts::times::{moment, moment_or_dash};
use crate::web::page::ProjectPage;
use domain::Time;
use domain::answer::{Kind, Origin, SkipReason, Standing};
use domain::consensus::State as ItemState;
use domain::permission::Act;
use domain::taxonomy::Taxonomy;
use leptos::prelude::*;
use workflow::data::browse::{ItemAnswerRow, ItemPage};

pub fn view(item: &ItemPage, taxonomy: &Taxonomy, title: &str, page: &ProjectPage) -> AnyView {
    // Conflicts are listed by their ids: behind the one before, this is the first.
    let is_conflict = item.item.state == ItemState::Conflict;
    let decide = (is_conflict && page.may(Act::Adjudicate)).then(|| {
        let to = page.path(&format!("/agreement?after={}#conflicts", item.item.id.0 - 1));
        view! {
            <a class="btn do" href=to>
                "Decide"
            </a>
        }
    });
    let head = Head::named(title).under(page.path("/data"), "Data").under(page.path("/items"), "Items");
    let head = match decide {
        Some(decide) => head.acts(decide),
        None => head,
    };
    view! {
        {head.view()}
        <div class="aside">
            <div class="stack">
                <section class="sheet" aria-label="Text">
                    <p class="reader" dir="auto">
                        {item.item.text.clone()}
                    </p>
                </section>
                {answers(item, taxonomy)}
                {revisions(item)}
            </div>
            {facts(item, taxonomy, &page.project.slug)}
        </div>
    }
    .into_any()
}

fn answers(page: &ItemPage, taxonomy: &Taxonomy) -> AnyView {
    let list: Vec<_> = page.answers.iter().map(|a| answer(a, page, taxonomy)).collect();
    let list = if list.is_empty() {
        view! { <p class="quiet">"Nobody has answered yet."</p> }.into_any()
    } else {
        view! { <ol class="history stack tight">{list}</ol> }.into_any()
    };
    view! {
        <section aria-labelledby="answers-h">
            <h2 id="answers-h">"Answers"</h2>
            {list}
        </section>
    }
    .into_any()
}

fn answer(answer: &ItemAnswerRow, page: &ItemPage, taxonomy: &Taxonomy) -> AnyView {
    let said = match answer.kind {
        Kind::Labels => labels(&answer.labels.0, taxonomy),
        Kind::Skip => {
            let reason = answer
                .skip_reason
                .as_deref()
                .and_then(SkipReason::parse)
                .map_or("no reason", SkipReason::title);
            view! { <span>{format!("Skipped: {reason}")}</span> }.into_any()
        }
        Kind::Withdrawn => view! { <span class="quiet">"Taken back"</span> }.into_any(),
    };
    let mut about = vec![answer.person.clone()];
    about.extend(answer.queue.clone());
    about.extend(match answer.origin {
        Origin::Queue => None,
        origin => Some(origin.as_str().replace('_', " ")),
    });
    about.extend(answer.seconds.map(|s| format!("{s:.1} s")));
    about.extend(answer.sighted.then(|| "sighted".to_owned()));
    about.extend((answer.standing == Standing::Extra).then(|| "kept, not counted".to_owned()));
    if answer.revision_id != page.item.revision_id.0 {
        let number = page.revisions.iter().find(|r| r.id.0 == answer.revision_id).map_or(0, |r| r.number);
        about.push(format!("on revision {number}"));
    }
    // A later word of the same person in the same place stands instead.
    let is_replaced = page.answers.iter().any(|other| {
        (other.person_id, other.queue_id) == (answer.person_id, answer.queue_id)
            && other.number > answer.number
    });
    let note = answer.note.clone().map(|note| view! { <blockquote dir="auto">{note}</blockquote> });
    view! {
        <li class:set-aside=is_replaced>
            <div class="row">
                {said}
                <span class="quiet">{about.join(" · ")} " · " {moment(Time(answer.at))}</span>
            </div>
            {note}
        </li>
    }
    .into_any()
}

fn revisions(page: &ItemPage) -> AnyView {
    let list: Vec<_> = page
        .revisions
        .iter()
        .map(|revision| {
            let current = revision.id == page.item.revision_id;
            let text =
                (!current).then(|| view! { <blockquote dir="auto">{revision.text.clone()}</blockquote> });
            view! {
                <li>
                    <span>
                        {format!("Revision {} ", revision.number)}
                        <span class="quiet">
                            {moment(Time(revision.created_at))} {format!(", {}", revision.source_name)}
                            {current.then_some(" · current")}
                        </span>
                    </span>
                    {text}
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="revisions-h">
            <h2 id="revisions-h">"Revisions"</h2>
            <ol class="history stack tight">{list}</ol>
        </section>
    }
    .into_any()
}

fn facts(page: &ItemPage, taxonomy: &Taxonomy, slug: &str) -> AnyView {
    let item = &page.item;
    let fields: Vec<_> = item
        .fields
        .0
        .iter()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            view! {
                <dt dir="auto">{name.clone()}</dt>
                <dd dir="auto">{value}</dd>
            }
        })
        .collect();
    let queues: Vec<_> = page
        .queues
        .iter()
        .map(|queue| {
            let filled = format!(" {} of {}", queue.filled, queue.target);
            let mark = if queue.stuck { ", stuck" } else { "" };
            view! {
                <dd>
                    <a href=format!("/p/{slug}/queues/{}", queue.id)>{queue.name.clone()}</a>
                    <span class="quiet">{filled} {mark}</span>
                </dd>
            }
        })
        .collect();
    let source = page.revisions.iter().find(|r| r.source_id == item.source_id).map(|r| r.source_name.clone());
    view! {
        <dl class="facts">
            {fact("State", state(item.state))}
            {fact("Label", labels(item.labels.as_ref().map(|l| l.0.as_slice()).unwrap_or_default(), taxonomy))}
            {fact("Control item", if item.control { "yes" } else { "no" })}
            {fact("Happened", moment_or_dash(item.event_at.map(Time)))}
            {fact("Came in", moment(Time(item.ingested_at)))}
            {item.group_key.clone().map(|group| written_fact("Group", group))}
            {fields}
            <dt>"Import"</dt>
            <dd>
                <a href=format!("/p/{slug}/data/{}", item.source_id)>{source.unwrap_or_else(|| "the first one".to_owned())}</a>
            </dd>
            {(!queues.is_empty()).then(|| view! { <dt>"Queues"</dt> })}
            {queues}
        </dl>
    }
    .into_any()
}
