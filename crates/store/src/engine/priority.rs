//! Write priority: people go before background work (import, release). While people are active, background work gets a
//! fixed share of the time. So neither stops the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// People count as active for this long after one of them wrote.
const ABOUT: Duration = Duration::from_millis(200);
/// A commit accepts no more people after this time, because each waits for the whole commit. One large commit would be
/// cheaper only by itself: all people in it would be confirmed together, send their next requests together and wait
/// together, with the writer idle in between.
const COMMIT: Duration = Duration::from_millis(5);
/// While people are active, background work rests after each piece for this many times the piece's duration.
const REST: u32 = 4;
/// The same while people wait for long: background work gets a twentieth of the time, so they never stop it.
const LONGEST_REST: u32 = 19;
/// Behind one piece and its commit a person waits less than this. A longer wait means overload.
const LONG: Duration = Duration::from_millis(20);

/// The kind of sender of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// A person waits.
    Interactive,
    /// A piece of background work.
    Background,
    /// Background work notes its own progress. It runs at once, and does not count as a person.
    Progress,
}

/// Which requests may still join a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joins {
    Nobody,
    People,
    PeopleThenPieces,
    /// Background work goes first this time.
    PiecesThenPeople,
    Pieces,
}

#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<State>);

#[derive(Debug)]
struct State {
    people_wrote: Option<Instant>,
    rested: Option<Instant>,
    /// How many times a piece's duration background work rests after it.
    rest: u32,
    /// The longest wait of a person's request since the last piece.
    waited: Duration,
}

impl Default for State {
    fn default() -> State {
        State { people_wrote: None, rested: None, rest: REST, waited: Duration::ZERO }
    }
}

impl Throttle {
    /// Records a transaction that began at `began` and ended `now`.
    pub(crate) fn ended(&self, priority: Priority, began: Instant, now: Instant) {
        let mut state = self.state();
        match priority {
            Priority::Interactive => state.people_wrote = Some(now),
            Priority::Background => {
                state.rest = next_rest(state.rest, std::mem::take(&mut state.waited));
                state.rested = Some(now + now.saturating_duration_since(began) * state.rest);
            }
            Priority::Progress => {}
        }
    }

    /// Records how long a person's request waited before it ran.
    pub(crate) fn waited(&self, time: Duration) {
        let mut state = self.state();
        state.waited = state.waited.max(time);
    }

    pub(crate) fn people_are_about(&self, now: Instant) -> bool {
        self.state().people_are_about(now)
    }

    /// Which requests may join a commit that has lasted this long. One of pieces alone accepts more until `spell`.
    pub(crate) fn joins(&self, now: Instant, lasted: Duration, spell: Duration) -> Joins {
        match (self.people_are_about(now), self.rest(now).is_zero()) {
            // Background work goes on even if people never pause and each takes long.
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
        let state = self.state();
        match state.rested {
            Some(rested) if state.people_are_about(now) => rested.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    /// How long background work rests after a read-only step. If readers slow writers down (`in_the_way`), it rests as
    /// after a piece. Otherwise it rests only under overload.
    pub(crate) fn rest_from_reading(&self, step: Duration, now: Instant, in_the_way: bool) -> Duration {
        let state = self.state();
        match (state.people_are_about(now), in_the_way) {
            (false, _) => Duration::ZERO,
            (true, true) => step * state.rest,
            (true, false) => step * (state.rest - REST),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn people_are_about(&self, now: Instant) -> bool {
        self.people_wrote.is_some_and(|wrote| now.saturating_duration_since(wrote) < ABOUT)
    }
}

/// Backoff: doubles at once when people wait for long, then shrinks piece by piece.
fn next_rest(rest: u32, waited: Duration) -> u32 {
    if waited > LONG { (2 * rest).min(LONGEST_REST) } else { (rest - 1).max(REST) }
}

/// The same priority (see [`Throttle`]) without a common writer: people's transactions run at once, pieces run one at a
/// time and rest in between.
#[derive(Debug, Default)]
pub(crate) struct PostgresThrottle {
    pub(crate) throttle: Arc<Throttle>,
    piece: tokio::sync::Mutex<()>,
}

impl PostgresThrottle {
    pub(crate) async fn take<T>(&self, priority: Priority, work: impl Future<Output = T>) -> T {
        if priority != Priority::Background {
            let now = Instant::now();
            self.throttle.ended(priority, now, now);
            return work.await;
        }
        let _one_by_one = self.piece.lock().await;
        let rest = self.throttle.rest(Instant::now());
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
        let start = Instant::now();
        let outcome = work.await;
        self.throttle.ended(priority, start, Instant::now());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_work_rests_while_people_are_about_and_only_then() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let throttle = Throttle::default();
        throttle.ended(Priority::Background, start, at(10));
        assert_eq!(throttle.rest(at(10)), Duration::ZERO, "nobody is about");
        throttle.ended(Priority::Progress, at(10), at(11));
        assert_eq!(throttle.rest(at(11)), Duration::ZERO, "a job that notes its progress is nobody");
        throttle.ended(Priority::Interactive, at(10), at(11));
        assert_eq!(throttle.rest(at(12)), Duration::from_millis(38));
        assert_eq!(throttle.rest(at(50)), Duration::ZERO, "it had its rest");
        throttle.ended(Priority::Background, at(50), at(150));
        assert_eq!(throttle.rest(at(210)), Duration::from_millis(340));
        assert_eq!(throttle.rest(at(211)), Duration::ZERO, "they have gone");
    }

    #[test]
    fn a_commit_ends_for_people_while_others_wait_and_pieces_have_their_turn() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let at = |n| start + ms(n);
        let throttle = Throttle::default();
        assert_eq!(throttle.joins(at(0), ms(0), ms(500)), Joins::PeopleThenPieces);
        assert_eq!(
            throttle.joins(at(0), ms(500), ms(500)),
            Joins::People,
            "a person who comes waits for no other commit"
        );
        throttle.ended(Priority::Interactive, at(0), at(1));
        assert_eq!(
            throttle.joins(at(1), ms(1), ms(500)),
            Joins::PiecesThenPeople,
            "people who never pause stop no import"
        );
        assert_eq!(throttle.joins(at(9), COMMIT, ms(500)), Joins::Pieces, "nor do those who take long");
        throttle.ended(Priority::Background, at(1), at(4));
        assert_eq!(throttle.joins(at(4), ms(4), ms(500)), Joins::People, "it rests");
        assert_eq!(throttle.joins(at(5), COMMIT, ms(500)), Joins::Nobody);
    }

    #[test]
    fn where_people_wait_long_background_work_steps_back_and_comes_back_piece_by_piece() {
        let start = Instant::now();
        let (ms, at) = (Duration::from_millis, |n| start + Duration::from_millis(n));
        let throttle = Throttle::default();
        let rest_after = |waited: u64| {
            throttle.waited(ms(waited));
            throttle.ended(Priority::Interactive, start, at(10));
            throttle.ended(Priority::Background, start, at(10));
            (throttle.rest(at(10)).as_millis(), throttle.rest_from_reading(ms(10), at(10), false).as_millis())
        };
        assert_eq!(rest_after(20), (40, 0), "as long as a piece and its commit may take");
        assert_eq!(rest_after(21), (80, 40));
        assert_eq!(rest_after(0), (70, 30), "what was waited before the last piece is forgotten");
        let longest: Vec<_> = (0..5).map(|_| rest_after(500)).collect();
        assert_eq!(longest[4], (190, 150), "it goes on all the same");
        let back: Vec<u128> = (0..17).map(|_| rest_after(1).0).collect();
        assert_eq!((back[0], back[14], back[16]), (180, 40, 40));
        assert_eq!(throttle.rest_from_reading(ms(10), at(10), true), ms(40));
        assert_eq!(throttle.rest_from_reading(ms(10), at(210), true), ms(0), "they have gone");
    }
}
