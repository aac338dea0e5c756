//! The forms of the page of a run: acts on a group and on a selection.

use crate::pages::discover::address::{run_of, steps};
use crate::web::address::{is_ours, percent_encoded};
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Redirect};
use domain::discover::selection::Selection;
use domain::permission::Act;
use domain::slice::Slice;
use domain::{ClusterId, ClusteringId};
use workflow::discover::{self, Target};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let run = Need::Project(Act::RunQueues);
    let edit = Need::Project(Act::EditTaxonomy);
    vec![
        Route::post("/p/{slug}/discover/{run}/groups/{group}/name", run, name),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/merge", run, merge),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/split", run, split),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/aside", run, group_aside),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/back", run, group_back),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/label", edit, group_label),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/examples", edit, group_examples),
        Route::post("/p/{slug}/discover/{run}/groups/{group}/bulk", run, group_bulk),
        Route::post("/p/{slug}/discover/{run}/selection/step", run, step),
        Route::post("/p/{slug}/discover/{run}/selection/aside", run, aside),
        Route::post("/p/{slug}/discover/{run}/selection/back", run, back),
        Route::post("/p/{slug}/discover/{run}/selection/label", edit, label),
        Route::post("/p/{slug}/discover/{run}/selection/examples", edit, examples),
        Route::post("/p/{slug}/discover/{run}/selection/bulk", run, bulk),
        Route::post("/p/{slug}/discover/{run}/selection/save", run, save),
        Route::post("/p/{slug}/discover/slices/remove", run, remove),
    ]
}

type GroupPath = Path<(String, String, String)>;
type RunPath = Path<(String, String)>;

fn group_in(run: &str, group: &str) -> Result<(ClusteringId, ClusterId), Error> {
    Ok((run_of(run)?, group.parse().map_err(|_| Error::NotFound(Thing::Group))?))
}

/// Where to go after an act: the page it came from, if that is one of ours.
fn back_to(page: &ProjectPage, run: impl std::fmt::Display, sent: &Form) -> String {
    let back = sent.get("back");
    // The script writes the query alone: the page may have moved on without being loaded anew.
    let back = match back.strip_prefix('?') {
        Some(query) => page.path(&format!("/discover/{run}?{query}")),
        None => back.to_owned(),
    };
    if is_ours(&back) && back.starts_with(&page.path("/")) { back } else { page.path("/discover") }
}

fn run_in(target: &Target) -> String {
    target.run().map(|run| run.to_string()).unwrap_or_default()
}

fn level(sent: &Form) -> Result<i64, Error> {
    sent.get("k").parse().map_err(|_| Error::invalid("", "The page was out of date: look again."))
}

async fn name(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    let back = back_to(&page, run, &sent);
    let done =
        discover::name(page.instance(), page.actor(), page.project.id, run, group, sent.get("name")).await;
    page.finish("name", &sent, &back, done.map(|()| Done::to(back.clone()))).await
}

async fn merge(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    let back = back_to(&page, run, &sent);
    let outcome = async {
        let other = sent.get("other").parse().map_err(|_| Error::NotFound(Thing::Group))?;
        let level = level(&sent)?;
        let merged =
            discover::merge(page.instance(), page.actor(), page.project.id, run, &[group, other], level)
                .await?;
        let to = back.replace(&format!("group={group}"), &format!("group={merged}"));
        Ok(Done::to(to).say("The groups are merged. “Take apart” undoes it."))
    };
    page.finish("merge", &sent, &back, outcome.await).await
}

async fn split(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    let back = back_to(&page, run, &sent);
    let outcome = async {
        let level = level(&sent)?;
        discover::split(page.instance(), page.actor(), page.project.id, run, group, level).await?;
        Ok(Done::to(back.replace(&format!("group={group}"), ""))
            .say("The group is split; both parts stand in the list."))
    };
    page.finish("split", &sent, &back, outcome.await).await
}

async fn group_aside(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    set_aside(page, &sent, Target::Group { run, group }, true).await
}

async fn group_back(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    set_aside(page, &sent, Target::Group { run, group }, false).await
}

async fn set_aside(page: ProjectPage, sent: &Form, target: Target, aside: bool) -> PageResult {
    let back = back_to(&page, run_in(&target), sent);
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let outcome = match aside {
        true => discover::aside(instance, actor, project, &target).await,
        false => discover::back(instance, actor, project, &target).await,
    };
    let words = if aside { "items are set aside." } else { "items are taken back." };
    let done = outcome.map(|n| Done::to(back.clone()).say(format!("{n} {words}")));
    page.finish("aside", sent, &back, done).await
}

async fn group_label(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    make_label(page, &sent, Target::Group { run, group }).await
}

async fn make_label(page: ProjectPage, sent: &Form, target: Target) -> PageResult {
    let back = back_to(&page, run_in(&target), sent);
    let (name, criterion) = (sent.get("name"), sent.get("criterion"));
    let made =
        discover::make_label(page.instance(), page.actor(), page.project.id, &target, name, criterion).await;
    let done = made.map(|_| {
        Done::to(back.clone()).say(format!("“{name}” is in the draft. Publish it to label with it."))
    });
    page.finish("label", sent, &back, in_notice(done)).await
}

/// The panel has no place for errors of single fields: they are said above the page.
fn in_notice<T>(outcome: Result<T, Error>) -> Result<T, Error> {
    outcome.map_err(|error| match error {
        Error::Invalid(_) => Error::invalid("", error.to_string()),
        error => error,
    })
}

async fn group_examples(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    add_examples(page, &sent, Target::Group { run, group }).await
}

async fn add_examples(page: ProjectPage, sent: &Form, target: Target) -> PageResult {
    let back = back_to(&page, run_in(&target), sent);
    let outcome = async {
        let label = sent.get("label").parse().map_err(|_| Error::NotFound(Thing::Label))?;
        let are_counter = sent.get("kind") == "out";
        discover::examples(page.instance(), page.actor(), page.project.id, &target, label, are_counter).await
    };
    let done = outcome.await.map(|n| Done::to(back.clone()).say(format!("{n} texts are in the draft.")));
    page.finish("examples", sent, &back, in_notice(done)).await
}

async fn group_bulk(page: ProjectPage, Path((_, run, group)): GroupPath, sent: Form) -> PageResult {
    let (run, group) = group_in(&run, &group)?;
    begin_bulk(page, &sent, Target::Group { run, group }).await
}

async fn begin_bulk(page: ProjectPage, sent: &Form, target: Target) -> PageResult {
    let back = back_to(&page, run_in(&target), sent);
    let outcome = async {
        let label = sent.get("label").parse().map_err(|_| Error::NotFound(Thing::Label))?;
        discover::begin_bulk(page.instance(), page.actor(), page.project.id, &target, label).await
    };
    let done = outcome.await.map(|bulk| Done::to(page.path(&format!("/discover/bulk/{bulk}"))));
    page.finish("bulk", sent, &back, in_notice(done)).await
}

/// The selection that the address of a form carries.
fn target(run: &str, query: Option<String>) -> Result<Target, Error> {
    let steps = steps(query.as_deref().unwrap_or_default());
    let selection =
        Selection::read(Some(run_of(run)?), &steps).map_err(|bad| Error::invalid("", bad.to_string()))?;
    Ok(Target::Selection(selection))
}

async fn aside(
    page: ProjectPage,
    Path((_, run)): RunPath,
    RawQuery(query): RawQuery,
    sent: Form,
) -> PageResult {
    let target = target(&run, query)?;
    set_aside(page, &sent, target, true).await
}

async fn back(
    page: ProjectPage,
    Path((_, run)): RunPath,
    RawQuery(query): RawQuery,
    sent: Form,
) -> PageResult {
    let target = target(&run, query)?;
    set_aside(page, &sent, target, false).await
}

async fn label(page: ProjectPage, Path((_, run)): RunPath, query: RawQuery, sent: Form) -> PageResult {
    let target = of_back(&page, &run, query, &sent)?;
    make_label(page, &sent, target).await
}

async fn examples(page: ProjectPage, Path((_, run)): RunPath, query: RawQuery, sent: Form) -> PageResult {
    let target = of_back(&page, &run, query, &sent)?;
    add_examples(page, &sent, target).await
}

async fn bulk(page: ProjectPage, Path((_, run)): RunPath, query: RawQuery, sent: Form) -> PageResult {
    let target = of_back(&page, &run, query, &sent)?;
    begin_bulk(page, &sent, target).await
}

/// The selection of a form that carries it in the address of the page it came from.
fn of_back(page: &ProjectPage, run: &str, RawQuery(query): RawQuery, sent: &Form) -> Result<Target, Error> {
    let back = back_to(page, run, sent);
    let query = query
        .filter(|query| !query.is_empty())
        .or_else(|| back.split_once('?').map(|(_, query)| query.to_owned()));
    target(run, query)
}

async fn save(
    page: ProjectPage,
    Path((_, run)): RunPath,
    RawQuery(query): RawQuery,
    sent: Form,
) -> PageResult {
    let back = back_to(&page, &run, &sent);
    let outcome = async {
        let Target::Selection(selection) = target(&run, query)? else {
            return Err(Error::NotFound(Thing::Page));
        };
        let slice = Slice { selection, ..Slice::default() };
        discover::save_slice(page.instance(), page.actor(), page.project.id, sent.get("name"), slice).await?;
        Ok(Done::to(back.clone()).say("The slice is saved."))
    };
    page.finish("slice", &sent, &back, in_notice(outcome.await)).await
}

async fn remove(page: ProjectPage, sent: Form) -> PageResult {
    let back = page.path("/discover");
    let outcome = async {
        let id = sent.get("id").parse().map_err(|_| Error::NotFound(Thing::Page))?;
        discover::remove_slice(page.instance(), page.actor(), page.project.id, id).await?;
        Ok(Done::to(back.clone()).say("The slice is removed."))
    };
    page.finish("slice", &sent, &back, outcome.await).await
}

/// Adds steps to the selection and goes to its address.
async fn step(page: ProjectPage, Path((_, run)): RunPath, sent: Form) -> PageResult {
    let run = run_of(&run)?;
    let base = page.path(&format!("/discover/{run}"));
    let mut steps: Vec<String> = sent.all("sel").map(str::to_owned).collect();
    let op = match sent.get("op") {
        "and" if !steps.is_empty() => "and",
        "not" if !steps.is_empty() => "not",
        _ => "or",
    };
    // Several fields of one form narrow each other.
    let mut add = |part: String| {
        let op = if steps.len() > sent.all("sel").count() && op == "or" { "and" } else { op };
        steps.push(format!("{op}.{part}"));
    };
    if !sent.get("words").is_empty() {
        add(format!("words.{}", sent.get("words")));
    }
    if !sent.get("field").is_empty() {
        add(format!("field.{}", sent.get("field")));
    }
    let (from, until) = (sent.get("from"), sent.get("until"));
    if !from.is_empty() || !until.is_empty() {
        let from = if from.is_empty() { "1970-01-01" } else { from };
        let until = if until.is_empty() { "2999-12-31" } else { until };
        add(format!("time.{from}..{until}"));
    }
    let steps: String = steps.iter().map(|step| format!("&sel={}", percent_encoded(step))).collect();
    let group = sent.get("group").parse::<ClusterId>().map(|id| format!("&group={id}")).unwrap_or_default();
    let level: i64 = sent.get("k").parse().unwrap_or(1);
    Ok(Redirect::to(&format!("{base}?k={level}{group}{steps}")).into_response())
}
