//! The keyboard. Letters never act while a text box has the focus.

use super::seat::{Connection, Seat, Sheet};
use crate::wire::label::Word;
use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, ScrollIntoViewOptions, ScrollLogicalPosition};

/// Listens until the desk goes.
pub fn listen(seat: Seat) {
    let key = window_event_listener(ev::keydown, move |event| press(seat, &event));
    let online = window_event_listener(ev::online, move |_| seat.send());
    // The person comes back to this tab, perhaps from signing in again in another one.
    let focus = window_event_listener(ev::focus, move |_| come_back(seat));
    let seen = window_event_listener_untyped("visibilitychange", move |_| {
        if !document().hidden() {
            come_back(seat);
        }
    });
    on_cleanup(move || {
        key.remove();
        online.remove();
        focus.remove();
        seen.remove();
    });
}

fn come_back(seat: Seat) {
    let has_kept = seat.table.with_untracked(|table| !table.outbox.is_empty());
    if has_kept || seat.line.get_untracked() != Connection::Good || !untrack(move || seat.has_card()) {
        seat.send();
    }
}

fn press(seat: Seat, event: &KeyboardEvent) {
    let key = event.key();
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let tag = target.as_ref().map(|t| t.tag_name()).unwrap_or_default();
    let is_typing = matches!(tag.as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    if (event.ctrl_key() || event.meta_key())
        && !event.alt_key()
        && key.eq_ignore_ascii_case("z")
        && !is_typing
    {
        event.prevent_default();
        seat.undo();
        return;
    }
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() {
        return;
    }
    if is_typing {
        in_a_box(seat, event, &key, target.as_ref(), &tag);
        return;
    }
    // A key that is held down is one answer.
    if event.repeat() && !key.starts_with("Arrow") {
        if key == "Enter" {
            event.prevent_default();
        }
        return;
    }
    if let Some(sheet) = seat.sheet.get_untracked() {
        if key == "Escape" {
            // Here and now: the browser would tell of it only after the next key.
            event.prevent_default();
            seat.sheet.set(None);
        } else if sheet == Sheet::Skip {
            give_reason(seat, event, &key);
        }
        return;
    }
    // On a button or a link Enter and the space bar do what it says there.
    let is_pressable = matches!(tag.as_str(), "BUTTON" | "A" | "SUMMARY");
    let acted = match key.as_str() {
        "ArrowDown" => step(seat, 1),
        "ArrowUp" => step(seat, -1),
        "Enter" if !is_pressable => enter(seat),
        " " if !is_pressable && seat.setting.with_value(|s| s.several) => seat.take_under_cursor(),
        "/" => focus("find"),
        "?" => {
            seat.sheet.set(Some(Sheet::Keys));
            true
        }
        key => letter(seat, key),
    };
    if acted {
        event.prevent_default();
    }
}

/// Saves what was picked, else takes the label under the cursor. That no label fits is said by a button of its own:
/// Enter goes there first.
fn enter(seat: Seat) -> bool {
    let (several, confirm) = seat.setting.with_value(|s| (s.several, s.confirm));
    if (several || confirm) && !seat.picked.with_untracked(Vec::is_empty) {
        seat.save();
        return true;
    }
    seat.take_under_cursor() || (several && focus("desk-save"))
}

/// A label's own key, else a command.
fn letter(seat: Seat, key: &str) -> bool {
    let mut letters = key.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else { return false };
    let label = seat.setting.with_value(|s| s.choices.iter().find(|c| c.key == Some(letter)).map(|c| c.id));
    if let Some(label) = label {
        seat.pick(label);
        return true;
    }
    if letter == 'u' {
        seat.undo();
        return true;
    }
    if !untrack(move || seat.has_card()) {
        return false;
    }
    match letter {
        's' => seat.sheet.set(Some(Sheet::Skip)),
        'g' => seat.sheet.set(Some(Sheet::Guide)),
        'n' => {
            if !focus("desk-note") {
                seat.note.set(Some(String::new()));
            }
        }
        _ => return false,
    }
    true
}

/// In the box that finds labels, arrows and Enter still choose; Escape leaves any box.
fn in_a_box(seat: Seat, event: &KeyboardEvent, key: &str, target: Option<&Element>, tag: &str) {
    let finds = target.is_some_and(|t| t.id() == "find");
    let leave = || {
        if let Some(element) = target.and_then(|t| t.dyn_ref::<HtmlElement>()) {
            let _ = element.blur();
        }
    };
    match key {
        "Escape" => {
            seat.forget_typed();
            leave();
        }
        "Enter" if finds => {
            event.prevent_default();
            if seat.take_under_cursor() {
                leave();
            }
        }
        "ArrowDown" if finds => {
            event.prevent_default();
            step(seat, 1);
        }
        "ArrowUp" if finds => {
            event.prevent_default();
            step(seat, -1);
        }
        _ => debug_assert!(!tag.is_empty()),
    }
}

fn give_reason(seat: Seat, event: &KeyboardEvent, key: &str) {
    let at = key.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let reason = at.and_then(|at| seat.setting.with_value(|s| s.reasons.get(at).map(|r| r.0.clone())));
    if let Some(reason) = reason {
        event.prevent_default();
        seat.say(Word::Skip(reason));
    }
}

fn step(seat: Seat, by: isize) -> bool {
    let n = untrack(move || seat.offered()).len();
    if n == 0 {
        return true;
    }
    let at = match seat.cursor.get_untracked() {
        Some(at) => (at as isize + by).rem_euclid(n as isize) as usize,
        None if by > 0 => 0,
        None => n - 1,
    };
    seat.cursor.set(Some(at));
    seat.pointed.set(at);
    into_view(at);
    true
}

/// The list of many labels scrolls by itself.
fn into_view(at: usize) {
    let row = format!(".desk .labels > li:nth-child({})", at + 1);
    if let Ok(Some(row)) = document().query_selector(&row) {
        let how = ScrollIntoViewOptions::new();
        how.set_block(ScrollLogicalPosition::Nearest);
        row.scroll_into_view_with_scroll_into_view_options(&how);
    }
}

fn focus(id: &str) -> bool {
    let element = document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}
