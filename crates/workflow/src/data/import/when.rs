//! Times as files write them. What can be meant in two ways is not read in one of them.

mod dates;

pub use dates::{Order, order_of};

use domain::Time;
use domain::source::{DateOrder, means_nothing};
use jiff::civil::{Date, DateTime, Time as Clock};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What [`read`] reads, for a sentence about what it does not.
pub const FORMS: &str = "RFC 3339 (2026-11-02T09:00:00Z), 2026-11-02 09:00, 2026/11/02, 02.11.2026 or 20261102 (as UTC), \
                         or unix time in seconds to nanoseconds";

/// What a cell says of when something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    At(Time),
    /// The cell is empty, or says so in a word.
    Nothing,
    /// A date such as 03/04/2025, and nobody said what comes first.
    Undecided,
    /// No time, or one that nobody means, such as the year 9999.
    NoTime,
}

/// A moment in one of the [`FORMS`]; without an offset it is UTC. `order` is needed for dates such as 03/04/2025 alone.
pub fn read(text: &str, order: Option<DateOrder>) -> Reading {
    let text = text.trim();
    if means_nothing(text) {
        return Reading::Nothing;
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return within_reason(time);
    }
    if text.bytes().filter(|b| *b == b'.').count() < 2 && is_number(text) {
        return compact(text).or_else(|| unix(text)).map_or(Reading::NoTime, within_reason);
    }
    let (local, offset) = offset(text);
    let (date, clock) = match local.find(['T', ' ', ',']) {
        Some(end) => (&local[..end], local[end..].trim_start_matches(['T', ' ', ','])),
        None => (local, ""),
    };
    match dates::read(date, order) {
        dates::Found::Date(date) => clock_of(clock)
            .and_then(|clock| utc(date.to_datetime(clock)))
            .and_then(|at| at.checked_sub(SignedDuration::from_secs(offset)).ok())
            .map_or(Reading::NoTime, within_reason),
        dates::Found::Undecided if clock_of(clock).is_some() => Reading::Undecided,
        dates::Found::Undecided => Reading::NoTime,
        dates::Found::Nothing => in_words(text).map_or(Reading::NoTime, within_reason),
    }
}

/// Years that a text may come from. Outside of them programs say “never” and “for ever”: 0001-01-01, 9999-12-31.
fn within_reason(at: Timestamp) -> Reading {
    let year = at.to_zoned(TimeZone::UTC).year();
    if (2..2200).contains(&year) { Reading::At(Time(at.as_microsecond())) } else { Reading::NoTime }
}

fn utc(at: DateTime) -> Option<Timestamp> {
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A date without dashes, in years that a text may come from: as milliseconds, numbers of 14 digits begin in 2286.
fn compact(text: &str) -> Option<Timestamp> {
    let at = match text.len() {
        8 => Date::strptime("%Y%m%d", text).ok()?.at(0, 0, 0, 0),
        14 => DateTime::strptime("%Y%m%d%H%M%S", text).ok()?,
        _ => return None,
    };
    (1900..=2100).contains(&at.year()).then(|| utc(at)).flatten()
}

/// Ten digits reach to the year 2286 in seconds; longer numbers are finer. Shorter ones are rather something else:
/// years, dates that don't exist, ids.
fn unix(text: &str) -> Option<Timestamp> {
    /// The year 9999, in seconds: read as milliseconds it would be a day of 1978.
    const FOR_EVER: std::ops::RangeInclusive<i64> = 253_370_764_800..=253_402_300_799;
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let nanos: i128 = match whole.trim_start_matches('-').len() {
        9..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        18..=19 => 1,
        _ => return None,
    };
    let value: i64 = whole.parse().ok()?;
    if FOR_EVER.contains(&value) || FOR_EVER.contains(&(value / 1000)) {
        return None;
    }
    let part: f64 = if rest.is_empty() { 0.0 } else { format!("0.{rest}").parse().ok()? };
    let part = (part * nanos as f64).round() as i128;
    let part = if whole.starts_with('-') { -part } else { part };
    Timestamp::from_nanosecond(i128::from(value) * nanos + part).ok()
}

/// What stands before the offset from UTC, and that offset in seconds.
fn offset(text: &str) -> (&str, i64) {
    for utc in ["UTC", "GMT", "Z"] {
        if let Some(rest) = text.strip_suffix(utc)
            && rest.contains(':')
        {
            return (rest.trim_end(), 0);
        }
    }
    let none = (text, 0);
    // Only behind a clock: the end of 2026-11-02 is no offset.
    let Some(at) = text.rfind(['+', '-']).filter(|at| text[..*at].contains(':')) else { return none };
    let (sign, digits) =
        (if text[at..].starts_with('-') { -1 } else { 1 }, text[at + 1..].replacen(':', "", 1));
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return none;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Ok(0), str::parse::<i64>);
    match (part(0), part(2)) {
        (Ok(hours @ 0..=23), Ok(minutes @ 0..=59)) => {
            (text[..at].trim_end(), sign * (hours * 3600 + minutes * 60))
        }
        _ => none,
    }
}

/// `9:00`, `09:00:00.5`, `9:00 PM`; nothing is midnight.
fn clock_of(text: &str) -> Option<Clock> {
    if text.is_empty() {
        return Some(Clock::midnight());
    }
    let upper = text.to_ascii_uppercase();
    let (digits, noon) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(rest), _) => (rest.trim_end(), Some(false)),
        (_, Some(rest)) => (rest.trim_end(), Some(true)),
        _ => (&*upper, None),
    };
    let mut parts = digits.splitn(3, ':');
    let mut part =
        || parts.next().filter(|p| (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    let hour: i8 = part()?.parse().ok()?;
    let minute: i8 = part()?.parse().ok()?;
    let hour = match (noon, hour) {
        (None, hour) => hour,
        (Some(pm), 1..=12) => hour % 12 + if pm { 12 } else { 0 },
        _ => return None,
    };
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, rest) = seconds.split_once(['.', ',']).unwrap_or((seconds, ""));
            if whole.len() != 2 || rest.len() > 18 || !rest.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (whole.parse().ok()?, format!("{rest:0<9}")[..9].parse().ok()?)
        }
    };
    Clock::new(hour, minute, second, nanos).ok()
}

/// Days and months in English words: mail, Twitter, people.
fn in_words(text: &str) -> Option<Timestamp> {
    if let Ok(at) = rfc2822::parse(text) {
        return Some(at.timestamp());
    }
    if let Ok(at) = strtime::parse("%a %b %d %H:%M:%S %z %Y", text).and_then(|parts| parts.to_timestamp()) {
        return Some(at);
    }
    let date = ["%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"]
        .iter()
        .find_map(|form| Date::strptime(form, text).ok());
    utc(date?.at(0, 0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Reading {
        read(text, None)
    }

    #[test]
    fn the_same_moment_in_many_writings() {
        let nine = Reading::At(Time(1_793_610_000_000_000));
        for text in [
            "2026-11-02T09:00:00Z",
            "2026-11-02T10:00:00+01:00",
            "2026-11-02T10:00:00+0100",
            "2026-11-02 09:00:00",
            " 2026-11-02 09:00 ",
            "2026-11-02T09:00:00.000000",
            "2026-11-02T09:00Z",
            "2026-11-02 09:00:00+00",
            "2026-11-02 09:00:00 UTC",
            "2026-11-02 09:00:00.000000+00:00",
            "2026-11-02 04:00:00 -0500",
            "2026-11-02 14:30 +05:30",
            "2026/11/02 09:00",
            "2026/11/2 9:00 AM",
            "02.11.2026 09:00",
            "2.11.2026, 09:00:00",
            "Mon, 02 Nov 2026 09:00:00 +0000",
            "Mon Nov 02 09:00:00 +0000 2026",
            "1793610000",
            "1793610000.0",
            "1793610000000",
            "1793610000000000",
            "1793610000000000000",
            "20261102090000",
        ] {
            assert_eq!(at(text), nine, "{text}");
        }
        for text in [
            "2026-11-02",
            "20261102",
            "20261102000000",
            "2026/11/02",
            "02.11.2026",
            "2 Nov 2026",
            "November 2, 2026",
        ] {
            assert_eq!(at(text), Reading::At(Time(1_793_577_600_000_000)), "{text}");
        }
        assert_eq!(at("1969-12-31"), Reading::At(Time(-86_400_000_000)));
        assert_eq!(at("1793610000.25"), Reading::At(Time(1_793_610_000_250_000)));
        assert_eq!(at("2026-11-02 09:00:00.123456"), Reading::At(Time(1_793_610_000_123_456)));
        assert_eq!(at("2026-11-02 09:00:00.123456 -0500"), Reading::At(Time(1_793_628_000_123_456)));
        // As the API itself prints it.
        assert_eq!(at("1795425631501740"), Reading::At(Time(1_795_425_631_501_740)));
    }

    #[test]
    fn days_and_months_are_not_guessed() {
        use DateOrder::{DayFirst, MonthFirst};
        assert_eq!(at("03/04/2025"), Reading::Undecided);
        assert_eq!(at("03-04-2025 10:15"), Reading::Undecided);
        let april = Reading::At(Time(1_743_638_400_000_000));
        assert_eq!(read("03/04/2025", Some(DayFirst)), april);
        assert_eq!(read("4/3/2025 12:00 AM", Some(MonthFirst)), april);
        assert_eq!(read("13/04/2025", Some(MonthFirst)), Reading::NoTime, "there is no thirteenth month");
        assert_eq!(read("04/13/2025", Some(DayFirst)), Reading::NoTime);
        // With points the day comes first wherever such dates are written.
        assert_eq!(read("03.04.2025", Some(MonthFirst)), april);
    }

    #[test]
    fn nobody_means_the_end_of_time() {
        for text in [
            "9999-12-31",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00",
            "253402300799",
            "253402300799999",
            "253402214400",
            "32503680000",
            "10000000000000",
            "2262-04-11 23:47:16",
        ] {
            assert_eq!(at(text), Reading::NoTime, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_guessed_at() {
        for text in [
            "yesterday",
            "2026-13-01",
            "2026-02-30 10:00",
            "2026-11-02T25:00:00Z",
            "2026-11-02 09:00 EST",
            "2026-11-02 9:00 and more",
            "13:00 PM",
            "30/02/2026",
            "12",
            "1.2.3",
            "12345",
            "46328.375",
            "202611",
            "1234567",
            "20261301",
            "20260230",
            "18991231",
            "-20261102",
            "11/02/26",
        ] {
            assert_eq!(read(text, Some(DateOrder::DayFirst)), Reading::NoTime, "{text}");
        }
        for text in ["", "NaT", "None", "null"] {
            assert_eq!(at(text), Reading::Nothing, "{text}");
        }
    }
}
