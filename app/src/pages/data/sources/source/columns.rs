//! The columns of a file that waits: what each is taken for, to be corrected before rows are taken in.

use super::head::{SHOWN, head, steps, undo_form};
use super::warnings::warnings;
use crate::parts::fields::Field;
use crate::parts::shortened;
use crate::web::flash::Flash;
use domain::source::{DateOrder, Mapping, SourceState};
use leptos::prelude::*;
use workflow::data::import::Preview;

/// What a column can be: value of the form, and words.
const ROLES: [(&str, &str); 7] = [
    ("text", "text"),
    ("id", "id"),
    ("event_time", "event time"),
    ("group", "group"),
    ("label", "label"),
    ("field", "field"),
    ("ignore", "ignore"),
];

fn role(mapping: &Mapping, column: &str) -> &'static str {
    let is = |c: &Option<String>| c.as_deref() == Some(column);
    if column == mapping.text {
        "text"
    } else if is(&mapping.id) {
        "id"
    } else if is(&mapping.event_time) {
        "event_time"
    } else if is(&mapping.group) {
        "group"
    } else if mapping.label.as_ref().is_some_and(|l| l.column == column) {
        "label"
    } else if mapping.ignore.iter().any(|c| c == column) {
        "ignore"
    } else {
        "field"
    }
}

/// The first rows under a choice for each column.
pub fn columns(preview: &Preview, base: &str, flash: &Flash) -> AnyView {
    const FORM: &str = "columns";
    let Preview { source, sample, .. } = preview;
    let has_rows = sample.rows().next().is_some();
    let roles: Vec<String> = (0..sample.columns.len())
        .map(|i| {
            let guessed = role(&source.mapping, &sample.columns[i]);
            flash.value(FORM, &format!("role-{i}")).unwrap_or(guessed).to_owned()
        })
        .collect();
    let choices: Vec<_> = sample.columns.iter().zip(&roles).enumerate().map(column_choice).collect();
    let rows: Vec<_> = sample
        .rows()
        .map(|(line, cells)| match cells {
            Ok(cells) => {
                cells.iter().zip(&roles).map(|(cell, role)| sample_cell(cell, role)).collect_view().into_any()
            }
            Err(reason) => view! {
                <td class="wrap" colspan=roles.len().to_string()>
                    <span class="state failed">{format!("line {line} will be refused")}</span>
                    " "
                    {reason.to_owned()}
                </td>
            }
            .into_any(),
        })
        .map(|cells| view! { <tr>{cells}</tr> })
        .collect();
    let problems: Vec<_> = ["text", "id", "event_time", "group", "label", "file"]
        .iter()
        .filter_map(|part| flash.error(FORM, part))
        .map(|text| view! { <p>{text.to_owned()}</p> })
        .collect();
    let problems = (!problems.is_empty()).then(|| {
        view! {
            <div class="notice bad" role="alert">
                <div>{problems}</div>
            </div>
        }
    });
    let failed = source.error.clone().map(|why| {
        view! {
            <p class="notice bad" role="status">
                {why}
            </p>
        }
    });
    let is_new = source.state == SourceState::Preview;
    let has_label = source.mapping.label.is_some();
    let answered_by = source.mapping.answers_of().map(|(_, person)| person);
    let answers = flash.value(FORM, "label").map_or(answered_by.is_some(), |becomes| becomes == "answers");
    let stem = source.name.rsplit_once('.').map_or(source.name.as_str(), |(stem, _)| stem);
    let person = Field {
        form: FORM,
        name: "person",
        label: "Whose answers these are",
        hint: "A name for whoever gave the labels: a team, a tool, an earlier project.",
        kind: "text",
        value: answered_by.unwrap_or(stem),
        required: false,
    };
    view! {
        {head(source, base)}
        {steps(1)}
        {failed}
        {problems}
        <form method="post" action=format!("{base}/{}/start", source.id) class="stack">
            <section class="sheet flush">
                <div class="scroll" tabindex="0" role="region" aria-label="First rows with the role of each column">
                    <table class="table columns">
                        <thead>
                            <tr>{choices}</tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
            <details open=has_label>
                <summary>"If a column holds labels"</summary>
                <div class="stack tight">
                    <fieldset class="field">
                        <legend>"The column with the role “label” becomes"</legend>
                        <label class="choice">
                            <input type="radio" name="label" value="field" checked=!answers />
                            <span>
                                "a field of the item"
                                <small>"It can be filtered by, and labels can be made from it later."</small>
                            </span>
                        </label>
                        <label class="choice">
                            <input type="radio" name="label" value="answers" checked=answers />
                            <span>
                                "existing answers"
                                <small>
                                    "They are marked as imported. Names must be labels of the published taxonomy; where none is \
                                     published, they become its first version."
                                </small>
                            </span>
                        </label>
                    </fieldset>
                    {person.view(flash)}
                </div>
            </details>
            {date_order(preview, &roles, flash)}
            {warnings(preview, &roles, flash.error(FORM, "text").is_some())}
            <p class="quiet">
                "Times without an offset are read as UTC. A row with a known id and other content becomes a new revision; the same \
                 content changes nothing."
            </p>
            <div class="acts">
                {has_rows.then(|| view! { <button class="btn do">"Import"</button> })}
                {is_new
                    .then(|| {
                        view! {
                            <button class="btn bare" formaction=format!("{base}/{}/discard", source.id) formnovalidate>
                                "Discard the file"
                            </button>
                        }
                    })}
            </div>
        </form>
        {(!is_new).then(|| undo_form(source, base, flash))}
    }
    .into_any()
}

/// What comes first in dates such as 03/04/2025: asked where a column has them, chosen where the column tells it.
fn date_order(Preview { sample, .. }: &Preview, roles: &[String], flash: &Flash) -> Option<AnyView> {
    let is_time = |(_, role): &(&String, &String)| *role == "event_time";
    let (column, _) = sample.columns.iter().zip(roles).find(is_time)?;
    let of_column = Mapping { event_time: Some(column.clone()), ..Mapping::default() };
    let open = sample.open_date(&of_column);
    let told = sample.completed(of_column).dates;
    let example = open.clone().or_else(|| told.map(|_| "03/04/2025".to_owned()))?;
    let said = flash.value("columns", "dates").and_then(DateOrder::parse).or(told);
    let choice = |(order, words): (DateOrder, &'static str)| {
        view! {
            <label class="choice">
                <input type="radio" name="dates" value=order.as_str() checked=said == Some(order) />
                <span>{words}</span>
            </label>
        }
    };
    let choices =
        [(DateOrder::DayFirst, "the day comes first"), (DateOrder::MonthFirst, "the month comes first")];
    let why = open.map(|_| {
        view! { <small>"Nothing in the first rows says it, so that it is not guessed."</small> }
    });
    Some(
        view! {
            <fieldset class="field">
                <legend>{format!("In dates such as {example}")}</legend>
                {why}
                {choices.map(choice)}
            </fieldset>
        }
        .into_any(),
    )
}

fn column_choice((i, (column, chosen)): (usize, (&String, &String))) -> AnyView {
    let options: Vec<_> = ROLES
        .iter()
        .map(|(value, words)| {
            view! {
                <option value=*value selected=*value == chosen.as_str()>
                    {*words}
                </option>
            }
        })
        .collect();
    let id = format!("role-{i}");
    view! {
        <th scope="col">
            <code dir="auto">{column.clone()}</code>
            <label class="vh" for=id.clone()>
                {format!("Role of {column}")}
            </label>
            <select id=id.clone() name=id.clone()>
                {options}
            </select>
        </th>
    }
    .into_any()
}

fn sample_cell(cell: &str, role: &str) -> AnyView {
    let class = match role {
        "text" => Some("is-text"),
        "ignore" => Some("ignored"),
        _ => None,
    };
    view! {
        <td class=class dir="auto">
            {shortened(cell, SHOWN)}
        </td>
    }
    .into_any()
}
