//! What stands in place of a text while there is none.

use super::seat::{Connection, Seat};
use super::status::{kept, trouble};
use crate::wire::label::Remaining;
use leptos::prelude::*;

pub fn pause(seat: Seat) -> impl IntoView {
    let (slug, name) = seat.setting.with_value(|s| (s.slug.clone(), s.queue_name.clone()));
    let is_off = move || matches!(seat.line.get(), Connection::Off(_));
    let words = move || {
        if seat.leaving.get() {
            ("New labels", "Your answers are saved, then the page shows the new labels.".to_owned())
        } else if is_off() {
            let kept = kept(seat.table.with(|table| table.outbox.len()));
            let (title, why) = trouble(seat);
            (title, format!("{kept} {why}"))
        } else {
            pause_words(seat.rest.get(), &name)
        }
    };
    let title = words.clone();
    let waits = move || {
        let may_come = matches!(seat.rest.get(), Remaining::More | Remaining::Waiting | Remaining::Filling);
        !seat.leaving.get() && (may_come || is_off())
    };
    view! {
        <main class="pause" id="main">
            <h1>{move || title().0}</h1>
            <p role="status">{move || words().1}</p>
            {move || waits().then(|| view! { <p class="quiet">"This page looks again by itself."</p> })}
            <div class="acts">
                {move || {
                    waits()
                        .then(|| {
                            view! {
                                <button class="btn do" on:click=move |_| seat.send()>
                                    "Look again"
                                </button>
                            }
                        })
                }}
                <a class="btn" href=format!("/p/{slug}/queues")>
                    "Queues"
                </a>
            </div>
        </main>
    }
}

/// Why there is no text: a title, and what it means.
pub fn pause_words(rest: Remaining, queue: &str) -> (&'static str, String) {
    match rest {
        Remaining::More => ("One moment", format!("The next texts of “{queue}” are on their way.")),
        Remaining::Waiting => (
            "Nothing for you right now",
            format!(
                "Other people hold what is left in “{queue}”. What they don’t answer in time comes back here."
            ),
        ),
        Remaining::Done => {
            ("All done", format!("Every text in “{queue}” that is yours to answer has your answer."))
        }
        Remaining::Closed => ("The queue is closed", format!("“{queue}” was closed. Your answers are safe.")),
        Remaining::Filling => (
            "The queue is being filled",
            format!("Texts are still being taken into “{queue}”. It opens by itself when all are in."),
        ),
    }
}
