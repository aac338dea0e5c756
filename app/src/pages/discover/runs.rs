//! Runs of clustering: starting one, the list, and what became of the groups from one to the next.

use crate::pages::discover::address::run_of;
use crate::parts::empty::Empty;
use crate::parts::fields::{Field, select};
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::table::{Table, figures, words};
use crate::parts::times::moment;
use crate::parts::work::{stopped, under_way};
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Path;
use domain::discover::RunState;
use domain::permission::Act;
use leptos::prelude::*;
use workflow::discover::{self, Begin, Compared, Encoder, RunView};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    vec![
        Route::get("/p/{slug}/discover/runs", see, list),
        Route::post("/p/{slug}/discover/runs", Need::Project(Act::RunQueues), start),
        Route::get("/p/{slug}/discover/{run}/compare", see, compare),
    ]
}

async fn list(page: ProjectPage) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let runs = discover::runs(instance, actor, project).await?;
    let encoders = discover::encoders(instance, actor, project).await?;
    let n_items = page.overview().await?.n_items;
    let view = all(&page, &runs, &encoders, n_items);
    page.show("Runs", Station::Discover, view).await
}

async fn start(page: ProjectPage, sent: Form) -> PageResult {
    let back = page.path("/discover/runs");
    let outcome = async {
        let seed = match sent.get("seed") {
            "" => 1,
            seed => {
                seed.parse().map_err(|_| workflow::Error::invalid("seed", "The seed is a whole number."))?
            }
        };
        let begin = Begin { encoder: sent.get("encoder").to_owned(), seed, ..Begin::default() };
        discover::start(page.instance(), page.actor(), page.project.id, begin).await?;
        // Before the first run is done, Discover itself shows how far it is.
        let is_first = page.overview().await?.n_groups.is_none();
        Ok(Done::to(if is_first { page.path("/discover") } else { back.clone() }))
    };
    page.finish("run", &sent, &back, outcome.await).await
}

async fn compare(page: ProjectPage, Path((_, run)): Path<(String, String)>) -> PageResult {
    let compared = discover::compare(page.instance(), page.actor(), page.project.id, run_of(&run)?).await?;
    page.show("Runs compared", Station::Discover, compared_view(&page, &compared)).await
}

/// The page of a project without a finished run: the way to the first one.
pub fn first(page: &ProjectPage, runs: &[RunView], encoders: &[Encoder], n_items: i64) -> AnyView {
    let head = Head::titled("Discover").about(view! {
        <p>"Finds out what is in a pile that nobody has read: groups of texts that say about the same, at every grain."</p>
    });
    let newest = runs.first();
    let state = newest.map(|run| state_of(page, run));
    let form = match n_items {
        0 => Empty::new("No items yet", "Bring a file with texts, then find out what is in it.")
            .link(page.path("/data"), "To the data")
            .view(),
        _ if newest.is_some_and(is_open) => ().into_any(),
        _ if page.may(Act::RunQueues) => {
            view! {
                <section class="sheet">
                    <h2>"Find groups"</h2>
                    <p>{grouped(n_items)} " items are grouped by their words. It takes seconds for ten thousand texts."</p>
                    {form(page, encoders)}
                </section>
            }
            .into_any()
        }
        _ => Empty::new("Not looked at yet", "An owner or engineer of the project can find groups in it.").view(),
    };
    view! {
        {head.view()}
        <div class="stack">{state} {form}</div>
    }
    .into_any()
}

fn is_open(run: &RunView) -> bool {
    run.row.state == RunState::Running && run.job.as_ref().is_some_and(|job| !job.is_over())
}

/// What a run is doing, or why it ended.
fn state_of(page: &ProjectPage, run: &RunView) -> AnyView {
    match (&run.job, run.row.state) {
        (Some(job), RunState::Running) if !job.is_over() => {
            under_way(job, &page.project.slug, &page.path("/discover"))
        }
        (_, RunState::Running) => stopped(
            "The run was interrupted: nobody computes it any more. Start another one.".to_owned(),
            None,
        ),
        (_, RunState::Failed) => {
            let why = run.row.error.clone().unwrap_or_default();
            stopped(format!("No groups were found. {why}"), None)
        }
        (_, RunState::Cancelled) => {
            stopped("The run was cancelled. Nothing was kept of it.".to_owned(), None)
        }
        (_, RunState::Done) => ().into_any(),
    }
}

fn form(page: &ProjectPage, encoders: &[Encoder]) -> AnyView {
    let flash = &page.flash;
    let options: Vec<(String, String)> =
        encoders.iter().map(|encoder| (encoder.key(), encoder.title())).collect();
    let hint = "What the texts are compared by. An admin can install models that know meanings.";
    let seed_hint = "The same seed over the same texts gives the same groups.";
    view! {
        <form class="form" method="post" action=page.path("/discover/runs")>
            <div class="pairs">
                {select(flash, "run", "encoder", "Vectors", hint, "lsa", &options)}
                {Field {
                    form: "run",
                    name: "seed",
                    label: "Seed",
                    hint: seed_hint,
                    kind: "number",
                    value: "1",
                    required: true,
                }
                    .view(flash)}
            </div>
            <div class="acts">
                <button class="btn do">"Find groups"</button>
            </div>
        </form>
    }
    .into_any()
}

fn all(page: &ProjectPage, runs: &[RunView], encoders: &[Encoder], n_items: i64) -> AnyView {
    let head = Head::titled("Runs").under(page.path("/discover"), "Discover").about(view! {
        <p>
            "Each run groups the pile anew. It starts from the map of the run before, so that what stayed the same stays where it was; names carry over."
        </p>
    });
    let head = head.acts(view! {
        <a class="btn" href=page.path("/discover/vectors")>
            "Given vectors"
        </a>
    });
    let open: Vec<_> = runs.iter().filter(|run| is_open(run)).map(|run| state_of(page, run)).collect();
    let is_free = open.is_empty();
    let rows: Vec<_> = runs.iter().map(|run| row(page, run)).collect();
    let table = match runs.is_empty() {
        true => ().into_any(),
        false => Table::new(
            "Runs",
            [
                words("Run"),
                words("Vectors"),
                figures("Items"),
                figures("Groups"),
                figures("Seed"),
                words("State"),
                words("When"),
                words("Against the run before"),
            ],
        )
        .rows(rows),
    };
    let new = (is_free && n_items > 0 && page.may(Act::RunQueues)).then(|| {
        view! {
            <section class="sheet">
                <h2>"New run"</h2>
                {form(page, encoders)}
            </section>
        }
    });
    view! {
        {head.view()}
        <div class="stack">{open} {new} {table}</div>
    }
    .into_any()
}

fn row(page: &ProjectPage, run: &RunView) -> AnyView {
    let name = format!("Run {}", run.row.number);
    let to = page.path(&format!("/discover/{}", run.row.id));
    let is_done = run.outcome.is_some();
    let link = match is_done {
        true => view! { <a href=to.clone()>{name}</a> }.into_any(),
        false => view! { {name} }.into_any(),
    };
    let groups = run.outcome.as_ref().map(|outcome| grouped(outcome.grains.themes));
    let state = match (run.row.state, &run.row.error) {
        (RunState::Running, _) if !is_open(run) => "interrupted".to_owned(),
        (state, Some(why)) => format!("{}: {why}", state.as_str()),
        (state, None) => state.as_str().to_owned(),
    };
    let compared = (is_done && run.row.parent_id.is_some()).then(|| {
        view! { <a href=format!("{to}/compare")>"What became of its groups"</a> }
    });
    view! {
        <tr>
            <th scope="row">{link}</th>
            <td dir="auto">{run.spec.encoder.title()}</td>
            <td class="n">{grouped(run.row.n_items)}</td>
            <td class="n">{groups}</td>
            <td class="n">{run.spec.seed}</td>
            <td>{state}</td>
            <td>{moment(domain::Time(run.row.finished_at.unwrap_or(run.row.created_at)))}</td>
            <td>{compared}</td>
        </tr>
    }
    .into_any()
}

fn compared_view(page: &ProjectPage, compared: &Compared) -> AnyView {
    let number = compared.row.number;
    let parent = compared.parent.as_ref().map(|parent| parent.number);
    let title = match parent {
        Some(parent) => format!("Run {number} against run {parent}"),
        None => format!("Run {number}"),
    };
    let head = Head::titled(title)
        .under(page.path("/discover"), "Discover")
        .under(page.path("/discover/runs"), "Runs")
        .about(view! {
            <p>
                "Groups at the themes cut of both runs, over the items that are in both. Alike is the Jaccard index: shared items over all items of either."
            </p>
        });
    let address = |run: i64, group: i64| page.path(&format!("/discover/{run}?group={group}"));
    let rows: Vec<_> = compared
        .lines
        .iter()
        .map(|(line, from, to)| {
            let from = from.as_ref().map(|group| {
                let run = compared.parent.as_ref().map_or(0, |parent| parent.id.0);
                view! { <a href=address(run, group.id.0) dir="auto">{group.title()}</a> }
            });
            let to = to.as_ref().map(|group| {
                view! { <a href=address(compared.row.id.0, group.id.0) dir="auto">{group.title()}</a> }
            });
            view! {
                <tr>
                    <td>{from}</td>
                    <td>{line.kind.clone()}</td>
                    <td>{to}</td>
                    <td class="n">{format!("{:.2}", line.jaccard)}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let table = match rows.is_empty() {
        true => Empty::new("Nothing to compare", "The run before had no groups.").view(),
        false => Table::new(
            "Groups",
            [words("Before"), words("What became of it"), words("Now"), figures("Alike")],
        )
        .rows(rows),
    };
    view! {
        {head.view()}
        {table}
    }
    .into_any()
}
