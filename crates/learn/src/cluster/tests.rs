use super::neighbours::neighbours;
use super::points::{Nearest, squares};
use super::*;
use ndarray::{Array1, array};
use proptest::prelude::*;
use rand::Rng;

pub(super) fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// `n` rows around `of` centres, at unit length.
pub(super) fn blobs(n: usize, d: usize, of: usize, noise: f32) -> (Array2<f32>, Vec<u32>) {
    let mut random = generator(11);
    let centres = Array2::from_shape_fn((of, d), |_| random.gen_range(-1.0_f32..1.0));
    let truth: Vec<u32> = (0..n).map(|_| random.gen_range(0..of as u32)).collect();
    let mut rows = Array2::zeros((n, d));
    for (mut row, &of) in rows.outer_iter_mut().zip(&truth) {
        row.assign(&centres.row(of as usize));
        row.mapv_inplace(|x| x + random.gen_range(-noise..noise));
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    (rows, truth)
}

pub(super) fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Whether two groupings say the same with other numbers.
pub(super) fn same_grouping(a: &[u32], b: &[u32]) -> bool {
    let mut pairs: Vec<(u32, u32)> = a.iter().copied().zip(b.iter().copied()).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let distinct = |of: fn(&(u32, u32)) -> u32| {
        let mut values: Vec<u32> = pairs.iter().map(of).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    pairs.len() == distinct(|p| p.0) && pairs.len() == distinct(|p| p.1)
}

pub(super) fn kmeans(clusters: usize, seed: u64) -> KMeans {
    KMeans::new(clusters, seed).unwrap()
}

#[test]
fn clear_groups_are_found() {
    for seed in 0..5 {
        let (rows, truth) = blobs(600, 24, 12, 0.2);
        let found = kmeans(12, seed).fit(rows.view()).unwrap();
        assert!(same_grouping(&found.assignment, &truth), "seed {seed}");
        assert!(found.converged);
        assert!(found.sizes.is_sorted_by(|a, b| a >= b));
    }
}

#[test]
fn what_is_returned_fits_together() {
    let (rows, _) = blobs(500, 9, 40, 0.6);
    let found = kmeans(17, 3).fit(rows.view()).unwrap();
    let mut sums = Array2::<f64>::zeros(found.centroids.dim());
    let mut sizes = vec![0; 17];
    for (row, &cluster) in rows.outer_iter().zip(&found.assignment) {
        sizes[cluster as usize] += 1;
        sums.row_mut(cluster as usize).zip_mut_with(&row, |s, &x| *s += f64::from(x));
    }
    assert_eq!(sizes, found.sizes);
    for ((centroid, sum), &size) in found.centroids.outer_iter().zip(sums.outer_iter()).zip(&sizes) {
        assert!(centroid.iter().zip(sum).all(|(c, s)| (f64::from(*c) - s / f64::from(size)).abs() < 1e-6));
    }
    let inertia: f64 = found.distances.iter().map(|d| f64::from(*d).powi(2)).sum();
    assert!((inertia - found.inertia).abs() < 1e-4 * inertia);
}

/// linfa's k-means, best of ten starts by k-means++, is not better.
#[test]
fn the_oracle_is_not_better() {
    use linfa::prelude::*;
    let (rows, _) = blobs(400, 12, 30, 0.7);
    let data = linfa::DatasetBase::from(rows.mapv(f64::from));
    for k in [2, 8, 25] {
        let rng = rand_xoshiro::Xoshiro256Plus::seed_from_u64(1);
        let theirs = linfa_clustering::KMeans::params_with_rng(k, rng)
            .init_method(linfa_clustering::KMeansInit::KMeansPlusPlus)
            .n_runs(10)
            .tolerance(1e-5)
            .fit(&data)
            .unwrap();
        let theirs = theirs.inertia() * 400.0;
        let ours = kmeans(k, 0).restarts(4).unwrap().tolerance(0.0).unwrap().fit(rows.view()).unwrap();
        assert!(ours.inertia < theirs * 1.005, "k = {k}: {} against {theirs}", ours.inertia);
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let (rows, _) = blobs(3_000, 16, 30, 0.8);
    let fit = || kmeans(30, 5).fit(rows.view()).unwrap();
    let one = on(1, fit);
    assert_eq!(one, on(2, fit));
    assert_eq!(one, on(3, fit));
    assert_ne!(one, kmeans(30, 6).fit(rows.view()).unwrap());
    // With a sample before all rows.
    let (rows, _) = blobs(26_000, 4, 9, 0.5);
    let fit = || kmeans(9, 5).fit(rows.view()).unwrap();
    assert_eq!(on(1, fit), on(2, fit));
    let smoothed = || smooth(rows.slice(ndarray::s![..21_000, ..]), 3, 1).unwrap();
    assert_eq!(on(1, smoothed), on(2, smoothed));
}

#[test]
fn a_view_with_strides_is_read_right() {
    let (rows, _) = blobs(90, 6, 5, 0.3);
    let turned = rows.t().as_standard_layout().into_owned();
    assert_eq!(kmeans(5, 1).fit(rows.view()), kmeans(5, 1).fit(turned.t()));
}

#[test]
fn few_rows_and_equal_rows() {
    let one = kmeans(1, 0).fit(array![[0.5_f32, 0.5]].view()).unwrap();
    assert_eq!((one.sizes, one.inertia, one.distances), (vec![1], 0.0, vec![0.0]));
    // As many clusters as rows; as many as different rows.
    let rows = array![[1.0_f32, 0.0], [0.0, 1.0], [0.0, -1.0], [-1.0, 0.0], [0.0, 0.0]];
    for seed in 0..10 {
        let each = kmeans(5, seed).fit(rows.view()).unwrap();
        assert_eq!((each.sizes, each.inertia), (vec![1; 5], 0.0));
    }
    let doubled = ndarray::concatenate![Axis(0), rows, rows, rows];
    for seed in 0..10 {
        let found = kmeans(12, seed).fit(doubled.view()).unwrap();
        assert_eq!(found.sizes, vec![3; 5], "seed {seed}");
    }
    let same = kmeans(3, 0).fit(Array2::from_elem((50, 4), 0.3_f32).view()).unwrap();
    assert_eq!(same.sizes, [50]);
    let nothing = kmeans(3, 0).fit(Array2::zeros((50, 4)).view()).unwrap();
    assert_eq!(nothing.sizes, [50]);
    let flat = kmeans(2, 0).fit(Array2::zeros((4, 0)).view()).unwrap();
    assert_eq!(flat.sizes, [4]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_eq!(KMeans::new(0, 1), Err(ClusterError::NoClusters));
    let three = kmeans(3, 1);
    assert!(three.restarts(0).is_err() && three.iterations(0).is_err());
    assert!([-0.1, 1.0, f64::NAN].iter().all(|t| three.tolerance(*t) == Err(ClusterError::Tolerance)));
    assert_eq!(three.fit(Array2::zeros((0, 2)).view()), Err(ClusterError::NoRows));
    assert_eq!(three.fit(Array2::zeros((2, 2)).view()), Err(ClusterError::TooFew { rows: 2, clusters: 3 }));
    for bad in [f32::NAN, f32::INFINITY, 1e30] {
        let rows = array![[1.0], [bad], [0.0], [2.0]];
        assert_eq!(three.fit(rows.view()), Err(ClusterError::NotFinite { row: 1 }));
        assert_eq!(smooth(rows.view(), 2, 0), Err(ClusterError::NotFinite { row: 1 }));
    }
}

#[test]
fn micro_clusters_grow_with_the_root_within_limits() {
    let counts = [0, 1, 19, 20, 400, 10_000, 100_000, 1_000_000, 9_000_000].map(micro_clusters);
    assert_eq!(counts, [0, 1, 19, 20, 60, 300, 350, 1_000, 2_000]);
}

/// Ward by trying all pairs of groups, from the definition.
fn ward_slowly(centroids: &Array2<f32>, sizes: &[u32]) -> Vec<(f64, u64)> {
    let mut groups: Vec<(Array1<f64>, f64)> =
        centroids.outer_iter().zip(sizes).map(|(c, &n)| (c.mapv(f64::from), f64::from(n))).collect();
    let mut out = Vec::new();
    while groups.len() > 1 {
        let mut best = (f64::INFINITY, 0, 0);
        for a in 0..groups.len() {
            for b in a + 1..groups.len() {
                let ((x, m), (y, n)) = (&groups[a], &groups[b]);
                let cost = m * n / (m + n) * (x - y).mapv(|d| d * d).sum();
                if cost < best.0 {
                    best = (cost, a, b);
                }
            }
        }
        let (height, a, b) = best;
        let (y, n) = groups.swap_remove(b);
        let (x, m) = groups[a].clone();
        groups[a] = ((x * m + y * n) / (m + n), m + n);
        out.push((height, (m + n) as u64));
    }
    out
}

#[test]
fn the_tree_merges_by_wards_criterion() {
    let mut random = generator(2);
    for m in [2, 3, 7, 40] {
        let centroids = Array2::from_shape_fn((m, 5), |_| random.gen_range(-1.0_f32..1.0));
        let sizes: Vec<u32> = (0..m).map(|_| random.gen_range(1..50)).collect();
        let tree = Tree::ward(centroids.view(), &sizes);
        let slowly = ward_slowly(&centroids, &sizes);
        assert_eq!(tree.merges().len(), slowly.len());
        for (merge, (height, size)) in tree.merges().iter().zip(slowly) {
            assert!(
                (merge.height - height).abs() < 1e-4 * height.max(1.0) && merge.size == size,
                "{merge:?} {height}"
            );
        }
    }
}

#[test]
fn a_cut_has_as_many_groups_as_asked_and_refines_coarser_ones() {
    let (rows, _) = blobs(300, 8, 10, 0.5);
    let tree = kmeans(25, 0).fit(rows.view()).unwrap().tree();
    let mut coarser = tree.cut(1);
    assert_eq!(coarser, vec![0; 25]);
    for groups in 2..=25 {
        let cut = tree.cut(groups);
        assert_eq!(cut.iter().max(), Some(&(groups as u32 - 1)));
        for (a, b) in (0..25).flat_map(|a| (0..25).map(move |b| (a, b))) {
            assert!(cut[a] != cut[b] || coarser[a] == coarser[b]);
        }
        coarser = cut;
    }
    assert_eq!(tree.cut(25), (0..25).collect::<Vec<u32>>());
    assert_eq!(tree.cut(99), tree.cut(25));
    assert_eq!(tree.cut(0), tree.cut(1));
}

#[test]
fn trees_of_little() {
    for m in 0..3 {
        let tree = Tree::ward(Array2::zeros((m, 2)).view(), &vec![1; m]);
        assert_eq!((tree.leaves(), tree.merges().len()), (m, m.saturating_sub(1)));
        assert_eq!(tree.cut(1), vec![0; m]);
    }
    // Equal leaves and leaves without rows: heights of 0, no NaN.
    let tree = Tree::ward(array![[1.0_f32], [1.0], [1.0], [5.0]].view(), &[2, 0, 0, 3]);
    assert_eq!(tree.merges().iter().map(|m| m.height > 0.0).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn new_items_join_the_nearest_cluster_and_far_ones_are_new_ground() {
    let (rows, truth) = blobs(1_000, 16, 5, 0.3);
    let (old, new) = rows.view().split_at(Axis(0), 800);
    let clusters = kmeans(5, 0).fit(old).unwrap();
    let reach = Reach::new(&clusters, 0.99).unwrap();
    let joined = clusters.join(new, reach).unwrap();
    let of: Vec<u32> = joined.iter().map(|j| j.cluster).collect();
    assert!(same_grouping(&of, &truth[800..]));
    assert!(joined.iter().filter(|j| j.is_new_ground).count() < 12);
    let elsewhere = clusters.join((-&rows).view(), reach).unwrap();
    assert!(elsewhere.iter().all(|j| j.is_new_ground && j.distance > reach.distance()));
    // Old items are where they were.
    let again = clusters.join(old, Reach::new(&clusters, 1.0).unwrap()).unwrap();
    assert!(again.iter().zip(&clusters.assignment).all(|(j, &c)| j.cluster == c && !j.is_new_ground));

    assert_eq!(
        clusters.join(Array2::zeros((1, 3)).view(), reach),
        Err(ClusterError::Columns { wanted: 16, got: 3 })
    );
    let nan = Array2::from_elem((1, 16), f32::NAN);
    assert_eq!(clusters.join(nan.view(), reach), Err(ClusterError::NotFinite { row: 0 }));
    assert!(clusters.join(Array2::zeros((0, 16)).view(), reach).unwrap().is_empty());
    for bad in [-0.1, 1.1, f64::NAN] {
        assert!(Reach::new(&clusters, bad).is_err());
    }
}

#[test]
fn outliers_are_far_from_the_others_of_their_cluster_even_alone() {
    let (mut rows, _) = blobs(300, 8, 3, 0.1);
    let away = rows.row(7).mapv(|x| -x);
    rows.row_mut(7).assign(&away);
    for k in [3, 4] {
        let clusters = kmeans(k, 0).fit(rows.view()).unwrap();
        assert_eq!(clusters.outliers(1), [7], "k = {k}");
        assert_eq!(clusters.outliers(1_000).len(), 300);
    }
    let one = kmeans(1, 0).fit(array![[1.0_f32]].view()).unwrap();
    assert_eq!((one.distances_left_out(), one.outliers(0)), (vec![0.0], vec![]));
}

/// Four points on a line in two groups, by hand: a = 1 and 1; b = mean(10, 11) = 10.5 and mean(9, 10) = 9.5.
#[test]
fn silhouette_of_four_points() {
    let rows = array![[0.0_f32], [1.0], [10.0], [11.0]];
    let by_hand = (9.5 / 10.5 + 8.5 / 9.5) / 2.0;
    let got = silhouette(rows.view(), &[4, 4, 9, 9], 100, 0).unwrap();
    assert!((got - by_hand).abs() < 1e-6, "{got}");
    assert_eq!(silhouette(rows.view(), &[1, 1, 1, 1], 100, 0), None);
    assert_eq!(silhouette(rows.view(), &[1, 2, 3, 4], 100, 0), Some(0.0));
    assert_eq!(silhouette(rows.slice(ndarray::s![..0, ..]), &[], 100, 0), None);
    assert_eq!(silhouette(rows.view(), &[1, 1, 2, 2], 1, 0), None);
    let equal = Array2::from_elem((4, 2), 0.5_f32);
    assert_eq!(silhouette(equal.view(), &[1, 1, 2, 2], 100, 0), Some(0.0));
}

#[test]
fn smoothing_brings_groups_together() {
    let (rows, truth) = blobs(400, 30, 4, 1.0);
    let smoothed = smooth(rows.view(), 10, 0).unwrap();
    let sharp = |rows: &Array2<f32>| silhouette(rows.view(), &truth, 400, 0).unwrap();
    assert!(sharp(&smoothed) > sharp(&rows) + 0.1, "{} {}", sharp(&smoothed), sharp(&rows));
    assert!(squares(smoothed.view()).iter().all(|s| (s - 1.0).abs() < 1e-5));
    assert_eq!(smooth(rows.view(), 0, 0).unwrap(), rows);
    // Rows of zeros stay; rows that cancel each other out stay; one row alone stays.
    let odd = array![[1.0_f32, 0.0], [-1.0, 0.0], [0.0, 0.0]];
    assert_eq!(smooth(odd.slice(ndarray::s![..2, ..]), 5, 0).unwrap(), odd.slice(ndarray::s![..2, ..]));
    assert_eq!(smooth(odd.view(), 5, 0).unwrap().row(2), odd.row(2));
    assert_eq!(smooth(odd.slice(ndarray::s![..1, ..]), 5, 0).unwrap().nrows(), 1);
    assert_eq!(smooth(odd.slice(ndarray::s![..0, ..]), 5, 0).unwrap().nrows(), 0);
}

#[test]
fn cells_find_nearly_the_same_neighbours_as_all_pairs() {
    let (rows, _) = blobs(20_500, 8, 60, 0.2);
    let (all, some) = (rows.view(), rows.slice(ndarray::s![..20_000, ..]));
    let (by_cells, exact) = (smooth(all, 5, 0).unwrap(), smooth(some, 5, 0).unwrap());
    let near = exact.outer_iter().zip(by_cells.outer_iter()).filter(|(a, b)| a.dot(b) > 0.99).count();
    assert!(near > 19_800, "{near}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn neighbours_and_nearest_are_those_of_sorting_all(n in 1_usize..60, m in 1_usize..1_500, k in 0_usize..9, seed: u64) {
        let mut random = generator(seed);
        let mut some = |n: usize| Array2::from_shape_fn((n, 3), |_| random.gen_range(-2_i8..3)).mapv(f32::from);
        let (queries, base) = (some(n), some(m));
        let (queries, base) = (Points::new(queries.view()).unwrap(), Points::new(base.view()).unwrap());
        let k = k.min(m);
        let found = neighbours(&queries, &base, k, |_| None);
        let nearest = queries.nearest(base.rows);
        for query in 0..n {
            let squared = |row: usize| (&queries.rows.row(query) - &base.rows.row(row)).mapv(|x| x * x).sum();
            let mut all: Vec<(f32, u32)> = (0..m).map(|row| (squared(row), row as u32)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            let got: Vec<(f32, u32)> = found[query * k..][..k].iter().map(|x| (x.squared, x.row)).collect();
            prop_assert_eq!(&got[..], &all[..k]);
            prop_assert_eq!(nearest[query], Nearest { centroid: all[0].1, squared: all[0].0 });
        }
    }

    #[test]
    fn nothing_panics_and_every_row_has_a_cluster(n in 1_usize..40, d in 0_usize..4, k in 1_usize..40, seed: u64) {
        let mut random = generator(seed);
        let rows = Array2::from_shape_fn((n, d), |_| f32::from(random.gen_range(-1_i8..2)));
        match kmeans(k, seed).fit(rows.view()) {
            Err(error) => prop_assert_eq!(error, ClusterError::TooFew { rows: n, clusters: k }),
            Ok(found) => {
                prop_assert_eq!(found.sizes.iter().sum::<u32>(), n as u32);
                prop_assert!(found.sizes.iter().all(|s| *s > 0) && found.sizes.len() <= k);
                prop_assert_eq!(found.tree().cut(found.sizes.len()).len(), found.sizes.len());
                prop_assert!(found.distances_left_out().iter().all(|x| x.is_finite()));
            }
        }
    }
}
