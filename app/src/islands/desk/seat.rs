//! The person at the desk: what is picked, what is open, what is said. Sending goes on in the background (`sending`).

use super::keep::{Keep, new_id};
use super::table::{Table, Undone};
use crate::wire::label::{Card, Remaining, Sent, Setting, Word};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// So many texts are held ahead at first.
const AHEAD: usize = 5;

/// How the sending goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    Good,
    /// Not reached, or it takes nothing; so many tries until now.
    Off(u32),
    SignedOut,
}

/// What lies over the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    Skip,
    Keys,
    Guide,
}

#[derive(Clone, Copy)]
pub struct Seat {
    pub setting: StoredValue<Setting>,
    pub(super) keep: StoredValue<Keep>,
    pub table: RwSignal<Table>,
    pub picked: RwSignal<Vec<i64>>,
    /// The label that the arrows or the box that finds labels came to on this very text, by its place in the list:
    /// what Enter takes. Nothing else moves it, so that no answer carries a label the person did not look for.
    pub cursor: RwSignal<Option<usize>>,
    /// The label whose guideline is shown: the cursor's, or the one that was pointed at last.
    pub pointed: RwSignal<usize>,
    pub typed: RwSignal<String>,
    pub note: RwSignal<Option<String>>,
    pub sheet: RwSignal<Option<Sheet>>,
    pub line: RwSignal<Connection>,
    pub rest: RwSignal<Remaining>,
    /// What the person should know.
    pub told: RwSignal<Option<String>>,
    /// Why the server takes nothing, in its own words; nothing where it can't be reached.
    pub trouble: RwSignal<Option<String>>,
    /// Other labels were published since this page was made.
    pub outdated: RwSignal<bool>,
    /// Between two texts: the page is loaded again as soon as everything is saved.
    pub leaving: RwSignal<bool>,
    pub ready: RwSignal<bool>,
    pub(super) sending: StoredValue<bool>,
    /// When it is tried again, or looked again: never two at once.
    pub(super) again: StoredValue<Option<TimeoutHandle>>,
    pub(super) ahead: StoredValue<usize>,
    /// When the text came to lie on the desk.
    pub(super) since: StoredValue<f64>,
}

impl Seat {
    pub fn new(setting: Setting, first: Option<Card>, rest: Remaining) -> Seat {
        Seat {
            keep: StoredValue::new(Keep::of(&setting)),
            setting: StoredValue::new(setting),
            table: RwSignal::new(Table::new(Vec::new(), first)),
            picked: RwSignal::new(Vec::new()),
            cursor: RwSignal::new(None),
            pointed: RwSignal::new(0),
            typed: RwSignal::new(String::new()),
            note: RwSignal::new(None),
            sheet: RwSignal::new(None),
            line: RwSignal::new(Connection::Good),
            rest: RwSignal::new(rest),
            told: RwSignal::new(None),
            trouble: RwSignal::new(None),
            outdated: RwSignal::new(false),
            leaving: RwSignal::new(false),
            ready: RwSignal::new(false),
            sending: StoredValue::new(false),
            again: StoredValue::new(None),
            ahead: StoredValue::new(AHEAD),
            since: StoredValue::new(0.0),
        }
    }

    /// Called once in the browser: what an earlier visit left is sent first.
    pub fn wake(self) {
        let left_over = self.keep.with_value(Keep::left_over);
        self.table.update(|table| {
            let first = table.cards.pop_front();
            *table = Table::new(left_over, first);
        });
        self.since.set_value(now());
        self.ready.set(true);
        self.send();
    }

    /// Whether there is a text to answer.
    pub fn has_card(self) -> bool {
        !self.leaving.get() && self.table.with(|table| table.current().is_some())
    }

    /// The labels that fit what was typed, by their places among all.
    pub fn offered(self) -> Vec<usize> {
        let typed = self.typed.get();
        self.setting.with_value(|setting| {
            if typed.trim().is_empty() {
                return (0..setting.choices.len()).collect();
            }
            let mut fitting: Vec<(u32, usize)> = setting
                .choices
                .iter()
                .enumerate()
                .filter_map(|(at, choice)| Some((super::table::fit(&choice.name, &typed)?, at)))
                .collect();
            fitting.sort_unstable();
            fitting.into_iter().map(|(_, at)| at).collect()
        })
    }

    /// A label by its key, its button or its name.
    pub fn pick(self, label: i64) {
        let (several, confirm) = self.setting.with_value(|s| (s.several, s.confirm));
        self.forget_typed();
        if several {
            self.picked.update(|picked| match picked.iter().position(|p| *p == label) {
                Some(at) => {
                    picked.remove(at);
                }
                None => picked.push(label),
            });
        } else if confirm {
            self.picked.set(vec![label]);
        } else {
            self.say(Word::Labels(vec![label]));
        }
    }

    /// What was picked is the answer. Where any number of labels may fit, none is an answer, too.
    pub fn save(self) {
        let several = self.setting.with_value(|s| s.several);
        let picked = self.picked.get_untracked();
        if several || !picked.is_empty() {
            self.say(Word::Labels(picked));
        }
    }

    /// The label under the cursor, if the person brought the cursor to one. False where they did not.
    pub fn take_under_cursor(self) -> bool {
        let offered = untrack(move || self.offered());
        let at = self.cursor.get_untracked().and_then(|at| offered.get(at)).copied();
        let label = at.and_then(|at| self.setting.with_value(|s| s.choices.get(at).map(|c| c.id)));
        if let Some(label) = label {
            self.pick(label);
        }
        label.is_some()
    }

    /// An answer to the text on the desk. The next one lies there before this returns.
    pub fn say(self, word: Word) {
        if self.leaving.get_untracked() {
            return;
        }
        let Some(card) = self.table.with_untracked(|table| table.current().cloned()) else { return };
        let note = self.note.get_untracked().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        let seconds = (now() - self.since.get_value()) / 1000.0;
        let sent = self.message(&card, word, note, Some(seconds.max(0.0)));
        self.keep.with_value(|keep| keep.put(&sent));
        self.told.set(None);
        self.table.update(|table| table.say(sent));
        self.fresh(Vec::new());
        to_the_text();
        self.leaving.set(self.outdated.get_untracked() && self.line.get_untracked() == Connection::Good);
        self.send();
    }

    /// The new labels, now: the text on the desk is asked again with them.
    pub fn leave(self) {
        self.leaving.set(true);
        self.send();
    }

    /// The last answer is taken back, and its text lies here again.
    pub fn undo(self) {
        let mut undone = None;
        self.table.update(|table| {
            undone = table.undo(|card, _| self.message(card, Word::Withdrawn, None, None));
        });
        let Some((was, undone)) = undone else { return };
        self.leaving.set(false);
        match undone {
            Undone::Unsent(id) => self.keep.with_value(|keep| keep.forget(&id)),
            Undone::Asked(sent) => self.keep.with_value(|keep| keep.put(&sent)),
        }
        let several = self.setting.with_value(|s| s.several);
        self.fresh(match was.word {
            Word::Labels(labels) if several => labels,
            _ => Vec::new(),
        });
        self.note.set(was.note);
        self.send();
    }

    fn message(self, card: &Card, word: Word, note: Option<String>, seconds: Option<f64>) -> Sent {
        Sent {
            id: new_id(),
            assignment: card.assignment,
            revision: card.revision,
            version: self.setting.with_value(|s| s.version),
            word,
            note,
            seconds,
        }
    }

    fn fresh(self, picked: Vec<i64>) {
        self.picked.set(picked);
        self.note.set(None);
        self.sheet.set(None);
        self.cursor.set(None);
        self.forget_typed();
        self.since.set_value(now());
    }

    /// All labels again. The cursor stood in another list.
    pub fn forget_typed(self) {
        if !self.typed.with_untracked(String::is_empty) {
            self.typed.set(String::new());
            self.cursor.set(None);
        }
    }
}

/// A button that was pressed for one text keeps no focus for the next: Enter would press it again.
pub fn to_the_text() {
    let is_at_labels =
        document().active_element().is_some_and(|at| at.closest(".side button").is_ok_and(|b| b.is_some()));
    if is_at_labels
        && let Ok(Some(text)) = document().query_selector(".desk .read")
        && let Some(text) = text.dyn_ref::<HtmlElement>()
    {
        let _ = text.focus();
    }
}

/// Milliseconds on a clock that only goes forward.
pub(super) fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
