//! Times as files write them.

use domain::Time;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What [`parse`] reads, for a sentence about what it does not.
pub const FORMS: &str = "use RFC 3339 (2026-11-02T09:00:00Z), 2026-11-02 09:00 or 20261102 (taken as UTC), \
                         or unix seconds or milliseconds";

/// A moment as RFC 3339, as `YYYY-MM-DD[ HH:MM[:SS]]` or `YYYYMMDD[HHMMSS]` in UTC, or as unix seconds or
/// milliseconds.
pub fn parse(text: &str) -> Option<Time> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return compact(text).or_else(|| unix(text));
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(Time(time.as_microsecond()));
    }
    text.parse::<DateTime>().ok().and_then(utc)
}

fn utc(at: DateTime) -> Option<Time> {
    Some(Time(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond()))
}

/// A date without dashes, in years that a text may come from: as milliseconds, numbers of 14 digits begin in 2286.
fn compact(text: &str) -> Option<Time> {
    let at = match text.len() {
        8 => Date::strptime("%Y%m%d", text).ok()?.at(0, 0, 0, 0),
        14 => DateTime::strptime("%Y%m%d%H%M%S", text).ok()?,
        _ => return None,
    };
    (1900..=2100).contains(&at.year()).then(|| utc(at)).flatten()
}

/// Ten digits reach to the year 2286 in seconds; longer numbers are milliseconds. Shorter ones are rather something
/// else: years, dates that don't exist, ids.
fn unix(text: &str) -> Option<Time> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let micros = match digits.split('.').next()?.len() {
        9..=11 => 1e6,
        12..=14 => 1e3,
        _ => return None,
    };
    if digits.contains('.') {
        let value: f64 = text.parse().ok()?;
        return Some(Time((value * micros).round() as i64));
    }
    let value: i64 = text.parse().ok()?;
    Some(Time(value * micros as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_many_writings() {
        let at = Some(Time(1_793_610_000_000_000));
        for text in [
            "2026-11-02T09:00:00Z",
            "2026-11-02T10:00:00+01:00",
            "2026-11-02 09:00:00",
            " 2026-11-02 09:00 ",
            "2026-11-02T09:00:00.000000",
            "1793610000",
            "1793610000.0",
            "1793610000000",
            "20261102090000",
        ] {
            assert_eq!(parse(text), at, "{text}");
        }
        for text in ["2026-11-02", "20261102", "20261102000000"] {
            assert_eq!(parse(text), Some(Time(1_793_577_600_000_000)), "{text}");
        }
        // Of 14 digits, and no date.
        assert_eq!(parse("10000000000000"), Some(Time(10_000_000_000_000_000)));
        assert_eq!(parse("1969-12-31"), Some(Time(-86_400_000_000)));
    }

    #[test]
    fn what_is_no_time_is_not_guessed_at() {
        for text in [
            "",
            "yesterday",
            "02.11.2026",
            "11/02/2026",
            "2026-13-01",
            "2026-02-30 10:00",
            "12",
            "1.2.3",
            "12345",
            "202611",
            "1234567",
            "20261301",
            "20260230",
            "18991231",
            "-20261102",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
