use super::*;
use ndarray::{Array2, array};
use rand::Rng;

fn islands(n: usize, of: usize, d: usize) -> Array2<f32> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    let centres = Array2::from_shape_fn((of, d), |_| random.gen_range(-1.0_f32..1.0));
    Array2::from_shape_fn((n, d), |(i, j)| centres[(i % of, j)] + random.gen_range(-0.1_f32..0.1))
}

#[test]
fn few_points_have_a_picture_too() {
    let draw = |rows: Array2<f32>| Map::seeded(1).draw(rows.view()).unwrap();
    assert_eq!(draw(Array2::zeros((0, 3))), Vec::<[f32; 2]>::new());
    assert_eq!(draw(array![[1.0, 2.0]]), [[0.0, 0.0]]);
    let two = draw(array![[1.0, 2.0], [3.0, 2.0]]);
    assert_eq!((two[0][0] + two[1][0], two[0][0].abs()), (0.0, 1.0));
    assert_eq!(draw(Array2::from_elem((30, 4), 0.1)), vec![[0.0, 0.0]; 30]);
    assert_eq!(draw(Array2::zeros((5, 0))), vec![[0.0, 0.0]; 5]);
    for n in 3..40 {
        let places = draw(islands(n, 2, 5));
        assert_eq!(places.len(), n);
        assert!(places.iter().flatten().all(|x| x.abs() <= 1.0), "{n}");
    }
}

#[test]
fn equal_rows_among_others_do_not_break_it() {
    let mut rows = Array2::zeros((200, 3));
    for i in 0..200 {
        rows[(i, i % 3)] = 1.0;
    }
    assert!(Map::seeded(1).draw(rows.view()).unwrap().iter().flatten().all(|x| x.is_finite()));
}

#[test]
fn neighbours_stay_neighbours_and_the_rest_finds_its_island() {
    let rows = islands(900, 6, 20);
    let places = Map::seeded(3).points(300).unwrap().epochs(300).unwrap().draw(rows.view()).unwrap();
    let apart = |a: usize, b: usize| {
        let [x, y] = [0, 1].map(|axis| places[a][axis] - places[b][axis]);
        x.hypot(y)
    };
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut right = 0;
    for _ in 0..1_000 {
        let a = random.gen_range(0..894);
        // One of the same island and one of another.
        right += usize::from(
            apart(a, (a + 6 * random.gen_range(1..100)) % 900) < apart(a, a + 1 + random.gen_range(0..5)),
        );
    }
    assert!(right > 970, "{right} of 1,000");
}

#[test]
fn the_same_seed_draws_the_same_picture_on_any_number_of_threads() {
    let rows = islands(700, 5, 16);
    let map = Map::seeded(9).points(400).unwrap().epochs(60).unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| map.draw(rows.view()).unwrap())
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(3));
}

#[test]
fn rows_that_are_known_stay_about_where_they_were() {
    let rows = islands(600, 6, 20);
    let map = Map::seeded(3).epochs(250).unwrap();
    let old = map.draw(rows.slice(ndarray::s![..450, ..])).unwrap();
    let known: Vec<Option<[f32; 2]>> = (0..600).map(|row| old.get(row).copied()).collect();
    let far = |new: &[[f32; 2]]| {
        let apart = |row: usize| (new[row][0] - old[row][0]).hypot(new[row][1] - old[row][1]);
        (0..450).map(apart).sum::<f32>() / 450.0
    };
    let from = Map::seeded(4).epochs(250).unwrap().draw_from(rows.view(), &known).unwrap();
    assert!(far(&from) < 0.25, "{}", far(&from));
    assert!(from.iter().flatten().all(|x| x.abs() <= 1.0));
    // New rows are on the island of their old ones.
    let apart = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let right =
        (450..600).filter(|&row| apart(from[row], from[row - 6]) < apart(from[row], from[row - 5])).count();
    assert!(right > 140, "{right} of 150");
    // Also when only some are laid out.
    let some =
        Map::seeded(4).epochs(250).unwrap().points(300).unwrap().draw_from(rows.view(), &known).unwrap();
    assert!(far(&some) < 0.35, "{}", far(&some));
    // Nothing known: as ever.
    assert_eq!(map.draw_from(rows.view(), &[None; 600]), map.draw(rows.view()));
    assert_eq!(map.draw_from(rows.view(), &[None; 9]), Err(MapError::Places { rows: 600, places: 9 }));
}

#[test]
fn many_rows_are_placed_by_cells() {
    let rows = islands(50_400, 6, 8);
    let places = Map::seeded(3).points(600).unwrap().epochs(250).unwrap().draw(rows.view()).unwrap();
    let apart = |a: usize, b: usize| (places[a][0] - places[b][0]).hypot(places[a][1] - places[b][1]);
    let right = (0..50_000).step_by(50).filter(|&row| apart(row, row + 6) < apart(row, row + 3)).count();
    assert!(right > 980, "{right} of 1,000");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let map = Map::seeded(0);
    assert_eq!(map.points(9), Err(MapError::Points(9)));
    assert!(map.points(50_001).is_err() && map.epochs(0).is_err() && map.epochs(10_001).is_err());
    assert!(
        map.perplexity(1.0).is_err() && map.perplexity(f32::NAN).is_err() && map.perplexity(101.0).is_err()
    );
    assert_eq!(map.draw(array![[0.0], [f32::NAN]].view()), Err(MapError::NotFinite { row: 1 }));
    assert!(MapError::Points(3).to_string().contains("between 10 and 50000"), "{}", MapError::Points(3));
}
