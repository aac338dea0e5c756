//! The page of a run.

use super::shown::Shown;
use super::{list, map, panel, selection};
use crate::parts::head::Head;
use crate::parts::numbers::grouped;
use crate::parts::shortened;
use crate::parts::work::under_way;
use crate::web::document::asset;
use crate::web::page::ProjectPage;
use domain::permission::Act;
use leptos::prelude::*;

pub fn view(shown: &Shown, page: &ProjectPage) -> AnyView {
    let run = shown.run;
    let base = page.path(&format!("/discover/{}", run.row.id));
    let n_shown = run.shown(shown.asked.level).len();
    let head = Head::titled("Discover").about(about(shown, page, &base)).acts(acts(page));
    let computing = shown
        .computing
        .and_then(|run| run.job.as_ref())
        .map(|job| under_way(job, &page.project.slug, &page.path("/discover")));
    let group = shown.group.as_ref().map(|open| panel::panel(shown, open, page, &base));
    let op = |op: &'static str, words: &'static str, pressed: &'static str| {
        view! {
            <button type="button" data-op=op aria-pressed=pressed>
                {words}
            </button>
        }
    };
    let open_selection = format!("{base}?{}", shown.asked.query());
    let selected_words = match &shown.selected {
        Some(selected) => format!("{} items", grouped(selected.count as i64)),
        None => "Nothing selected".to_owned(),
    };
    view! {
        <div class="discover" id="discover" data-base=base.clone() data-groups=shown.asked.level.to_string()>
            {head.view()}
            {list::slider(shown, &base, n_shown)}
            {list::groups(shown, &base)}
            <figure class="map" data-map>
                {tools(shown)}
                <div class="map-box">
                    {map::picture(shown)}
                    <p id="map-keys" hidden>
                        {KEYS}
                    </p>
                </div>
                <ul class="tags legend quiet" aria-label="Colours" tabindex="0" hidden></ul>
                <figcaption class="map-note quiet">{note(shown)} " " <span data-drawn-of></span></figcaption>
            </figure>
            <form class="selection" method="get" action=base.clone()>
                <output data-count>{selected_words}</output>
                <input type="search" name="words" aria-label="Words" placeholder="Words" maxlength="200" />
                <button class="btn small" type="button" data-clear>
                    "Clear"
                </button>
                <a class="btn small" data-open href=open_selection>
                    "Open"
                </a>
                <div class="seg" role="group" aria-label="The next step" hidden>
                    {op("new", "New", "true")} {op("or", "Add", "false")} {op("and", "Within", "false")}
                    {op("not", "Without", "false")}
                </div>
                <ol class="sel-steps" aria-label="Steps of the selection" hidden></ol>
            </form>
            <section class="group-panel" id="group" aria-label="Group" tabindex="0">
                {group.unwrap_or_else(nothing_open)}
            </section>
            <p role="status" aria-live="polite" class="map-live vh"></p>
        </div>
        <div class="stack beside-map">
            {computing}
            {selection::selection(shown, page, &base)}
            {saved(shown, page)}
        </div>
        <script type="module" src=asset("discover.js")></script>
    }
    .into_any()
}

const KEYS: &str = "Arrow keys go to the nearest name; with Shift they add it to the selection. Plus and minus zoom, to finer or coarser names; 0 shows the whole map. Enter opens the group, L selects it, Escape clears.";

fn nothing_open() -> AnyView {
    view! {
        <h2>"No group is open"</h2>
        <p class="quiet">"Choose one in the list or on the map."</p>
    }
    .into_any()
}

/// The tools of the map; the script shows them.
fn tools(shown: &Shown) -> AnyView {
    let by = |value: String, words: String| view! { <option value=value>{words}</option> };
    let fields: Vec<_> =
        shown.fields.iter().map(|name| by(format!("field:{name}"), shortened(name, 40))).collect();
    let tool = |what: &'static str, words: &'static str, title: &'static str| {
        let is_mode = matches!(what, "lasso" | "box");
        view! {
            <button
                class="btn small"
                type="button"
                data-do=what
                title=title
                aria-label=(words.chars().count() == 1).then_some(title)
                aria-pressed=is_mode.then_some("false")
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="map-tools" hidden>
            <label class="quiet">
                "Colour by "
                <select name="by">
                    {by("group".into(), "Group".into())} {by("label".into(), "Label".into())}
                    {by("labeled".into(), "Labeled or not".into())} {by("agreement".into(), "Agreement".into())}
                    {by("time".into(), "Time".into())} {fields}
                </select>
            </label>
            <span class="acts">
                {tool("lasso", "Lasso", "Draw around points (Shift and drag)")} {tool("box", "Box", "Select a rectangle")}
                {tool("out", "−", "Zoom out")} {tool("in", "+", "Zoom in")} {tool("fit", "Fit", "Show the whole map")}
            </span>
        </div>
    }
    .into_any()
}

/// What the picture can be trusted for.
fn note(shown: &Shown) -> String {
    let honesty = shown.run.outcome.as_ref().and_then(|outcome| outcome.honesty);
    match honesty {
        Some(honest) => format!(
            "Of ten true neighbours of a text, {:.1} are near it on the map. The groups come from the texts, not from the picture.",
            honest * 10.0
        ),
        None => "The groups come from the texts, not from the picture.".to_owned(),
    }
}

fn about(shown: &Shown, page: &ProjectPage, base: &str) -> AnyView {
    let run = shown.run;
    let n_ground = run.row.n_ground;
    let ground = (n_ground > 0).then(|| {
        let to = format!("{base}?k={}&sel=or.ground", shown.asked.level);
        view! {
            <p>
                {grouped(n_ground)}
                " new items lie far from all groups: "
                <a href=to>"new ground"</a>
                "."
            </p>
        }
    });
    let waiting = (run.n_waiting > 0).then(|| {
        view! {
            <p class="quiet">{grouped(run.n_waiting)} " items came in after this run and join their groups in a moment."</p>
        }
    });
    let runs = page.path("/discover/runs");
    view! {
        <p>
            {grouped(run.row.n_items)} " items, run " {run.row.number} " from " {run.spec.encoder.title()} ", seed "
            {run.spec.seed} ". " <a href=runs>"All runs"</a>
        </p>
        {ground}
        {waiting}
    }
    .into_any()
}

fn acts(page: &ProjectPage) -> AnyView {
    let may_run = page.may(Act::RunQueues);
    let bulks = page.path("/discover/bulk");
    view! {
        <a class="btn" href=bulks>
            "Bulk labels"
        </a>
        {may_run
            .then(|| {
                view! {
                    <a class="btn" href=page.path("/discover/runs")>
                        "New run"
                    </a>
                }
            })}
    }
    .into_any()
}

fn saved(shown: &Shown, page: &ProjectPage) -> Option<AnyView> {
    if shown.saved.is_empty() {
        return None;
    }
    let may_run = page.may(Act::RunQueues);
    let rows: Vec<_> = shown
        .saved
        .iter()
        .map(|slice| {
            let steps = slice.document.0.selection.steps.iter();
            let steps: String = steps
                .map(|step| format!("&sel={}", crate::web::address::percent_encoded(&step.to_string())))
                .collect();
            let run = slice.document.0.selection.run;
            let query = format!("{}{steps}", run.map_or_else(String::new, |run| format!("run={run}")));
            let query = query.trim_start_matches('&').to_owned();
            let remove = may_run.then(|| {
                view! {
                    <form method="post" action=page.path("/discover/slices/remove")>
                        <input type="hidden" name="id" value=slice.id.to_string() />
                        <button class="btn small bare">
                            "Remove" <span class="vh">{format!(" {}", slice.name)}</span>
                        </button>
                    </form>
                }
            });
            view! {
                <li>
                    <a href=format!("{}?{query}", page.path("/items")) dir="auto">
                        {slice.name.clone()}
                    </a>
                    <a class="btn small" href=format!("{}?{query}", page.path("/queues/new"))>
                        "Queue" <span class="vh">{format!(" {}", slice.name)}</span>
                    </a>
                    {remove}
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <section class="sheet" aria-labelledby="saved-h">
                <h2 id="saved-h">"Saved slices"</h2>
                <ul class="saved">{rows}</ul>
            </section>
        }
        .into_any(),
    )
}
