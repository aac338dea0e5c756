//! Labels a day.

use crate::parts::numbers::grouped;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::*;

pub const DAYS: i64 = 14;

/// Bars of the last days, and the table behind them.
pub fn labels_a_day(days: &[(i64, i64)]) -> AnyView {
    let total: i64 = days.iter().map(|(_, n)| n).sum();
    let most = days.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let named = |day: i64, format: &str| {
        let at = Timestamp::from_second(day * 86_400).map(|at| at.to_zoned(TimeZone::UTC));
        at.map(|at| at.strftime(format).to_string()).unwrap_or_default()
    };
    let width = 100.0 / days.len().max(1) as f64;
    let bars: Vec<_> = days
        .iter()
        .enumerate()
        .map(|(i, (day, n))| {
            let height = (*n as f64 * 110.0 / most as f64).round();
            let title = format!("{}: {}", named(*day, "%a %-d %b"), grouped(*n));
            view! {
                <rect
                    class="bar"
                    x=format!("{:.2}%", i as f64 * width + 0.5)
                    width=format!("{:.2}%", width - 1.0)
                    y=format!("{}", 120.0 - height)
                    height=format!("{height}")
                    rx="2"
                >
                    <title>{title}</title>
                </rect>
            }
        })
        .collect();
    let rows: Vec<_> = days
        .iter()
        .rev()
        .map(|(day, n)| {
            view! {
                <tr>
                    <td>{named(*day, "%a %-d %b")}</td>
                    <td class="n">{grouped(*n)}</td>
                </tr>
            }
        })
        .collect();
    let first = days.first().map(|(day, _)| named(*day, "%-d %b")).unwrap_or_default();
    let last = days.last().map(|(day, _)| format!("today, {}", named(*day, "%-d %b"))).unwrap_or_default();
    view! {
        <section aria-labelledby="days-h">
            <div class="sec">
                <h2 id="days-h">"Labels a day"</h2>
                <span class="quiet num">{format!("{} in {DAYS} days", grouped(total))}</span>
            </div>
            <svg
                class="chart"
                height="144"
                role="img"
                aria-label="Labels a day over the last 14 days; the table below has the numbers"
            >
                <line class="grid" x1="0" x2="100%" y1="10" y2="10"></line>
                <text x="0" y="6">
                    {(total > 0).then(|| grouped(most))}
                </text>
                {bars}
                <line class="grid" x1="0" x2="100%" y1="120" y2="120"></line>
                <text x="0" y="138">
                    {first}
                </text>
                <text x="100%" y="138" text-anchor="end">
                    {last}
                </text>
            </svg>
            <details class="behind">
                <summary>"The numbers"</summary>
                <table class="table plain">
                    <thead>
                        <tr>
                            <th scope="col">"Day (UTC)"</th>
                            <th scope="col" class="n">
                                "Labels"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </section>
    }
    .into_any()
}
