//! One label: its name, key and guideline.

use super::seen::seen;
use crate::parts::fields::{Field, area};
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::times::moment;
use crate::web::error::PageResult;
use crate::web::forms::{Done, Form};
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::extract::Path;
use domain::LabelId;
use domain::permission::Act;
use domain::taxonomy::edit::Edit;
use domain::taxonomy::{COMMAND_KEYS, Label};
use leptos::prelude::*;
use workflow::design;
use workflow::discover::{self, ActRow};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/p/{slug}/taxonomy/labels/new", Need::Project(Act::EditTaxonomy), new),
        Route::post("/p/{slug}/taxonomy/labels/new", Need::Project(Act::EditTaxonomy), add),
        Route::get("/p/{slug}/taxonomy/labels/{label}", Need::Project(Act::SeeOthers), show),
        Route::post("/p/{slug}/taxonomy/labels/{label}", Need::Project(Act::EditTaxonomy), change),
    ]
}

async fn new(page: ProjectPage) -> PageResult {
    let draft = design::draft(page.instance(), page.actor(), page.project.id).await?;
    editor(&page, None, draft.edit).await
}

async fn show(page: ProjectPage, Path((_, label)): Path<(String, String)>) -> PageResult {
    let draft = design::draft(page.instance(), page.actor(), page.project.id).await?;
    let label = label.parse().ok().and_then(|id: LabelId| draft.taxonomy.get(id).cloned());
    let label = label.ok_or(Error::NotFound(Thing::Label))?;
    editor(&page, Some(label), draft.edit).await
}

async fn editor(page: &ProjectPage, label: Option<Label>, edit: i64) -> PageResult {
    let base = page.path("/taxonomy");
    let is_new = label.is_none();
    let label = label.unwrap_or_else(|| Label::named(LabelId(0), ""));
    let action = if is_new { format!("{base}/labels/new") } else { format!("{base}/labels/{}", label.id) };
    let title = if is_new { "New label".to_owned() } else { label.name.clone() };
    let flash = &page.flash;
    let may_edit = page.may(Act::EditTaxonomy);
    let key = label.key.map(String::from).unwrap_or_default();
    let commands: Vec<String> = COMMAND_KEYS.chars().map(String::from).collect();
    let key_hint = format!(
        "A letter or digit, or empty for the next free digit. Kept for commands: {}.",
        commands.join(", ")
    );
    let field = |name, text, hint, value, required| Field {
        form: "label",
        name,
        label: text,
        hint,
        kind: "text",
        value,
        required,
    };
    let lines = |lines: &[String]| lines.join("\n");
    // A form that came back with errors keeps the tick as it was sent.
    let other = if flash.form == "label" { flash.value("label", "other").is_some() } else { label.other };
    let remove = (!is_new && may_edit).then(|| {
        view! {
            <form class="sheet danger form" method="post" action=format!("{base}/arrange")>
                <p>
                    "Taken out, this label is no longer offered. Answers that carry it are kept; items resolved to it need another \
                     look once the draft is published."
                </p>
                <input type="hidden" name="edit" value=edit.to_string() />
                <input type="hidden" name="label" value=label.id.to_string() />
                <div class="acts">
                    <button class="btn danger" name="do" value="remove">
                        "Take it out"
                    </button>
                </div>
            </form>
        }
    });
    let origins = match is_new {
        true => None,
        false => {
            let acts =
                discover::acts_of_label(page.instance(), page.actor(), page.project.id, label.id).await?;
            origins(&acts, page)
        }
    };
    let content = view! {
        {Head::named(title.clone()).under(base.clone(), "Taxonomy").view()}
        <form class="form" method="post" action=action>
            <input type="hidden" name="edit" value=edit.to_string() />
            <div class="pairs">
                {field("name", "Name", "", &label.name, true).view(flash)}
                {field("key", "Key", &key_hint, &key, false).view(flash)}
            </div>
            {area(flash, "label", "definition", "Definition", "What it means, in a sentence or two.", &label.definition, 3)}
            <div class="pairs">
                {area(flash, "label", "includes", "In", "What belongs here.", &label.includes, 4)}
                {area(flash, "label", "excludes", "Out", "What does not, and which label takes it.", &label.excludes_text, 4)}
            </div>
            <div class="pairs">
                {area(flash, "label", "examples", "Examples", "One a line.", &lines(&label.examples), 4)}
                {area(flash, "label", "counter_examples", "Counter-examples", "One a line.", &lines(&label.counter_examples), 4)}
            </div>
            <label class="choice">
                <input type="checkbox" name="other" value="yes" checked=other />
                <span>
                    "This is the " <em>"other"</em> " bucket"
                    <small>"Where texts go that no label fits. One a project; always last, with the key 0."</small>
                </span>
            </label>
            <div class="acts">
                {may_edit.then(|| view! { <button class="btn do">"Save to the draft"</button> })}
                <a class="btn bare" href=base.clone()>
                    {if may_edit { "Cancel" } else { "Back" }}
                </a>
            </div>
        </form>
        {origins}
        {remove}
    };
    page.show(&title, Station::Taxonomy, content).await
}

/// From which groups and selections of Discover a label came.
fn origins(acts: &[ActRow], page: &ProjectPage) -> Option<AnyView> {
    if acts.is_empty() {
        return None;
    }
    let rows: Vec<_> = acts
        .iter()
        .map(|act| {
            let who = act.person.clone().unwrap_or_else(|| "the operator".to_owned());
            let from = match (act.clustering_id, act.cluster_id) {
                (Some(run), Some(group)) => {
                    let name = act.group_name.clone().unwrap_or_else(|| "a group".to_owned());
                    let to = page.path(&format!("/discover/{run}?group={group}"));
                    view! { <a href=to dir="auto">{name}</a> }.into_any()
                }
                _ => view! { "a selection" }.into_any(),
            };
            let run = act.run.map(|run| format!(" of run {run}"));
            view! {
                <li>
                    {moment(domain::Time(act.at))} ": " <span dir="auto">{who}</span> {format!(" {} from ", act.kind)} {from}
                    {run} {format!(", {} items", grouped(act.n_items))}
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <section class="sheet">
                <h2>"Where it came from"</h2>
                <ul class="history">{rows}</ul>
            </section>
        }
        .into_any(),
    )
}

async fn add(page: ProjectPage, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let outcome = async {
        let label = read(design::new_label(page.instance(), ""), &form)?;
        let said = format!("“{}” is in the draft.", label.name);
        design::edit(page.instance(), page.actor(), project, seen(&form)?, Edit::Add(label)).await?;
        Ok(Done::to(base.clone()).say(said))
    };
    page.finish("label", &form, &format!("{base}/labels/new"), outcome.await).await
}

async fn change(page: ProjectPage, Path((_, label)): Path<(String, String)>, form: Form) -> PageResult {
    let base = page.path("/taxonomy");
    let project = page.project.id;
    let back = format!("{base}/labels/{label}");
    let outcome = async {
        let draft = design::draft(page.instance(), page.actor(), project).await?;
        let before = label.parse().ok().and_then(|id: LabelId| draft.taxonomy.get(id).cloned());
        let label = read(before.ok_or(Error::NotFound(Thing::Label))?, &form)?;
        let said = format!("“{}” is saved to the draft.", label.name);
        design::edit(page.instance(), page.actor(), project, seen(&form)?, Edit::Change(label)).await?;
        Ok(Done::to(base.clone()).say(said))
    };
    page.finish("label", &form, &back, outcome.await).await
}

/// What the form says of a label; what it does not ask for stays.
fn read(mut label: Label, form: &Form) -> Result<Label, Error> {
    let lines = |name: &str| -> Vec<String> {
        form.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let mut key = form.get("key").chars();
    label.key = match (key.next(), key.next()) {
        (key, None) => key,
        _ => return Err(Error::invalid("key", "A key is one letter or digit.")),
    };
    label.name = form.get("name").to_owned();
    label.definition = form.get("definition").to_owned();
    label.includes = form.get("includes").to_owned();
    label.excludes_text = form.get("excludes").to_owned();
    label.examples = lines("examples");
    label.counter_examples = lines("counter_examples");
    label.other = form.has("other");
    Ok(label)
}
