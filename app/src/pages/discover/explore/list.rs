//! The list of groups beside the map, and the slider from coarse to fine.

use super::asked::{Asked, Sort};
use super::shown::Shown;
use crate::parts::numbers::{grouped, percent};
use domain::discover::Grains;
use leptos::prelude::*;
use workflow::discover::{GroupRow, Node};

/// The slider with the three cuts that the run proposes. Without a script it is a form.
pub fn slider(shown: &Shown, base: &str, n_shown: usize) -> AnyView {
    let Shown { run, asked, .. } = shown;
    let grains = run.outcome.as_ref().map_or(Grains { overview: 1, themes: 1, details: 1 }, |o| o.grains);
    let grain = |name: &'static str, level: i64| {
        let asked = Asked { level, ..(*asked).clone() };
        let here = (level == shown.asked.level).then_some("true");
        view! {
            <a href=format!("{base}?{}", asked.query()) data-k=level.to_string() aria-current=here>
                {name}
            </a>
        }
    };
    let sorts: Vec<_> = Sort::ALL
        .iter()
        .map(|(sort, key, words)| {
            view! {
                <option value=*key selected=*sort == asked.sort>
                    {*words}
                </option>
            }
        })
        .collect();
    let kept: Vec<_> = asked
        .steps
        .iter()
        .map(|step| view! { <input type="hidden" name="sel" value=step.clone() /> })
        .collect();
    view! {
        <form class="grain" method="get" action=base.to_owned()>
            <nav class="seg" aria-label="Grain">
                {grain("Overview", grains.overview)} {grain("Themes", grains.themes)} {grain("Details", grains.details)}
            </nav>
            <label for="k">"Coarse to fine"</label>
            <input type="range" id="k" name="k" min="1" max=run.finest().to_string() value=asked.level.to_string() />
            <output for="k">{format!("{n_shown} groups")}</output>
            <label for="sort">"Sort by"</label>
            <select id="sort" name="sort">
                {sorts}
            </select>
            {kept}
            <button class="btn small">"Show"</button>
        </form>
    }
    .into_any()
}

/// The groups of the level, sorted.
pub fn groups(shown: &Shown, base: &str) -> AnyView {
    let Shown { run, asked, .. } = shown;
    let mut nodes: Vec<&Node> = run.shown(asked.level).into_iter().map(|at| &run.groups[at]).collect();
    sort(&mut nodes, asked.sort);
    let rows: Vec<_> = nodes
        .into_iter()
        .map(|node| {
            let group = &node.group;
            let here = asked.group == Some(group.id);
            let share = node.n_labeled.unwrap_or(0) as f64 / group.size.max(1) as f64;
            let labeled = format!("{} labeled", percent(node.n_labeled.unwrap_or(0), group.size.max(1)));
            let small =
                if group.aside { "set aside".to_owned() } else { group.words.0.keywords.join(", ") };
            let tag = format!("tag c{}", hue_of(&group.id.to_string()) + 1);
            view! {
                <li data-id=group.id.to_string() class:on=here>
                    <a href=format!("{base}?{}", asked.with_group(Some(group.id))) aria-current=here.then_some("true")>
                        <b class=tag dir="auto">
                            {short_title(group)}
                        </b>
                        " "
                        <span class="num">{grouped(group.size)}</span>
                        " "
                        <small dir="auto">{small}</small>
                        " "
                        <span class="bar">
                            <progress
                                class="ink"
                                max="1"
                                value=format!("{share:.3}")
                                aria-label=labeled.clone()
                                title=labeled
                            ></progress>
                        </span>
                    </a>
                </li>
            }
        })
        .collect();
    view! {
        <ol class="groups" aria-label="Groups">
            {rows}
        </ol>
    }
    .into_any()
}

/// Name or the first words, as the map writes them.
pub fn short_title(group: &GroupRow) -> String {
    match &group.name {
        Some(name) => name.clone(),
        None if group.words.0.keywords.is_empty() => format!("Group {}", group.id),
        None => group.words.0.keywords.iter().take(2).cloned().collect::<Vec<_>>().join(" · "),
    }
}

/// The hue of a group, 0 to 15: the same as in `public/discover.js` (FNV-1a, folded).
pub fn hue_of(id: &str) -> u8 {
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash ^ (hash >> 15) ^ (hash >> 7)) & 15) as u8
}

fn sort(nodes: &mut [&Node], by: Sort) {
    let key = |node: &Node| match by {
        Sort::Size => node.group.size as f64,
        Sort::Tight => node.group.tightness,
        Sort::Steady => node.group.stability.unwrap_or(0.0),
        Sort::Unlabeled => (node.group.size - node.n_labeled.unwrap_or(0)) as f64,
        Sort::New => node.group.n_joined as f64,
    };
    // Groups that were set aside come last.
    nodes.sort_by(|a, b| {
        a.group
            .aside
            .cmp(&b.group.aside)
            .then(key(b).total_cmp(&key(a)))
            .then(b.group.size.cmp(&a.group.size))
            .then(a.group.id.cmp(&b.group.id))
    });
}
