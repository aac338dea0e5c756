//! The names placed so far, and where there is room beside them.

use super::{Interval, NameBox};

/// Zooms are rounded up by this: boxes that touch by the arithmetic here must not overlap by another's.
const ROUNDING: f32 = 1.0 + 1e-5;

pub struct Placing<'b> {
    boxes: &'b [NameBox],
    most: f32,
    children: Vec<Vec<u32>>,
    /// The smallest zoom at which the children of a node or of any below it are apart.
    apart_below: Vec<f32>,
    /// Reached from a root through boxes that can be drawn.
    roots: Vec<u32>,
    intervals: Vec<Interval>,
    /// Nodes with an interval that isn't empty.
    placed: Vec<u32>,
}

impl<'b> Placing<'b> {
    pub fn new(boxes: &'b [NameBox], least: f32, most: f32) -> Self {
        let n = boxes.len();
        let mut children = vec![Vec::new(); n];
        let mut roots = Vec::new();
        for (node, name) in boxes.iter().enumerate() {
            match name.parent.filter(|&parent| (parent as usize) < n) {
                Some(parent) => children[parent as usize].push(node as u32),
                None => roots.push(node as u32),
            }
        }
        let mut made = Self {
            boxes,
            most: if least < most { most } else { f32::NEG_INFINITY },
            children,
            apart_below: vec![f32::INFINITY; n],
            roots,
            intervals: vec![Interval::NEVER; n],
            placed: Vec::new(),
        };
        // Parents before children, so that the reverse has children first.
        let mut order = made.roots.clone();
        let mut at = 0;
        while at < order.len() {
            order.extend_from_slice(&made.children[order[at] as usize]);
            at += 1;
        }
        for &node in order.iter().rev() {
            let children = &made.children[node as usize];
            let mut apart =
                children.iter().map(|&c| made.apart_below[c as usize]).fold(f32::INFINITY, f32::min);
            for (at, &a) in children.iter().enumerate() {
                apart = children[..at].iter().map(|&b| made.apart(a, b)).fold(apart, f32::min);
            }
            made.apart_below[node as usize] = apart;
        }
        made
    }

    pub fn roots(&self) -> Vec<u32> {
        self.roots.clone()
    }

    pub fn most(&self) -> f32 {
        self.most
    }

    pub fn children(&self, node: u32) -> &[u32] {
        &self.children[node as usize]
    }

    /// The smallest zoom at which two names of those below a node could be shown, if there were nothing else.
    pub fn apart_below(&self, node: u32) -> f32 {
        self.apart_below[node as usize]
    }

    /// The smallest zoom at which two boxes don't overlap.
    fn apart(&self, a: u32, b: u32) -> f32 {
        let (a, b) = (&self.boxes[a as usize], &self.boxes[b as usize]);
        let along =
            |length: f32, distance: f32| if distance > 0.0 { length / distance } else { f32::INFINITY };
        let across = along((a.width + b.width) / 2.0, (a.x - b.x).abs());
        let down = along((a.height + b.height) / 2.0, (a.y - b.y).abs());
        let zoom = across.min(down) * ROUNDING;
        if zoom.is_nan() { f32::INFINITY } else { zoom }
    }

    /// The smallest zoom, `start` or later, from which a name has room among those placed.
    pub fn room(&self, node: u32, start: f32) -> f32 {
        let name = &self.boxes[node as usize];
        if ![name.x, name.y, name.width, name.height].iter().all(|x| x.is_finite()) {
            return f32::INFINITY;
        }
        self.placed.iter().fold(start, |from, &other| {
            let Interval { from: begins, to } = self.intervals[other as usize];
            // One that ends before, or is beyond the zoom in question, costs no division.
            if to <= from || self.is_apart(node, other, from.max(begins)) {
                return from;
            }
            let end = to.min(self.apart(node, other));
            if begins < end { from.max(end) } else { from }
        })
    }

    fn is_apart(&self, a: u32, b: u32, zoom: f32) -> bool {
        let (a, b) = (&self.boxes[a as usize], &self.boxes[b as usize]);
        (a.x - b.x).abs() * zoom > (a.width + b.width) / 2.0 * ROUNDING
            || (a.y - b.y).abs() * zoom > (a.height + b.height) / 2.0 * ROUNDING
    }

    /// [`room`](Self::room) for several names, the larger before the smaller; none is placed.
    pub fn rooms(&mut self, nodes: &[u32], start: f32) -> Vec<(u32, f32)> {
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable_by_key(|&node| (std::cmp::Reverse(self.boxes[node as usize].size), node));
        let before = self.placed.len();
        let mut rooms = Vec::with_capacity(nodes.len());
        for node in nodes {
            let from = self.room(node, start);
            rooms.push((node, from));
            if from < self.most {
                self.show(node, from);
            }
        }
        for node in self.placed.drain(before..) {
            self.intervals[node as usize] = Interval::NEVER;
        }
        rooms
    }

    /// Shows a name from a zoom on.
    pub fn show(&mut self, node: u32, from: f32) {
        self.intervals[node as usize] = Interval { from, to: f32::INFINITY };
        self.placed.push(node);
    }

    /// Takes a shown name away; tells from when it was shown.
    pub fn hide_for_now(&mut self, node: u32) -> f32 {
        self.placed.retain(|&placed| placed != node);
        std::mem::replace(&mut self.intervals[node as usize], Interval::NEVER).from
    }

    /// Shows a name up to a zoom.
    pub fn replace(&mut self, node: u32, from: f32, to: f32) {
        if from < to {
            self.intervals[node as usize] = Interval { from, to };
            self.placed.push(node);
        }
    }

    pub fn into_intervals(self) -> Vec<Interval> {
        self.intervals
    }
}
