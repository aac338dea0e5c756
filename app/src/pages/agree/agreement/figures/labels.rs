//! Agreement by label.

use super::interval::{dot, place};
use crate::parts::labels::named_tag;
use crate::parts::numbers::{grouped, statistic};
use leptos::prelude::*;
use workflow::agree::measure::Agreement;

pub fn labels(agreement: &Agreement, target: f64) -> AnyView {
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
