//! The taxonomy: labels in their order beside what changed in the draft, publishing, versions. One label's editor is
//! in [`edit`].

mod edit;

use crate::pages::site::jobs::{stopped, under_way};
use crate::parts::fields;
use crate::parts::labels::tag;
use crate::parts::numbers::grouped;
use crate::parts::times::moment;
use crate::web::error::Page;
use crate::web::forms::{Done, Form, finish};
use crate::web::guard::{App, Need, Route, Visitor};
use crate::web::shell::{self, Station};
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use domain::permission::Act;
use domain::taxonomy::Label;
use domain::taxonomy::change::Operation;
use domain::taxonomy::edit::Edit;
use domain::{LabelId, Time};
use leptos::prelude::*;
use serde::Deserialize;
use store::design::taxonomies::VersionRow;
use tower_sessions::Session;
use workflow::design::{self, Draft};
use workflow::jobs::JobView;
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    let change = Need::Project(Act::EditTaxonomy);
    let mut routes = vec![
        Route::get("/p/{slug}/taxonomy", see, show),
        Route::post("/p/{slug}/taxonomy/publish", change, publish),
        Route::post("/p/{slug}/taxonomy/discard", change, discard),
        Route::post("/p/{slug}/taxonomy/catch-up", change, catch_up),
        Route::post("/p/{slug}/taxonomy/from-field", change, from_field),
        Route::post("/p/{slug}/taxonomy/arrange", change, arrange),
        Route::post("/p/{slug}/taxonomy/settle", change, settle),
    ];
    routes.extend(edit::routes());
    routes
}

/// Where the page of a project's taxonomy is.
fn address(visitor: &Visitor) -> Result<String, Error> {
    Ok(format!("/p/{}/taxonomy", visitor.project()?.slug))
}

/// The draft that a form was made for.
fn seen(form: &Form) -> Result<i64, Error> {
    form.get("edit").parse().map_err(|_| Error::conflict("The form was not complete. Nothing was changed."))
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn show(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Query(Before { before }): Query<Before>,
) -> Page {
    let project = visitor.project()?.id;
    let draft = design::draft(&app.instance, visitor.actor()?, project).await?;
    let versions = design::versions(&app.instance, visitor.actor()?, project, before).await?;
    let counts = app.instance.store.label_counts(project).await?;
    let thread = shell::thread(&app.instance, &visitor).await?;
    let base = address(&visitor)?;
    let may_edit = visitor.may(Act::EditTaxonomy);
    let settling = design::settling(&app.instance, visitor.actor()?, project).await?;
    let slug = &visitor.project()?.slug;
    let settling = settling.map(|job| settling_view(&job, slug, &base, may_edit));
    let state = match &draft.published {
        Some(published) => format!("Version {} is what people label with.", published.number),
        None => "Nothing is published yet: people can label once there is a first version.".to_owned(),
    };
    let list = leaves(&draft, &counts, &base, may_edit);
    let retired = retired(&draft, &base, may_edit);
    let aside = view! {
        <div class="stack">
            {may_edit.then(|| draft_sheet(&draft, &visitor, &base))} {may_edit.then(|| from_field_form(&draft, &visitor, &base))}
            {history(&versions, &base)}
        </div>
    };
    let content = view! {
        <header class="head">
            <div>
                <h1>"Taxonomy"</h1>
                <p>{state}</p>
            </div>
            <div class="acts">
                {may_edit.then(|| view! { <a class="btn" href=format!("{base}/labels/new")>"New label"</a> })}
            </div>
        </header>
        {settling}
        <div class="aside">
            <section aria-labelledby="labels-h">
                <h2 class="vh" id="labels-h">
                    "Labels"
                </h2>
                {list}
                {retired}
            </section>
            {aside}
        </div>
    };
    let body = shell::project(&visitor, &thread, Station::Taxonomy, content)?;
    Ok(shell::document("Taxonomy · Assay", Some(&visitor), "project-shell", || body).into_response())
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

/// The labels that are offered, with their keys.
fn leaves(draft: &Draft, counts: &[(LabelId, i64)], base: &str, may_edit: bool) -> AnyView {
    let offered = draft.taxonomy.offered();
    if offered.is_empty() {
        return view! {
            <div class="empty">
                <h2>"No label yet"</h2>
                <p>
                    "A label is a name with a definition: what belongs to it and what does not. Add them by hand, or take them \
                     from a column of your data."
                </p>
                <p class="acts">
                    {may_edit
                        .then(|| {
                            view! {
                                <a class="btn do" href=format!("{base}/labels/new")>
                                    "Add the first label"
                                </a>
                            }
                        })}
                </p>
            </div>
        }
        .into_any();
    }
    let keys = draft.taxonomy.keys();
    let last = offered.iter().filter(|l| !l.other).count();
    let rows: Vec<_> = offered
        .iter()
        .enumerate()
        .map(|(place, label)| {
            let key = keys.iter().find(|(id, _)| *id == label.id).and_then(|(_, key)| *key);
            let count = counts.iter().find(|(id, _)| *id == label.id).map_or(0, |(_, n)| *n);
            let moves = may_edit.then(|| moving(label, place, last, draft.edit, base));
            view! {
                <li>
                    {key.map(|key| view! { <kbd>{key.to_string()}</kbd> }.into_any()).unwrap_or_else(|| view! { <span></span> }.into_any())}
                    {tag(label)}
                    <p dir="auto">
                        {label.definition.clone()} " "
                        {label.other.then(|| view! { <span class="chip">"other bucket"</span> })}
                    </p>
                    <span class="acts">
                        <span class="quiet num">{format!("{} items", grouped(count))}</span>
                        {moves}
                        <a class="btn small" href=format!("{base}/labels/{}", label.id)>
                            {if may_edit { "Edit" } else { "Read" }}
                            <span class="vh">" " {label.name.clone()}</span>
                        </a>
                    </span>
                </li>
            }
        })
        .collect();
    view! { <ol class="leaves">{rows}</ol> }.into_any()
}

/// Up and down by button: works with keys and without JavaScript. The *other* bucket stays last.
fn moving(label: &Label, place: usize, last: usize, edit: i64, base: &str) -> Option<AnyView> {
    if label.other {
        return None;
    }
    let name = label.name.clone();
    let button = |value: &'static str, sign: &'static str, word: &'static str, off: bool| {
        view! {
            <button class="btn small" name="do" value=value disabled=off aria-label=format!("Move {} {word}", name)>
                {sign}
            </button>
        }
    };
    Some(
        view! {
            <form method="post" action=format!("{base}/arrange") class="acts">
                <input type="hidden" name="edit" value=edit.to_string() />
                <input type="hidden" name="label" value=label.id.to_string() />
                {button("up", "↑", "up", place == 0)}
                {button("down", "↓", "down", place + 1 >= last)}
            </form>
        }
        .into_any(),
    )
}

fn retired(draft: &Draft, base: &str, may_edit: bool) -> Option<AnyView> {
    let rows: Vec<_> = draft
        .taxonomy
        .labels
        .iter()
        .filter(|l| l.retired)
        .map(|label| {
            let edit = draft.edit.to_string();
            let restore = may_edit.then(|| {
                view! {
                    <form method="post" action=format!("{base}/arrange")>
                        <input type="hidden" name="edit" value=edit />
                        <input type="hidden" name="label" value=label.id.to_string() />
                        <button class="btn small" name="do" value="restore">
                            "Offer again"
                            <span class="vh">" " {label.name.clone()}</span>
                        </button>
                    </form>
                }
            });
            view! {
                <li class="retired">
                    <span></span>
                    {tag(label)}
                    <p dir="auto">{label.definition.clone()}</p>
                    <span class="acts">{restore}</span>
                </li>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <details>
                <summary>"Retired labels"</summary>
                <ol class="leaves">{rows}</ol>
            </details>
        }
        .into_any()
    })
}

/// What is in the draft and not published, what keeps it back, and the way on.
fn draft_sheet(draft: &Draft, visitor: &Visitor, base: &str) -> AnyView {
    let edit = draft.edit.to_string();
    let next = draft.published.as_ref().map_or(1, |p| p.number + 1);
    let changed = draft.published.is_none() || !draft.operations.is_empty();
    let steps: Vec<_> = draft.operations.iter().map(|step| view! { <li>{step_view(step)}</li> }).collect();
    let problems: Vec<_> =
        draft.problems.iter().map(|p| view! { <li>{sentence(&p.to_string())}</li> }).collect();
    let n_problems = problems.len();
    let behind = (!draft.behind.is_empty()).then(|| {
        let steps: Vec<_> = draft.behind.iter().map(|step| view! { <li>{step_view(step)}</li> }).collect();
        view! {
            <div class="notice bad">
                <p>"Someone published since this draft was begun. Take their changes in before you publish yours:"</p>
                <ul class="ops">{steps}</ul>
                <form method="post" action=format!("{base}/catch-up")>
                    <input type="hidden" name="edit" value=edit.clone() />
                    <button class="btn small">"Take them into the draft"</button>
                </form>
            </div>
        }
    });
    let publish = (changed && n_problems == 0 && draft.behind.is_empty()).then(|| {
        let hint = "Published with the version, for everyone who labels.";
        view! {
            <form class="form" method="post" action=format!("{base}/publish")>
                <input type="hidden" name="edit" value=edit.clone() />
                {fields::area(&visitor.flash, "publish", "note", "What changed and why", hint, "", 3)}
                <div class="acts">
                    <button class="btn do">{format!("Publish version {next}")}</button>
                </div>
            </form>
        }
    });
    let discard = (draft.published.is_some() && !draft.operations.is_empty()).then(|| {
        view! {
            <form method="post" action=format!("{base}/discard")>
                <input type="hidden" name="edit" value=edit.clone() />
                <button class="btn bare small">"Discard the draft"</button>
            </form>
        }
    });
    let by = draft.updated_by.clone().zip(draft.updated_at).filter(|_| changed).map(|(by, at)| {
        view! { <p class="quiet">"Last changed by " {by} ", " {moment(at)}</p> }
    });
    view! {
        <section class="sheet stack" aria-labelledby="draft-h">
            <div class="sec">
                <h2 id="draft-h">"Draft"</h2>
                <span class="chip draft">{if changed { "not published" } else { "as published" }}</span>
            </div>
            {behind}
            {(!steps.is_empty()).then(|| view! { <ul class="ops">{steps}</ul> })}
            {(!changed).then(|| view! { <p class="quiet">"The draft says what is published. Edit a label to begin a change."</p> })}
            {by}
            {(n_problems > 0 && changed)
                .then(|| {
                    view! {
                        <p>"Before it can be published:"</p>
                        <ul>{problems}</ul>
                    }
                })}
            {publish}
            {discard}
        </section>
    }
    .into_any()
}

fn from_field_form(draft: &Draft, visitor: &Visitor, base: &str) -> AnyView {
    let field = fields::Field {
        form: "from-field",
        name: "field",
        label: "Labels from a column",
        hint: "The name of a field of your items. Each different value becomes a label of the draft.",
        kind: "text",
        value: "",
        required: true,
    };
    view! {
        <form class="form sheet" method="post" action=format!("{base}/from-field")>
            <input type="hidden" name="edit" value=draft.edit.to_string() />
            {field.view(&visitor.flash)}
            <div class="acts">
                <button class="btn">"Add its values"</button>
            </div>
        </form>
    }
    .into_any()
}

fn history(versions: &[VersionRow], base: &str) -> Option<AnyView> {
    let rows: Vec<_> = versions
        .iter()
        .map(|version| {
            let steps: Vec<_> = version.operations.0.iter().map(|step| view! { <li>{step_view(step)}</li> }).collect();
            let n = steps.len();
            view! {
                <li>
                    <b>{format!("Version {}", version.number)}</b>
                    <span class="quiet">
                        {moment(Time(version.published_at))}
                        {version.published_by.clone().map(|by| format!(", {by}"))}
                    </span>
                    {(!version.note.is_empty()).then(|| view! { <p dir="auto">{version.note.clone()}</p> })}
                    <details>
                        <summary>{if n == 1 { "1 change".to_owned() } else { format!("{n} changes") }}</summary>
                        <ul class="ops">{steps}</ul>
                    </details>
                </li>
            }
        })
        .collect();
    let older = versions.last().map(|version| version.number).filter(|number| *number > 1).map(|number| {
        let to = format!("{base}?before={number}#versions-h");
        view! { <p><a class="btn small" href=to rel="next">"Older →"</a></p> }
    });
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="versions-h">
                <h2 id="versions-h">"Versions"</h2>
                <ol class="history stack tight">{rows}</ol>
                {older}
            </section>
        }
        .into_any()
    })
}

fn step_view(step: &Operation) -> AnyView {
    let said = design::said(step);
    match said.split_once(' ') {
        Some((verb, rest)) => view! {
            <b>{verb.to_owned()}</b>
            <span dir="auto">{rest.to_owned()}</span>
        }
        .into_any(),
        None => said.into_any(),
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str())).unwrap_or_default()
}

async fn publish(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        let done =
            design::publish(&app.instance, visitor.actor()?, project, seen(&form)?, form.get("note")).await?;
        let look = match done.n_need_look {
            0 => "No item needs another look.".to_owned(),
            1 => "1 item needs another look.".to_owned(),
            n => format!("{} items need another look.", grouped(n)),
        };
        Ok(Done::to(base.clone()).say(format!("Version {} is published. {look}", done.number)))
    };
    finish(&session, "publish", &form, &base, outcome.await).await
}

async fn discard(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        design::discard(&app.instance, visitor.actor()?, project, seen(&form)?).await?;
        Ok(Done::to(base.clone()).say("The draft says again what is published."))
    };
    finish(&session, "discard", &form, &base, outcome.await).await
}

async fn catch_up(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        design::catch_up(&app.instance, visitor.actor()?, project, seen(&form)?).await?;
        Ok(Done::to(base.clone())
            .say("What was published meanwhile is in the draft now. Look at it, then publish."))
    };
    finish(&session, "catch-up", &form, &base, outcome.await).await
}

async fn from_field(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        let (instance, actor) = (&app.instance, visitor.actor()?);
        let (_, n) =
            design::labels_from_field(instance, actor, project, seen(&form)?, form.get("field")).await?;
        let said = match n {
            0 => "All values of this column were labels already.".to_owned(),
            1 => "1 label was added to the draft.".to_owned(),
            n => format!("{n} labels were added to the draft."),
        };
        Ok(Done::to(base.clone()).say(said))
    };
    finish(&session, "from-field", &form, &base, outcome.await).await
}

async fn arrange(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let project = visitor.project()?.id;
    let outcome = async {
        let label: LabelId = form.get("label").parse().map_err(|_| Error::NotFound(Thing::Label))?;
        let change = match form.get("do") {
            "up" => Edit::Move { label, up: true },
            "down" => Edit::Move { label, up: false },
            "remove" => Edit::Remove(label),
            "restore" => Edit::Restore(label),
            _ => return Err(Error::conflict("The form was not complete. Nothing was changed.")),
        };
        design::edit(&app.instance, visitor.actor()?, project, seen(&form)?, change).await?;
        Ok(Done::to(base.clone()))
    };
    finish(&session, "arrange", &form, &base, outcome.await).await
}

async fn settle(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(session): Extension<Session>,
    form: Form,
) -> Page {
    let base = address(&visitor)?;
    let asked = design::settle_again(&app.instance, visitor.actor()?, visitor.project()?.id).await;
    finish(&session, "settle", &form, &base, asked.map(|_| Done::to(base.clone()))).await
}
