//! The figures of agreement: each with its interval and what it rests on, each chart with a table behind it.

mod alpha;
mod interval;
mod labels;
mod pairs;

use crate::parts::empty::Empty;
use crate::parts::numbers::grouped;
use crate::parts::table::{Table, figures, words};
use alpha::alpha;
use domain::project::Task;
use labels::labels;
use leptos::prelude::*;
use pairs::between;
use workflow::agree::measure::Agreement;

pub fn view(agreement: &Agreement, task: Task, target: f64, slug: &str) -> AnyView {
    if agreement.n_answers == 0 {
        let words = "Agreement needs items that two people answered without seeing each other’s answers. Open a queue with \
                     two people an item.";
        let to = format!("/p/{slug}/queues");
        return Empty::new("Nothing to compare yet", words).link(to, "To the queues").view();
    }
    view! {
        <div class="two">{alpha(agreement, task, target)} {between(agreement)}</div>
        {labels(agreement, target)}
        {people(agreement)}
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
            {Table::new("Figures of each person", [words("Person"), figures("Independent answers"), figures("Median time")]).rows(rows)}
        </section>
    }
    .into_any()
}
