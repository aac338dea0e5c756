//! What the pages of bulk answers show.

use crate::parts::empty::Empty;
use crate::parts::facts::{fact, written_fact};
use crate::parts::head::Head;
use crate::parts::labels::tag;
use crate::parts::numbers::grouped;
use crate::parts::pager::{both_ways, next};
use crate::parts::shortened;
use crate::parts::table::{Table, figures, words};
use crate::parts::times::moment;
use crate::parts::work::{stopped, under_way};
use crate::web::page::ProjectPage;
use domain::discover::BulkState;
use domain::permission::Act;
use leptos::prelude::*;
use workflow::discover::{BULK_PAGE, Bulk, BulkItemRow, BulkView};

/// Characters of a text.
const SHOWN: usize = 400;

pub fn list(page: &ProjectPage, bulks: &[Bulk]) -> AnyView {
    let head = Head::titled("Bulk labels").under(page.path("/discover"), "Discover").about(view! {
        <p>
            "Labels that were given to many items at once. Some were drawn at random and judged first; how many of those were right is the precision. They never count as agreement, and give way as soon as somebody answers the item itself."
        </p>
    });
    let rows: Vec<_> = bulks
        .iter()
        .map(|bulk| {
            let row = &bulk.row;
            let to = page.path(&format!("/discover/bulk/{}", row.id));
            view! {
                <tr>
                    <th scope="row">
                        <a href=to>{name(bulk)}</a>
                    </th>
                    <td class="n">{grouped(row.n_items)}</td>
                    <td class="n">{grouped(row.n_labeled)}</td>
                    <td class="n">{precision(bulk)}</td>
                    <td>{state(row.state)}</td>
                    <td dir="auto">{row.person.clone()}</td>
                    <td>{moment(domain::Time(row.created_at))}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let table = match rows.is_empty() {
        true => {
            Empty::new("Nothing was labeled in bulk yet", "Open a group on Discover, and label all of it.")
                .link(page.path("/discover"), "To Discover")
                .view()
        }
        false => Table::new(
            "Bulk labels",
            [
                words("Label"),
                figures("Items"),
                figures("Labeled"),
                figures("Precision"),
                words("State"),
                words("By"),
                words("When"),
            ],
        )
        .rows(rows),
    };
    view! {
        {head.view()}
        {table}
    }
    .into_any()
}

fn name(bulk: &Bulk) -> AnyView {
    match &bulk.label {
        Some(label) => tag(label),
        None => view! { "a label that is gone" }.into_any(),
    }
}

fn state(state: BulkState) -> &'static str {
    match state {
        BulkState::Judging => "being judged",
        BulkState::Labeling => "labeling",
        BulkState::Done => "done",
        BulkState::GivenUp => "dropped",
    }
}

/// The share of right items with its interval and n.
fn precision(bulk: &Bulk) -> String {
    match bulk.precision() {
        Some((share, interval)) => {
            let two = |value: f64| format!("{value:.2}").trim_start_matches('0').to_owned();
            let n = bulk.row.n_drawn;
            format!("{} [{}, {}], n = {n}", two(share), two(interval.low), two(interval.high))
        }
        None => "–".to_owned(),
    }
}

pub fn one(page: &ProjectPage, view: &BulkView) -> AnyView {
    let bulk = &view.bulk;
    let at = page.path(&format!("/discover/bulk/{}", bulk.row.id));
    let head = Head::titled("Label in bulk")
        .under(page.path("/discover"), "Discover")
        .under(page.path("/discover/bulk"), "Bulk labels")
        .about(view! { <p>{grouped(bulk.row.n_items)} " items as " {name(bulk)}</p> });
    let body = match bulk.row.state {
        BulkState::Judging if page.may(Act::RunQueues) => judging(page, view, &at),
        _ => given(page, view, &at),
    };
    view! {
        {head.view()}
        <div class="stack">{body}</div>
    }
    .into_any()
}

fn judging(page: &ProjectPage, view: &BulkView, at: &str) -> AnyView {
    let row = &view.bulk.row;
    let first = view.from == 0;
    let n_drawn = row.n_items.min(BULK_PAGE);
    let guide = match first {
        true => format!(
            "These {n_drawn} were drawn at random. Untick those that are not “{}”, then save: the share of right ones is kept with the answers.",
            view.bulk.label.as_ref().map_or("it", |label| label.name.as_str())
        ),
        false => "Untick those that are wrong; they will not be labeled.".to_owned(),
    };
    let items: Vec<_> = view.items.iter().map(|item| ticked(item, page)).collect();
    let has_next = view.from + BULK_PAGE < row.n_items;
    let next = has_next.then(|| {
        view! {
            <button class="btn" name="next" value="1">
                "Save, and next page"
            </button>
        }
    });
    let pages = (!first).then(|| {
        view! { <a class="btn bare" href=format!("{at}?from={}", (view.from - BULK_PAGE).max(0))>"← Back"</a> }
    });
    view! {
        {view.is_judged().then(|| ready(page, view, at))}
        <section class="sheet" aria-labelledby="judge-h">
            <h2 id="judge-h">{if first { "Judge a sample" } else { "Look through the rest" }}</h2>
            <p>{guide}</p>
            <form method="post" action=format!("{at}/judge")>
                <input type="hidden" name="from" value=view.from.to_string() />
                <ol class="ticks" start=(view.from + 1).to_string()>
                    {items}
                </ol>
                <div class="acts">
                    <button class="btn do">"Save these"</button>
                    {next}
                    {pages}
                </div>
            </form>
        </section>
        <form method="post" action=format!("{at}/drop")>
            <button class="btn bare">"Drop it: label nothing"</button>
        </form>
    }
    .into_any()
}

fn ticked(item: &BulkItemRow, page: &ProjectPage) -> AnyView {
    let text = item.text.clone().unwrap_or_else(|| "This item is gone.".to_owned());
    let place = item.place.to_string();
    let id = format!("right-{place}");
    let checked = item.verdict.as_deref() != Some("wrong");
    view! {
        <li>
            <input type="hidden" name="shown" value=place.clone() />
            <input type="checkbox" id=id.clone() name="right" value=place checked=checked />
            <label for=id dir="auto">
                {shortened(&text, SHOWN)}
            </label>
            <a class="quiet" href=page.path(&format!("/items/{}", item.item_id))>
                "Item"
            </a>
        </li>
    }
    .into_any()
}

/// The sample is judged: label the rest, or split first.
fn ready(page: &ProjectPage, view: &BulkView, at: &str) -> AnyView {
    let row = &view.bulk.row;
    let n = row.n_items - row.n_unticked;
    let is_low = view.is_below_bar();
    let careful = is_low || view.is_shaky;
    let split = match (row.clustering_id, row.cluster_id) {
        (Some(run), Some(group)) => Some(page.path(&format!("/discover/{run}?group={group}"))),
        _ => None,
    };
    let warning = careful.then(|| {
        let bar = format!("{:.0}%", view.bar * 100.0);
        let words = match (is_low, view.is_shaky) {
            (true, _) => format!(
                "Fewer than {bar} of the sample are right. Splitting the group first usually costs less than correcting labels later."
            ),
            _ => "The group is shaky: clustered again on a part of the texts, it was mostly not found again. Look at more than the sample."
                .to_owned(),
        };
        view! {
            <div class="notice bad">
                <p>{words}</p>
                {split
                    .map(|to| {
                        view! {
                            <a class="btn" href=to>
                                "Back to the group: split first"
                            </a>
                        }
                    })}
            </div>
        }
    });
    let knowingly = careful.then(|| {
        view! {
            <label class="choice">
                <input type="checkbox" name="knowingly" value="1" />
                <span>"Label them all the same"</span>
            </label>
        }
    });
    let button = if careful { "btn" } else { "btn do" };
    view! {
        <section class="sheet" aria-labelledby="ready-h">
            <h2 id="ready-h">"Precision " <span class="num">{precision(&view.bulk)}</span></h2>
            {warning}
            <form method="post" action=format!("{at}/label") class="acts">
                {knowingly} <button class=button>{format!("Label {} items", grouped(n))}</button>
            </form>
        </section>
    }
    .into_any()
}

fn given(page: &ProjectPage, view: &BulkView, at: &str) -> AnyView {
    let row = &view.bulk.row;
    let job =
        view.job.as_ref().filter(|job| !job.is_over()).map(|job| under_way(job, &page.project.slug, at));
    let items: Vec<_> = view
        .items
        .iter()
        .map(|item| {
            let text = item.text.clone().unwrap_or_else(|| "This item is gone.".to_owned());
            let fate = match (item.labeled, item.verdict.as_deref(), item.changed) {
                (_, Some("wrong"), _) => "unticked",
                (true, _, true) => "labeled; its text has changed since",
                (true, ..) => "labeled",
                (false, _, true) => "left out: its text changed",
                (false, ..) => "not labeled",
            };
            view! {
                <tr>
                    <td class="text" dir="auto">
                        <a href=page.path(&format!("/items/{}", item.item_id))>{shortened(&text, SHOWN)}</a>
                    </td>
                    <td>{if item.drawn { "judged" } else { "" }}</td>
                    <td>{fate}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let on = (view.from + BULK_PAGE < row.n_items)
        .then(|| next(format!("{at}?from={}", view.from + BULK_PAGE), "Next →"));
    let interrupted =
        (row.state == BulkState::Labeling && job.is_none() && page.may(Act::RunQueues)).then(|| {
            stopped(
                "Not all items are labeled yet, and nothing labels the rest.".to_owned(),
                Some((format!("{at}/label"), "Label the rest")),
            )
        });
    view! {
        {job}
        {interrupted}
        <section class="sheet">
            <dl class="facts">
                {fact("State", state(row.state))} {written_fact("By", row.person.clone())}
                {fact("Precision", precision(&view.bulk))} {fact("Labeled", grouped(row.n_labeled))}
                {fact("Unticked", grouped(row.n_unticked))}
            </dl>
        </section>
        {Table::new("Items", [words("Text"), words("Sample"), words("What became of it")]).rows(items)}
        {both_ways(None, on)}
    }
    .into_any()
}
