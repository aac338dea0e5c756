//! The map as a drawing that needs nothing but itself: no script, no font, no style from elsewhere.

use super::find::Found;
use learn::map::{Map, MapError};
use std::fmt::Write;

/// Half the side of the square that holds the points, and the whole drawing around it.
const HALF: f32 = 480.0;
const SIDE: f32 = 1_000.0;
/// More points than this can't be told apart, and the file would be large: every so many-th is drawn.
const MOST_POINTS: usize = 20_000;
/// More names than this would lie on top of each other.
const MOST_NAMES: usize = 30;

pub fn draw(found: &Found, seed: u64) -> Result<String, MapError> {
    let places = Map::seeded(seed).draw(found.vectors.view())?;
    let mut points: Vec<Vec<[f32; 2]>> = vec![Vec::new(); found.groups.len()];
    let step = places.len().div_ceil(MOST_POINTS).max(1);
    for (place, &row) in places.iter().zip(&found.rows).step_by(step) {
        if let Some(cluster) = found.clusters[row] {
            points[cluster as usize].push(place.map(|x| SIDE / 2.0 + x * HALF));
        }
    }
    Ok(svg(found, &points, places.len()))
}

fn svg(found: &Found, points: &[Vec<[f32; 2]>], n: usize) -> String {
    let mut svg = String::new();
    let about = format!("{n} texts in {} clusters", found.groups.len());
    let drawn: usize = points.iter().map(Vec::len).sum();
    let width = if drawn > 5_000 { 4 } else { 7 };
    // A String takes everything: writing to it does not fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{about}">
<title>{about}</title>
<style>
  .ground {{ fill: #fff }}
  path {{ fill: none; stroke-width: {width}; stroke-linecap: round; stroke-opacity: .75 }}
  path:hover {{ stroke-opacity: 1; stroke-width: {} }}
  text {{ font: 600 15px system-ui, sans-serif; text-anchor: middle; fill: #1b1b1b; stroke: #fff; stroke-width: 4;
    stroke-linejoin: round; paint-order: stroke; pointer-events: none }}
  @media (prefers-color-scheme: dark) {{
    .ground {{ fill: #17181b }}
    text {{ fill: #f2f2f2; stroke: #17181b }}
  }}
</style>
<rect class="ground" width="{SIDE}" height="{SIDE}"/>
"##,
        width + 3
    );
    for (number, (group, points)) in found.groups.iter().zip(points).enumerate() {
        if points.is_empty() {
            continue;
        }
        // Lines of no length with round ends: points, at a few bytes each.
        let path: String = points.iter().map(|[x, y]| format!("M{x:.1} {y:.1}h0")).collect();
        let words = escape(&group.keywords.join(", "));
        let _ = writeln!(
            svg,
            r#"<path stroke="{}" d="{path}"><title>Cluster {number}: {} texts. {words}</title></path>"#,
            color(number),
            group.size
        );
    }
    for (group, points) in found.groups.iter().zip(points).take(MOST_NAMES) {
        let (Some(name), false) = (group.keywords.first(), points.is_empty()) else { continue };
        let [x, y] = [0, 1].map(|axis| {
            let mut along: Vec<f32> = points.iter().map(|point| point[axis]).collect();
            let middle = along.len() / 2;
            *along.select_nth_unstable_by(middle, f32::total_cmp).1
        });
        let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}">{}</text>"#, escape(name));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Hues a golden angle apart, so that numbers near each other never look alike; light enough for a dark ground and dark
/// enough for a light one.
fn color(number: usize) -> String {
    let hue = (number as f32 * 137.508) % 360.0;
    let lightness = [48, 58, 42][number / 12 % 3];
    format!("hsl({hue:.0} 62% {lightness}%)")
}

/// Text that XML takes as text and nothing else.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 has no way to write these.
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
