//! The figures of agreement: each with its interval and what it rests on, each chart with a table behind it.

use crate::parts::labels::named_tag;
use crate::parts::numbers::{grouped, statistic};
use crate::parts::times::moment;
use domain::PersonId;
use domain::project::Task;
use leptos::prelude::*;
use std::collections::HashMap;
use workflow::agree::measure::{Agreement, Figure, MeanFigure, PairFigure};

pub fn view(agreement: &Agreement, task: Task, target: f64, slug: &str) -> AnyView {
    if agreement.n_answers == 0 {
        return view! {
            <section class="empty">
                <h2>"Nothing to compare yet"</h2>
                <p>
                    "Agreement needs items that two people answered without seeing each other’s answers. Open a queue with two people an item."
                </p>
                <p class="acts">
                    <a class="btn do" href=format!("/p/{slug}/queues")>
                        "To the queues"
                    </a>
                </p>
            </section>
        }
        .into_any();
    }
    view! {
        <div class="two">{alpha(agreement, task, target)} {between(agreement)}</div>
        {labels(agreement, target)}
        {people(agreement)}
    }
    .into_any()
}

/// `.78` and beside it `.74 – .82, n = 1,204 items`; or why there is none.
fn with_interval(figure: &Figure) -> AnyView {
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
fn place(value: f64) -> String {
    format!("{:.1}%", value.clamp(0.0, 1.0) * 100.0)
}

fn alpha(agreement: &Agreement, task: Task, target: f64) -> AnyView {
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

fn ends(figure: &Figure) -> String {
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
fn dot(figure: &Figure, y: u32) -> Option<AnyView> {
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

fn between(agreement: &Agreement) -> AnyView {
    let names: HashMap<PersonId, &str> =
        agreement.people.iter().map(|p| (p.person, p.name.as_str())).collect();
    let mut shown: Vec<PersonId> = agreement.pairs.iter().flat_map(|p| [p.a, p.b]).collect();
    shown.sort();
    shown.dedup();
    let mean = agreement.mean_kappa;
    let kappa: HashMap<(PersonId, PersonId), &PairFigure> =
        agreement.pairs.iter().flat_map(|p| [((p.a, p.b), p), ((p.b, p.a), p)]).collect();
    if shown.is_empty() {
        return view! {
            <section class="sheet">
                <h2>"Between people"</h2>
                <p class="quiet">"No two people have answered the same item so far."</p>
            </section>
        }
        .into_any();
    }
    let name = |person: PersonId| names.get(&person).copied().unwrap_or_default().to_owned();
    let cell = |a: PersonId, b: PersonId| {
        if a == b {
            return view! { <td class="self">"·"</td> }.into_any();
        }
        let Some(pair) = kappa.get(&(a, b)) else { return view! { <td></td> }.into_any() };
        let figure = &pair.kappa;
        match figure.value.filter(|_| pair.n_items >= mean.least_items) {
            Some(value) => {
                let class = format!("h{}", (value.clamp(0.0, 1.0) * 10.0).round() as u32);
                let title = format!("{} and {} {}", name(a), name(b), ends(figure));
                view! {
                    <td class=class title=title>
                        {statistic(value)}
                    </td>
                }
                .into_any()
            }
            None => {
                let why = if pair.n_items < mean.least_items {
                    format!("items that both answered: {}; κ needs {}", pair.n_items, mean.least_items)
                } else {
                    figure.reason.clone().unwrap_or_default()
                };
                view! {
                    <td class="self" title=why>
                        "–"
                    </td>
                }
                .into_any()
            }
        }
    };
    let rows: Vec<_> = shown
        .iter()
        .map(|a| {
            view! {
                <tr>
                    <th scope="row" class="quiet" dir="auto">
                        {name(*a)}
                    </th>
                    {shown.iter().map(|b| cell(*a, *b)).collect::<Vec<_>>()}
                </tr>
            }
        })
        .collect();
    let head: Vec<_> = shown
        .iter()
        .map(|person| {
            view! {
                <th scope="col" class="quiet" dir="auto">
                    {name(*person)}
                </th>
            }
        })
        .collect();
    view! {
        <section class="sheet" aria-labelledby="k-h">
            <h2 id="k-h">"Between people"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Cohen’s kappa between people">
                <table class="heat">
                    <caption class="vh">"Cohen’s κ for each pair of people"</caption>
                    <thead>
                        <tr>
                            <th scope="col">
                                <span class="quiet">"κ"</span>
                            </th>
                            {head}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="key" aria-hidden="true">
                <span>"0"</span>
                {(2..=10).map(|i| view! { <i class=format!("h{i}")></i> }).collect::<Vec<_>>()}
                <span>"1"</span>
            </p>
            <p class="quiet">{mean_says(mean)}</p>
        </section>
    }
    .into_any()
}

/// `Mean κ .61, weighted by shared items, of 5 of 6 pairs. …`
fn mean_says(mean: MeanFigure) -> String {
    let least = format!("Pairs that share fewer than {} items, or have no κ, don’t count.", mean.least_items);
    match mean.value {
        Some(value) => format!(
            "Mean κ {}, weighted by shared items, of {} of {} pairs. {least}",
            statistic(value),
            grouped(mean.n_counted as i64),
            grouped(mean.n_pairs as i64),
        ),
        None => format!("No pair counts, so there is no mean κ. {least}"),
    }
}

fn labels(agreement: &Agreement, target: f64) -> AnyView {
    let rows: Vec<_> = agreement
        .labels
        .iter()
        .map(|label| {
            let figure = &label.alpha;
            let is_low = figure.value.is_some_and(|v| v < target);
            let low_class = is_low.then_some("low");
            let class = if is_low { "n down" } else { "n" };
            let interval = match (figure.low, figure.high) {
                (Some(low), Some(high)) => format!("{} – {}", statistic(low), statistic(high)),
                _ => String::new(),
            };
            view! {
                <tr>
                    <th scope="row">{named_tag(&label.name, label.hue, label.other)}</th>
                    <td class="plot">
                        <svg class="chart" height="38" aria-hidden="true">
                            <line class="target" x1=place(target) x2=place(target) y1="0" y2="38"></line>
                            <g class=low_class>{dot(figure, 19)}</g>
                        </svg>
                    </td>
                    <td class=class title=figure.reason.clone()>
                        {figure.value.map_or_else(|| "–".to_owned(), statistic)}
                    </td>
                    <td class="n quiet">{interval}</td>
                    <td class="n">{grouped(label.n_answers as i64)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section class="sheet" aria-labelledby="l-h">
            <div class="sec">
                <h2 id="l-h">"By label"</h2>
                <span class="quiet">
                    {format!("left of the dotted line ({}) wants a clearer definition", statistic(target))}
                </span>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="Agreement by label">
                <table class="table dots">
                    <thead>
                        <tr>
                            <th scope="col">"Label"</th>
                            <th scope="col" class="plot">
                                <svg class="chart" height="16" aria-hidden="true">
                                    <text x="0" y="12">
                                        "0"
                                    </text>
                                    <text x=place(target) y="12" text-anchor="middle">
                                        {statistic(target)}
                                    </text>
                                    <text x="100%" y="12" text-anchor="end">
                                        "1"
                                    </text>
                                </svg>
                                <span class="vh">"Interval"</span>
                            </th>
                            <th scope="col" class="n">
                                "α"
                            </th>
                            <th scope="col" class="n">
                                "95%"
                            </th>
                            <th scope="col" class="n">
                                "Answers"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn people(agreement: &Agreement) -> AnyView {
    let rows: Vec<_> = agreement
        .people
        .iter()
        .map(|person| {
            let seconds = person.median_seconds.map_or_else(|| "–".to_owned(), |s| format!("{s:.1} s"));
            view! {
                <tr>
                    <th scope="row" dir="auto">
                        {person.name.clone()}
                    </th>
                    <td class="n">{grouped(person.n_answers as i64)}</td>
                    <td class="n">{seconds}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section class="sheet" aria-labelledby="p-h">
            <h2 id="p-h">"People"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Figures of each person">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col" class="n">
                                "Independent answers"
                            </th>
                            <th scope="col" class="n">
                                "Median time"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
