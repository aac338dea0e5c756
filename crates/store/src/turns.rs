//! Who comes next: people before background work (import, release), and background work for a fixed share of the time
//! while people are about, so that neither stops the other.

use std::time::{Duration, Instant};

/// People are about until so long after one of them wrote.
const ABOUT: Duration = Duration::from_millis(200);
/// While they are, background work rests after each piece for so many times as long as the piece took.
const REST: u32 = 4;

/// Whose a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A person waits.
    Person,
    /// A piece of background work.
    Piece,
    /// What background work notes of itself: it goes at once, and does not pass for a person.
    Aside,
}

/// How long background work rests from a step of it.
pub(crate) fn rest_from(step: Duration) -> Duration {
    step * REST
}

#[derive(Debug, Default)]
pub(crate) struct Turns {
    people_wrote: Option<Instant>,
    rested: Option<Instant>,
}

impl Turns {
    /// A transaction that began then has ended now.
    pub(crate) fn ended(&mut self, urgency: Urgency, began: Instant, now: Instant) {
        match urgency {
            Urgency::Person => self.people_wrote = Some(now),
            Urgency::Piece => self.rested = Some(now + rest_from(now.saturating_duration_since(began))),
            Urgency::Aside => {}
        }
    }

    pub(crate) fn people_are_about(&self, now: Instant) -> bool {
        self.people_wrote.is_some_and(|wrote| now.saturating_duration_since(wrote) < ABOUT)
    }

    /// How long the next piece of background work has to wait.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        match self.rested {
            Some(rested) if self.people_are_about(now) => rested.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_work_rests_while_people_are_about_and_only_then() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut turns = Turns::default();
        turns.ended(Urgency::Piece, start, at(10));
        assert_eq!(turns.rest(at(10)), Duration::ZERO, "nobody is about");
        turns.ended(Urgency::Aside, at(10), at(11));
        assert_eq!(turns.rest(at(11)), Duration::ZERO, "a job that notes its progress is nobody");
        turns.ended(Urgency::Person, at(10), at(11));
        assert_eq!(turns.rest(at(12)), Duration::from_millis(38));
        assert_eq!(turns.rest(at(50)), Duration::ZERO, "it had its rest");
        turns.ended(Urgency::Piece, at(50), at(150));
        assert_eq!(turns.rest(at(210)), Duration::from_millis(340));
        assert_eq!(turns.rest(at(211)), Duration::ZERO, "they have gone");
    }
}
