//! What a project is called and shows, what was decided once and for all, and archiving it.

use crate::parts::facts::fact;
use crate::parts::fields::{Field, area};
use crate::web::flash::Flash;
use leptos::prelude::*;
use workflow::site::projects::{self, Project};

pub fn change_form(project: &Project, flash: &Flash) -> AnyView {
    let form = "project";
    let shown = project.settings.0.shown_fields.join("\n");
    let name = Field {
        form,
        name: "name",
        label: "Name",
        hint: "",
        kind: "text",
        value: &project.name,
        required: true,
    };
    let about = "What is this pile?";
    let confirm = if flash.form == form {
        flash.value(form, "confirm_picks").is_some()
    } else {
        project.settings.0.confirm_picks
    };
    view! {
        <form class="form" method="post" action=format!("/p/{}/settings", project.slug)>
            <input type="hidden" name="seen" value=projects::stamp(project).to_string() />
            {name.view(flash)}
            {area(flash, form, "description", about, "", &project.description, 3)}
            {area(
                flash,
                form,
                "shown_fields",
                "Fields that annotators see beside the text",
                "One name a line, as they are called in your data. All others are hidden from annotators.",
                &shown,
                3,
            )}
            <label class="choice">
                <input type="checkbox" name="confirm_picks" value="yes" checked=confirm />
                <span>
                    "A pick waits for Enter"
                    <small>"With one label an item, a pick is otherwise sent at once; it can always be undone."</small>
                </span>
            </label>
            {Field {
                form,
                name: "bulk_bar",
                label: "Bulk labels: share of the sample that must be right, %",
                hint: "Below it, splitting the group first is offered.",
                kind: "number",
                value: &format!("{:.0}", project.settings.0.bulk_bar * 100.0),
                required: true,
            }
                .view(flash)}
            <div class="acts">
                <button class="btn do">"Save"</button>
            </div>
        </form>
        {facts(project)}
    }
    .into_any()
}

pub fn archive_form(project: &Project, flash: &Flash, n_items: i64) -> AnyView {
    if project.archived_at.is_some() {
        return view! {
            <form class="sheet" method="post" action=format!("/p/{}/unarchive", project.slug)>
                <h2>"This project is archived"</h2>
                <p>"Nobody labels in it, and annotators don’t see it. Everything in it is as it was."</p>
                <div class="acts">
                    <button class="btn">"Bring it back"</button>
                </div>
            </form>
        }
        .into_any();
    }
    let label = format!("Type {} to go on", project.name);
    let sure = Field {
        form: "archive",
        name: "sure",
        label: &label,
        hint: "",
        kind: "text",
        value: "",
        required: true,
    };
    let items = crate::parts::numbers::grouped(n_items);
    view! {
        <form class="sheet danger form" method="post" action=format!("/p/{}/archive", project.slug)>
            <h2>"Archive this project"</h2>
            <p>
                {format!(
                    "Its {items} items, their answers and its releases stay, and it can be brought back. Until then nobody labels in it and annotators don’t see it.",
                )}
            </p>
            {sure.view(flash)}
            <div class="acts">
                <button class="btn danger">"Archive the project"</button>
            </div>
        </form>
    }
    .into_any()
}

/// What was decided once and for all.
pub fn facts(project: &Project) -> AnyView {
    let settings = &project.settings.0;
    view! {
        <dl class="facts">
            <dt>"Short name"</dt>
            <dd>
                <code>{project.slug.clone()}</code>
            </dd>
            <dt>"Task"</dt>
            <dd>
                {match project.task {
                    domain::project::Task::Single => "one label an item",
                    domain::project::Task::Multi => "any number of labels",
                }}
            </dd>
            {fact("Control share", format!("{:.0}%", settings.control_share * 100.0))}
            {fact("An item is stuck after", format!("{} skips by different people", settings.stuck_after))}
            {fact("Made", crate::parts::times::moment(project.created_at))}
        </dl>
    }
    .into_any()
}
