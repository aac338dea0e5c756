//! The list of encoders, and the form below it.

use crate::parts::empty::Empty;
use crate::parts::fields::Field;
use crate::parts::head::Head;
use crate::parts::numbers::{bytes, grouped};
use crate::parts::table::{Table, figures, hidden, words};
use crate::parts::times::moment;
use crate::web::flash::Flash;
use domain::Time;
use leptos::prelude::*;
use workflow::site::encoders::EncoderRow;

pub fn view(encoders: &[EncoderRow], flash: &Flash) -> AnyView {
    let about = view! {
        <p>
            "Models that turn texts into vectors, for Discover in all projects. They run on this server, and nothing is sent anywhere."
        </p>
    };
    view! {
        {Head::titled("Encoders").about(about).view()}
        <div class="stack">{table(encoders)} {add_form(flash)}</div>
    }
    .into_any()
}

fn table(encoders: &[EncoderRow]) -> AnyView {
    if encoders.is_empty() {
        let words = "Projects group texts by their words. A model that knows meanings finds more of what belongs \
                     together.";
        return Empty::new("No encoder yet", words).view();
    }
    let columns = [
        words("Name"),
        words("Kind"),
        figures("Dimensions"),
        figures("Size"),
        words("Installed by").not_on_phones(),
        words("When").not_on_phones(),
        hidden("Acts"),
    ];
    Table::new("Encoders", columns).stacked().rows(encoders.iter().map(row).collect::<Vec<_>>())
}

fn row(encoder: &EncoderRow) -> AnyView {
    let by = encoder.created_by.clone().unwrap_or_else(|| "command line".to_owned());
    let of = format!(": {}", encoder.name);
    view! {
        <tr>
            <th scope="row" dir="auto">
                {encoder.name.clone()}
            </th>
            <td>{encoder.kind.clone()}</td>
            <td class="n">{grouped(encoder.dims)}</td>
            <td class="n">{bytes(encoder.bytes)}</td>
            <td class="no-phone" dir="auto">
                {by}
            </td>
            <td class="no-phone">{moment(Time(encoder.created_at))}</td>
            <td class="end">
                <form method="post" action=format!("/encoders/{}/remove", encoder.id)>
                    <button class="btn small danger">"Remove" <span class="vh">{of}</span></button>
                </form>
            </td>
        </tr>
    }
    .into_any()
}

fn add_form(flash: &Flash) -> AnyView {
    let name = Field {
        form: "encoder",
        name: "name",
        label: "Name",
        hint: "What people choose it by, 60 characters at most.",
        kind: "text",
        value: "",
        required: true,
    };
    let hint = "The folder of the model as a zip: config.json, tokenizer.json and model.safetensors, of a sentence model \
                in the Hugging Face layout (BERT, RoBERTa) or a static one of Model2Vec. It is tried before it is kept.";
    let file = Field { name: "file", label: "Zip file", hint, kind: "file", ..name };
    view! {
        <section class="sheet" aria-labelledby="encoder-h">
            <h2 id="encoder-h">"Install an encoder"</h2>
            <form class="form" method="post" action="/encoders" enctype="multipart/form-data">
                {name.view(flash)} {file.view(flash)}
                <p class="quiet">
                    "Runs of an encoder that is removed keep their groups and its name; new items can’t join them any more."
                </p>
                <div class="acts">
                    <button class="btn do">"Check and install"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
