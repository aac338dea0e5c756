use super::*;

#[test]
fn quantiles_interpolate() {
    assert_eq!(quantile(&mut [], 0.5), None);
    assert_eq!(quantile(&mut [3.0], 0.975), Some(3.0));
    assert_eq!(quantile(&mut [4.0, 0.0, 2.0, 1.0, 3.0], 0.625), Some(2.5));
    assert_eq!(quantile(&mut [1.0, 0.0], 1.0), Some(1.0));
}

#[test]
fn every_resample_draws_as_many_items_as_there_are() {
    let of_item = [0, 1, 1, 2, 2];
    let plan = Bootstrap::new(500, 0.9, 7).unwrap();
    let drawn = resample(&of_item, 3, &plan, <[u32]>::to_vec);
    assert!(drawn.iter().all(|w| w.iter().sum::<u32>() == 5));
    let share = drawn.iter().map(|w| f64::from(w[0])).sum::<f64>() / 2_500.0;
    assert!((share - 0.2).abs() < 0.02, "{share}");
}

#[test]
fn a_mean_gets_the_interval_that_theory_gives() {
    // 100 of 400 successes: 0.25 ± 1.96 · √(0.25 · 0.75 / 400) = 0.2076 … 0.2924.
    let of_item: Vec<u32> = (0..400).map(|i| u32::from(i < 100)).collect();
    let plan = Bootstrap::seeded(3);
    let means = resample(&of_item, 2, &plan, |w| Some(f64::from(w[1]) / 400.0));
    let got = estimate(0.25, means, 400, &plan);
    let Interval { low, high } = got.interval.unwrap();
    assert!((low - 0.2076).abs() < 0.006 && (high - 0.2924).abs() < 0.006, "{got:?}");
}

#[test]
fn confidence_is_checked() {
    for bad in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
        assert!(Bootstrap::new(1, bad, 0).is_err());
    }
}

/// An interval without width would look like certainty.
#[test]
fn too_little_gives_no_interval_but_the_reason() {
    let plan = Bootstrap::seeded(1);
    let of = |values: Vec<Option<f64>>, n_items: usize, plan: &Bootstrap| {
        estimate(0.5, values, n_items, plan).interval
    };
    let spread = |n: usize| (0..n).map(|i| Some(i as f64 / 10_000.0)).collect::<Vec<_>>();
    assert!(of(spread(2_000), 5, &plan).is_ok());
    assert_eq!(of(Vec::new(), 100, &Bootstrap::none()), Err(NoInterval::NotAsked));
    assert_eq!(of(spread(2_000), 4, &plan), Err(NoInterval::FewItems { n_items: 4 }));
    assert_eq!(of(vec![Some(0.5); 2_000], 100, &plan), Err(NoInterval::Unmoved));
    // 5% may lie outside; where more say nothing, nobody knows what lies inside.
    let mut some = spread(1_900);
    some.resize(2_000, None);
    assert!(of(some.clone(), 100, &plan).is_ok());
    some[0] = Some(f64::NAN);
    assert_eq!(of(some, 100, &plan), Err(NoInterval::FewUsable { usable: 1_899, asked: 2_000 }));
    let few = |n| Bootstrap::new(n, 0.95, 1).unwrap();
    assert_eq!(of(spread(39), 100, &few(39)), Err(NoInterval::FewAsked { least: 40, asked: 39 }));
    assert!(of(spread(40), 100, &few(40)).is_ok());
}

#[test]
fn draws_hold_the_counts_of_every_resample() {
    let plan = Bootstrap::new(70, 0.9, 7).unwrap();
    let of_item: Vec<u32> = (0..9).collect();
    let each = resample(&of_item, 9, &plan, <[u32]>::to_vec);
    let draws = Draws::of(9, 3..70, &plan);
    for place in 0..9 {
        let wanted: Vec<u8> = each[3..].iter().map(|weights| weights[place] as u8).collect();
        assert_eq!(draws.of_place(place), wanted);
    }
    assert!((0..9).all(|place| Draws::once(9).of_place(place) == [1]));
    // In pieces or at once, kept or made anew: the same counts.
    let drawing = Drawing::new(plan);
    for _ in 0..2 {
        let pieces = drawing.each(9, 32, |draws, resamples| draws.of_place(4)[resamples].to_vec());
        assert_eq!(pieces.concat(), Draws::of(9, 0..70, &plan).of_place(4));
    }
}
