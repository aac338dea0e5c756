//! What the map asks for: groups, points, colours, the members of a selection, one point.

use crate::pages::discover::address::{run_of, steps};
use crate::web::error::PageResult;
use crate::web::page::ProjectPage;
use crate::web::route::{Need, Route};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::response::IntoResponse;
use domain::discover::selection::Selection;
use domain::permission::Act;
use http::header;
use serde::Serialize;
use workflow::discover::{self, ColourBy, LeafCodes, Node, name_width};
use workflow::{Error, Thing};

pub fn routes() -> Vec<Route> {
    let see = Need::Project(Act::SeeOthers);
    vec![
        Route::get("/p/{slug}/discover/{run}/nodes", see, nodes),
        Route::get("/p/{slug}/discover/{run}/points", see, points),
        Route::get("/p/{slug}/discover/{run}/colors", see, colors),
        Route::get("/p/{slug}/discover/{run}/mask", see, mask),
        Route::get("/p/{slug}/discover/{run}/point", see, point),
    ]
}

/// A group as the map reads it (see `public/discover.js`).
#[derive(Serialize)]
struct WireNode<'n> {
    id: String,
    first: i64,
    last: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<(i64, i64)>,
    from: i64,
    to: i64,
    into: Option<String>,
    size: i64,
    name: Option<&'n str>,
    words: &'n [String],
    x: f64,
    y: f64,
    zoom: (f64, f64),
    width: f32,
    tight: f64,
    steady: Option<f64>,
    honest: Option<f64>,
    labeled: f64,
    new: i64,
    aside: bool,
}

#[derive(Serialize)]
struct Wire<'n> {
    grains: domain::discover::Grains,
    most: usize,
    nodes: Vec<WireNode<'n>>,
}

fn wire<'n>(node: &'n Node, codes: &LeafCodes) -> WireNode<'n> {
    let group = &node.group;
    let leaves: Vec<(i64, i64)> = node.leaves.iter().map(|range| codes.range(*range)).collect();
    let (first, last) = leaves.first().copied().unwrap_or((0, -1));
    let labeled = node.n_labeled.unwrap_or(0) as f64 / group.size.max(1) as f64;
    WireNode {
        id: group.id.to_string(),
        first,
        last,
        parts: if leaves.len() > 1 { leaves } else { Vec::new() },
        from: group.from_groups,
        to: group.to_groups,
        into: group.into_id.map(|id| id.to_string()),
        size: group.size,
        name: group.name.as_deref(),
        words: &group.words.0.keywords,
        x: group.x,
        y: group.y,
        zoom: if node.has_name_on_map { (group.zoom_from, group.zoom_to) } else { (0.0, 0.0) },
        width: name_width(&group.words.0.keywords),
        tight: group.tightness,
        steady: group.stability,
        honest: group.honesty,
        labeled,
        new: group.n_joined,
        aside: group.aside,
    }
}

async fn nodes(page: ProjectPage, Path((_, run)): Path<(String, String)>) -> PageResult {
    let run = run_of(&run)?;
    let (_, outcome, nodes) = discover::nodes(page.instance(), page.actor(), page.project.id, run).await?;
    let codes = LeafCodes::of(nodes.iter().flat_map(|node| &node.leaves));
    let wire = Wire {
        grains: outcome.grains,
        most: outcome.n_leaves,
        nodes: nodes.iter().map(|node| wire(node, &codes)).collect(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(wire)).into_response())
}

fn bytes(bytes: Vec<u8>) -> PageResult {
    let head = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((head, bytes).into_response())
}

async fn points(page: ProjectPage, Path((_, run)): Path<(String, String)>) -> PageResult {
    let (points, codes) =
        discover::points(page.instance(), page.actor(), page.project.id, run_of(&run)?).await?;
    bytes(points.to_bytes(&codes))
}

fn value(query: Option<&str>, wanted: &str) -> Option<String> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

async fn colors(
    page: ProjectPage,
    Path((_, run)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> PageResult {
    let run = run_of(&run)?;
    let by = value(query.as_deref(), "by").and_then(|by| ColourBy::read(&by));
    let by =
        by.ok_or_else(|| Error::invalid("by", "Colour by label, labeled, time, agreement or field:NAME."))?;
    let colours = discover::colours(page.instance(), page.actor(), page.project.id, run, &by).await?;
    let legend: Vec<serde_json::Value> = colours
        .legend
        .iter()
        .map(|entry| serde_json::json!({ "name": entry.name, "hue": entry.hue }))
        .collect();
    let kind = if colours.is_scale { "scale" } else { "categories" };
    let head = serde_json::json!({ "legend": legend, "kind": kind }).to_string();
    let mut body = Vec::with_capacity(4 + head.len() + colours.values.len());
    body.extend((head.len() as u32).to_le_bytes());
    body.extend(head.as_bytes());
    body.extend(colours.values);
    bytes(body)
}

async fn mask(
    page: ProjectPage,
    Path((_, run)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> PageResult {
    let steps = steps(query.as_deref().unwrap_or_default());
    let selection =
        Selection::read(Some(run_of(&run)?), &steps).map_err(|bad| Error::invalid("sel", bad.to_string()))?;
    let selected = discover::select(page.instance(), page.actor(), page.project.id, &selection).await?;
    bytes(selected.points.mask_bytes(&selected.held))
}

async fn point(
    page: ProjectPage,
    Path((_, run)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> PageResult {
    let number = value(query.as_deref(), "i").and_then(|i| i.parse().ok());
    let number = number.ok_or(Error::NotFound(Thing::Item))?;
    let point =
        discover::point(page.instance(), page.actor(), page.project.id, run_of(&run)?, number).await?;
    let body = serde_json::json!({
        "text": crate::parts::shortened(&point.text, 400),
        "href": page.path(&format!("/items/{}", point.item)),
        "near": point.near,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
