//! Who comes next: people before background work (import, release), and background work for a fixed share of the time
//! while people are about, so that neither stops the other.

use std::time::{Duration, Instant};

/// People are about until so long after one of them wrote.
const ABOUT: Duration = Duration::from_millis(200);
/// People wait for the whole commit that they are in, so it takes in nobody any more after so long. One commit for
/// everyone at once would be cheaper only by itself: whoever hears of it asks for the next thing, and so all would hear
/// together, ask together and wait together, with the writer idle in between.
const COMMIT: Duration = Duration::from_millis(5);
/// While they are about, background work rests after each piece for so many times as long as the piece took.
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

/// Who may still come into a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joins {
    Nobody,
    People,
    PeopleThenPieces,
    /// It is the turn of background work.
    PiecesThenPeople,
    Pieces,
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

    /// Who may come into a commit that has lasted for so long; one of pieces alone takes in more of them for a spell.
    pub(crate) fn joins(&self, now: Instant, lasted: Duration, spell: Duration) -> Joins {
        match (self.people_are_about(now), self.rest(now).is_zero()) {
            // Also where people never pause and each takes long.
            (true, true) if lasted >= COMMIT => Joins::Pieces,
            (true, false) if lasted >= COMMIT => Joins::Nobody,
            (true, true) => Joins::PiecesThenPeople,
            (true, false) => Joins::People,
            (false, _) if lasted < spell => Joins::PeopleThenPieces,
            (false, _) => Joins::People,
        }
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

    #[test]
    fn a_commit_ends_for_people_while_others_wait_and_pieces_have_their_turn() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let at = |n| start + ms(n);
        let mut turns = Turns::default();
        assert_eq!(turns.joins(at(0), ms(0), ms(500)), Joins::PeopleThenPieces);
        assert_eq!(
            turns.joins(at(0), ms(500), ms(500)),
            Joins::People,
            "a person who comes waits for no other commit"
        );
        turns.ended(Urgency::Person, at(0), at(1));
        assert_eq!(
            turns.joins(at(1), ms(1), ms(500)),
            Joins::PiecesThenPeople,
            "people who never pause stop no import"
        );
        assert_eq!(turns.joins(at(9), COMMIT, ms(500)), Joins::Pieces, "nor do those who take long");
        turns.ended(Urgency::Piece, at(1), at(4));
        assert_eq!(turns.joins(at(4), ms(4), ms(500)), Joins::People, "it rests");
        assert_eq!(turns.joins(at(5), COMMIT, ms(500)), Joins::Nobody);
    }
}
