//! Releases: the list, cutting one, and a release with its files and where they came from.

mod one;

use crate::parts::fields::Field;
use crate::parts::numbers::grouped;
use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use domain::Time;
use domain::consensus;
use domain::permission::Act;
use domain::release::{ReleaseState, Split};
use leptos::prelude::*;
use serde::Deserialize;
use store::label::tally::Tally;
use tower_sessions::Session;
use workflow::Error;
use workflow::release::{self, Forecast, Order, Release};

pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/p/{slug}/releases", Need::Project(Act::SeeOthers), list),
        Route::get("/p/{slug}/releases/new", Need::Project(Act::CutRelease), new),
        Route::post("/p/{slug}/releases/new", Need::Project(Act::CutRelease), create),
    ];
    routes.extend(one::routes());
    routes
}

/// Where the releases of a project are.
fn address(visitor: &Visitor) -> Result<String, Error> {
    Ok(format!("/p/{}/releases", visitor.project()?.slug))
}

/// A hash, short enough to compare at a glance.
fn short(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if hash.len() > 12 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(Before { before }): Query<Before>,
) -> Page {
    let project = visitor.project()?.id;
    let releases = release::list(&app.instance, visitor.actor()?, project, before).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = address(&visitor)?;
    let may_cut = visitor.may(Act::CutRelease);
    let oldest = releases.last().map(|r| r.row.number).filter(|n| *n > 1);
    let rows: Vec<_> = releases.iter().map(|release| row(release, &base)).collect();
    let content = if rows.is_empty() {
        nothing(&base, may_cut, thread.taxonomy.is_some())
    } else {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Releases">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Version"</th>
                            <th scope="col">"When"</th>
                            <th scope="col">"Name"</th>
                            <th scope="col">"State"</th>
                            <th scope="col" class="n">
                                "Items"
                            </th>
                            <th scope="col" class="n">
                                "train"
                            </th>
                            <th scope="col" class="n">
                                "validation"
                            </th>
                            <th scope="col" class="n">
                                "test"
                            </th>
                            <th scope="col">"Hash"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {oldest
                .map(|n| {
                    view! {
                        <nav class="pager" aria-label="Releases">
                            <a class="btn small" href=format!("{base}?before={n}") rel="next">
                                "Older →"
                            </a>
                        </nav>
                    }
                })}
        }
        .into_any()
    };
    let content = view! {
        <header class="head">
            <div>
                <h1>"Releases"</h1>
                <p>"Numbered versions of the labeled items that never change."</p>
            </div>
            <div class="acts">
                {(may_cut && !releases.is_empty())
                    .then(|| {
                        view! {
                            <a class="btn do" href=format!("{}/new", base.clone())>
                                "Cut a release"
                            </a>
                        }
                    })}
            </div>
        </header>
        {content}
    };
    let body = shell::project(&visitor, &thread, Station::Releases, content)?;
    Ok(shell::document("Releases · Assay", Some(&visitor), "project-shell", || body).into_response())
}

fn row(release: &Release, base: &str) -> AnyView {
    let number = release.row.number;
    let split = |split: Split| {
        let manifest = release.manifest.as_ref();
        let count = manifest.and_then(|m| m.splits.iter().find(|s| s.split == split));
        count.map_or_else(|| "—".to_owned(), |s| grouped(s.n_rows))
    };
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{base}/{number}")>{format!("v{number}")}</a>
            </th>
            <td>{moment(Time(release.row.created_at))}</td>
            <td class="wrap" dir="auto">
                {release.row.name.clone()}
            </td>
            <td>{state_mark(release.row.state)}</td>
            <td class="n">
                {release.manifest.as_ref().map_or_else(|| "—".to_owned(), |m| grouped(m.n_rows))}
            </td>
            <td class="n">{split(Split::Train)}</td>
            <td class="n">{split(Split::Validation)}</td>
            <td class="n">{split(Split::Test)}</td>
            <td>
                {release.hash.as_deref().map(|hash| view! { <code class="hash">{short(hash)}</code> })}
            </td>
        </tr>
    }
    .into_any()
}

fn state_mark(state: ReleaseState) -> AnyView {
    let class = match state {
        ReleaseState::Cutting => "state running",
        ReleaseState::Failed => "state failed",
        ReleaseState::Done => "state on",
    };
    view! { <span class=class>{state.as_str()}</span> }.into_any()
}

/// What to do before the first release.
fn nothing(base: &str, may_cut: bool, has_taxonomy: bool) -> AnyView {
    let act = (may_cut && has_taxonomy).then(|| {
        view! {
            <p class="acts">
                <a class="btn do" href=format!("{base}/new")>
                    "Cut a release"
                </a>
            </p>
        }
    });
    let first = (!has_taxonomy).then_some(" Publish labels and have some items labeled first.");
    view! {
        <section class="empty">
            <h2>"No release yet"</h2>
            <p>
                "A release is a numbered, immutable version of the labeled items with their splits. It can be cut as soon as one item has an agreed label."
                {first}
            </p>
            {act}
        </section>
    }
    .into_any()
}

/// Up to so many items are looked at whenever the page is opened; above, when somebody asks for it.
const LOOKED_AT: i64 = 20_000;

#[derive(Debug, Deserialize)]
struct Look {
    #[serde(default)]
    look: bool,
}

/// What the splits would be: they are fixed for good by the first release that holds a group.
fn splits(forecast: Option<&Forecast>, base: &str) -> AnyView {
    let Some(forecast) = forecast else {
        return view! {
            <p class="quiet">
                <a href=format!("{base}/new?look=true")>"Look at the splits first"</a>
                " (with so many items it takes a few seconds)"
            </p>
        }
        .into_any();
    };
    let warnings: Vec<_> =
        forecast.warnings().into_iter().map(|words| view! { <p class="notice bad">{words}</p> }).collect();
    let rows =
        Split::ALL.map(|split| format!("{} {}", split.as_str(), grouped(forecast.splits[split as usize])));
    view! {
        <p>{format!("Splits with both: {}.", rows.join(", "))}</p>
        {warnings}
    }
    .into_any()
}

async fn new(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(Look { look }): Query<Look>,
) -> Page {
    let project = visitor.project()?.id;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let counts = app.instance.store.tally(Tally::Project(project)).await?;
    let newest = release::list(&app.instance, visitor.actor()?, project, None).await?;
    let next = newest.first().map_or(1, |r| r.row.number + 1);
    let base = address(&visitor)?;
    let flash = &visitor.flash;
    let name = Field {
        form: "release",
        name: "name",
        label: "Name",
        hint: "What is new in it, in a few words.",
        kind: "text",
        value: "",
        required: true,
    };
    let n = |state: consensus::State| counts.get(state.as_str()).copied().unwrap_or(0);
    let both = [consensus::State::Agreed, consensus::State::Adjudicated];
    let forecast = if look || both.iter().map(|state| n(*state)).sum::<i64>() <= LOOKED_AT {
        Some(release::forecast(&app.instance, visitor.actor()?, project, &both).await?)
    } else {
        None
    };
    // After an error the boxes stand as they were left; before, both are ticked.
    let was_sent = flash.form == "release";
    let choice = |state: consensus::State, title: &'static str, why: &'static str| {
        let checked = !was_sent || flash.values.iter().any(|(k, v)| k == "states" && v == state.as_str());
        view! {
            <label class="choice">
                <input type="checkbox" name="states" value=state.as_str() checked=checked />
                <span>{title} <small>{format!("{} items; {why}", grouped(n(state)))}</small></span>
            </label>
        }
    };
    let error = flash.error("release", "states").map(str::to_owned);
    let content = view! {
        <header class="head">
            <div>
                <nav class="crumbs" aria-label="Breadcrumb">
                    <ol>
                        <li>
                            <a href=base.clone()>"Releases"</a>
                        </li>
                    </ol>
                </nav>
                <h1>{format!("Cut release v{next}")}</h1>
            </div>
        </header>
        <form class="form" method="post" action=format!("{base}/new")>
            {name.view(flash)}
            <fieldset class="field">
                <legend>"Which items"</legend>
                {choice(consensus::State::Agreed, "Agreed", "a majority said the same")}
                {choice(consensus::State::Adjudicated, "Adjudicated", "an owner decided")}
                {error.map(|error| view! { <p class="error">{error}</p> })}
            </fieldset>
            <p class="notice">
                "Groups stay where they are: an item that was in a release keeps its split. Control items make validation and test, half each."
            </p>
            {splits(forecast.as_ref(), &base)}
            <div class="acts">
                <button class="btn do">{format!("Cut v{next}")}</button>
                <a class="btn bare" href=base.clone()>
                    "Cancel"
                </a>
            </div>
        </form>
    };
    let body = shell::project(&visitor, &thread, Station::Releases, content)?;
    Ok(shell::document("Cut a release · Assay", Some(&visitor), "project-shell", || body).into_response())
}

async fn create(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        let states = form.all("states").filter_map(consensus::State::parse).collect();
        let order = Order { name: form.get("name").to_owned(), states };
        let (release, _) = release::order(&app.instance, visitor.actor()?, project, &order).await?;
        Ok(Done::to(format!("{base}/{}", release.row.number)))
    };
    finish(&session, "release", &form, &format!("{base}/new"), outcome.await).await
}
