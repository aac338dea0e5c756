//! The opened group: its words, items that show what it is and is not, and what can be done with it.

use super::label_forms::{hidden, label_forms};
use super::shown::Shown;
use crate::parts::numbers::grouped;
use crate::parts::shortened;
use crate::parts::times::moment;
use crate::web::page::ProjectPage;
use domain::discover::GroupOrigin;
use domain::permission::Act;
use leptos::prelude::*;
use store::data::items::ItemRow;
use workflow::discover::{GroupPage, Node};

/// Characters of a sample.
const SHOWN: usize = 220;

pub fn panel(shown: &Shown, open: &GroupPage, page: &ProjectPage, base: &str) -> AnyView {
    let group = &open.group;
    let at = format!("{base}/groups/{}", group.id);
    let back = format!("{base}?{}", shown.asked.query());
    let named = group.name.is_some();
    let items = page.path("/items");
    view! {
        <div class="sec">
            <h2 dir="auto">{group.title()}</h2>
            <a class="btn small bare" href=format!("{base}?{}", shown.asked.with_group(None)) data-close>
                "Close"
            </a>
        </div>
        <p class="group-facts">
            <span class="num">{grouped(group.size)}</span>
            " items · "
            {steady(group.stability)}
            " · tightness "
            <span class="num">{hundredths(group.tightness)}</span>
            {group
                .honesty
                .map(|honest| view! { " · map shows "<span class="num">{whole_percent(honest)}</span>" of the neighbours" })}
            {torn(group.honesty)}
        </p>
        <p dir="auto">
            {named.then(|| view! { <span class="quiet">{group.words.0.keywords.join(", ")}</span> })}
        </p>
        {contrast(open, shown, base)}
        {samples("Typical", &open.typical, &items, "")}
        {acts(shown, open, page, &at, &back)}
        {samples("At its edge", &open.edge, &items, "In it, and farthest from its middle.")}
        {samples("Just outside", &open.outside, &items, "Not in it, and nearest.")}
        {skews(open)}
        {times(open)}
        {history(open)}
    }
    .into_any()
}

fn hundredths(value: f64) -> String {
    format!("{value:.2}").trim_start_matches('0').to_owned()
}

fn whole_percent(value: f64) -> String {
    format!("{:.0}%", value * 100.0)
}

/// How often the group is found again in subsamples.
fn steady(stability: Option<f64>) -> AnyView {
    match stability {
        Some(value) if value >= 0.75 => {
            view! { <span class="good-words">"steady "{hundredths(value)}</span> }.into_any()
        }
        Some(value) if value >= 0.5 => view! { <span>"fairly steady "{hundredths(value)}</span> }.into_any(),
        Some(value) => view! { <span class="bad-words">"shaky "{hundredths(value)}</span> }.into_any(),
        None => view! { <span class="quiet">"stability not measured"</span> }.into_any(),
    }
}

fn torn(honesty: Option<f64>) -> Option<AnyView> {
    honesty
        .filter(|honest| *honest < 0.15)
        .map(|_| view! { " "<span class="bad-words">"torn on the map: trust the list"</span> }.into_any())
}

fn contrast(open: &GroupPage, shown: &Shown, base: &str) -> Option<AnyView> {
    let words = &open.group.words.0.contrast;
    let sibling = open.sibling.as_ref()?;
    if words.is_empty() {
        return None;
    }
    let to = format!("{base}?{}", shown.asked.with_group(Some(sibling.id)));
    let (sibling, words) = (sibling.title(), words.join(", "));
    Some(
        view! {
            <p class="contrast">
                "Unlike "<a href=to dir="auto">{sibling}</a>": "<span dir="auto">{words}</span>
            </p>
        }
        .into_any(),
    )
}

fn samples(title: &'static str, rows: &[ItemRow], items: &str, why: &'static str) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            view! {
                <li>
                    <a href=format!("{items}/{}", row.id) dir="auto">
                        {shortened(&row.text, SHOWN)}
                    </a>
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <h3>
                {title} {(!why.is_empty()).then(|| view! { <small class="quiet">{format!(" {why}")}</small> })}
            </h3>
            <ul class="samples">{rows}</ul>
        }
        .into_any(),
    )
}

fn skews(open: &GroupPage) -> Option<AnyView> {
    if open.skews.is_empty() {
        return None;
    }
    let rows: Vec<_> = open
        .skews
        .iter()
        .map(|skew| {
            view! {
                <li>
                    <span dir="auto">{format!("{} = {}", skew.name, shortened(&skew.value, 40))}</span>
                    " "
                    <span class="num">{whole_percent(skew.share)}</span>
                    <span class="quiet">{format!(" of its items, {} of all", whole_percent(skew.overall))}</span>
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <h3>
                "More often here"
                <small class="quiet">{format!(" Of {} items drawn.", grouped(open.n_sampled as i64))}</small>
            </h3>
            <ul class="skews">{rows}</ul>
        }
        .into_any(),
    )
}

/// Its share over time beside that of the whole run, as small bars.
fn times(open: &GroupPage) -> Option<AnyView> {
    let (first, last) = open.span?;
    let most = open.times.iter().flat_map(|(a, b)| [*a, *b]).fold(0.0_f64, f64::max);
    if open.times.is_empty() || most <= 0.0 {
        return None;
    }
    let bars: Vec<_> = open
        .times
        .iter()
        .enumerate()
        .map(|(at, (own, all))| {
            let bar = |share: f64, x: f64, class: &'static str| {
                let height = share / most * 40.0;
                view! {
                    <rect
                        class=class
                        x=format!("{x:.1}")
                        y=format!("{:.1}", 40.0 - height)
                        width="8"
                        height=format!("{height:.1}")
                    />
                }
            };
            let x = at as f64 * 20.0;
            view! { {bar(*own, x, "own")} {bar(*all, x + 8.5, "all")} }
        })
        .collect();
    let (first, last) = (domain::Time(first).date(), domain::Time(last).date());
    let label = format!("Share of its items and of all items, from {first} to {last}");
    Some(
        view! {
            <h3>"Over time"</h3>
            <figure class="times">
                <svg viewBox="0 0 240 42" role="img" aria-label=label preserveAspectRatio="none">
                    {bars}
                </svg>
                <figcaption class="quiet">{first} " to " {last} ", beside all items"</figcaption>
            </figure>
        }
        .into_any(),
    )
}

fn history(open: &GroupPage) -> Option<AnyView> {
    if open.acts.is_empty() {
        return None;
    }
    let rows: Vec<_> = open
        .acts
        .iter()
        .map(|act| {
            let who = act.person.clone().unwrap_or_else(|| "the operator".to_owned());
            view! {
                <li>
                    <span dir="auto">{who}</span>
                    {format!(" {} ", act.kind)}
                    <span dir="auto">{act.detail.clone()}</span>
                    " "
                    <span class="quiet">{moment(domain::Time(act.at))}</span>
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <details class="behind">
                <summary>"What was done with it"</summary>
                <ul class="history">{rows}</ul>
            </details>
        }
        .into_any(),
    )
}

fn acts(shown: &Shown, open: &GroupPage, page: &ProjectPage, at: &str, back: &str) -> Option<AnyView> {
    if !page.may(Act::RunQueues) {
        return None;
    }
    let group = &open.group;
    let level = shown.asked.level.to_string();
    let others = others(shown, group.id);
    let merging = (!others.is_empty()).then(|| {
        view! {
            <form method="post" action=format!("{at}/merge") class="inline-act">
                {hidden("back", back.to_owned())} {hidden("k", level.clone())}
                <label for="merge-other">"Merge with"</label>
                <select id="merge-other" name="other">
                    {others}
                </select>
                <button class="btn small">"Merge"</button>
            </form>
        }
    });
    let splitting = (open.can_split).then(|| {
        let words = if group.origin == GroupOrigin::Merged { "Take apart" } else { "Split further" };
        view! {
            <form method="post" action=format!("{at}/split")>
                {hidden("back", back.to_owned())} {hidden("k", level.clone())} <button class="btn small">{words}</button>
            </form>
        }
    });
    let (aside, aside_words) = if group.aside { ("back", "Take back") } else { ("aside", "Set aside") };
    Some(
        view! {
            <div class="group-acts">
                <form method="post" action=format!("{at}/name") class="inline-act">
                    {hidden("back", back.to_owned())}
                    <label for="group-name">"Name"</label>
                    <input
                        id="group-name"
                        name="name"
                        maxlength="80"
                        autocomplete="off"
                        value=group.name.clone().unwrap_or_default()
                        placeholder=group.words.0.keywords.first().cloned().unwrap_or_default()
                    />
                    <button class="btn small">"Name it"</button>
                </form>
                {label_forms(page, at, back, shown, group.name.clone().unwrap_or_default())}
                <div class="acts">
                    {splitting}
                    <form method="post" action=format!("{at}/{aside}")>
                        {hidden("back", back.to_owned())} <button class="btn small">{aside_words}</button>
                    </form>
                    <a class="btn small" href=select_address(shown, open)>
                        "Select"
                    </a>
                </div>
                {merging}
            </div>
        }
        .into_any(),
    )
}

/// The same page with the group added to the selection.
fn select_address(shown: &Shown, open: &GroupPage) -> String {
    let mut asked = shown.asked.clone();
    asked.steps.push(format!("or.group.{}", open.group.id));
    format!("?{}", asked.query())
}

/// The groups of the level that a group can be merged with: its sibling first, then by their distance on the map.
fn others(shown: &Shown, own: domain::ClusterId) -> Vec<AnyView> {
    let all = &shown.run.groups;
    let Some(this) = all.iter().find(|node| node.group.id == own) else { return Vec::new() };
    let sibling = this.group.words.0.unlike;
    let mut others: Vec<&Node> = shown
        .run
        .shown(shown.asked.level)
        .into_iter()
        .map(|at| &all[at])
        .filter(|node| node.group.id != own)
        .collect();
    let far = |node: &Node| (node.group.x - this.group.x).powi(2) + (node.group.y - this.group.y).powi(2);
    others.sort_by(|a, b| {
        let is_sibling = |node: &Node| Some(node.group.id) != sibling;
        is_sibling(a).cmp(&is_sibling(b)).then(far(a).total_cmp(&far(b)))
    });
    others
        .into_iter()
        .map(|node| {
            view! { <option value=node.group.id.to_string()>{shortened(&node.group.title(), 60)}</option> }
                .into_any()
        })
        .collect()
}
