use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn near(a: [f32; 2], b: [f32; 2]) -> bool {
    (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-4
}

proptest! {
    /// A picture turned, mirrored, scaled and shifted comes back, with those of its places that no pair names.
    #[test]
    fn what_was_moved_comes_back(
        angle in 0.0_f32..6.3, mirror: bool, scale in 0.1_f32..5.0, shift in (-3.0_f32..3.0, -3.0_f32..3.0), seed: u64,
    ) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let old: Vec<[f32; 2]> =
            (0..20).map(|_| [random.gen_range(-0.9..0.9), random.gen_range(-0.9..0.9)]).collect();
        let mut new: Vec<[f32; 2]> = old
            .iter()
            .map(|&[x, y]| {
                let y = if mirror { -y } else { y };
                let (sin, cos) = angle.sin_cos();
                [scale * (cos * x - sin * y) + shift.0, scale * (sin * x + cos * y) + shift.1]
            })
            .collect();
        let pairs: Vec<(usize, [f32; 2])> = (0..12).map(|at| (at, old[at])).collect();
        align(&mut new, &pairs);
        for (old, new) in old.iter().zip(&new) {
            prop_assert!(near(*old, *new), "{:?} {:?}", old, new);
        }
    }
}

#[test]
fn little_to_go_by_moves_little() {
    let places = [[0.5, 0.5], [-0.5, 0.5], [0.0, -0.5]];
    let moved = |pairs: &[(usize, [f32; 2])]| {
        let mut new = places;
        align(&mut new, pairs);
        new
    };
    assert_eq!(moved(&[]), places);
    assert_eq!(moved(&[(9, [0.0, 0.0]), (1, [f32::NAN, 0.0])]), places);
    assert_eq!(moved(&[(0, [0.25, 0.5])]), [[0.25, 0.5], [-0.75, 0.5], [-0.25, -0.5]]);
    assert_eq!(moved(&[(0, [0.25, 0.5]), (1, [0.25, 0.5])])[0], [0.75, 0.5]);
    // Nothing lies beyond 1, and the picture keeps its shape.
    let far = moved(&[(0, [3.0, 0.0])]);
    assert!(far.iter().flatten().all(|x| x.abs() <= 1.0));
    assert!(near([far[0][0] - far[1][0], 0.0], [(far[0][1] - far[2][1]), 0.0]));
}
