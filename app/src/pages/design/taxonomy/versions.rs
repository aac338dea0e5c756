//! The versions that were published.

use super::steps::step_view;
use crate::parts::pager::next;
use crate::parts::times::moment;
use domain::Time;
use leptos::prelude::*;
use store::design::taxonomies::VersionRow;

pub fn history(versions: &[VersionRow], base: &str) -> Option<AnyView> {
    let rows: Vec<_> = versions
        .iter()
        .map(|version| {
            let steps: Vec<_> = version.operations.0.iter().map(|step| view! { <li>{step_view(step)}</li> }).collect();
            let n = steps.len();
            view! {
                <li>
                    <b>{format!("Version {}", version.number)}</b>
                    <span class="quiet">
                        {moment(Time(version.published_at))}
                        {version.published_by.clone().map(|by| format!(", {by}"))}
                    </span>
                    {(!version.note.is_empty()).then(|| view! { <p dir="auto">{version.note.clone()}</p> })}
                    <details>
                        <summary>{if n == 1 { "1 change".to_owned() } else { format!("{n} changes") }}</summary>
                        <ul class="ops">{steps}</ul>
                    </details>
                </li>
            }
        })
        .collect();
    let older = versions.last().map(|version| version.number).filter(|number| *number > 1).map(|number| {
        let to = format!("{base}?before={number}#versions-h");
        view! { <p>{next(to, "Older →")}</p> }
    });
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="versions-h">
                <h2 id="versions-h">"Versions"</h2>
                <ol class="history stack tight">{rows}</ol>
                {older}
            </section>
        }
        .into_any()
    })
}
