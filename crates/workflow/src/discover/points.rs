//! The members of a run in memory: what the map streams, and what selections are resolved with. Read once from the
//! database, kept while the run does not change.

use crate::{Instance, Result};
use domain::discover::selection::Area;
use domain::{ClusteringId, ItemId, ProjectId};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::Arc;
use store::discover::groups::LeafRange;
use store::discover::runs::RunRow;
use tokio::sync::Mutex;

/// Runs whose members are kept in memory: 22 bytes an item each.
const KEPT: usize = 2;

/// Columns over the items of a run, in item order.
#[derive(Debug, Default)]
pub struct Points {
    pub run: Option<ClusteringId>,
    edit: i64,
    pub items: Vec<i64>,
    /// Leaf codes.
    pub leaves: Vec<u32>,
    pub places: Vec<(u16, u16)>,
    /// Far from all groups when it came in.
    pub ground: Vec<bool>,
    /// Came in after the run, so it has no row among the vectors.
    pub joined: Vec<bool>,
    /// A seeded shuffle of the places in `items`: every beginning of it is a random sample, so the map can be drawn while
    /// it is still being sent.
    pub order: Vec<u32>,
}

/// The members of the runs that were looked at last.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Vec<Arc<Points>>>);

impl Points {
    /// The members of a run.
    pub async fn of_run(instance: &Instance, run: &RunRow) -> Result<Arc<Points>> {
        // The lock is held while members are read, so that two requests do not read them twice.
        let mut kept = instance.points.0.lock().await;
        if let Some(at) = kept.iter().position(|points| points.run == Some(run.id) && points.edit == run.edit)
        {
            let points = kept.remove(at);
            kept.push(points.clone());
            return Ok(points);
        }
        let mut points = Points { run: Some(run.id), edit: run.edit, ..Points::default() };
        let columns = &mut points;
        instance
            .store
            .members_of_run(run.id, |row| {
                columns.items.push(row.item_id.0);
                columns.leaves.push(row.leaf as u32);
                columns.places.push((row.x as u16, row.y as u16));
                columns.ground.push(row.ground);
                columns.joined.push(row.joined);
            })
            .await?;
        points.order = (0..points.items.len() as u32).collect();
        points.order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(run.id.0 as u64));
        let points = Arc::new(points);
        kept.retain(|other| other.run != Some(run.id));
        kept.push(points.clone());
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Ok(points)
    }

    /// All items of a project, in no run: they have no leaf and no place.
    pub async fn of_project(instance: &Instance, project: ProjectId) -> Result<Arc<Points>> {
        let items = instance.store.item_ids(project).await?;
        Ok(Arc::new(Points { items, ..Points::default() }))
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items that have a row among the run's vectors, in the order of the rows, as places in `items`. `None` if some
    /// were removed since: which rows were theirs is not known.
    pub fn of_rows(&self, n_rows: usize) -> Option<Vec<usize>> {
        let own: Vec<usize> = (0..self.len()).filter(|&at| self.joined.get(at) == Some(&false)).collect();
        (own.len() == n_rows).then_some(own)
    }

    /// Which items are in these leaf ranges.
    pub fn in_leaves(&self, ranges: &[LeafRange]) -> Vec<bool> {
        let mut held = vec![false; self.len()];
        for (held, &leaf) in held.iter_mut().zip(&self.leaves) {
            *held = ranges.iter().any(|range| range.holds(i64::from(leaf)));
        }
        held
    }

    /// Which items lie in an area.
    pub fn in_area(&self, area: &Area) -> Vec<bool> {
        let (left, low, right, up) = area.bounds();
        let mut held = vec![false; self.len()];
        for (held, &(x, y)) in held.iter_mut().zip(&self.places) {
            *held = (left..=right).contains(&x) && (low..=up).contains(&y) && area.holds(x, y);
        }
        held
    }

    /// Which items are in a list that is in item order.
    pub fn in_list(&self, list: &[i64]) -> Vec<bool> {
        let mut list = list.iter().peekable();
        let mut held = vec![false; self.len()];
        for (held, item) in held.iter_mut().zip(&self.items) {
            while list.next_if(|listed| *listed < item).is_some() {}
            *held = list.peek() == Some(&item);
        }
        held
    }

    /// The items that are held, in item order.
    pub fn held(&self, held: &[bool]) -> Vec<ItemId> {
        self.items.iter().zip(held).filter(|(_, held)| **held).map(|(item, _)| ItemId(*item)).collect()
    }

    /// Places and leaf codes as the map reads them (see `public/discover.js`).
    pub fn to_bytes(&self, codes: &LeafCodes) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.len() * 8);
        bytes.extend(0x3154_5041_u32.to_le_bytes());
        bytes.extend((self.len() as u32).to_le_bytes());
        for &at in &self.order {
            let (x, y) = self.places[at as usize];
            bytes.extend(x.to_le_bytes());
            bytes.extend(y.to_le_bytes());
        }
        for &at in &self.order {
            bytes.extend(codes.code(i64::from(self.leaves[at as usize])).to_le_bytes());
        }
        bytes
    }

    /// How many are held, and a bit for each point in the order of the map.
    pub fn mask_bytes(&self, held: &[bool]) -> Vec<u8> {
        let n = held.iter().filter(|held| **held).count() as u32;
        let mut bytes = Vec::with_capacity(4 + self.len() / 8 + 1);
        bytes.extend(n.to_le_bytes());
        for eight in self.order.chunks(8) {
            let byte = eight
                .iter()
                .enumerate()
                .fold(0_u8, |byte, (bit, &at)| byte | u8::from(held[at as usize]) << bit);
            bytes.push(byte);
        }
        bytes
    }
}

/// Leaf codes as the map has them: counted from 0 without gaps.
#[derive(Debug, Default)]
pub struct LeafCodes(Vec<i64>);

impl LeafCodes {
    /// Of all leaf ranges of a run.
    pub fn of<'r>(ranges: impl Iterator<Item = &'r (i64, i64)>) -> LeafCodes {
        let mut starts: Vec<i64> = ranges.map(|(first, _)| *first).collect();
        starts.sort_unstable();
        starts.dedup();
        LeafCodes(starts)
    }

    pub fn code(&self, leaf: i64) -> u32 {
        self.0.partition_point(|start| *start <= leaf).saturating_sub(1) as u32
    }

    pub fn range(&self, (first, last): (i64, i64)) -> (i64, i64) {
        (i64::from(self.code(first)), i64::from(self.code(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaf_codes_have_no_gaps() {
        // A root over two leaves, of which the second was split.
        let ranges = [(0, 131_071), (0, 65_535), (65_536, 131_071), (65_536, 98_303), (98_304, 131_071)];
        let codes = LeafCodes::of(ranges.iter());
        let dense: Vec<(i64, i64)> = ranges.iter().map(|range| codes.range(*range)).collect();
        assert_eq!(dense, [(0, 2), (0, 0), (1, 2), (1, 1), (2, 2)]);
        assert_eq!([0, 65_536, 98_304].map(|leaf| codes.code(leaf)), [0, 1, 2]);
    }

    fn points() -> Points {
        Points {
            items: vec![3, 5, 8, 13, 21, 34, 55, 89, 144],
            leaves: vec![0, 0, 9, 9, 1, 1, 2, 2, 3],
            places: (0..9).map(|i| (i * 10, i * 10)).collect(),
            ground: vec![false; 9],
            order: vec![8, 7, 6, 5, 4, 3, 2, 1, 0],
            ..Points::default()
        }
    }

    #[test]
    fn lists_ranges_and_areas_hold_items() {
        let points = points();
        let ids = |held: &[bool]| points.held(held).into_iter().map(|item| item.0).collect::<Vec<_>>();
        assert_eq!(ids(&points.in_list(&[1, 5, 6, 89, 200])), [5, 89]);
        let range =
            |first, last| LeafRange { cluster_id: domain::ClusterId(1), first_leaf: first, last_leaf: last };
        assert_eq!(ids(&points.in_leaves(&[range(1, 2), range(9, 9)])), [8, 13, 21, 34, 55, 89]);
        let area = Area::new(vec![(15, 15), (45, 15), (45, 45), (15, 45)]).expect("an area");
        assert_eq!(ids(&points.in_area(&area)), [8, 13, 21]);
    }

    #[test]
    fn bytes_are_in_the_order_of_the_map() {
        let points = points();
        let codes = LeafCodes::of([(0, 0), (1, 1), (2, 2), (3, 3), (9, 9)].iter());
        let bytes = points.to_bytes(&codes);
        assert_eq!(bytes.len(), 8 + 9 * 8);
        assert_eq!(&bytes[..8], [0x41, 0x50, 0x54, 0x31, 9, 0, 0, 0]);
        assert_eq!(&bytes[8..12], [80, 0, 80, 0]);
        assert_eq!(&bytes[8 + 9 * 4..][..4], [3, 0, 0, 0]);
        // The last item is the first point: bit 0 of the first byte.
        let mask = points.mask_bytes(&points.in_list(&[3, 144]));
        assert_eq!(mask, [2, 0, 0, 0, 0b0000_0001, 0b0000_0001]);
    }
}
