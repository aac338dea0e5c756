//! What has to be known at the desk: how far it is, what is saved, and what stands in the way.

use super::seat::{Connection, Seat};
use crate::wire::label::Remaining;
use leptos::prelude::*;

pub fn head(seat: Seat) -> impl IntoView {
    let (slug, project, queue) =
        seat.setting.with_value(|s| (s.slug.clone(), s.project.clone(), s.queue_name.clone()));
    let (mine, answers, slots) = seat.setting.with_value(|s| (s.mine, s.answers, s.slots));
    let n_more = move || seat.table.with(|table| table.n_more());
    // How far the queue has come; full once nothing in it is left for this person.
    let progress = move || match !seat.has_card() && seat.rest.get() == Remaining::Done {
        true => slots,
        false => (answers + n_more()).clamp(0, slots),
    };
    let saved = move || {
        let (n_kept, n_ready) = seat.table.with(|table| (table.outbox.len(), table.cards.len()));
        match seat.line.get() {
            Connection::Off(_) if seat.trouble.with(Option::is_some) => {
                ("saved off", format!("Not saved · {n_kept} kept here"))
            }
            Connection::Off(_) => ("saved off", format!("Offline · {n_kept} kept here")),
            Connection::SignedOut => ("saved off", format!("Signed out · {n_kept} kept here")),
            Connection::Good if n_kept > 0 => ("saved wait", format!("Saving {n_kept}")),
            Connection::Good => ("saved", format!("Saved · {n_ready} ready")),
        }
    };
    view! {
        <header>
            <progress
                class="thin"
                value=move || progress().to_string()
                max=slots.to_string()
                aria-label="Progress in this queue"
            ></progress>
            <span title=queue>
                <a href=format!("/p/{slug}")>{project}</a>
                " · "
                {queue.clone()}
            </span>
            <span class="num">{move || format!("{} answered", mine + n_more())}</span>
            // Changes with every answer, so nothing of it is read out: what one has to know is in the notice below.
            <span class=move || saved().0>{move || saved().1}</span>
        </header>
    }
}

/// What has to be known now: no connection, signed out, or what the server said of an answer.
pub fn notice(seat: Seat) -> Option<AnyView> {
    let n = seat.table.with(|table| table.outbox.len());
    let kept = kept(n);
    let (slug, queue) = seat.setting.with_value(|s| (s.slug.clone(), s.queue));
    match seat.line.get() {
        // Where there is no text either, the page itself says so.
        Connection::Off(_) => seat.has_card().then(|| {
            let (title, why) = trouble(seat);
            view! {
                <p class="notice bad" role="alert">
                    {format!("{title}. {why} {kept} What you answer is sent as soon as the server takes it.")}
                </p>
            }
            .into_any()
        }),
        Connection::SignedOut => {
            let then = match n {
                0 => "Go on",
                1 => "It is sent",
                _ => "They are sent",
            };
            let link =
                view! { <a href=format!("/sign-in?next=/p/{slug}/queues/{queue}/label")>"Sign in"</a> };
            Some(
                view! {
                    <p class="notice bad" role="alert">
                        {format!("You have been signed out. {kept} {then} when you are back: ")} {link}
                    </p>
                }
                .into_any(),
            )
        }
        Connection::Good if seat.outdated.get() => Some(new_labels(seat).into_any()),
        Connection::Good => {
            seat.told.get().map(|told| view! { <p class="notice" role="status">{told}</p> }.into_any())
        }
    }
}

/// Why nothing is saved at this moment.
pub fn trouble(seat: Seat) -> (&'static str, String) {
    match seat.trouble.get() {
        Some(why) => ("Nothing can be saved", why),
        None => ("No connection", "The server can’t be reached.".to_owned()),
    }
}

/// What of this person's work is in this browser alone.
pub fn kept(n: usize) -> String {
    match n {
        0 => "Nothing of yours is lost.".to_owned(),
        1 => "1 answer is kept in this browser.".to_owned(),
        n => format!("{n} answers are kept in this browser."),
    }
}

/// What becomes of a desk whose labels are those of yesterday.
fn new_labels(seat: Seat) -> impl IntoView {
    view! {
        <div class="notice" role="status">
            {seat.told.get().map(|told| format!("{told} "))}
            "The labels have changed. Once this text is answered, the page shows the new ones. "
            <button class="btn small" on:click=move |_| seat.leave()>
                "Show them now"
            </button>
        </div>
    }
}
