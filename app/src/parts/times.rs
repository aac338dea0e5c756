//! Moments as people read them, with the exact instant on hover.

use domain::Time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::*;

/// `3 Nov 2026, 21:41` in UTC, machine-readable and with seconds on hover.
pub fn moment(time: Time) -> AnyView {
    let Ok(at) = Timestamp::from_microsecond(time.0) else { return "—".into_any() };
    let at = at.to_zoned(TimeZone::UTC);
    let exact = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let machine = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let short = at.strftime("%-d %b %Y, %H:%M").to_string();
    view! {
        <time datetime=machine title=exact>
            {short}
        </time>
    }
    .into_any()
}

/// `3 Nov 2026` in UTC, as plain text.
pub fn day(time: Time) -> String {
    let at = Timestamp::from_microsecond(time.0).map(|at| at.to_zoned(TimeZone::UTC));
    at.map_or_else(|_| "—".to_owned(), |at| at.strftime("%-d %b %Y").to_string())
}

/// The same where there may be none.
pub fn moment_or_dash(time: Option<Time>) -> AnyView {
    time.map_or_else(|| "—".into_any(), moment)
}
