use super::*;
use crate::cluster::tests::{blobs, kmeans, same_grouping};
use crate::cluster::{micro_clusters, smooth};
use ndarray::{Array2, Axis, array, concatenate};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn fit(rows: &Array2<f32>, seed: u64) -> (Clusters, Tree) {
    let clusters = kmeans(micro_clusters(rows.nrows()), seed).fit(rows.view()).unwrap();
    let tree = clusters.tree();
    (clusters, tree)
}

/// The group of each row when there are so many.
fn groups_of(clusters: &Clusters, tree: &Tree, groups: usize) -> Vec<u32> {
    let under = tree.leaves_under(&clusters.openings(tree).cut(groups));
    clusters.assignment.iter().map(|&leaf| under[leaf as usize]).collect()
}

#[test]
fn themes_of_clear_groups_are_those_groups() {
    for of in [4, 9, 15] {
        let (rows, truth) = blobs(3_000, 24, of, 0.25);
        let (clusters, tree) = fit(&smooth(rows.view(), 10, 1).unwrap(), 1);
        assert!(same_grouping(&groups_of(&clusters, &tree, of), &truth), "{of}");
        let grains = clusters.openings(&tree).grains();
        assert!((of / 2..=of).contains(&grains.themes) && grains.overview <= of / 2, "{of}: {grains:?}");
    }
}

/// Thirty tight small groups, and half of the rows loose around fifteen places that hardly differ.
#[test]
fn a_loose_half_is_opened_before_small_tight_groups() {
    let (tight, _) = blobs(1_500, 24, 30, 0.02);
    let (loose, _) = blobs(1_500, 24, 15, 2.0);
    let rows = concatenate![Axis(0), tight, loose];
    let (clusters, tree) = fit(&rows, 3);
    let nodes = clusters.nodes(&tree);
    let largest = |nodes_shown: &[u32]| nodes_shown.iter().map(|&node| nodes[node as usize].size).max();
    let themes = clusters.openings(&tree).cut(40);
    assert!(largest(&themes) < Some(300), "{:?}", largest(&themes));
}

#[test]
fn few_texts_and_equal_texts_have_few_themes() {
    let one = |rows: Array2<f32>| {
        let (clusters, tree) = fit(&smooth(rows.view(), 10, 1).unwrap(), 1);
        let openings = clusters.openings(&tree);
        (openings.grains(), openings.cut(9).len())
    };
    let all_one = Grains { overview: 1, themes: 1, details: 1 };
    assert_eq!(one(Array2::from_elem((10_000, 8), 0.35)), (all_one, 1));
    assert_eq!(one(Array2::zeros((50, 4))).0, all_one);
    assert_eq!(one(array![[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]]).0, all_one);
    assert_eq!(one(array![[1.0, 0.0]]), (all_one, 1));
    // Equal but for rounding.
    let nearly = Array2::from_shape_fn((400, 4), |(i, j)| 0.5 + 1e-3 * ((i * 7 + j * 3) % 5) as f32);
    assert_eq!(one(nearly).0, all_one);
    // Two topics among a hundred texts.
    let (rows, _) = blobs(100, 30, 2, 0.9);
    let (grains, _) = one(rows);
    assert!(grains.overview <= 2 && (2..=8).contains(&grains.themes), "{grains:?}");
}

#[test]
fn a_tree_without_leaves_has_no_cut() {
    let openings = Openings::of(&[], 0);
    assert_eq!(openings.grains(), Grains { overview: 0, themes: 0, details: 0 });
    assert!(openings.order().is_empty() && openings.spans().is_empty() && openings.cut(1).is_empty());
}

/// Rows at the corners of a square of side 2 around (3, 0), by hand: mean (3, 0), squared lengths 5 and 17, scatter 2 a row.
#[test]
fn nodes_by_hand() {
    let rows = array![[2.0_f32, 1.0], [2.0, -1.0], [4.0, 1.0], [4.0, -1.0]];
    let clusters = kmeans(4, 0).fit(rows.view()).unwrap();
    let nodes = clusters.nodes(&clusters.tree());
    let root = nodes[6];
    assert_eq!((root.size, root.parent, root.scatter, root.gain), (4, None, 8.0, 4.0));
    assert!((f64::from(root.tightness) - (9.0_f64 / 11.0).sqrt()).abs() < 1e-6);
    assert!(nodes[..4].iter().all(|leaf| leaf.tightness == 1.0 && leaf.size == 1 && leaf.scatter == 0.0));
    assert_eq!((nodes[4].scatter, nodes[4].parent, nodes[4].size), (2.0, Some(6), 2));
}

#[test]
fn tightness_is_the_mean_cosine_of_unit_rows() {
    let (rows, _) = blobs(200, 6, 3, 0.5);
    let clusters = kmeans(5, 0).fit(rows.view()).unwrap();
    let root = *clusters.nodes(&clusters.tree()).last().unwrap();
    let mean = rows.mean_axis(Axis(0)).unwrap();
    let cosine = rows.dot(&mean).mean().unwrap() / mean.dot(&mean).sqrt();
    assert!((root.tightness - cosine).abs() < 1e-4, "{} {cosine}", root.tightness);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn cuts_are_nested_and_spans_say_the_same(n in 1_usize..220, d in 1_usize..5, seed: u64) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let rows = Array2::from_shape_fn((n, d), |_| f32::from(random.gen_range(-3_i8..4)));
        let (clusters, tree) = fit(&rows, seed);
        let (nodes, openings) = (clusters.nodes(&tree), clusters.openings(&tree));
        let (leaves, spans, order) = (tree.leaves(), openings.spans(), openings.order());
        // All inner nodes once, parents before children.
        let mut inner = order.to_vec();
        inner.sort_unstable();
        prop_assert_eq!(inner, (leaves as u32..nodes.len() as u32).collect::<Vec<_>>());
        let mut shown = vec![nodes.len() as u32 - 1];
        for groups in 1..=leaves {
            let cut = openings.cut(groups);
            let mut sorted = cut.clone();
            sorted.sort_unstable();
            // The cut before, with one node opened.
            prop_assert_eq!(&sorted, &shown);
            let mut by_span: Vec<u32> = (0..nodes.len() as u32).filter(|&node| {
                let (from, to) = spans[node as usize];
                (from as usize..=to as usize).contains(&groups)
            }).collect();
            by_span.sort_unstable();
            prop_assert_eq!(&by_span, &sorted);
            // Each leaf once, in the order of the dendrogram; sizes add up.
            let mut at = 0;
            for &node in &cut {
                prop_assert_eq!(nodes[node as usize].from, at);
                at = nodes[node as usize].to;
            }
            prop_assert_eq!(at as usize, leaves);
            prop_assert_eq!(cut.iter().map(|&node| nodes[node as usize].size).sum::<u64>(), n as u64);
            let under = tree.leaves_under(&cut);
            prop_assert!(under.iter().all(|&place| (place as usize) < cut.len()));
            if groups < leaves {
                let opened = order[groups - 1];
                prop_assert!(shown.contains(&opened));
                shown.retain(|&node| node != opened);
                shown.extend(nodes[opened as usize].children.unwrap());
                shown.sort_unstable();
            }
        }
        prop_assert_eq!(openings.cut(0), openings.cut(1));
        prop_assert_eq!(openings.cut(leaves + 5), openings.cut(leaves));
        let grains = openings.grains();
        prop_assert!(1 <= grains.overview && grains.overview <= grains.themes);
        prop_assert!(grains.themes <= grains.details && grains.details <= leaves);
        let mut leaf_order = tree.leaf_order();
        leaf_order.sort_unstable();
        prop_assert_eq!(leaf_order, (0..leaves as u32).collect::<Vec<_>>());
        for (number, node) in nodes.iter().enumerate() {
            prop_assert!((0.0..=1.0).contains(&node.tightness) && node.scatter >= 0.0 && node.gain >= 0.0);
            for child in node.children.into_iter().flatten() {
                prop_assert_eq!(nodes[child as usize].parent, Some(number as u32));
                prop_assert!((child as usize) < number);
            }
        }
    }
}
