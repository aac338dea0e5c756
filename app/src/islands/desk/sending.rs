//! The sending in the background: answers out, texts in, one request at a time.

use super::seat::{Connection, Seat, now};
use crate::api::label::turn;
use crate::wire::label::{Remaining, Turn};
use crate::wire::{ApiError, Code};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// More texts are held ahead where they run out before the server answers, so many at most.
const MOST_AHEAD: usize = 20;
/// A desk with nothing to do looks again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

impl Seat {
    /// Sends what is there to send and asks for the next texts, one request at a time.
    pub fn send(self) {
        if self.sending.get_value() {
            return;
        }
        self.sending.set_value(true);
        self.forget_again();
        let mut sent = Vec::new();
        self.table.update_untracked(|table| sent = table.take_off());
        let (slug, queue, person) = self.setting.with_value(|s| (s.slug.clone(), s.queue, s.person));
        let n = self.ahead.get_value();
        spawn_local(async move {
            let landed = turn(slug, queue, sent, n, Some(person)).await;
            self.sending.set_value(false);
            match landed {
                Ok(turn) => self.landed(&turn),
                Err(error) => self.lost(&error),
            }
        });
    }

    fn landed(self, turn: &Turn) {
        let was_empty = self.table.with_untracked(|table| table.cards.is_empty());
        self.keep.with_value(|keep| turn.fates.iter().for_each(|fate| keep.forget(&fate.id)));
        let message = turn.fates.iter().rev().find_map(|fate| fate.message.clone());
        if message.is_some() {
            self.told.set(message);
        }
        self.line.set(Connection::Good);
        self.rest.set(turn.rest);
        self.outdated.set(turn.version != self.setting.with_value(|s| s.version));
        self.table.update(|table| table.landed(turn));
        let (is_empty, has_more) = self.table.with_untracked(|t| (t.cards.is_empty(), !t.outbox.is_empty()));
        if was_empty && !is_empty {
            self.since.set_value(now());
        }
        if was_empty && turn.rest == Remaining::More {
            self.ahead.update_value(|ahead| *ahead = (*ahead + 4).min(MOST_AHEAD));
        }
        if has_more {
            self.send();
        } else if self.outdated.get_untracked() && (is_empty || self.leaving.get_untracked()) {
            let _ = window().location().reload();
        } else if is_empty && matches!(turn.rest, Remaining::More | Remaining::Waiting | Remaining::Filling) {
            self.send_after(LOOK_AGAIN);
        }
    }

    fn send_after(self, wait: Duration) {
        self.forget_again();
        self.again.set_value(set_timeout_with_handle(move || self.send(), wait).ok());
    }

    fn forget_again(self) {
        if let Some(handle) = self.again.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    }

    fn lost(self, error: &ApiError) {
        self.table.update(|table| table.lost());
        self.leaving.set(false);
        match error.code {
            Code::Unauthorized => self.line.set(Connection::SignedOut),
            _ => {
                let tries = match self.line.get_untracked() {
                    Connection::Off(n) => n + 1,
                    _ => 1,
                };
                let is_told = !matches!(error.code, Code::Network | Code::Invalid);
                self.trouble.set(is_told.then(|| error.message.clone()));
                self.line.set(Connection::Off(tries));
                self.send_after(Duration::from_secs(1 << tries.min(4)));
            }
        }
    }
}
