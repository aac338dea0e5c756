//! Krippendorff’s α of all items, and of control items alone.

use super::interval::{dot, ends, place, with_interval};
use crate::parts::numbers::{grouped, statistic};
use crate::parts::times::moment;
use domain::project::Task;
use leptos::prelude::*;
use workflow::agree::measure::{Agreement, Figure};

pub fn alpha(agreement: &Agreement, task: Task, target: f64) -> AnyView {
    let of = match task {
        Task::Single => "nominal: a different label is a different answer",
        Task::Multi => "over sets of labels, by MASI distance: partly the same is partly agreed",
    };
    let says = |figure: &Figure| figure.value.map_or_else(|| "no value".to_owned(), statistic);
    let described = format!(
        "All items {}, control items {}, target {}",
        says(&agreement.alpha),
        says(&agreement.control_alpha),
        statistic(target)
    );
    let percent = |figure: &Figure| {
        figure.value.map(|v| {
            let ends = match (figure.low, figure.high) {
                (Some(low), Some(high)) => format!(" ({:.0} – {:.0}%)", low * 100.0, high * 100.0),
                _ => String::new(),
            };
            format!("{:.0}%{ends}", v * 100.0)
        })
    };
    let unbiased = match (agreement.control_alpha.value, percent(&agreement.control_percent)) {
        (Some(_), Some(same)) => view! {
            "On control items alone: " <b class="num">{says(&agreement.control_alpha)}</b> " "
            <span class="num">{ends(&agreement.control_alpha)}</span>
            {format!("; {same} of their pairs of answers are the same. ")}
            "That is the unbiased figure: control items are a plain random sample."
        }
        .into_any(),
        _ => view! {
            "On control items alone there is no figure yet: "
            {agreement.control_alpha.reason.clone().unwrap_or_default()} "."
        }
        .into_any(),
    };
    view! {
        <section class="sheet" aria-labelledby="a-h">
            <h2 id="a-h">"Krippendorff’s α"</h2>
            <p class="alpha">{with_interval(&agreement.alpha)}</p>
            <svg class="chart" height="56" role="img" aria-label=described>
                <line class="grid" x1="0" x2="100%" y1="46" y2="46"></line>
                <line class="target" x1=place(target) x2=place(target) y1="2" y2="46"></line>
                <text x=place(target) y="56" text-anchor="middle">
                    {statistic(target)}
                </text>
                <text x="0" y="56">
                    "0"
                </text>
                <text x="100%" y="56" text-anchor="end">
                    "1"
                </text>
                {dot(&agreement.alpha, 14)}
                {dot(&agreement.control_alpha, 33)}
                <text x="0" y="18">
                    "all independent answers"
                </text>
                <text x="0" y="37">
                    "control items alone"
                </text>
            </svg>
            <p class="quiet">{unbiased}</p>
            <p class="quiet">
                {percent(&agreement.percent).map(|same| format!("{same} of the pairs of answers are the same. "))}
                {format!(
                    "α is {of}. {} independent answers to {} items, {} of them answered by two or more. ",
                    grouped(agreement.n_answers as i64),
                    grouped(agreement.n_items as i64),
                    grouped(agreement.n_compared as i64),
                )} "As of " {moment(agreement.computed_at)} "."
            </p>
            {(agreement.n_left_behind > 0)
                .then(|| {
                    view! {
                        <p class="quiet">
                            {format!(
                                "{} answers carry a label that is retired now and are not compared.",
                                grouped(agreement.n_left_behind as i64),
                            )}
                        </p>
                    }
                })}
            {agreement
                .truncated
                .then(|| {
                    view! {
                        <p class="notice">"There are more than 2,000,000 answers; these figures rest on the first of them."</p>
                    }
                })}
        </section>
    }
    .into_any()
}
