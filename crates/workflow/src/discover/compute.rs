//! From texts and vectors to a run: groups at every level, their words and samples, a map. Pure: numbers in, numbers out.
//! The same seed gives the same run on any number of threads.

use learn::cluster::{ClusterError, KMeans, Reach, StabilitySpec, micro_clusters, stability};
use learn::keywords::{Balance, Keyword, TermCounts, edge, name_tree, outside, typical};
use learn::map::names::{NameBox, anchor, zoom_intervals};
use learn::map::{HonestySpec, Map, MapError, honesty};
use learn::text::{Features, TfIdf};
use ndarray::Array2;
use thiserror::Error;

/// Codes of neighbouring leaves are so far apart: a person can split a leaf again and again without renumbering.
pub const LEAF_STEP: i64 = 1 << 16;

/// Keywords and contrasting words of a group.
const WORDS: usize = 6;
/// Typical, edge and outside items of a group.
const TYPICAL: usize = 6;
const EDGE: usize = 3;
const OUTSIDE: usize = 3;
/// Rows of a group that are looked at for its samples: evenly drawn from larger groups.
const LOOKED_AT: usize = 3_000;
/// Names on the map: pixels of a letter, of the margin, and of the height.
const LETTER: f32 = 6.6;
const MARGIN: f32 = 16.0;
const HEIGHT: f32 = 22.0;
/// The map fits in a window at the first zoom, and nobody zooms in farther than the last: pixels per map unit.
const ZOOMS: (f32, f32) = (120.0, 60_000.0);
/// Items farther from all groups than this share of the run's own items are *new ground* when they come in.
const REACH: f64 = 0.99;

/// What a run is made of.
pub struct Pile<'a> {
    pub texts: &'a [String],
    /// One row a text.
    pub vectors: Array2<f32>,
    pub seed: u64,
    /// Each text is clustered as the mean of itself and so many nearest texts.
    pub neighbours: usize,
    /// Places of items on the map of the run before.
    pub known: Vec<Option<[f32; 2]>>,
}

#[derive(Debug)]
pub struct Made {
    /// Of each text.
    pub leaves: Vec<i64>,
    /// Of each text, from 0 to 65,535.
    pub places: Vec<(u16, u16)>,
    /// Of each text, to the middle of its leaf.
    pub distances: Vec<f32>,
    /// Parents before their children; the first is the root.
    pub groups: Vec<MadeGroup>,
    pub grains: domain::discover::Grains,
    pub n_leaves: usize,
    /// Share of the true neighbours that are near on the map.
    pub honesty: Option<f32>,
    /// How far from its leaf an item may lie and still belong to it.
    pub reach: f32,
}

#[derive(Debug)]
pub struct MadeGroup {
    /// A place in the list of groups.
    pub parent: Option<usize>,
    pub sibling: Option<usize>,
    pub from_groups: i64,
    pub to_groups: i64,
    pub size: i64,
    pub leaves: (i64, i64),
    pub tightness: f32,
    pub stability: f32,
    pub honesty: Option<f32>,
    pub anchor: [f32; 2],
    pub zoom: (f32, f32),
    pub keywords: Vec<String>,
    pub contrast: Vec<String>,
    /// Rows.
    pub typical: Vec<usize>,
    pub edge: Vec<usize>,
    pub outside: Vec<usize>,
}

/// Why there is no run.
#[derive(Debug, Error)]
pub enum BadPile {
    #[error("The vectors can’t be clustered: {0}.")]
    Cluster(#[from] ClusterError),
    #[error("The map can’t be drawn: {0}.")]
    Map(#[from] MapError),
    #[error("It was stopped.")]
    Stopped,
}

/// Steps of a run, for its progress.
pub const STEPS: [&str; 5] = [
    "Finding groups",
    "Naming groups",
    "Asking whether the groups are stable",
    "Drawing the map",
    "Choosing samples",
];

/// Makes a run. `step` hears the number of each step as it begins, and says whether to go on.
pub fn make(pile: Pile<'_>, step: &(dyn Fn(usize) -> bool + Sync)) -> Result<Made, BadPile> {
    let go_on = |number: usize| if step(number) { Ok(()) } else { Err(BadPile::Stopped) };
    let n = pile.texts.len();
    let seed = pile.seed;
    go_on(0)?;
    let neighbours = pile.neighbours.min(n.saturating_sub(1));
    let (clusters, smoothed) =
        KMeans::new(micro_clusters(n), seed)?.fit_smoothed(pile.vectors.view(), neighbours)?;
    // Of a very large pile the smoothed rows are not kept: a second copy would not fit.
    let vectors = smoothed.as_ref().map_or(pile.vectors.view(), Array2::view);
    let tree = clusters.tree();
    let n_leaves = tree.leaves();
    let n_nodes = n_leaves + tree.merges().len();
    let openings = clusters.openings(&tree);
    let (spans, grains, ranges) = (openings.spans(), openings.grains(), tree.ranges());
    let tightness: Vec<f32> = clusters.nodes(&tree).iter().map(|node| node.tightness).collect();
    let reach = Reach::new(&clusters, REACH).map_or(f32::INFINITY, Reach::distance);

    go_on(1)?;
    let words = words(pile.texts, &clusters.assignment, n_leaves, tree.merges());

    go_on(2)?;
    let spec = StabilitySpec {
        neighbours: if smoothed.is_some() { 0 } else { neighbours },
        ..StabilitySpec::seeded(seed)
    };
    let steady = stability(vectors, &clusters, &tree, spec)?;

    go_on(3)?;
    let map = Map::seeded(seed);
    let places = if pile.known.iter().any(Option::is_some) {
        map.draw_from(pile.vectors.view(), &pile.known)?
    } else {
        map.draw(pile.vectors.view())?
    };
    let measured = honesty(pile.vectors.view(), &places, HonestySpec::seeded(seed))?;
    let mut honest: Vec<Option<f32>> = vec![None; n];
    for (&row, &share) in measured.rows.iter().zip(&measured.shares) {
        honest[row as usize] = Some(share);
    }

    go_on(4)?;
    // Rows by the position of their leaf in the tree's order: the members of a node are one range of this list.
    let position = positions(&ranges, n_leaves);
    let mut by_position: Vec<u32> = (0..n as u32).collect();
    by_position.sort_by_key(|&row| position[clusters.assignment[row as usize] as usize]);
    let starts = starts(&clusters.sizes, &position);
    let members = |node: usize| {
        let (first, end) = ranges[node];
        &by_position[starts[first as usize]..starts[end as usize]]
    };
    // Parents have larger numbers than their children.
    let order: Vec<usize> = (0..n_nodes).rev().collect();
    let place_of = |node: u32| n_nodes - 1 - node as usize;
    let mut parent = vec![None; n_nodes];
    let mut sibling = vec![None; n_nodes];
    for (at, merge) in tree.merges().iter().enumerate() {
        for (child, other) in [(merge.a, merge.b), (merge.b, merge.a)] {
            parent[child as usize] = Some(place_of((n_leaves + at) as u32));
            sibling[child as usize] = Some(other);
        }
    }
    let anchors: Vec<[f32; 2]> = order
        .iter()
        .map(|&node| {
            let own: Vec<[f32; 2]> = members(node).iter().map(|&row| places[row as usize]).collect();
            anchor(&own)
        })
        .collect();
    let boxes: Vec<NameBox> = order
        .iter()
        .zip(&anchors)
        .map(|(&node, anchor)| NameBox {
            parent: parent[node].map(|place| place as u32),
            x: anchor[0],
            y: anchor[1],
            width: name_width(&words[node].0) + MARGIN / 2.0,
            height: HEIGHT,
            size: members(node).len() as u32,
        })
        .collect();
    let zooms = zoom_intervals(&boxes, ZOOMS.0, ZOOMS.1);
    let groups = order
        .iter()
        .enumerate()
        .map(|(place, &node)| {
            let own: Vec<usize> = drawn(members(node));
            let near: Vec<usize> =
                sibling[node].map(|other| drawn(members(other as usize))).unwrap_or_default();
            let known: Vec<f32> = members(node).iter().filter_map(|&row| honest[row as usize]).collect();
            MadeGroup {
                parent: parent[node],
                sibling: sibling[node].map(place_of),
                from_groups: i64::from(spans[node].0),
                to_groups: i64::from(spans[node].1),
                size: members(node).len() as i64,
                leaves: (i64::from(ranges[node].0) * LEAF_STEP, i64::from(ranges[node].1) * LEAF_STEP - 1),
                tightness: tightness[node],
                stability: steady[node],
                honesty: mean(&known),
                anchor: anchors[place],
                zoom: (zooms[place].from, zooms[place].to),
                keywords: words[node].0.clone(),
                contrast: words[node].1.clone(),
                typical: typical(vectors, &own, TYPICAL, Balance::default()),
                edge: edge(pile.vectors.view(), &own, EDGE),
                outside: outside(vectors, &own, &near, OUTSIDE),
            }
        })
        .collect();
    let all: Vec<f32> = honest.iter().copied().flatten().collect();
    Ok(Made {
        leaves: clusters
            .assignment
            .iter()
            .map(|&leaf| i64::from(position[leaf as usize]) * LEAF_STEP)
            .collect(),
        places: places.iter().map(|place| (to_u16(place[0]), to_u16(place[1]))).collect(),
        distances: clusters.distances,
        groups,
        grains: domain::discover::Grains {
            overview: grains.overview as i64,
            themes: grains.themes as i64,
            details: grains.details as i64,
        },
        n_leaves,
        honesty: mean(&all),
        reach,
    })
}

/// How wide the name of a group is on the map, in CSS pixels. It follows from the words alone, so that a new name moves no
/// other one: a longer name is cut off.
pub fn name_width(keywords: &[String]) -> f32 {
    let letters: usize = keywords.iter().take(2).map(|word| word.chars().count() + 2).sum();
    (letters as f32 * LETTER + MARGIN).clamp(84.0, 190.0)
}

/// The words of each node: those that name it, and those that tell it from its sibling.
fn words(
    texts: &[String],
    assignment: &[u32],
    n_leaves: usize,
    merges: &[learn::cluster::Merge],
) -> Vec<(Vec<String>, Vec<String>)> {
    // Characters are left out: nobody reads grams of them.
    let Ok(features) = Features::new(Some(1..=2), None, 1, Some(200_000)) else {
        return vec![Default::default(); n_leaves + merges.len()];
    };
    let (tfidf, rows) = TfIdf::fit(&features, texts);
    let leaf_of: Vec<Option<u32>> = assignment.iter().copied().map(Some).collect();
    let term = |column: usize| Some(tfidf.term(column));
    let counts = TermCounts::new(&rows, &leaf_of, n_leaves, term);
    drop(rows);
    let spelled = |words: Vec<Keyword>| words.iter().map(|word| tfidf.term(word.column).to_owned()).collect();
    name_tree(&counts, merges, term, WORDS)
        .into_iter()
        .map(|node| (spelled(node.keywords), spelled(node.contrast)))
        .collect()
}

/// The position of each leaf in the order of the tree.
fn positions(ranges: &[(u32, u32)], n_leaves: usize) -> Vec<u32> {
    ranges[..n_leaves].iter().map(|range| range.0).collect()
}

/// Where the rows of each position begin, and at last where they end.
fn starts(sizes: &[u32], position: &[u32]) -> Vec<usize> {
    let mut at = vec![0_usize; sizes.len() + 1];
    for (leaf, &size) in sizes.iter().enumerate() {
        at[position[leaf] as usize + 1] = size as usize;
    }
    for next in 1..at.len() {
        at[next] += at[next - 1];
    }
    at
}

/// Rows that are looked at, evenly drawn, in row order.
fn drawn(members: &[u32]) -> Vec<usize> {
    let step = members.len().div_ceil(LOOKED_AT).max(1);
    let mut rows: Vec<usize> = members.iter().step_by(step).map(|&row| row as usize).collect();
    rows.sort_unstable();
    rows
}

fn to_u16(place: f32) -> u16 {
    ((place.clamp(-1.0, 1.0) + 1.0) / 2.0 * f32::from(u16::MAX)).round() as u16
}

/// Back on the map.
pub fn from_u16(place: u16) -> f32 {
    f32::from(place) / f32::from(u16::MAX) * 2.0 - 1.0
}

fn mean(values: &[f32]) -> Option<f32> {
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    (!values.is_empty()).then(|| (sum / values.len() as f64) as f32)
}
