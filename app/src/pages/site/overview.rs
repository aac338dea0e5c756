//! The overview of a project: the line as its stations, the one next thing to do at each, and labels a day.

use crate::pages::site::jobs;
use crate::parts::numbers::{grouped, statistic};
use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::permission::Act;
use domain::project::Task;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::*;
use store::site::overview::OverviewDetails;
use workflow::agree::measure::{self, Figure};
use workflow::demo;
use workflow::site::projects;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/p/{slug}", Need::Project(Act::SeeProject), page)]
}

const DAYS: i64 = 14;
/// Answered items whose agreement is computed while a page waits.
const FEW: i64 = 5_000;

async fn page(State(app): State<App>, Extension(visitor): Extension<Visitor>) -> Page {
    let (actor, project) = (visitor.actor()?, visitor.project()?);
    let thread = shell::thread(&app.instance, &visitor).await?;
    let task = match project.task {
        Task::Single => "one label each",
        Task::Multi => "any number of labels each",
    };
    let making = match visitor.may(Act::SeeOthers) {
        true => demo::making(&app.instance, actor, project.id).await?,
        false => None,
    };
    let content = if let Some(job) = making.as_ref().filter(|job| !job.is_over()) {
        // Its days are still being lived through: there is nothing to count yet.
        jobs::under_way(job, &project.slug, &format!("/p/{}", project.slug))
    } else if visitor.may(Act::SeeOthers) {
        let line = projects::line(&app.instance, actor, project.id).await?;
        // Figures over few answers are there at once; those over many are shown when they were asked for before.
        let n_answered = line.overview.n_items - count(&line, &["unlabeled"]);
        let figures = if (1..=FEW).contains(&n_answered) {
            Some(measure::agreement(&app.instance, actor, project.id, None).await?)
        } else {
            measure::last_agreement(&app.instance, actor, project.id).await?
        };
        let alpha = figures.map(|figures| figures.alpha.clone());
        let days = projects::labels_by_day(&app.instance, actor, project.id, DAYS).await?;
        view! {
            <div class="aside">
                <section aria-labelledby="line-h">
                    <h2 class="vh" id="line-h">"The line"</h2>
                    <ol class="line">{stops(&line, alpha.as_ref(), &visitor, &project.slug)}</ol>
                </section>
                <div class="stack">{labels_a_day(&days)}</div>
            </div>
        }
        .into_any()
    } else {
        for_annotators(thread.n_queues, &project.slug)
    };
    let body = view! {
        <header class="head">
            <div>
                <h1>{project.name.clone()}</h1>
                <p>
                    {format!("{} items · {task} · since ", grouped(thread.n_items))} {moment(project.created_at)}
                </p>
                {(!project.description.is_empty()).then(|| view! { <p>{project.description.clone()}</p> })}
            </div>
        </header>
        {making.filter(|job| job.is_over()).map(|job| unfinished(job.error))}
        {content}
    };
    let title = format!("{} · Assay", project.name);
    let body = shell::project(&visitor, &thread, Station::Overview, body)?;
    Ok(shell::document(&title, Some(&visitor), "project-shell", || body).into_response())
}

/// A demo that is not whole says so.
fn unfinished(why: Option<String>) -> impl IntoView {
    let why = why.unwrap_or_else(|| "It was stopped.".to_owned());
    let what = "What is here is a part of the demo, and nothing is added to it any more: archive this project under \
                Settings.";
    view! { <p class="notice bad" role="status">{format!("{why} {what}")}</p> }
}

/// Annotators don't see how far the others are; what they need is the way to their work.
fn for_annotators(n_queues: i64, slug: &str) -> AnyView {
    if n_queues == 0 {
        return view! {
            <section class="empty">
                <h2>"Nothing to label right now"</h2>
                <p>"When a queue is opened, it stands here."</p>
            </section>
        }
        .into_any();
    }
    let queues =
        if n_queues == 1 { "One queue is open".to_owned() } else { format!("{n_queues} queues are open") };
    view! {
        <section class="empty">
            <h2>{queues}</h2>
            <p>"Take it where you left it: what you answered is saved."</p>
            <div class="acts">
                <a class="btn do" href=format!("/p/{slug}/label")>"Label"</a>
            </div>
        </section>
    }
    .into_any()
}

/// One station: how it is, what to do next.
struct Stop {
    name: &'static str,
    path: &'static str,
    said: String,
    small: AnyView,
    done: bool,
    /// What to do, where, and whether whoever looks may do it.
    act: (&'static str, &'static str, bool),
}

fn stops(line: &OverviewDetails, alpha: Option<&Figure>, visitor: &Visitor, slug: &str) -> Vec<AnyView> {
    let stops = [
        data(line, visitor),
        taxonomy(line, visitor),
        queues(line, visitor),
        agreement(line, alpha),
        releases(line, visitor),
    ];
    // The first station that wants something is the one next thing.
    let next = stops.iter().position(|stop| !stop.done);
    stops
        .into_iter()
        .enumerate()
        .map(|(i, stop)| {
            let is_next = Some(i) == next;
            let class = if stop.done {
                "done"
            } else if is_next {
                "next"
            } else {
                "todo"
            };
            let (act, to, may) = stop.act;
            let button = if is_next { "btn do small" } else { "btn small" };
            view! {
                <li class=class>
                    <h2>
                        <a href=format!("/p/{slug}{}", stop.path)>{stop.name}</a>
                    </h2>
                    <p>{stop.said} <small>{stop.small}</small></p>
                    {may.then(|| view! { <a class=button href=format!("/p/{slug}{to}")>{act}</a> })}
                </li>
            }
            .into_any()
        })
        .collect()
}

fn count(line: &OverviewDetails, states: &[&str]) -> i64 {
    states.iter().filter_map(|state| line.items.get(*state)).sum()
}

/// `1 source`, `3 sources`.
fn some(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

fn data(line: &OverviewDetails, visitor: &Visitor) -> Stop {
    let n_items = line.overview.n_items;
    let (said, act) = if n_items == 0 {
        ("No texts yet".to_owned(), "Import a file")
    } else {
        let sources = some(line.n_sources, "source", "sources");
        (format!("{} from {sources}", some(n_items, "item", "items")), "Import more")
    };
    let rejected =
        (line.n_rejected > 0).then(|| format!(" · {} rejected", some(line.n_rejected, "row", "rows")));
    let small = match line.last_import {
        Some(at) => view! { "last import " {moment(at)} {rejected} }.into_any(),
        None => "CSV or JSONL, by page, command line or API".into_any(),
    };
    Stop {
        name: "Data",
        path: "/data",
        said,
        small,
        done: n_items > 0,
        act: (act, "/data", visitor.may(Act::Import)),
    }
}

fn taxonomy(line: &OverviewDetails, visitor: &Visitor) -> Stop {
    let (said, act) = match line.overview.taxonomy {
        Some(version) => {
            (format!("{}, version {version}", some(line.n_labels, "label", "labels")), "Edit the labels")
        }
        None => ("No labels yet".to_owned(), "Make the labels"),
    };
    let (small, act) = match (line.has_draft, line.overview.taxonomy) {
        (true, Some(_)) => ("a draft with changes is open", "Review the draft"),
        (true, None) => ("a draft waits to be published", "Review the draft"),
        (false, Some(_)) => ("published; answers name the version they were given under", act),
        (false, None) => ("by hand, or from a column of your data", act),
    };
    let done = line.overview.taxonomy.is_some();
    let act = (act, "/taxonomy", visitor.may(Act::EditTaxonomy));
    Stop { name: "Taxonomy", path: "/taxonomy", said, small: small.into_any(), done, act }
}

fn queues(line: &OverviewDetails, visitor: &Visitor) -> Stop {
    let n = line.overview.n_queues;
    if n == 0 {
        let small = "a queue says which items are labeled, by how many, in which order".into_any();
        let act = ("Open a queue", "/queues/new", visitor.may(Act::RunQueues));
        let said = "None open".to_owned();
        return Stop { name: "Queues", path: "/queues", said, small, done: false, act };
    }
    let said = format!("{n} open · {} of {} answers given", grouped(line.n_answered), grouped(line.n_slots));
    let left = (line.n_slots - line.n_answered).max(0);
    let small = format!("{} left to give", some(left, "answer", "answers")).into_any();
    Stop { name: "Queues", path: "/queues", said, small, done: true, act: ("Label", "/label", true) }
}

fn agreement(line: &OverviewDetails, alpha: Option<&Figure>) -> Stop {
    let conflicts = count(line, &["conflict"]);
    let looks = count(line, &["stuck", "needs_look"]);
    let answered = line.overview.n_items - count(line, &["unlabeled"]);
    let figure = alpha.and_then(|alpha| {
        let interval = match (alpha.low, alpha.high) {
            (Some(low), Some(high)) => format!("{} – {}, ", statistic(low), statistic(high)),
            _ => String::new(),
        };
        Some(format!("α {} ({interval}n = {})", statistic(alpha.value?), grouped(alpha.n_items as i64)))
    });
    let waits = if conflicts > 0 {
        format!("{} to look at", some(conflicts, "conflict", "conflicts"))
    } else if answered > 0 {
        "no conflict waits".to_owned()
    } else {
        "measured where several people answered the same items".to_owned()
    };
    let (said, mut small) = match (figure, answered > 0) {
        (Some(figure), _) => (figure, waits),
        (None, true) => ("Not measured yet".to_owned(), waits),
        (None, false) => ("No answers yet".to_owned(), waits),
    };
    if looks > 0 {
        small.push_str(&format!(" · {} stuck or in need of another look", some(looks, "item", "items")));
    }
    let done = answered > 0 && conflicts == 0;
    let act = if conflicts > 0 { "Look at the conflicts" } else { "See the figures" };
    let act = (act, "/agreement", answered > 0);
    Stop { name: "Agreement", path: "/agreement", said, small: small.into_any(), done, act }
}

fn releases(line: &OverviewDetails, visitor: &Visitor) -> Stop {
    let resolved = count(line, &["agreed", "adjudicated"]);
    let said = match line.overview.release {
        Some(number) => format!("{}, the newest is v{number}", some(line.n_releases, "release", "releases")),
        None => "None yet".to_owned(),
    };
    let small = format!("{} with labels that a release carries", some(resolved, "item", "items")).into_any();
    let act = if line.overview.release.is_some() { "Cut the next" } else { "Cut the first" };
    let done = line.overview.release.is_some();
    let may = visitor.may(Act::CutRelease) && resolved > 0;
    Stop { name: "Releases", path: "/releases", said, small, done, act: (act, "/releases/new", may) }
}

/// Bars of the last days, and the table behind them.
fn labels_a_day(days: &[(i64, i64)]) -> AnyView {
    let total: i64 = days.iter().map(|(_, n)| n).sum();
    let most = days.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let named = |day: i64, format: &str| {
        let at = Timestamp::from_second(day * 86_400).map(|at| at.to_zoned(TimeZone::UTC));
        at.map(|at| at.strftime(format).to_string()).unwrap_or_default()
    };
    let width = 100.0 / days.len().max(1) as f64;
    let bars: Vec<_> = days
        .iter()
        .enumerate()
        .map(|(i, (day, n))| {
            let height = (*n as f64 * 110.0 / most as f64).round();
            let title = format!("{}: {}", named(*day, "%a %-d %b"), grouped(*n));
            view! {
                <rect
                    class="bar"
                    x=format!("{:.2}%", i as f64 * width + 0.5)
                    width=format!("{:.2}%", width - 1.0)
                    y=format!("{}", 120.0 - height)
                    height=format!("{height}")
                    rx="2"
                >
                    <title>{title}</title>
                </rect>
            }
        })
        .collect();
    let rows: Vec<_> = days
        .iter()
        .rev()
        .map(|(day, n)| {
            view! {
                <tr>
                    <td>{named(*day, "%a %-d %b")}</td>
                    <td class="n">{grouped(*n)}</td>
                </tr>
            }
        })
        .collect();
    let first = days.first().map(|(day, _)| named(*day, "%-d %b")).unwrap_or_default();
    let last = days.last().map(|(day, _)| format!("today, {}", named(*day, "%-d %b"))).unwrap_or_default();
    view! {
        <section aria-labelledby="days-h">
            <div class="sec">
                <h2 id="days-h">"Labels a day"</h2>
                <span class="quiet num">{format!("{} in {DAYS} days", grouped(total))}</span>
            </div>
            <svg
                class="chart"
                height="144"
                role="img"
                aria-label="Labels a day over the last 14 days; the table below has the numbers"
            >
                <line class="grid" x1="0" x2="100%" y1="10" y2="10"></line>
                <text x="0" y="6">
                    {(total > 0).then(|| grouped(most))}
                </text>
                {bars}
                <line class="grid" x1="0" x2="100%" y1="120" y2="120"></line>
                <text x="0" y="138">
                    {first}
                </text>
                <text x="100%" y="138" text-anchor="end">
                    {last}
                </text>
            </svg>
            <details class="behind">
                <summary>"The numbers"</summary>
                <table class="table plain">
                    <thead>
                        <tr>
                            <th scope="col">"Day (UTC)"</th>
                            <th scope="col" class="n">
                                "Labels"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </section>
    }
    .into_any()
}
