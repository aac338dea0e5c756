//! The map as the server draws it: a random sample of the points, and the names that fit. It is what stands there without
//! a script, and until the script has drawn its own.

use super::list::{hue_of, short_title};
use super::shown::Shown;
use crate::parts::shortened;
use leptos::prelude::*;
use std::fmt::Write;
use workflow::discover::name_width;

/// Half of the range of places.
const MIDDLE: f64 = 32_767.5;
/// Label hues.
const HUES: usize = 8;

pub fn picture(shown: &Shown) -> AnyView {
    let level = shown.asked.level;
    let visible = shown.run.shown(level);
    // Leaves say which of the shown groups a point is in.
    let ranges: Vec<(i64, i64, usize, bool)> = visible
        .iter()
        .flat_map(|&at| {
            let node = &shown.run.groups[at];
            let hue = usize::from(hue_of(&node.group.id.to_string())) % HUES;
            let dim = shown.asked.group.is_some_and(|group| group != node.group.id);
            node.leaves.iter().map(move |&(first, last)| (first, last, hue, dim))
        })
        .collect();
    let mut paths = vec![String::new(); HUES * 2];
    for &(x, y, leaf) in shown.points {
        let of = ranges.iter().find(|(first, last, ..)| (*first..=*last).contains(&leaf));
        let (hue, dim) = of.map_or((0, true), |&(.., hue, dim)| (hue, dim));
        let (x, y) = (f64::from(x) / MIDDLE - 1.0, 1.0 - f64::from(y) / MIDDLE);
        let _ = write!(paths[hue + if dim { HUES } else { 0 }], "M{x:.3} {y:.3}h0");
    }
    let paths: Vec<_> = paths
        .into_iter()
        .enumerate()
        .filter(|(_, path)| !path.is_empty())
        .map(|(at, path)| {
            let color = format!("var(--l{})", at % HUES + 1);
            let opacity = if at >= HUES { "0.16" } else { "0.55" };
            view! {
                <path d=path stroke=color stroke-opacity=opacity stroke-width="0.014" stroke-linecap="round" fill="none" />
            }
        })
        .collect();
    // The picture is shown at about this many pixels: names with room at that zoom are written.
    let zoom = 330.0;
    let names: Vec<_> = shown
        .run
        .groups
        .iter()
        .filter(|node| node.has_name_on_map && node.group.zoom_from <= zoom && zoom < node.group.zoom_to)
        .map(|node| {
            let (x, y) = (node.group.x, -node.group.y);
            let letters = (name_width(&node.group.words.0.keywords) / 7.5) as usize;
            let name = shortened(&short_title(&node.group), letters);
            view! {
                <text x=format!("{x:.3}") y=format!("{y:.3}") text-anchor="middle" font-size="0.036">
                    {name}
                </text>
            }
        })
        .collect();
    let label = format!("Map of {} items in {} groups", shown.run.row.n_items, visible.len());
    view! {
        <svg viewBox="-1.05 -1.05 2.1 2.1" role="img" aria-label=label preserveAspectRatio="xMidYMid meet">
            <g>{paths}</g>
            <g class="names" aria-hidden="true">
                {names}
            </g>
        </svg>
    }
    .into_any()
}
