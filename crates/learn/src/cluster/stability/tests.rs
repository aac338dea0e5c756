use super::*;
use crate::cluster::tests::{blobs, generator, kmeans, on};
use ndarray::{array, concatenate};
use rand::Rng;

fn fit(rows: &Array2<f32>, k: usize) -> (Clusters, Tree) {
    let clusters = kmeans(k, 0).fit(rows.view()).unwrap();
    let tree = clusters.tree();
    (clusters, tree)
}

/// Leaves {0, 1} and {2} of one tree against {0} and {1, 2} of the other, by hand.
#[test]
fn best_jaccards_by_hand() {
    let sizes = |a, b| Tree::ward(array![[0.0_f32], [1.0]].view(), &[a, b]);
    let best = best_jaccards(&array![[1, 1], [0, 1]], &sizes(2, 1), &sizes(1, 2));
    // {0, 1}: with {0} 1/2, with all 2/3. {2}: with {1, 2} 1/2. All: 1.
    assert_eq!(best, [Some(2.0 / 3.0), Some(0.5), Some(1.0)]);
    let none = best_jaccards(&array![[1, 2], [0, 0]], &sizes(3, 0), &sizes(1, 2));
    assert_eq!(none, [Some(1.0), None, Some(1.0)]);
}

/// What the definition says, row by row.
#[test]
fn best_jaccards_are_those_of_counting_rows() {
    let mut random = generator(4);
    let rows = Array2::from_shape_fn((200, 3), |_| random.gen_range(-1.0_f32..1.0));
    let ((a, tree), (b, other)) = (fit(&rows, 12), fit(&rows.slice(ndarray::s![.., ..2]).to_owned(), 9));
    let mut table = Array2::zeros((12, 9));
    (0..200).for_each(|row| table[(a.assignment[row] as usize, b.assignment[row] as usize)] += 1);
    let members = |clusters: &Clusters, tree: &Tree, node: usize| -> Vec<bool> {
        let under = tree.leaves_under(&[node as u32]);
        clusters.assignment.iter().map(|&leaf| under[leaf as usize] == 0).collect()
    };
    for (node, best) in best_jaccards(&table, &tree, &other).into_iter().enumerate() {
        let ours = members(&a, &tree, node);
        let jaccard = |other_node| {
            let theirs = members(&b, &other, other_node);
            let count =
                |f: fn(bool, bool) -> bool| ours.iter().zip(&theirs).filter(|(a, b)| f(**a, **b)).count();
            count(|a, b| a && b) as f64 / count(|a, b| a || b) as f64
        };
        assert_eq!(best, (0..17).map(jaccard).max_by(f64::total_cmp));
    }
}

#[test]
fn clear_groups_are_stable_and_noise_is_not() {
    let (clear, _) = blobs(600, 16, 6, 0.1);
    let mut random = generator(9);
    let mut noise = Array2::from_shape_fn((600, 16), |_| random.gen_range(-1.0_f32..1.0));
    noise.outer_iter_mut().for_each(|mut row| {
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    });
    let rows = concatenate![Axis(0), clear, noise];
    let (clusters, tree) = fit(&rows, 40);
    let got = stability(rows.view(), &clusters, &tree, StabilitySpec::seeded(1)).unwrap();
    assert_eq!(got.len(), 79);
    assert!(got.iter().all(|s| (0.0..=1.0).contains(s)) && got[78] == 1.0);
    // Nodes as large as a clear group, most of them clear or most of them noise.
    let under = |node: u32| tree.leaves_under(&[node]);
    let (mut steady, mut shaky) = (Vec::new(), Vec::new());
    for node in 0..79 {
        let held: Vec<usize> =
            (0..1_200).filter(|&row| under(node)[clusters.assignment[row] as usize] == 0).collect();
        if (60..=140).contains(&held.len()) {
            let mine = got[node as usize];
            let clear = held.iter().filter(|row| **row < 600).count();
            if 10 * clear >= 9 * held.len() { steady.push(mine) } else { shaky.push(mine) }
        }
    }
    assert!(steady.len() >= 5 && steady.iter().all(|s| *s > 0.8), "{steady:?}");
    assert!(!shaky.is_empty() && shaky.iter().all(|s| *s < 0.8), "{shaky:?}");
}

#[test]
fn a_sample_of_rows_says_about_the_same() {
    let (rows, _) = blobs(3_000, 12, 8, 0.2);
    let (clusters, tree) = fit(&rows, 30);
    let spec = StabilitySpec::seeded(1);
    let whole = || stability(rows.view(), &clusters, &tree, spec).unwrap();
    let part = stability(rows.view(), &clusters, &tree, StabilitySpec { most_rows: 800, ..spec }).unwrap();
    for node in clusters.openings(&tree).cut(8) {
        assert!(whole()[node as usize] > 0.95 && part[node as usize] > 0.9);
    }
    assert_eq!(on(1, whole), on(2, whole));
}

#[test]
fn little_and_nonsense() {
    let one = array![[1.0_f32, 0.0]];
    let (clusters, tree) = fit(&one, 1);
    let spec = StabilitySpec::seeded(0);
    let ask = |spec| stability(one.view(), &clusters, &tree, spec);
    assert_eq!(ask(spec), Ok(vec![1.0]));
    assert_eq!(ask(StabilitySpec { neighbours: 10, ..spec }), Ok(vec![1.0]));
    assert_eq!(ask(StabilitySpec { runs: 0, ..spec }), Err(ClusterError::NoWork));
    for share in [0.0, 1.1, f64::NAN] {
        assert_eq!(ask(StabilitySpec { share, ..spec }), Err(ClusterError::Share));
    }
    let two = array![[1.0_f32, 0.0], [0.0, 1.0]];
    assert_eq!(stability(two.view(), &clusters, &tree, spec), Err(ClusterError::Rows { wanted: 1, got: 2 }));
    let nan = array![[f32::NAN, 0.0]];
    assert_eq!(stability(nan.view(), &clusters, &tree, spec), Err(ClusterError::NotFinite { row: 0 }));
}
