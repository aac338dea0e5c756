//! Reading the audit log, and the part of it that somebody outside can set off. Every act writes its own entry, in its
//! own transaction: see `Tx::audit`.

use crate::{Instance, Result, allow};
use domain::permission::{Act, Actor, Roles, Via};
use domain::{PersonId, ProjectId, Time};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
pub use store::site::audit::AuditEntry;

/// Entries on one page.
pub const A_PAGE: i64 = 100;

/// The log of a project, or of everything, newest first; the next page begins behind the entry `before`.
pub async fn log(
    instance: &Instance,
    actor: &Actor,
    project: Option<ProjectId>,
    before: Option<i64>,
) -> Result<Vec<AuditEntry>> {
    allow(actor, Act::ReadAudit)?;
    Ok(instance.store.audit_log(project, before, A_PAGE).await?)
}

/// Something that happened at a door: a sign-in, a refusal.
#[derive(Debug, Clone)]
pub struct Note {
    /// Whom it concerns; nobody for an e-mail that nobody has.
    pub person: Option<PersonId>,
    pub project: Option<ProjectId>,
    pub act: &'static str,
    pub target: &'static str,
    pub detail: String,
}

/// Writes down what happened at a door, once a minute for each person and act: a storm of refusals is a few entries that
/// say how many there were. An entry that can't be written stops nobody.
pub async fn note(instance: &Instance, note: Note) {
    let key = (note.person, note.act, note.target);
    let Some(passed_over) = instance.seen.due(key, instance.store.now()) else { return };
    let written = instance
        .store
        .write(move |tx| {
            Box::pin(async move {
                let person = note.person.unwrap_or(Actor::OPERATOR.person);
                let actor = Actor { person, admin: false, roles: Roles::NONE, via: Via::Session };
                let detail = match (passed_over, note.detail.is_empty()) {
                    (0, _) => note.detail,
                    (n, true) => format!("{n} times more since the entry before"),
                    (n, false) => format!("{}, and {n} times more since the entry before", note.detail),
                };
                tx.audit(&actor, note.project, note.act, note.target, &detail).await
            })
        })
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "an entry of the audit log could not be written");
    }
}

/// Between two entries of one kind.
const A_MINUTE_MICROS: i64 = 60_000_000;
/// More kinds than this are not remembered.
const MOST: usize = 10_000;

type Kind = (Option<PersonId>, &'static str, &'static str);

/// When each kind of entry was written last, and how often it was due since.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashMap<Kind, (Time, u32)>>);

impl Seen {
    /// How many were passed over since the last entry, if another is due.
    fn due(&self, kind: Kind, now: Time) -> Option<u32> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: Time| (0..A_MINUTE_MICROS).contains(&(now.0 - at.0));
        let before = match seen.get_mut(&kind) {
            Some((at, passed_over)) if is_recent(*at) => {
                *passed_over = passed_over.saturating_add(1);
                return None;
            }
            Some((_, passed_over)) => *passed_over,
            None => 0,
        };
        if seen.len() >= MOST {
            seen.retain(|_, (at, _)| is_recent(*at));
        }
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(kind, (now, 0));
        Some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_one_entry_a_minute() {
        let seen = Seen::default();
        let ada = (Some(PersonId(1)), "was refused", "to manage people");
        let at = |seconds: i64| Time(0).plus_seconds(seconds);
        assert_eq!(seen.due(ada, at(0)), Some(0));
        for i in 0..500 {
            assert_eq!(seen.due(ada, at(i % 60)), None);
        }
        assert_eq!(seen.due((Some(PersonId(2)), ada.1, ada.2), at(1)), Some(0), "somebody else");
        assert_eq!(seen.due((ada.0, ada.1, "to cut releases"), at(1)), Some(0), "something else");
        assert_eq!(seen.due(ada, at(60)), Some(500));
        assert_eq!(seen.due(ada, at(120)), Some(0));
    }

    #[test]
    fn memory_is_bounded() {
        let seen = Seen::default();
        for i in 0..(MOST as i64 + 100) {
            seen.due((Some(PersonId(i)), "", ""), Time(0));
        }
        assert!(seen.0.lock().expect("the map").len() <= MOST);
    }
}
