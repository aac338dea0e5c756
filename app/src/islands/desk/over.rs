//! What lies over the desk: the reasons to skip, all keys, the guideline on a phone.

use super::guide::guideline as guideline_of;
use super::seat::{Seat, Sheet};
use crate::wire::label::{Setting, Word};
use leptos::ev::MouseEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

/// One dialog with changing content. The browser keeps the focus in it and closes it at Escape.
pub fn sheet(seat: Seat) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (seat.sheet.get(), dialog.open()) {
            (Some(_), false) => {
                let _ = dialog.show_modal();
            }
            (None, true) => dialog.close(),
            _ => {}
        }
    });
    let class = move || match seat.sheet.get() {
        Some(Sheet::Keys) => "box big",
        Some(Sheet::Guide) => "drawer",
        _ => "box",
    };
    let label = move || match seat.sheet.get() {
        Some(Sheet::Keys) => "All keys",
        Some(Sheet::Guide) => "Guideline",
        _ => "Skip, because…",
    };
    let content = move || {
        seat.sheet.get().map(|sheet| match sheet {
            Sheet::Skip => reasons(seat).into_any(),
            Sheet::Keys => keys(seat).into_any(),
            Sheet::Guide => guideline(seat).into_any(),
        })
    };
    // The browser tells of a closed dialog a little later: by then another sheet may lie there.
    let closed = move |_| {
        if dialog.get_untracked().is_none_or(|dialog| !dialog.open()) {
            seat.sheet.set(None);
        }
    };
    // What lies around the dialog belongs to it too: a finger there wants to be back at the text.
    let beside = move |event: MouseEvent| {
        if event.target().is_some_and(|target| target.has_type::<HtmlDialogElement>()) {
            seat.sheet.set(None);
        }
    };
    view! {
        <dialog class=class node_ref=dialog aria-label=label on:close=closed on:click=beside>
            {content}
        </dialog>
    }
}

fn reasons(seat: Seat) -> impl IntoView {
    let rows = seat.setting.with_value(|s| s.reasons.clone());
    let rows = rows
        .into_iter()
        .enumerate()
        .map(|(at, (reason, title))| {
            view! {
                <li>
                    <button class="pick" on:click=move |_| seat.say(Word::Skip(reason.clone()))>
                        <kbd>{at + 1}</kbd>
                        <span>{title}</span>
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <h2>"Skip, because…"</h2>
        <ul class="reasons">{rows}</ul>
        <div class="acts">
            <button class="btn bare" on:click=move |_| seat.sheet.set(None)>
                "Back to the text "
                <kbd>"Esc"</kbd>
            </button>
        </div>
    }
}

fn keys(seat: Seat) -> impl IntoView {
    let (several, confirm, many) = seat.setting.with_value(|s| (s.several, s.confirm, s.choices.len() > 10));
    let pick = if several { "choose a label, or not" } else { "pick a label" };
    let enter = if several || confirm { "save" } else { "take the label that the arrows came to" };
    view! {
        <h2>"All keys"</h2>
        <div class="keys">
            <section>
                <h3>"Answer"</h3>
                <dl>
                    <dt>
                        <kbd>"1"</kbd>
                        " – "
                        <kbd>"0"</kbd>
                    </dt>
                    <dd>{pick}</dd>
                    <dt>
                        <kbd>"↑"</kbd>
                        " "
                        <kbd>"↓"</kbd>
                    </dt>
                    <dd>"move to a label, read its guideline"</dd>
                    {several
                        .then(|| {
                            view! {
                                <dt>
                                    <kbd>"Space"</kbd>
                                </dt>
                                <dd>"choose it, or not"</dd>
                            }
                        })}
                    <dt>
                        <kbd>"Enter"</kbd>
                    </dt>
                    <dd>{enter}</dd>
                    {many
                        .then(|| {
                            view! {
                                <dt>
                                    <kbd>"/"</kbd>
                                </dt>
                                <dd>"find a label"</dd>
                            }
                        })}
                </dl>
            </section>
            <section>
                <h3>"Else"</h3>
                <dl>
                    <dt>
                        <kbd>"u"</kbd>
                    </dt>
                    <dd>"undo, any number back (also Ctrl+Z)"</dd>
                    <dt>
                        <kbd>"s"</kbd>
                    </dt>
                    <dd>"skip, with a reason"</dd>
                    <dt>
                        <kbd>"n"</kbd>
                    </dt>
                    <dd>"note"</dd>
                    <dt>
                        <kbd>"g"</kbd>
                    </dt>
                    <dd>"guideline"</dd>
                    <dt>
                        <kbd>"?"</kbd>
                    </dt>
                    <dd>"this sheet"</dd>
                </dl>
            </section>
        </div>
        <p class="quiet">"Letters never act while you are typing in a box."</p>
        <div class="acts">
            <button class="btn" on:click=move |_| seat.sheet.set(None)>
                "Close "
                <kbd>"Esc"</kbd>
            </button>
        </div>
    }
}

fn guideline(seat: Seat) -> impl IntoView {
    let labels: Vec<_> =
        seat.setting.with_value(|s| s.note.iter().chain(&s.choices).map(guideline_of).collect());
    view! {
        // It takes the focus, so that one begins to read at its beginning.
        <div class="guide" tabindex="0">
            <h2>"Guideline"</h2>
            {labels}
        </div>
        <button class="btn wide" on:click=move |_| seat.sheet.set(None)>
            "Close"
        </button>
    }
}

/// What was said last, as the foot of the desk shows it.
pub fn said_words(setting: &Setting, word: &Word) -> AnyView {
    match word {
        Word::Labels(labels) if labels.is_empty() => "no label".into_any(),
        Word::Labels(labels) => setting
            .choices
            .iter()
            .filter(|choice| labels.contains(&choice.id))
            .map(|choice| {
                view! {
                    <span class=format!("tag {}", choice.hue) dir="auto">
                        {choice.name.clone()}
                    </span>
                }
            })
            .collect_view()
            .into_any(),
        Word::Skip(_) => "skipped".into_any(),
        Word::Withdrawn => "taken back".into_any(),
    }
}
