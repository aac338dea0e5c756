use super::*;
use crate::cluster::tests::{blobs, kmeans, on, same_grouping};

#[test]
fn a_sample_finds_the_groups_of_all() {
    let (rows, truth) = blobs(6_000, 24, 12, 0.6);
    let found = kmeans(12, 1).fit_by_sample(rows.view(), 10, 1_500).unwrap();
    assert!(same_grouping(&found.assignment, &truth));
    assert_eq!(found.sizes.iter().sum::<u32>(), 6_000);
    assert!(found.sizes.is_sorted_by(|a, b| a >= b));
    let (all, smoothed) = kmeans(12, 1).fit_smoothed(rows.view(), 10).unwrap();
    assert!(same_grouping(&all.assignment, &truth) && smoothed.is_some());
    assert!((found.inertia / all.inertia - 1.0).abs() < 0.3, "{} {}", found.inertia, all.inertia);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let (rows, _) = blobs(3_000, 8, 30, 0.8);
    let fit = || kmeans(25, 3).fit_by_sample(rows.view(), 5, 700).unwrap();
    assert_eq!(on(1, fit), on(3, fit));
}

#[test]
fn few_and_equal_rows_and_rows_of_zeros() {
    let same = kmeans(5, 0).fit_by_sample(Array2::from_elem((90, 3), 0.5).view(), 10, 30).unwrap();
    assert_eq!(same.sizes, [90]);
    let nothing = kmeans(3, 0).fit_by_sample(Array2::zeros((50, 2)).view(), 4, 20).unwrap();
    assert_eq!((nothing.sizes, nothing.inertia), (vec![50], 0.0));
    let one = kmeans(1, 0).fit_by_sample(Array2::from_elem((1, 3), 0.5).view(), 10, 30).unwrap();
    assert_eq!(one.sizes, [1]);
}
