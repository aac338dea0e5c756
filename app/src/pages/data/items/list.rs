//! The list of items with its filters.

use super::asked::Asked;
use super::marks::{labels, state};
use crate::parts::empty::Empty;
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::pager::{both_ways, first, next};
use crate::parts::shortened;
use crate::parts::table::{Table, figures, words};
use crate::parts::times::moment_or_dash;
use crate::web::page::ProjectPage;
use domain::Time;
use domain::consensus::State as ItemState;
use domain::taxonomy::Taxonomy;
use leptos::prelude::*;
use workflow::data::browse::{self, ItemRow};
use workflow::data::import::Source;

/// What the page shows.
pub struct Shown<'a> {
    pub asked: &'a Asked,
    pub found: browse::Page,
    pub taxonomy: &'a Taxonomy,
    pub sources: &'a [Source],
    /// In the project, whatever the filters are.
    pub n_items: i64,
}

pub fn view(shown: &Shown, page: &ProjectPage) -> AnyView {
    let Shown { asked, found, taxonomy, sources, n_items } = shown;
    let base = page.path("/items");
    // How many fit in all is not counted: there may be a million.
    let behind = if found.next.is_some() { "more below" } else { "no more" };
    let n_shown = grouped(found.items.len() as i64);
    let about = format!("{} in the project, {n_shown} shown, {behind}", grouped(*n_items));
    let on = found.next.map(|next| format!("{base}?{}", asked.query(Some(next))));
    let list = match (found.items.is_empty(), &on) {
        (false, _) => table(&found.items, taxonomy, &base),
        (true, Some(on)) => look_on(on),
        (true, None) => empty(*n_items, page),
    };
    let back = asked.after().map(|_| first(format!("{base}?{}", asked.query(None)), "← First"));
    view! {
        {Head::titled("Items").under(page.path("/data"), "Data").about(view! { <p>{about}</p> }).view()}
        {selection(asked, page)}
        {filters(asked, taxonomy, sources)}
        {list}
        {both_ways(back, on.map(|on| next(on, "Next →")))}
    }
    .into_any()
}

/// Words that many texts have, and a filter that hardly any of them passes: a page ends before the items do.
fn look_on(to: &str) -> AnyView {
    let words = "None of the texts that were looked through here passes the filters. There are more.";
    Empty::new("Nothing yet", words).link(to, "Look on").view()
}

fn empty(n_items: i64, page: &ProjectPage) -> AnyView {
    let empty = match n_items {
        0 => Empty::new("No items yet", "Bring a file with texts: each row becomes an item.")
            .link(page.path("/data"), "To the data"),
        _ => Empty::new("Nothing matches", "Take a filter away, or look for other words.")
            .link(page.path("/items"), "All items"),
    };
    empty.view()
}

/// What the list is narrowed to on Discover, or why that can't be read.
fn selection(asked: &Asked, page: &ProjectPage) -> Option<AnyView> {
    let words = match asked.selection() {
        Err(bad) => {
            return Some(
                view! { <p class="notice bad" role="alert">{format!("The selection can’t be read: {bad}. All items are shown.")}</p> }
                    .into_any(),
            );
        }
        Ok(selection) if selection.is_empty() => return None,
        Ok(selection) => selection.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let all = page.path("/items");
    Some(
        view! {
            <p class="notice">
                "Selected on Discover: "<span dir="auto">{shortened(&words, 200)}</span>". "<a href=all>"All items"</a>
            </p>
        }
        .into_any(),
    )
}

fn filters(asked: &Asked, taxonomy: &Taxonomy, sources: &[Source]) -> AnyView {
    let labels = taxonomy.offered().into_iter().map(|l| (l.id.to_string(), l.name.clone())).collect();
    let states = ItemState::ALL.into_iter().map(|s| (s.as_str().to_owned(), s.title().to_owned())).collect();
    let sources = sources.iter().map(|s| (s.id.to_string(), s.name.clone())).collect();
    let error = (!asked.field.trim().is_empty() && asked.field().is_none()).then(|| {
        view! {
            <p class="error" id="field-error">
                "Write name=value, such as plan=basic"
            </p>
        }
    });
    let (invalid, describes) = match error {
        Some(_) => (Some("true"), Some("field-error")),
        None => (None, None),
    };
    let two = |a: (&str, &str), b: (&str, &str)| {
        vec![(a.0.to_owned(), a.1.to_owned()), (b.0.to_owned(), b.1.to_owned())]
    };
    view! {
        <form class="filters" method="get" role="search" aria-label="Items">
            <div class="field grow">
                <label for="q">"Words"</label>
                <input id="q" name="q" type="search" value=asked.q.clone() />
            </div>
            {choice("label", "Label", "any", &asked.label, labels)} {choice("state", "State", "any", &asked.state, states)}
            {choice("source", "Import", "any", &asked.source, sources)}
            <div class="field">
                <label for="field">"Field"</label>
                <input
                    id="field"
                    name="field"
                    value=asked.field.clone()
                    placeholder="plan=basic"
                    aria-invalid=invalid
                    aria-describedby=describes
                />
                {error}
            </div>
            {choice("control", "Control items", "all", &asked.control, two(("yes", "only"), ("no", "without")))}
            {kept(asked)}
            {choice("order", "Order", "newest first", &asked.order, vec![("oldest".to_owned(), "oldest first".to_owned())])}
            <button class="btn">"Show"</button>
        </form>
    }
    .into_any()
}

/// The selection goes along when filters change.
fn kept(asked: &Asked) -> Vec<AnyView> {
    let hidden = |name: &'static str, value: &String| {
        view! { <input type="hidden" name=name value=value.clone() /> }.into_any()
    };
    let run = (!asked.run.is_empty()).then(|| hidden("run", &asked.run));
    run.into_iter().chain(asked.steps.iter().map(|step| hidden("sel", step))).collect()
}

fn choice(
    name: &'static str,
    label: &'static str,
    none: &'static str,
    chosen: &str,
    options: Vec<(String, String)>,
) -> AnyView {
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! {
                <option value=value selected=selected>
                    {words}
                </option>
            }
        })
        .collect();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name>
                <option value="">{none}</option>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// Characters of a text in the list.
const SHOWN: usize = 280;

fn table(items: &[ItemRow], taxonomy: &Taxonomy, base: &str) -> AnyView {
    let columns = [words("Text"), words("Label"), words("State"), words("Id"), figures("Happened")];
    let rows: Vec<_> = items.iter().map(|item| row(item, taxonomy, base)).collect();
    Table::new("Items", columns).rows(rows)
}

fn row(item: &ItemRow, taxonomy: &Taxonomy, base: &str) -> AnyView {
    let text = shortened(&item.text, SHOWN);
    view! {
        <tr>
            <td class="text" dir="auto">
                <a href=format!("{base}/{}", item.id)>{text}</a>
            </td>
            <td>{labels(item.labels.as_ref().map(|l| l.0.as_slice()).unwrap_or_default(), taxonomy)}</td>
            <td>{state(item.state)}</td>
            <td class="mono">{item.external_id.clone()}</td>
            <td class="n">{moment_or_dash(item.event_at.map(Time))}</td>
        </tr>
    }
    .into_any()
}
