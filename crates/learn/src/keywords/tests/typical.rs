use super::*;
use ndarray::{Array2, array};

#[test]
fn typical_items_are_close_and_different() {
    // Three equal ones at the mean's side, one a little off, one far.
    let rows = array![[1.0_f32, 0.0], [1.0, 0.0], [1.0, 0.0], [0.8, 0.6], [0.0, 1.0]];
    let all = [0, 1, 2, 3, 4];
    assert_eq!(typical(rows.view(), &all, 1, Balance::default()), [3]);
    let two = typical(rows.view(), &all, 2, Balance::new(0.5).unwrap());
    assert_eq!(two[0], 3);
    let close = typical(rows.view(), &all, 4, Balance::new(1.0).unwrap());
    assert_eq!(close, [3, 0, 1, 2]);
    // What was chosen once is not chosen again in other clothes.
    let three = typical(rows.view(), &all, 3, Balance::new(0.4).unwrap());
    assert!(three.contains(&4), "{three:?}");
}

#[test]
fn typical_items_of_little() {
    let rows = Array2::<f32>::zeros((3, 2));
    assert!(typical(rows.view(), &[], 3, Balance::default()).is_empty());
    assert!(typical(rows.view(), &[1], 0, Balance::default()).is_empty());
    assert_eq!(typical(rows.view(), &[2, 1], 5, Balance::default()), [2, 1]);
    assert!([-0.1, 1.1, f64::NAN].iter().all(|b| Balance::new(*b).is_err()));
}

#[test]
fn edge_items_are_far_and_different() {
    // Four at the middle, two equal ones off it, one farther off.
    let rows =
        array![[1.0_f32, 0.0], [1.0, 0.1], [1.0, -0.1], [1.0, 0.0], [0.6, 0.8], [0.6, 0.8], [-0.2, 1.0]];
    let all: Vec<usize> = (0..7).collect();
    assert_eq!(edge(rows.view(), &all, 2), [6, 2]);
    // Those of the middle are all the same.
    assert_eq!(edge(rows.view(), &all, 9), [6, 2, 4]);
    assert_eq!(edge(rows.view(), &[3, 3], 9), [3]);
    assert!(edge(rows.view(), &[], 9).is_empty() && edge(rows.view(), &all, 0).is_empty());
}

#[test]
fn what_lies_outside_is_near_and_no_member() {
    let rows = array![[1.0_f32, 0.0], [1.0, 0.1], [0.9, 0.4], [0.9, 0.4], [0.6, 0.8], [-1.0, 0.0]];
    let all: Vec<usize> = (0..6).collect();
    assert_eq!(outside(rows.view(), &[0, 1], &all, 3), [2, 4, 5]);
    assert_eq!(outside(rows.view(), &[0, 1], &[5, 4], 1), [4]);
    assert!(outside(rows.view(), &all, &all, 3).is_empty());
    assert_eq!(outside(rows.view(), &[], &[4, 5], 3), [4, 5]);
}

/// Large groups: sums in parts, and only the first are put in order.
#[test]
fn the_same_items_on_any_number_of_threads() {
    let rows = Array2::from_shape_fn((5_000, 8), |(i, j)| ((i * 31 + j * 17) % 97) as f32 / 97.0 - 0.3);
    let members: Vec<usize> = (0..4_000).collect();
    let others: Vec<usize> = (0..5_000).collect();
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            (
                typical(rows.view(), &members, 5, Balance::default()),
                edge(rows.view(), &members, 5),
                outside(rows.view(), &members, &others, 5),
            )
        })
    };
    assert_eq!(on(1), on(3));
    let (typical, _, outside) = on(2);
    assert_eq!(typical.len(), 5);
    assert!(!outside.is_empty() && outside.iter().all(|&row| row >= 4_000));
}
