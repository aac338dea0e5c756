//! The form of a new project: what it asks, and how it is read.

use crate::parts::fields::{Field, area};
use crate::parts::head::Head;
use crate::web::flash::Flash;
use crate::web::forms::Form;
use domain::project::Task;
use leptos::prelude::*;
use workflow::site::projects::NewProjectForm;
use workflow::{Error, error::FieldError};

pub fn form(flash: &Flash) -> AnyView {
    let name = Field {
        form: "project",
        name: "name",
        label: "Name",
        hint: "",
        kind: "text",
        value: "",
        required: true,
    };
    let slug = Field {
        name: "slug",
        label: "Short name",
        hint: "Stands in addresses and on the command line: a–z, 0–9 and -. Made from the name where it is empty.",
        required: false,
        ..name
    };
    let control = Field {
        name: "control_share",
        label: "Control share, in percent",
        hint: "This share of the items, chosen by chance alone, carries every unbiased figure. It can’t be changed later.",
        value: "10",
        ..name
    };
    let about =
        area(flash, "project", "description", "What is this pile?", "For those who come later.", "", 3);
    view! {
        {Head::titled("New project").under("/", "Projects").view()}
        <form class="form" method="post" action="/projects">
            {name.view(flash)}
            {task_choice(flash)}
            {about}
            {slug.view(flash)}
            {control.view(flash)}
            <div class="acts">
                <button class="btn do">"Make the project"</button>
                <a class="btn bare" href="/">"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}

fn task_choice(flash: &Flash) -> AnyView {
    let chosen = flash.value("project", "task").unwrap_or("single").to_owned();
    let choice = |value: &'static str, title: &'static str, text: &'static str| {
        view! {
            <label class="choice">
                <input type="radio" name="task" value=value checked=chosen == value aria-describedby="task-hint" />
                <span>
                    {title}
                    <small>{text}</small>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Task"</legend>
            <p class="hint" id="task-hint">"This can’t be changed later."</p>
            {choice("single", "One label an item", "Pick is submit: one keypress a text.")}
            {choice("multi", "Any number of labels", "Toggle, then Enter. None is an answer too.")}
        </fieldset>
    }
    .into_any()
}

pub fn read(form: &Form) -> Result<NewProjectForm, Error> {
    let mut wrong = Vec::new();
    let mut refuse = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    let task = Task::parse(form.get("task"));
    if task.is_none() {
        refuse("task", "Choose one of the two.");
    }
    let share = form.get("control_share").trim_end_matches('%').trim();
    let share = if share.is_empty() { Some(10.0) } else { share.replace(',', ".").parse::<f64>().ok() };
    if share.is_none() {
        refuse("control_share", "This is a share in percent, such as 10.");
    }
    match (task, share) {
        (Some(task), Some(share)) => Ok(NewProjectForm {
            name: form.get("name").to_owned(),
            slug: form.get("slug").to_owned(),
            description: form.get("description").to_owned(),
            task,
            control_share: share / 100.0,
        }),
        _ => Err(Error::Invalid(wrong)),
    }
}
