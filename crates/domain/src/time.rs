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
        self.0.div_euclid(DAY)
    }

    /// The beginning of a day written as `2026-01-31`, in UTC.
    pub fn of_date(text: &str) -> Option<Time> {
        let mut parts = text.split('-');
        let mut next = |digits: usize| {
            let part = parts.next()?;
            let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<i64>().ok()).flatten()
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let time = Time(days(year, month, day) * DAY);
        // A day that the month has not would be one of the next month.
        (parts.next().is_none() && (1..=12).contains(&month) && time.date() == text).then_some(time)
    }

    /// Its day in UTC as `2026-01-31`.
    pub fn date(self) -> String {
        // Days from civil and back: Hinnant 2013, “chrono-compatible low-level date algorithms”.
        let shifted = self.day() + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

const DAY: i64 = 86_400_000_000;

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days() {
        for (date, day) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-30", 20_787), ("1969-12-31", -1)]
        {
            assert_eq!(Time::of_date(date).map(Time::day), Some(day), "{date}");
        }
        for day in (-40_000..60_000).step_by(7) {
            let time = Time(day * DAY + 5);
            assert_eq!(Time::of_date(&time.date()).map(Time::day), Some(day));
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "26-01-01",
            "2026-1-01",
            "2026-01-01-01",
            "",
            "+026-01-01",
        ] {
            assert_eq!(Time::of_date(bad), None, "{bad}");
        }
    }
}
