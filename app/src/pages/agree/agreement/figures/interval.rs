//! A figure with its interval and what it rests on, in words and as a dot on a chart.

use crate::parts::numbers::{grouped, statistic};
use leptos::prelude::*;
use workflow::agree::measure::Figure;

/// `.78` and beside it `.74 – .82, n = 1,204 items`; or why there is none.
pub fn with_interval(figure: &Figure) -> AnyView {
    match (figure.value, figure.low, figure.high) {
        (Some(value), Some(low), Some(high)) => view! {
            {statistic(value)}
            " "
            <small>{format!("{} – {}, n = {} items", statistic(low), statistic(high), grouped(n(figure)))}</small>
        }
        .into_any(),
        (Some(value), ..) => view! {
            {statistic(value)}
            " "
            <small>
                {format!("n = {} items; {}", grouped(n(figure)), figure.reason.clone().unwrap_or_default())}
            </small>
        }
        .into_any(),
        _ => view! {
            "–"
            " "
            <small>{figure.reason.clone().unwrap_or_default()}</small>
        }
        .into_any(),
    }
}

fn n(figure: &Figure) -> i64 {
    figure.n_items as i64
}

/// A place on a scale from 0 to 1, in percent; below chance stands at the left end.
pub fn place(value: f64) -> String {
    format!("{:.1}%", value.clamp(0.0, 1.0) * 100.0)
}

pub fn ends(figure: &Figure) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => {
            format!("({} – {}, n = {})", statistic(low), statistic(high), grouped(n(figure)))
        }
        _ if figure.value.is_some() => {
            let reason = figure.reason.as_deref().unwrap_or_default();
            format!("(n = {}; {reason})", grouped(n(figure)))
        }
        _ => String::new(),
    }
}

/// A dot on its interval, if it has one, at a height of the chart.
pub fn dot(figure: &Figure, y: u32) -> Option<AnyView> {
    let value = figure.value?;
    let interval = figure.low.zip(figure.high).map(|(low, high)| {
        view! { <line class="iv" x1=place(low) x2=place(high) y1=y.to_string() y2=y.to_string()></line> }
    });
    Some(
        view! {
            {interval}
            <circle class="pt" cx=place(value) cy=y.to_string() r="4.5"></circle>
        }
        .into_any(),
    )
}
