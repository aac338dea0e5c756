//! Cohen’s κ between people.

use super::interval::ends;
use crate::parts::numbers::{grouped, statistic};
use domain::PersonId;
use leptos::prelude::*;
use std::collections::HashMap;
use workflow::agree::measure::{Agreement, MeanFigure, PairFigure};

pub fn between(agreement: &Agreement) -> AnyView {
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
