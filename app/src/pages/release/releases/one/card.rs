//! A release that is whole: its labels, its files, its card, and what it was made from.

use crate::pages::release::releases::marks::short;
use crate::parts::facts::fact;
use crate::parts::labels::{hue_class, named_tag};
use crate::parts::numbers::{bytes, grouped};
use crate::parts::table::{Table, figures, words};
use domain::LabelId;
use domain::project::Task;
use domain::release::Split;
use domain::taxonomy::Taxonomy;
use leptos::prelude::*;
use workflow::release::{Manifest, Release};

pub fn whole(
    release: &Release,
    manifest: &Manifest,
    taxonomy: &Taxonomy,
    at: &str,
    project: &str,
    api: &str,
) -> AnyView {
    view! {
        <div class="aside">
            <div class="stack">
                {labels(manifest, taxonomy)} {files(release, at)} {lines(api)}
            </div>
            <div class="stack">{card(release, manifest)} {lineage(manifest, project)}</div>
        </div>
    }
    .into_any()
}

fn labels(manifest: &Manifest, taxonomy: &Taxonomy) -> AnyView {
    let n = |split: Split, label: LabelId| -> i64 {
        let of_split = manifest.splits.iter().filter(|s| s.split == split).flat_map(|s| &s.labels);
        of_split.filter(|l| l.id == label).map(|l| l.n).sum()
    };
    let all = |label: LabelId| -> i64 { Split::ALL.iter().map(|s| n(*s, label)).sum() };
    let offered = taxonomy.offered();
    let most = offered.iter().map(|l| all(l.id)).max().unwrap_or(0).max(1);
    let rows: Vec<_> = offered
        .iter()
        .map(|label| {
            let total = all(label.id);
            let width = format!("{:.1}%", total as f64 * 100.0 / most as f64);
            let hue = format!("chart {}", hue_class(label.hue, label.other));
            view! {
                <tr>
                    <th scope="row">{named_tag(&label.name, label.hue, label.other)}</th>
                    {Split::ALL.map(|split| view! { <td class="n">{grouped(n(split, label.id))}</td> })}
                    <td class="n">{grouped(total)}</td>
                    <td>
                        <svg class=hue width="120" height="8" aria-hidden="true">
                            <rect class="fill" width=width height="8" rx="2"></rect>
                        </svg>
                    </td>
                </tr>
            }
        })
        .collect();
    let rows_of =
        |split: Split| -> i64 { manifest.splits.iter().filter(|s| s.split == split).map(|s| s.n_rows).sum() };
    let mut columns = vec![words("Label")];
    columns.extend(Split::ALL.map(|split| figures(split.as_str())));
    columns.extend([figures("all"), words("share")]);
    let sums = view! {
        <tr>
            <th scope="row">"Items"</th>
            {Split::ALL.map(|split| view! { <td class="n">{grouped(rows_of(split))}</td> })}
            <td class="n">{grouped(manifest.n_rows)}</td>
            <td></td>
        </tr>
    };
    view! {
        <section>
            <h2>"Labels by split"</h2>
            {Table::new("Labels by split", columns).foot(sums).rows(rows)}
        </section>
    }
    .into_any()
}

fn files(release: &Release, at: &str) -> AnyView {
    let rows: Vec<_> = release
        .files
        .iter()
        .map(|file| {
            view! {
                <tr>
                    <td>
                        <a href=format!("{at}/files/{}", file.path) download=file.path.clone()>
                            {file.path.clone()}
                        </a>
                    </td>
                    <td class="n">{file.n_rows.map_or_else(|| "—".to_owned(), grouped)}</td>
                    <td class="n">{bytes(file.bytes)}</td>
                    <td>
                        <code class="hash" title=file.hash.clone()>
                            {short(&file.hash)}
                        </code>
                    </td>
                </tr>
            }
        })
        .collect();
    view! {
        <section>
            <h2>"Files"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Files">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"File"</th>
                            <th scope="col" class="n">
                                "Rows"
                            </th>
                            <th scope="col" class="n">
                                "Size"
                            </th>
                            <th scope="col">"BLAKE3"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// What to copy into a terminal or a notebook.
fn lines(api: &str) -> AnyView {
    let curl = format!("curl -H \"Authorization: Bearer $ASSAY_TOKEN\" -O \\\n  {api}/train.jsonl");
    let python = format!(
        "import os, pandas as pd\nauth = {{\"Authorization\": \"Bearer \" + os.environ[\"ASSAY_TOKEN\"]}}\ntrain = \
         pd.read_json(\"{api}/train.jsonl\", lines=True,\n                     storage_options=auth)"
    );
    view! {
        <section class="stack tight" aria-labelledby="use-h">
            <h2 id="use-h">"Use it"</h2>
            <div class="code">
                <pre tabindex="0" aria-label="curl">
                    <code>{curl}</code>
                </pre>
            </div>
            <div class="code">
                <pre tabindex="0" aria-label="Python">
                    <code>{python}</code>
                </pre>
            </div>
            <p class="quiet">"A token with the scope read is made in the project’s settings."</p>
        </section>
    }
    .into_any()
}

fn card(release: &Release, manifest: &Manifest) -> AnyView {
    let task = match manifest.project.task {
        Task::Single => "one label an item",
        Task::Multi => "any number of labels an item",
    };
    let states: Vec<&str> = manifest.states.iter().map(|s| s.title()).collect();
    let control: i64 = manifest.splits.iter().filter(|s| s.split != Split::Train).map(|s| s.n_control).sum();
    let hash = release.hash.clone().unwrap_or_default();
    view! {
        <section class="sheet">
            <h2>"Card"</h2>
            <dl class="facts">
                {fact("Task", task)}
                {fact("Items", format!("{}, {}", grouped(manifest.n_rows), states.join(" or ")))}
                {fact("Control", format!("{} in validation and test", grouped(control)))}
                {fact("Answers", grouped(manifest.lineage.n_answers))}
                {fact("People", grouped(manifest.lineage.n_annotators))}
                {(manifest.n_left_out > 0)
                    .then(|| {
                        view! {
                            {fact("Left out", format!("{} with a retired label", grouped(manifest.n_left_out)))}
                        }
                    })}
                <dt>"Hash"</dt>
                <dd>
                    <code class="hash" title=hash.clone()>
                        {short(&hash)}
                    </code>
                </dd>
            </dl>
        </section>
    }
    .into_any()
}

fn lineage(manifest: &Manifest, project: &str) -> AnyView {
    let from = &manifest.lineage;
    let sources: Vec<_> =
        from.sources.iter().map(|s| format!("{} ({} items)", s.name, grouped(s.n_rows))).collect();
    let queues: Vec<_> =
        from.queues.iter().map(|q| format!("{} ({} answers)", q.name, grouped(q.n_answers))).collect();
    let bulk: Vec<_> = from
        .bulk
        .iter()
        .map(|b| {
            let (right, drawn) = (b.n_right, b.n_drawn);
            let interval = format!("{:.2} to {:.2}", b.low, b.high);
            format!(
                "{} ({} items at once; {right} of {drawn} judged were right, {interval})",
                b.label,
                grouped(b.n_rows)
            )
        })
        .collect();
    let step = |name: &'static str, what: Vec<String>| {
        (!what.is_empty()).then(|| {
            view! {
                <li>
                    <b>{name}</b>
                    <span dir="auto">{what.join(", ")}</span>
                </li>
            }
        })
    };
    view! {
        <section>
            <h2>"Lineage"</h2>
            <ol class="lineage">
                <li>
                    <b>"taxonomy"</b>
                    <span>
                        <a href=format!("{project}/taxonomy")>{format!("Version {}", from.taxonomy_version)}</a>
                    </span>
                </li>
                {step("queues", queues)}
                {step("bulk labels", bulk)}
                {step("sources", sources)}
                <li>
                    <b>"program"</b>
                    <span class="mono">{from.program.clone()}</span>
                </li>
            </ol>
        </section>
    }
    .into_any()
}
