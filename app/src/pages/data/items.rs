//! Items: the list with its filters, and one item with its whole history.

use crate::parts::labels::tag;
use crate::parts::numbers::grouped;
use crate::parts::times::{moment, moment_or_dash};
use crate::web::error::Page;
use crate::web::guard::{App, Need, Route, Visitor, percent_encoded};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use domain::answer::{Kind, Origin, SkipReason, Standing};
use domain::consensus::State as ItemState;
use domain::permission::Act;
use domain::taxonomy::Taxonomy;
use domain::{ItemId, LabelId, SourceId, Time};
use leptos::prelude::*;
use serde::Deserialize;
use std::sync::Arc;
use store::data::items::{ItemAnswerRow, ItemRow};
use store::data::sources::Source;
use workflow::data::browse::{self, Filter, ItemPage, Order};
use workflow::data::import;

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    vec![Route::get("/p/{slug}/items", see, list), Route::get("/p/{slug}/items/{item}", see, show)]
}

/// The filters as the address has them; what can't be read is no filter, and the page says so of a field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    state: String,
    label: String,
    source: String,
    /// `name=value`.
    field: String,
    control: String,
    order: String,
    after: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            state: ItemState::parse(&self.state),
            label: self.label.parse().ok().map(LabelId),
            source: self.source.parse().ok().map(SourceId),
            field: self.field(),
            control: match self.control.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
        }
    }

    fn field(&self) -> Option<(String, String)> {
        let (name, value) = self.field.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value.trim().to_owned()))
    }

    fn order(&self) -> Order {
        if self.order == "oldest" { Order::OldestFirst } else { Order::NewestFirst }
    }

    /// The query of the page that begins behind an item.
    fn query(&self, after: Option<ItemId>) -> String {
        let after = after.map(|a| a.to_string()).unwrap_or_default();
        let parts = [
            ("q", &self.q),
            ("state", &self.state),
            ("label", &self.label),
            ("source", &self.source),
            ("field", &self.field),
            ("control", &self.control),
            ("order", &self.order),
            ("after", &after),
        ];
        let parts = parts.iter().filter(|(_, value)| !value.is_empty());
        parts.map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect::<Vec<_>>().join("&")
    }
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path(slug): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let (actor, project) = (visitor.actor()?, visitor.project()?.id);
    let after = asked.after.parse().ok().map(ItemId);
    let page =
        browse::items(&app.instance, actor, project, &asked.q, &asked.filter(), asked.order(), after).await?;
    let taxonomy = app.instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| taxonomy);
    let taxonomy = taxonomy.unwrap_or_default();
    let sources = import::sources(&app.instance, actor, project, None).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = format!("/p/{slug}/items");
    let rows: Vec<_> = page.items.iter().map(|item| row(item, &taxonomy, &base)).collect();
    let is_empty = rows.is_empty();
    // How many fit in all is not counted: there may be a million.
    let behind = if page.next.is_some() { "more below" } else { "no more" };
    let shown = format!("{} shown, {behind}", grouped(rows.len() as i64));
    let table = view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Items">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Text"</th>
                        <th scope="col">"Label"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Id"</th>
                        <th scope="col" class="n">
                            "Happened"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    };
    let first = after.map(|_| {
        view! {
            <a class="btn small" href=format!("{base}?{}", asked.query(None))>
                "← First"
            </a>
        }
    });
    let next = page.next.map(|next| {
        view! {
            <a class="btn small" href=format!("{base}?{}", asked.query(Some(next))) rel="next">
                "Next →"
            </a>
        }
    });
    let content = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=format!("/p/{slug}/data")>"Data"</a>
                        </li>
                    </ol>
                </nav>
                <h1>"Items"</h1>
                <p>{format!("{} in the project", grouped(thread.n_items))} ", " {shown}</p>
            </div>
        </header>
        {filters(&asked, &taxonomy, &sources)}
        {match page.next {
            Some(next) if is_empty => look_on(format!("{base}?{}", asked.query(Some(next)))),
            _ if is_empty => empty(thread.n_items, &slug),
            _ => table.into_any(),
        }}
        <nav class="pager" aria-label="Pages">
            <span></span>
            <span class="acts">{first} {next}</span>
        </nav>
    };
    let body = shell::project(&visitor, &thread, Station::Data, content)?;
    Ok(shell::document("Items · Assay", Some(&visitor), "project-shell", || body).into_response())
}

/// Words that many texts have, and a filter that hardly any of them passes: a page ends before the pile does.
fn look_on(to: String) -> AnyView {
    view! {
        <div class="empty">
            <h2>"Nothing yet"</h2>
            <p>"None of the texts that were looked through here passes the filters. There are more."</p>
            <p class="acts">
                <a class="btn do" href=to>
                    "Look on"
                </a>
            </p>
        </div>
    }
    .into_any()
}

fn empty(n_items: i64, slug: &str) -> AnyView {
    let (title, words, to, act) = if n_items == 0 {
        (
            "No items yet",
            "Bring a file with texts: each row becomes an item.",
            format!("/p/{slug}/data"),
            "To the data",
        )
    } else {
        (
            "Nothing matches",
            "Take a filter away, or look for other words.",
            format!("/p/{slug}/items"),
            "All items",
        )
    };
    view! {
        <div class="empty">
            <h2>{title}</h2>
            <p>{words}</p>
            <p class="acts">
                <a class="btn do" href=to>
                    {act}
                </a>
            </p>
        </div>
    }
    .into_any()
}

fn filters(asked: &Asked, taxonomy: &Arc<Taxonomy>, sources: &[Source]) -> AnyView {
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
            {choice("order", "Order", "newest first", &asked.order, vec![("oldest".to_owned(), "oldest first".to_owned())])}
            <button class="btn">"Show"</button>
        </form>
    }
    .into_any()
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

fn row(item: &ItemRow, taxonomy: &Taxonomy, base: &str) -> AnyView {
    let text = match item.text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &item.text[..end]),
        None => item.text.clone(),
    };
    view! {
        <tr>
            <td class="text" dir="auto">
                <a href=format!("{base}/{}", item.id)>{text}</a>
            </td>
            <td>{labels(item.labels.as_ref().map(|l| l.0.as_slice()).unwrap_or_default(), taxonomy)}</td>
            <td>{state(&item.state)}</td>
            <td class="mono">{item.external_id.clone()}</td>
            <td class="n">{moment_or_dash(item.event_at.map(Time))}</td>
        </tr>
    }
    .into_any()
}

fn labels(labels: &[LabelId], taxonomy: &Taxonomy) -> AnyView {
    let tags: Vec<_> = labels.iter().filter_map(|id| taxonomy.get(*id)).map(tag).collect();
    if tags.is_empty() { view! { <span class="quiet">"none"</span> }.into_any() } else { tags.into_any() }
}

fn state(state: &str) -> AnyView {
    let known = ItemState::parse(state).unwrap_or(ItemState::Unlabeled);
    let class = match known {
        ItemState::NeedsLook => "state look".to_owned(),
        other => format!("state {}", other.as_str()),
    };
    view! { <span class=class>{known.title()}</span> }.into_any()
}

async fn show(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path((slug, id)): Path<(String, String)>,
) -> Page {
    let id: ItemId = id.parse().map_err(|_| workflow::Error::NotFound(workflow::Thing::Item))?;
    let project = visitor.project()?.id;
    let page = browse::item(&app.instance, visitor.actor()?, project, id).await?;
    let taxonomy = app.instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| taxonomy);
    let taxonomy = taxonomy.unwrap_or_default();
    let thread = shell::thread(&app.instance, &visitor).await?;
    let title = format!("Item {}", page.item.external_id);
    // Conflicts are listed by their ids: behind the one before, this is the first.
    let is_conflict = ItemState::parse(&page.item.state) == Some(ItemState::Conflict);
    let decide = (is_conflict && visitor.may(Act::Adjudicate)).then(|| {
        let to = format!("/p/{slug}/agreement?after={}#conflicts", id.0 - 1);
        view! {
            <div class="acts">
                <a class="btn do" href=to>
                    "Decide"
                </a>
            </div>
        }
    });
    let content = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=format!("/p/{slug}/data")>"Data"</a>
                        </li>
                        <li>
                            <a href=format!("/p/{slug}/items")>"Items"</a>
                        </li>
                    </ol>
                </nav>
                <h1 dir="auto">{title.clone()}</h1>
            </div>
            {decide}
        </header>
        <div class="aside">
            <div class="stack">
                <section class="sheet" aria-label="Text">
                    <p class="reader" dir="auto">
                        {page.item.text.clone()}
                    </p>
                </section>
                {answers(&page, &taxonomy)}
                {revisions(&page)}
            </div>
            {facts(&page, &taxonomy, &slug)}
        </div>
    };
    let body = shell::project(&visitor, &thread, Station::Data, content)?;
    Ok(shell::document(&format!("{title} · Assay"), Some(&visitor), "project-shell", || body).into_response())
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
            <dt>"State"</dt>
            <dd>{state(&item.state)}</dd>
            <dt>"Label"</dt>
            <dd>{labels(item.labels.as_ref().map(|l| l.0.as_slice()).unwrap_or_default(), taxonomy)}</dd>
            <dt>"Control item"</dt>
            <dd>{if item.control { "yes" } else { "no" }}</dd>
            <dt>"Happened"</dt>
            <dd>{moment_or_dash(item.event_at.map(Time))}</dd>
            <dt>"Came in"</dt>
            <dd>{moment(Time(item.ingested_at))}</dd>
            {item.group_key.clone().map(|group| view! { <dt>"Group"</dt><dd dir="auto">{group}</dd> })}
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
