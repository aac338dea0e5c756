//! Vectors of a project's items that were made elsewhere: what there is, bringing some, removing some.

use crate::parts::empty::Empty;
use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::numbers::{bytes, counted, grouped};
use crate::parts::table::{Table, figures, hidden, words};
use crate::parts::times::moment;
use crate::web::error::PageResult;
use crate::web::forms::Done;
use crate::web::navigation::Station;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use crate::web::upload::{FilesForm, NotTaken, files_of_form};
use axum::extract::{Path, Request};
use domain::Time;
use domain::permission::Act;
use leptos::prelude::*;
use workflow::Error;
use workflow::discover::given::{self, VectorSetRow};

pub fn routes() -> Vec<Route> {
    let change = Need::Project(Act::RunQueues);
    vec![
        Route::get("/p/{slug}/discover/vectors", Need::Project(Act::SeeOthers), show),
        Route::post("/p/{slug}/discover/vectors", change, add),
        Route::post("/p/{slug}/discover/vectors/{id}/remove", change, remove),
    ]
}

async fn show(page: ProjectPage) -> PageResult {
    let known = given::list(page.instance(), page.actor(), page.project.id).await?;
    page.show("Given vectors", Station::Discover, view(&page, &known)).await
}

async fn add(page: ProjectPage, request: Request) -> PageResult {
    let back = page.path("/discover/vectors");
    let (sent, outcome) = files_of_form(page.instance(), request, &["file", "ids"]).await;
    let done = match outcome {
        Ok(()) => keep(&page, &sent, &back).await,
        Err(NotTaken::TooLarge) => Err(Error::invalid("file", TOO_LARGE)),
        Err(NotTaken::Other(error)) => Err(error),
    };
    page.finish("vectors", &sent.form, &back, done).await
}

const TOO_LARGE: &str = "The files are larger than 8 GB. Bring them with `assay vectors add` on the server.";

async fn keep(page: &ProjectPage, sent: &FilesForm, back: &str) -> Result<Done, Error> {
    let (file, ids) = (sent.file("file")?, sent.file("ids")?);
    let (instance, actor, project) = (page.instance(), page.actor(), page.project.id);
    let added = given::add(instance, actor, project, sent.form.get("name"), file.path(), ids.path()).await?;
    let mut said = format!("“{}” has vectors of {}.", added.set.name, counted(added.set.n_items, "item"));
    if let Some(remark) = added.remark() {
        said += " ";
        said += &remark;
    }
    Ok(Done::to(back).say(said))
}

async fn remove(page: ProjectPage, Path((_, id)): Path<(String, i64)>) -> PageResult {
    let back = page.path("/discover/vectors");
    let gone = given::remove(page.instance(), page.actor(), page.project.id, id).await;
    let done = gone.map(|gone| Done::to(back.clone()).say(format!("“{}” is removed.", gone.name)));
    page.finish("remove", &Default::default(), &back, done).await
}

fn view(page: &ProjectPage, known: &[VectorSetRow]) -> AnyView {
    let about = view! {
        <p>"Vectors of this project’s items that were made elsewhere. A run can group by them in place of an encoder."</p>
    };
    let head = Head::titled("Given vectors")
        .under(page.path("/discover"), "Discover")
        .under(page.path("/discover/runs"), "Runs")
        .about(about);
    let may = page.may(Act::RunQueues);
    let form = may.then(|| add_form(page));
    view! {
        {head.view()}
        <div class="stack">{table(page, known, may)} {form}</div>
    }
    .into_any()
}

fn table(page: &ProjectPage, known: &[VectorSetRow], may: bool) -> AnyView {
    if known.is_empty() {
        let words = "Where a model of yours runs elsewhere, bring what it makes of the texts.";
        return Empty::new("No vectors yet", words).view();
    }
    let mut columns = vec![
        words("Name"),
        figures("Items"),
        figures("Dimensions"),
        figures("Size"),
        words("Brought by").not_on_phones(),
        words("When").not_on_phones(),
    ];
    columns.extend(may.then(|| hidden("Acts")));
    let rows: Vec<_> = known.iter().map(|set| row(page, set, may)).collect();
    Table::new("Given vectors", columns).stacked().rows(rows)
}

fn row(page: &ProjectPage, set: &VectorSetRow, may: bool) -> AnyView {
    let by = set.created_by.clone().unwrap_or_else(|| "command line".to_owned());
    let acts = may.then(|| {
        let of = format!(": {}", set.name);
        view! {
            <td class="end">
                <form method="post" action=page.path(&format!("/discover/vectors/{}/remove", set.id))>
                    <button class="btn small danger">"Remove" <span class="vh">{of}</span></button>
                </form>
            </td>
        }
    });
    view! {
        <tr>
            <th scope="row" dir="auto">
                {set.name.clone()}
            </th>
            <td class="n">{grouped(set.n_items)}</td>
            <td class="n">{grouped(set.dims)}</td>
            <td class="n">{bytes(set.bytes)}</td>
            <td class="no-phone" dir="auto">
                {by}
            </td>
            <td class="no-phone">{moment(Time(set.created_at))}</td>
            {acts}
        </tr>
    }
    .into_any()
}

fn add_form(page: &ProjectPage) -> AnyView {
    let flash = &page.flash;
    let name = Field {
        form: "vectors",
        name: "name",
        label: "Name",
        hint: "What people choose them by, 60 characters at most.",
        kind: "text",
        value: "",
        required: true,
    };
    let hint = "A .npy file as numpy.save writes it: one row of float32 or float64 for each item.";
    let file = Field { name: "file", label: "Vectors", hint, kind: "file", ..name };
    let hint = "A text file with the external id of each row’s item, one a line, in the order of the rows.";
    let ids = Field { name: "ids", label: "Ids", hint, kind: "file", ..name };
    view! {
        <section class="sheet" aria-labelledby="vectors-h">
            <h2 id="vectors-h">"Bring vectors"</h2>
            <form class="form" method="post" action=page.path("/discover/vectors") enctype="multipart/form-data">
                {name.view(flash)} {file.view(flash)} {ids.view(flash)}
                <p class="quiet">
                    "Every row is checked, and scaled to length 1. Runs over vectors that are removed keep their groups; new items can’t join them any more."
                </p>
                <div class="acts">
                    <button class="btn do">"Check and keep"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
