use super::*;
use crate::cluster::tests::{blobs, kmeans};

/// The sum of squared distances to the means of `groups` groups, up to what no cut changes.
fn left(tree: &Tree, centroids: &Array2<f32>, sizes: &[u32], groups: usize) -> f64 {
    let cut = tree.cut(groups);
    let mut sums = Array2::<f64>::zeros((groups, centroids.ncols()));
    let mut rows = vec![0.0; groups];
    for ((centroid, &size), &group) in centroids.outer_iter().zip(sizes).zip(&cut) {
        rows[group as usize] += f64::from(size);
        sums.row_mut(group as usize).scaled_add(f64::from(size), &centroid.mapv(f64::from));
    }
    sums.outer_iter().zip(rows).map(|(sum, rows)| -sum.dot(&sum) / rows).sum()
}

#[test]
fn second_thoughts_leave_less_scatter() {
    for of in [300, 900] {
        let (rows, _) = blobs(2_000, 16, of, 0.9);
        let clusters = kmeans(150, 0).fit(rows.view()).unwrap();
        let of = |tree: &Tree, groups| left(tree, &clusters.centroids, &clusters.sizes, groups);
        let plain = Tree::ward(clusters.centroids.view(), &clusters.sizes);
        let ours = clusters.tree();
        assert!(ours.merges().is_sorted_by(|a, b| a.height <= b.height));
        // As partitions: the third of the leaves need not be a cut by height any more, so it is looked for.
        let level = Level {
            centroids: clusters.centroids.clone(),
            sizes: clusters.sizes.clone(),
            leaves: (0..150).collect(),
        };
        let exchanged = exchange(&level, plain.cut(50), 50);
        let mut groups: Vec<u32> = exchanged.clone();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), 50, "no group is emptied");
        assert!(exchanged != plain.cut(50));
        let whole = of(&plain, 1);
        assert!((whole - of(&ours, 1)).abs() < 1e-6 * whole.abs());
        let mean = |tree: &Tree| (10..60).map(|groups| of(tree, groups) - whole).sum::<f64>();
        assert!(mean(&ours) < mean(&plain), "{} {}", mean(&ours), mean(&plain));
    }
}

#[test]
fn leaves_without_rows_and_equal_leaves_merge_too() {
    let centroids = Array2::from_shape_fn((40, 2), |(i, _)| (i / 10) as f32);
    let sizes: Vec<u32> = (0..40).map(|i| u32::from(i % 3 != 0)).collect();
    let tree = Tree::consolidated(centroids.view(), &sizes);
    assert_eq!(tree.merges().len(), 39);
    assert_eq!(tree.merges()[38].size, 26);
    assert!(tree.merges().iter().all(|merge| merge.height.is_finite()));
}
