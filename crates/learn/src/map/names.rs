//! Which names of a merge tree a map shows at which zoom (Been, Daiches and Yap 2006, "Dynamic Map Labeling"): one interval
//! for each name, found once; whoever draws the map only scales.
//!
//! Boxes keep their size on the screen: two of them that don't overlap at one zoom don't overlap at any larger one. So each
//! pair has one zoom from which it is apart, and no view, whatever its place and size, has anything to decide.

mod anchor;
mod place;

pub use anchor::anchor;

use place::Placing;
use std::collections::BinaryHeap;

/// A name that could stand on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NameBox {
    /// The node that this one is a part of.
    pub parent: Option<u32>,
    /// Middle of the box, in units of the map, which spans -1 to 1.
    pub x: f32,
    /// Middle of the box, in units of the map.
    pub y: f32,
    /// In pixels, with the margin that is to stay free.
    pub width: f32,
    /// In pixels, with the margin that is to stay free.
    pub height: f32,
    /// Items of the node: at most as many as those of its parent. Larger ones win.
    pub size: u32,
}

/// The zooms at which a name is shown, in pixels for each unit of the map: `from` ≤ zoom < `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The smallest.
    pub from: f32,
    /// The first at which it is gone; infinite for a name that stays.
    pub to: f32,
}

impl Interval {
    /// Of a name that is never shown.
    pub const NEVER: Self = Self { from: f32::INFINITY, to: f32::INFINITY };

    /// Whether there is no zoom at which the name is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// Whether the name is shown at a zoom.
    #[must_use]
    pub fn contains(&self, zoom: f32) -> bool {
        self.from <= zoom && zoom < self.to
    }
}

/// Children may come at so many times the zoom at which something below them would have room. If they would come later, they
/// are left out and what is below comes instead: a tiny sibling nearby hides no level of a large one.
const PATIENCE: f32 = 2.0;
/// So many nodes are left out at most before a name gives up to be replaced earlier.
const TRIALS: usize = 24;

/// At which zoom each name is shown, between `least` and `most`. At no zoom two shown boxes overlap. A name that is shown
/// stays until two of its descendants or more have room and replace it from that zoom on, its children where possible: the
/// number of names never falls as the zoom grows. Larger groups are placed first, and smaller ones wait until they have
/// room beside them. A node without room, but with room for something below it, is left out ([`Interval::NEVER`]).
///
/// Takes O(n²) time: 4,000 names take well below a second.
///
/// Boxes with places or sizes that aren't finite, and those in or below a circle of parents, are never shown. A parent that
/// does not exist counts as none.
#[must_use]
pub fn zoom_intervals(boxes: &[NameBox], least: f32, most: f32) -> Vec<Interval> {
    let mut placing = Placing::new(boxes, least, most);
    let mut queue: BinaryHeap<Task> = BinaryHeap::new();
    let task =
        |node: u32, at: f32, is_shown: bool| Task { size: boxes[node as usize].size, node, at, is_shown };
    queue.extend(placing.roots().into_iter().map(|node| task(node, least, false)));
    while let Some(Task { node, at, is_shown, .. }) = queue.pop() {
        if is_shown {
            let (shown, waiting) = open(&mut placing, node);
            queue.extend(shown.into_iter().map(|node| task(node, 0.0, true)));
            queue.extend(waiting.into_iter().map(|(node, at)| task(node, at, false)));
            continue;
        }
        let from = placing.room(node, at);
        let children = placing.children(node);
        if !children.is_empty() && from > at.max(PATIENCE * placing.apart_below(node)) {
            queue.extend(children.iter().map(|&child| task(child, at, false)));
        } else if from < most {
            placing.show(node, from);
            queue.push(task(node, 0.0, true));
        }
    }
    placing.into_intervals()
}

/// Something to be done, the largest node first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Task {
    size: u32,
    node: u32,
    /// All its ancestors are gone from this zoom on.
    at: f32,
    /// It is shown, and to be replaced; else it is to be shown.
    is_shown: bool,
}

impl Eq for Task {}

impl Ord for Task {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // A name is shown before another one of its size is replaced.
        self.size
            .cmp(&other.size)
            .then(other.is_shown.cmp(&self.is_shown))
            .then(other.node.cmp(&self.node))
            .then(other.at.total_cmp(&self.at))
    }
}

impl PartialOrd for Task {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Replaces a shown name as early as two of its descendants have room: those that are shown then, and those that wait from
/// which zoom. Nothing where it stays for good.
fn open(placing: &mut Placing, node: u32) -> (Vec<u32>, Vec<(u32, f32)>) {
    let start = placing.hide_for_now(node);
    let mut heirs: Vec<u32> = placing.children(node).to_vec();
    let mut best: Option<(f32, Vec<(u32, f32)>)> = None;
    for _ in 0..TRIALS {
        let rooms = placing.rooms(&heirs, start);
        let mut zooms: Vec<f32> = rooms.iter().map(|&(_, zoom)| zoom).collect();
        zooms.sort_unstable_by(f32::total_cmp);
        let zoom = zooms.get(1).copied().unwrap_or(f32::INFINITY);
        if best.as_ref().is_none_or(|best| zoom < best.0) {
            best = Some((zoom, rooms));
        }
        // The one below which there is room first.
        let Some(at) = (0..heirs.len()).min_by(|&a, &b| {
            placing.apart_below(heirs[a]).total_cmp(&placing.apart_below(heirs[b])).then(a.cmp(&b))
        }) else {
            break;
        };
        let reached = best.as_ref().map_or(f32::INFINITY, |best| best.0);
        if PATIENCE * placing.apart_below(heirs[at]).max(start) >= reached {
            break;
        }
        let left_out = heirs.swap_remove(at);
        heirs.extend_from_slice(placing.children(left_out));
    }
    let Some((zoom, rooms)) = best.filter(|(zoom, _)| *zoom < placing.most()) else {
        placing.show(node, start);
        return (Vec::new(), Vec::new());
    };
    placing.replace(node, start, zoom);
    let (mut shown, mut waiting) = (Vec::new(), Vec::new());
    for (heir, from) in rooms {
        let from = from.max(zoom);
        if from > zoom.max(PATIENCE * placing.apart_below(heir)) || from >= placing.most() {
            waiting.push((heir, zoom));
        } else {
            placing.show(heir, from);
            shown.push(heir);
        }
    }
    (shown, waiting)
}

#[cfg(test)]
mod tests;
