//! A moment: microseconds since 1970 in UTC. Event, ingest, processing and answer time are different
//! columns everywhere; this type only says how a moment is held.

use serde::{Deserialize, Serialize};

/// Unix microseconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl From<i64> for Time {
    fn from(micros: i64) -> Time {
        Time(micros)
    }
}

impl Time {
    /// This moment and so many seconds later.
    pub fn plus_seconds(self, seconds: i64) -> Time {
        Time(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Seconds from `earlier` to this moment; negative if it lies before.
    pub fn seconds_since(self, earlier: Time) -> f64 {
        (self.0 - earlier.0) as f64 / 1e6
    }

    /// Whole days since 1970, for counts by day.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }
}
