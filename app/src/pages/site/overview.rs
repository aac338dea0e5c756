//! The overview of a project: the line as its stations, the one next thing to do at each, and labels a day.

mod days;
mod stops;

use crate::parts::empty::Empty;
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::times::moment;
use crate::parts::work;
use crate::web::error::PageResult;
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use days::{DAYS, labels_a_day};
use domain::permission::Act;
use domain::project::Task;
use leptos::prelude::*;
use stops::{count, stops};
use workflow::agree::measure;
use workflow::site::projects;
use workflow::{Error, demo};

pub fn routes() -> Vec<Route> {
    vec![Route::get("/p/{slug}", Need::Project(Act::SeeProject), page)]
}

/// Answered items whose agreement is computed while a page waits.
const FEW: i64 = 5_000;

async fn page(page: ProjectPage) -> PageResult {
    let (instance, actor, project) = (page.instance(), page.actor(), &page.project);
    let overview = page.overview().await?;
    let making = match page.may(Act::SeeOthers) {
        true => demo::making(instance, actor, project.id).await?,
        false => None,
    };
    let content = if let Some(job) = making.as_ref().filter(|job| !job.is_over()) {
        // Its days are not all there yet: there is nothing to count.
        work::under_way(job, &project.slug, &page.path(""))
    } else if page.may(Act::SeeOthers) {
        line(&page).await?
    } else {
        for_annotators(overview.n_queues, &page)
    };
    let task = match project.task {
        Task::Single => "one label each",
        Task::Multi => "any number of labels each",
    };
    let about = view! {
        <p>{format!("{} items · {task} · since ", grouped(overview.n_items))} {moment(project.created_at)}</p>
        {(!project.description.is_empty()).then(|| view! { <p>{project.description.clone()}</p> })}
    };
    let body = view! {
        {Head::titled(&project.name).about(about).view()}
        {making.filter(|job| job.is_over()).map(|job| unfinished(job.error))}
        {content}
    };
    page.show(&project.name, Station::Overview, body).await
}

/// The stations, and labels a day.
async fn line(page: &ProjectPage) -> Result<AnyView, Error> {
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let line = projects::line(instance, actor, project).await?;
    // Figures over few answers are there at once; those over many are shown when they were asked for before.
    let n_answered = line.overview.n_items - count(&line, &["unlabeled"]);
    let figures = if (1..=FEW).contains(&n_answered) {
        Some(measure::agreement(instance, actor, project, None).await?)
    } else {
        measure::last_agreement(instance, actor, project).await?
    };
    let alpha = figures.map(|figures| figures.alpha.clone());
    let days = projects::labels_by_day(instance, actor, project, DAYS).await?;
    Ok(view! {
        <div class="aside">
            <section aria-labelledby="line-h">
                <h2 class="vh" id="line-h">"The line"</h2>
                <ol class="line">{stops(&line, alpha.as_ref(), page)}</ol>
            </section>
            <div class="stack">{labels_a_day(&days)}</div>
        </div>
    }
    .into_any())
}

/// A demo that is not whole says so.
fn unfinished(why: Option<String>) -> impl IntoView {
    let why = why.unwrap_or_else(|| "It was stopped.".to_owned());
    let what = "What is here is a part of the demo, and nothing is added to it any more: archive this project under \
                Settings.";
    view! { <p class="notice bad" role="status">{format!("{why} {what}")}</p> }
}

/// Annotators don't see how far the others are; what they need is the way to their work.
fn for_annotators(n_queues: i64, page: &ProjectPage) -> AnyView {
    if n_queues == 0 {
        let words = "When a queue is opened, it stands here.";
        return Empty::new("Nothing to label right now", words).view();
    }
    let queues =
        if n_queues == 1 { "One queue is open".to_owned() } else { format!("{n_queues} queues are open") };
    let words = "Take it where you left it: what you answered is saved.";
    Empty::new(queues, words).link(page.path("/label"), "Label").view()
}
