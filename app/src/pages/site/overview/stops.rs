//! The line: its stations, and the one next thing to do at each.

use crate::parts::numbers::{grouped, statistic};
use crate::parts::times::moment;
use crate::web::navigation::{Entry, Place, Station, found};
use crate::web::page::ProjectPage;
use domain::permission::Act;
use leptos::prelude::*;
use workflow::agree::measure::Figure;
use workflow::site::projects::OverviewDetails;

/// One station: how it is, what to do next.
struct Stop {
    said: String,
    small: AnyView,
    done: bool,
    /// What to do, where, and whether the visitor may do it.
    act: (&'static str, &'static str, bool),
}

/// The stations, each with its next act.
pub fn stops(line: &OverviewDetails, alpha: Option<&Figure>, page: &ProjectPage) -> Vec<AnyView> {
    let slug = &page.project.slug;
    let at_line = found(|act| page.may(act)).into_iter().filter(|entry| entry.place == Place::Line);
    let stops: Vec<(&Entry, Stop)> = at_line
        .filter_map(|entry| {
            let stop = match entry.station {
                Station::Data => data(line, page),
                Station::Discover => discover(line, page),
                Station::Taxonomy => taxonomy(line, page),
                Station::Queues => queues(line, page),
                Station::Agreement => agreement(line, alpha),
                Station::Releases => releases(line, page),
                Station::Overview | Station::Settings => return None,
            };
            Some((entry, stop))
        })
        .collect();
    // The first station that wants something is the one next thing.
    let next = stops.iter().position(|(_, stop)| !stop.done);
    stops
        .into_iter()
        .enumerate()
        .map(|(i, (entry, stop))| {
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
                        <a href=format!("/p/{slug}{}", entry.path)>{entry.name}</a>
                    </h2>
                    <p>{stop.said} <small>{stop.small}</small></p>
                    {may.then(|| view! { <a class=button href=format!("/p/{slug}{to}")>{act}</a> })}
                </li>
            }
            .into_any()
        })
        .collect()
}

pub fn count(line: &OverviewDetails, states: &[&str]) -> i64 {
    states.iter().filter_map(|state| line.items.get(*state)).sum()
}

/// `1 source`, `3 sources`.
fn some(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

fn discover(line: &OverviewDetails, page: &ProjectPage) -> Stop {
    let overview = &line.overview;
    let small = match overview.n_ground {
        Some(n) if n > 0 => {
            let to = page.path("/discover");
            view! { <a href=to>{format!("{} new ground", grouped(n))}</a> }.into_any()
        }
        _ => ().into_any(),
    };
    let (said, act) = match overview.n_groups {
        Some(n) => (some(n, "group", "groups"), "Look around"),
        None => ("Nobody has looked yet".to_owned(), "Find groups"),
    };
    // Whoever has labels already need not look for them.
    let done = overview.n_groups.is_some() || overview.taxonomy.is_some() || overview.n_items == 0;
    Stop { said, small, done, act: (act, "/discover", overview.n_items > 0 && page.may(Act::SeeOthers)) }
}

fn data(line: &OverviewDetails, page: &ProjectPage) -> Stop {
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
    Stop { said, small, done: n_items > 0, act: (act, "/data", page.may(Act::Import)) }
}

fn taxonomy(line: &OverviewDetails, page: &ProjectPage) -> Stop {
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
    let act = (act, "/taxonomy", page.may(Act::EditTaxonomy));
    Stop { said, small: small.into_any(), done, act }
}

fn queues(line: &OverviewDetails, page: &ProjectPage) -> Stop {
    let n = line.overview.n_queues;
    if n == 0 {
        let small = "a queue says which items are labeled, by how many, in which order".into_any();
        let act = ("Open a queue", "/queues/new", page.may(Act::RunQueues));
        let said = "None open".to_owned();
        return Stop { said, small, done: false, act };
    }
    let said = format!("{n} open · {} of {} answers given", grouped(line.n_answered), grouped(line.n_slots));
    let left = (line.n_slots - line.n_answered).max(0);
    let small = format!("{} left to give", some(left, "answer", "answers")).into_any();
    Stop { said, small, done: true, act: ("Label", "/label", true) }
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
    Stop { said, small: small.into_any(), done, act }
}

fn releases(line: &OverviewDetails, page: &ProjectPage) -> Stop {
    let resolved = count(line, &["agreed", "adjudicated"]);
    let said = match line.overview.release {
        Some(number) => format!("{}, the newest is v{number}", some(line.n_releases, "release", "releases")),
        None => "None yet".to_owned(),
    };
    let small = format!("{} with labels that a release carries", some(resolved, "item", "items")).into_any();
    let act = if line.overview.release.is_some() { "Cut the next" } else { "Cut the first" };
    let done = line.overview.release.is_some();
    let may = page.may(Act::CutRelease) && resolved > 0;
    Stop { said, small, done, act: (act, "/releases/new", may) }
}
