//! The text at hand with its labels.

use super::guide::guide;
use super::seat;
use super::seat::{Seat, Sheet};
use crate::wire::label::Choice;
use leptos::prelude::*;

pub fn work(seat: Seat) -> impl IntoView {
    let card = Memo::new(move |_| seat.table.with(|table| table.current().cloned()));
    let text = move || card.get().map(|card| card.text).unwrap_or_default();
    let long = move || card.with(|card| card.as_ref().is_some_and(|card| card.text.chars().count() > 500));
    let beside = move || {
        let beside = card.get().map(|card| card.beside).unwrap_or_default();
        beside
            .into_iter()
            .map(|(name, value)| {
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd dir="auto">{value}</dd>
                    </div>
                }
            })
            .collect_view()
    };
    let note = move || {
        seat.note.with(|note| note.is_some()).then(|| {
            let field = NodeRef::<leptos::html::Textarea>::new();
            // Not where a note comes back with a text that was undone: the next key is meant for the text.
            let is_new = seat.note.with_untracked(|note| note.as_deref() == Some(""));
            Effect::new(move |_| {
                if let Some(field) = field.get()
                    && is_new
                {
                    let _ = field.focus();
                }
            });
            view! {
                <div class="note field">
                    <label for="desk-note">"Note"</label>
                    <textarea
                        id="desk-note"
                        rows="2"
                        node_ref=field
                        prop:value=seat.note.get_untracked().unwrap_or_default()
                        on:input:target=move |ev| seat.note.update_untracked(|n| *n = Some(ev.target().value()))
                    ></textarea>
                </div>
            }
        })
    };
    let down = StoredValue::new((0, 0));
    view! {
        <main class="work" id="main">
            <section
                class="read"
                aria-label="Text"
                tabindex="0"
                on:touchstart=move |ev| {
                    if let Some(touch) = ev.touches().get(0) {
                        down.set_value((touch.client_x(), touch.client_y()));
                    }
                }
                on:touchend=move |ev| {
                    if let Some(touch) = ev.changed_touches().get(0) {
                        let (x, y) = down.get_value();
                        if x - touch.client_x() > 90 && (y - touch.client_y()).abs() < 40 {
                            seat.sheet.set(Some(Sheet::Skip));
                        }
                    }
                }
            >
                <h1 class="vh">"Label a text"</h1>
                <p class="item" class:long=long dir="auto" aria-live="polite">
                    {text}
                </p>
                <dl class="beside">{beside}</dl>
                {note}
            </section>
            <section class="side" aria-label="Labels">
                {labels(seat)}
            </section>
        </main>
    }
}

fn labels(seat: Seat) -> impl IntoView {
    let (n, several, confirm) = seat.setting.with_value(|s| (s.choices.len(), s.several, s.confirm));
    let many = n > 10;
    let find = many.then(|| {
        let words = format!("Find among {n} labels");
        view! {
            <div class="find">
                <kbd aria-hidden="true">"/"</kbd>
                <input
                    type="search"
                    id="find"
                    autocomplete="off"
                    aria-label=words.clone()
                    placeholder=words
                    prop:value=move || seat.typed.get()
                    on:input:target=move |ev| {
                        let typed = ev.target().value();
                        seat.cursor.set((!typed.trim().is_empty()).then_some(0));
                        seat.pointed.set(0);
                        seat.typed.set(typed);
                    }
                />
            </div>
        }
    });
    let rows = move || {
        let choices = seat.setting.with_value(|s| s.choices.clone());
        seat.offered()
            .into_iter()
            .enumerate()
            .filter_map(|(place, at)| {
                choices.get(at).map(|choice| pick(seat, place, choice, several || confirm))
            })
            .collect_view()
    };
    let none_fits = many.then(|| {
        let words = move || {
            let typed = seat.typed.get();
            seat.offered().is_empty().then(|| format!("No label fits “{}”. Esc shows all.", typed.trim()))
        };
        view! {
            <p class="quiet" role="status">
                {words}
            </p>
        }
    });
    let send = (several || confirm).then(|| {
        let words = move || match (several, seat.picked.with(Vec::len)) {
            (true, 0) => "Save: no label fits".to_owned(),
            (true, 1) | (false, 1) => "Save 1 label".to_owned(),
            (true, n) => format!("Save {n} labels"),
            (false, _) => "Choose a label".to_owned(),
        };
        view! {
            <button
                class="btn do wide send"
                id="desk-save"
                disabled=move || !several && seat.picked.with(Vec::is_empty)
                on:click=move |_| seat.save()
            >
                {words}
                " "
                <kbd>"Enter"</kbd>
            </button>
        }
    });
    view! {
        {find}
        <ol class="labels" class:many=many>
            {rows}
        </ol>
        {none_fits}
        {send}
        <div class="guide" tabindex="0" role="region" aria-labelledby="guide-h">
            <h2 class="vh" id="guide-h">"Guideline"</h2>
            {move || guide(seat)}
        </div>
    }
}

fn pick(seat: Seat, place: usize, choice: &Choice, toggles: bool) -> impl IntoView + use<> {
    let id = choice.id;
    let pressed = move || {
        toggles.then(|| if seat.picked.with(|picked| picked.contains(&id)) { "true" } else { "false" })
    };
    view! {
        <li>
            <button
                class="pick"
                class:on=move || seat.cursor.get() == Some(place)
                value=id.to_string()
                aria-pressed=pressed
                on:mouseenter=move |_| seat.pointed.set(place)
                on:focus=move |_| seat.pointed.set(place)
                on:click=move |ev| {
                    // The second click of a double click is meant for no text.
                    if ev.detail() < 2 {
                        seat.pick(id);
                    }
                    if ev.detail() > 0 {
                        seat::to_the_text();
                    }
                }
            >
                {choice.key.map(|key| view! { <kbd>{key.to_string()}</kbd> })}
                <span class=format!("tag {}", choice.hue) dir="auto">
                    {choice.name.clone()}
                </span>
            </button>
        </li>
    }
}
