//! The last answer, and the commands with their keys.

use super::over;
use super::seat::{Seat, Sheet};
use leptos::prelude::*;

pub fn foot(seat: Seat) -> impl IntoView {
    let last = move || {
        let said = seat.table.with(|table| table.past.last().map(|(_, sent)| sent.word.clone()))?;
        let names = seat.setting.with_value(|s| over::said_words(s, &said));
        Some(view! { <span class="last">"Last: " {names}</span> })
    };
    let has_card = move || seat.has_card();
    let key = move |key: &'static str, name: &'static str, class: &'static str, act: fn(Seat)| {
        view! {
            <button class=class on:click=move |_| act(seat)>
                <kbd>{key}</kbd>
                " "
                {name}
            </button>
        }
    };
    view! {
        <footer>
            {last} {move || (seat.table.with(|table| !table.past.is_empty())).then(|| key("u", "Undo", "hint-key", Seat::undo))}
            {move || {
                has_card()
                    .then(|| {
                        view! {
                            {key("s", "Skip", "hint-key", |seat| seat.sheet.set(Some(Sheet::Skip)))}
                            {key("n", "Note", "hint-key", |seat| seat.note.update(|n| *n = n.take().or(Some(String::new()))))}
                            {key("g", "Guideline", "hint-key only-phone", |seat| seat.sheet.set(Some(Sheet::Guide)))}
                            {key("?", "All keys", "hint-key no-phone", |seat| seat.sheet.set(Some(Sheet::Keys)))}
                        }
                    })
            }}
        </footer>
    }
}
