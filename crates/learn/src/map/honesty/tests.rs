use super::*;
use ndarray::{Array2, array};
use proptest::prelude::*;
use rand::Rng;

fn random_places(n: usize, seed: u64, clumps: u32) -> Vec<[f32; 2]> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut one =
        || if clumps > 0 { random.gen_range(0..clumps) as f32 } else { random.gen_range(-1.0..1.0) };
    (0..n).map(|_| [one(), one()]).collect()
}

#[test]
fn the_true_picture_is_honest_and_a_shuffled_one_is_not() {
    let places = random_places(2_000, 1, 0);
    let vectors = Array2::from_shape_fn((2_000, 2), |(row, axis)| places[row][axis]);
    let spec = HonestySpec::seeded(1);
    let mean = |places: &[[f32; 2]], spec| {
        let got = honesty(vectors.view(), places, spec).unwrap();
        (got.shares.iter().sum::<f32>() / got.shares.len() as f32, got.rows)
    };
    assert_eq!(mean(&places, spec), (1.0, (0..2_000).collect()));
    let mut turned = places.clone();
    turned.rotate_right(700);
    let (share, _) = mean(&turned, spec);
    assert!((0.003..0.04).contains(&share), "{share}: about 30 of 2,000");
    let (share, rows) = mean(&places, HonestySpec { most_rows: 300, ..spec });
    assert_eq!((share, rows.len()), (1.0, 300));
    assert!(rows.is_sorted() && *rows.last().unwrap() > 1_500);
}

#[test]
fn one_row_torn_from_its_neighbours_is_found() {
    let mut places = random_places(500, 2, 0);
    let vectors = Array2::from_shape_fn((500, 2), |(row, axis)| places[row][axis]);
    places[77] = [9.0, 9.0];
    let got = honesty(vectors.view(), &places, HonestySpec::seeded(0)).unwrap();
    let worst = (0..500).min_by(|&a, &b| got.shares[a].total_cmp(&got.shares[b])).unwrap();
    assert!(worst == 77 && got.shares[77] < 0.5);
}

#[test]
fn few_rows_rows_in_one_place_and_nonsense() {
    let spec = HonestySpec::seeded(0);
    assert_eq!(honesty(Array2::zeros((0, 3)).view(), &[], spec).unwrap().shares, Vec::<f32>::new());
    assert_eq!(honesty(array![[1.0, 2.0]].view(), &[[0.0, 0.0]], spec).unwrap().shares, [1.0]);
    let same = honesty(Array2::from_elem((900, 2), 0.5).view(), &[[0.0, 0.0]; 900], spec).unwrap();
    assert!(same.shares.iter().all(|share| *share == 1.0));
    assert_eq!(
        honesty(Array2::zeros((2, 3)).view(), &[[0.0, 0.0]], spec),
        Err(MapError::Places { rows: 2, places: 1 })
    );
    let nan = honesty(Array2::zeros((2, 3)).view(), &[[0.0, 0.0], [f32::NAN, 0.0]], spec);
    assert_eq!(nan, Err(MapError::NotFinite { row: 1 }));
}

proptest! {
    #[test]
    fn the_grid_finds_what_sorting_finds(n in 2_usize..300, near in 1_usize..40, clumps in 0_u32..9, seed: u64) {
        let places = random_places(n, seed, clumps);
        let grid = Grid::new(&places);
        let near = near.min(n - 1);
        for row in 0..n {
            let mut all: Vec<f32> =
                (0..n).filter(|&other| other != row).map(|other| apart(places[row], places[other])).collect();
            all.sort_by(f32::total_cmp);
            prop_assert_eq!(grid.reach(row, near), all[near - 1]);
        }
    }
}
