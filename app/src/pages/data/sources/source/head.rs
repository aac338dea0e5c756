//! What each state of an import begins with, and how it is ended.

use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::numbers::{bytes, counted};
use crate::web::flash::Flash;
use domain::source::SourceState;
use leptos::prelude::*;
use workflow::data::import::Source;

pub fn head(source: &Source, base: &str) -> AnyView {
    let about = match source.state {
        SourceState::Preview => "Nothing is imported yet.".to_owned(),
        _ => format!("{}, {}", source.format.as_str().to_uppercase(), bytes(source.bytes)),
    };
    Head::named(&source.name).under(base, "Data").about(view! { <p>{about}</p> }).view()
}

pub fn steps(current: usize) -> AnyView {
    let step = |(i, name): (usize, &'static str)| {
        view! { <li aria-current=(i == current).then_some("step")>{name}</li> }
    };
    let steps: Vec<_> = ["File", "Columns", "Import"].into_iter().enumerate().map(step).collect();
    view! { <ol class="steps">{steps}</ol> }.into_any()
}

/// Characters of a cell that a preview shows.
pub const SHOWN: usize = 300;

pub fn undo_form(source: &Source, base: &str, flash: &Flash) -> AnyView {
    let counts = source.counts;
    let name = Field {
        form: "undo",
        name: "name",
        label: "Type the file’s name to confirm",
        hint: &source.name,
        kind: "text",
        value: "",
        required: true,
    };
    let lost = format!(
        "This removes {} and {} with their imported answers. It is refused while anything rests on them: a queue, \
         an answer, a release, a later import.",
        counted(counts.new, "item"),
        counted(counts.revised, "revision")
    );
    view! {
        <section class="sheet danger">
            <h2>"Take this import back"</h2>
            <p>{lost}</p>
            <form class="form" method="post" action=format!("{base}/{}/undo", source.id)>
                {name.view(flash)}
                <div class="acts">
                    <button class="btn danger">"Take it back"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
