//! The desk: a text, its labels under the fingers, the next text already there.

mod foot;
pub mod guide;
mod keep;
mod keys;
mod over;
pub mod pause;
mod seat;
mod sending;
mod status;
mod table;
mod work;

use crate::wire::label::{Card, Remaining, Setting};
use leptos::prelude::*;
use seat::Seat;

/// Takes the place of the plain form once it is awake.
#[island]
pub fn Desk(setting: Setting, first: Option<Card>, rest: Remaining) -> impl IntoView {
    let seat = Seat::new(setting, first, rest);
    Effect::new(move |_| {
        if let Some(plain) = document().get_element_by_id("plain") {
            plain.remove();
        }
        seat.wake();
        keys::listen(seat);
    });
    // Only whether there is one: the texts themselves change inside.
    let has_card = Memo::new(move |_| seat.has_card());
    let ready = move || seat.ready.get().then_some("true");
    view! {
        <div class="desk" hidden=move || !seat.ready.get() data-ready=ready>
            {status::head(seat)}
            {move || status::notice(seat)}
            {move || if has_card.get() { work::work(seat).into_any() } else { pause::pause(seat).into_any() }}
            {foot::foot(seat)}
            {over::sheet(seat)}
        </div>
    }
}
