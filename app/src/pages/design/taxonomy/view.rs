//! The taxonomy: labels in their order beside what changed in the draft.

use super::draft::{draft_sheet, from_field_form};
use super::labels::{leaves, retired};
use super::versions::history;
use crate::parts::head::Head;
use crate::parts::work::{stopped, under_way};
use crate::web::page::ProjectPage;
use domain::LabelId;
use domain::permission::Act;
use leptos::prelude::*;
use store::design::taxonomies::VersionRow;
use workflow::design::Draft;
use workflow::jobs::JobView;

/// What the page shows.
pub struct Shown {
    pub draft: Draft,
    pub versions: Vec<VersionRow>,
    /// How many items carry each label.
    pub counts: Vec<(LabelId, i64)>,
    /// The work that publishing left behind.
    pub settling: Option<JobView>,
}

pub fn view(shown: &Shown, page: &ProjectPage) -> AnyView {
    let Shown { draft, versions, counts, settling } = shown;
    let base = page.path("/taxonomy");
    let may_edit = page.may(Act::EditTaxonomy);
    let settling = settling.as_ref().map(|job| settling_view(job, &page.project.slug, &base, may_edit));
    let state = match &draft.published {
        Some(published) => format!("Version {} is what people label with.", published.number),
        None => "Nothing is published yet: people can label once there is a first version.".to_owned(),
    };
    let new = may_edit.then(|| view! { <a class="btn" href=format!("{base}/labels/new")>"New label"</a> });
    view! {
        {Head::titled("Taxonomy").about(view! { <p>{state}</p> }).acts(new).view()}
        {settling}
        <div class="aside">
            <section aria-labelledby="labels-h">
                <h2 class="vh" id="labels-h">
                    "Labels"
                </h2>
                {leaves(draft, counts, &base, may_edit)}
                {retired(draft, &base, may_edit)}
            </section>
            <div class="stack">
                {may_edit.then(|| draft_sheet(draft, page, &base))}
                {may_edit.then(|| from_field_form(draft, page, &base))}
                {history(versions, &base)}
            </div>
        </div>
    }
    .into_any()
}

/// The work that publishing left behind, or what to do where it was stopped.
fn settling_view(job: &JobView, slug: &str, base: &str, may_edit: bool) -> AnyView {
    if !job.is_over() {
        return under_way(job, slug, base);
    }
    let why = job.why_stopped();
    let what =
        format!("Some items may still be resolved to a retired label: taking it back was stopped. {why}");
    stopped(what, may_edit.then(|| (format!("{base}/settle"), "Look at them again")))
}
