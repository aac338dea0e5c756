//! Where new items belong, and which of the old ones hardly belong anywhere.

use super::points::Points;
use super::{ClusterError, Clusters};
use ndarray::ArrayView2;
use thiserror::Error;

/// How far from its centroid an item may lie and still belong to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach(f32);

/// Why a [`Reach`] was refused.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("the share of items within reach lies between 0 and 1, not at {0}")]
pub struct BadShare(pub f64);

/// The cluster that a new item joins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joined {
    /// The cluster with the nearest centroid.
    pub cluster: u32,
    /// The distance to it.
    pub distance: f32,
    /// Far from all: the distance is out of reach.
    pub is_new_ground: bool,
}

impl Reach {
    /// As far as the given share of the clusters' own items lie from a centroid that was made without them
    /// ([`Clusters::distances_left_out`]): 0.99 calls about one in a hundred new ground if the new items are like the old.
    ///
    /// # Errors
    /// [`BadShare`] outside 0 to 1.
    pub fn new(clusters: &Clusters, share: f64) -> Result<Self, BadShare> {
        if !(0.0..=1.0).contains(&share) {
            return Err(BadShare(share));
        }
        let mut distances = clusters.distances_left_out();
        let Some(last) = distances.len().checked_sub(1) else { return Ok(Self(0.0)) };
        let place = (share * last as f64).ceil() as usize;
        Ok(Self(*distances.select_nth_unstable_by(place, f32::total_cmp).1))
    }

    /// As a distance.
    #[must_use]
    pub fn distance(self) -> f32 {
        self.0
    }
}

impl Clusters {
    /// The nearest cluster to each row of `vectors` (n × d). The clusters stay as they are.
    ///
    /// # Errors
    /// [`ClusterError::Columns`] and [`ClusterError::NotFinite`].
    pub fn join(&self, vectors: ArrayView2<f32>, reach: Reach) -> Result<Vec<Joined>, ClusterError> {
        let (wanted, got) = (self.centroids.ncols(), vectors.ncols());
        if wanted != got {
            return Err(ClusterError::Columns { wanted, got });
        }
        let standard = vectors.as_standard_layout();
        let points = Points::new(standard.view())?;
        let clusters: Vec<u32> =
            points.nearest(self.centroids.view()).into_iter().map(|near| near.centroid).collect();
        let squared = points.squared_distances(self.centroids.view(), &clusters);
        Ok(clusters
            .into_iter()
            .zip(squared)
            .map(|(cluster, squared)| {
                let distance = squared.sqrt();
                Joined { cluster, distance, is_new_ground: distance > reach.0 }
            })
            .collect())
    }

    /// How far each item lies from the others of its cluster: the distance to their mean without the item itself,
    /// n / (n − 1) times the distance to the centroid. An item alone in its cluster is as far as the nearest other
    /// centroid; if there is none, its distance is 0.
    #[must_use]
    pub fn distances_left_out(&self) -> Vec<f32> {
        let alone: Vec<usize> = (0..self.sizes.len()).filter(|&c| self.sizes[c] == 1).collect();
        let mut lonely = vec![0.0_f32; self.sizes.len()];
        for &cluster in &alone {
            let own = self.centroids.row(cluster);
            let squared = self
                .centroids
                .outer_iter()
                .enumerate()
                .filter(|(other, _)| *other != cluster)
                .map(|(_, c)| c.iter().zip(own).map(|(a, b)| (a - b).powi(2)).sum::<f32>());
            lonely[cluster] = squared.min_by(f32::total_cmp).unwrap_or(0.0).sqrt();
        }
        self.assignment
            .iter()
            .zip(&self.distances)
            .map(|(&cluster, &distance)| match self.sizes[cluster as usize] {
                1 => lonely[cluster as usize],
                n => distance * (f64::from(n) / f64::from(n - 1)) as f32,
            })
            .collect()
    }

    /// The items that lie farthest from the others of their cluster, the farthest first: at most `most` rows.
    #[must_use]
    pub fn outliers(&self, most: usize) -> Vec<usize> {
        let distances = self.distances_left_out();
        let mut rows: Vec<usize> = (0..distances.len()).collect();
        rows.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
        rows.truncate(most);
        rows
    }
}
