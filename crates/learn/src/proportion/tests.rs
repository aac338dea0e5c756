use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Figures of SciPy's `norm.ppf`.
#[test]
fn quantiles_of_the_normal_distribution() {
    for (p, z) in [
        (0.5, 0.0),
        (0.6, 0.253_347_103_135_799_7),
        (0.9, 1.281_551_565_544_600_4),
        (0.975, 1.959_963_984_540_054),
        (0.995, 2.575_829_303_548_900_4),
        (0.999_999, 4.753_424_308_817_087),
        (0.999_999_999_999, 7.034_486_910_047_836),
    ] {
        assert!((normal_quantile(p) - z).abs() < 1e-14 * (1.0 + z), "{p}: {}", normal_quantile(p));
    }
    assert!((normal_quantile(0.025) + normal_quantile(0.975)).abs() < 1e-14);
}

/// 81 of 263 is the first example of Newcombe (1998): .2553 to .3662. The others are statsmodels' figures.
#[test]
fn wilsons_interval() {
    for (successes, trials, confidence, low, high) in [
        (81, 263, 0.95, 0.255_288_519_878_274_2, 0.366_209_576_982_800_04),
        (8, 10, 0.95, 0.490_162_471_536_641_83, 0.943_317_848_545_624_7),
        (0, 10, 0.95, 0.0, 0.277_532_799_862_889_26),
        (10, 10, 0.95, 0.722_467_200_137_110_6, 1.0),
        (1, 29, 0.99, 0.004_061_494_196_883_814, 0.238_254_253_136_413_05),
        (997, 1_000, 0.9, 0.992_517_508_698_094_3, 0.998_800_437_521_583_7),
    ] {
        let got = wilson(successes, trials, confidence).unwrap();
        assert!((got.low - low).abs() < 1e-13 && (got.high - high).abs() < 1e-13, "{got:?}");
    }
    assert_eq!(wilson(0, 0, 0.95), Ok(Interval { low: 0.0, high: 1.0 }));
}

/// The same bound through SciPy's `betaln` and a root finder.
#[test]
fn a_sequences_intervals() {
    for (successes, trials, confidence, best, low, high) in SCIPY {
        let got = ConfidenceSequence::new(confidence, best).unwrap().interval(successes, trials).unwrap();
        assert!((got.low - low).abs() < 1e-8 && (got.high - high).abs() < 1e-8, "{successes} {got:?}");
    }
    let none = ConfidenceSequence::new(0.9, 1).unwrap();
    assert_eq!(none.interval(0, 0), Ok(Interval { low: 0.0, high: 1.0 }));
}

const SCIPY: [(u64, u64, f64, u32, f64, f64); 7] = [
    (8, 10, 0.95, 50, 0.290_679_093_660_377_36, 0.998_590_655_377_601_9),
    (0, 10, 0.95, 50, 0.0, 0.472_191_402_071_073_1),
    (10, 10, 0.95, 100, 0.411_862_743_337_467_36, 1.0),
    (180, 200, 0.95, 50, 0.821_679_565_822_243_7, 0.956_160_629_368_192_3),
    (700, 1_000, 0.99, 100, 0.643_716_053_815_254_7, 0.752_912_526_155_520_4),
    (1, 30, 0.95, 50, 0.0, 0.222_550_479_089_781_32),
    (90_000, 100_000, 0.95, 50, 0.896_151_802_562_350_7, 0.903_772_455_089_016_9),
];

/// 1,000 people of whom each is looked at after every one of 300 answers: at most 1 in 20 may ever be misjudged. With Wilson's
/// intervals it would be one in three or more.
#[test]
fn looking_after_every_answer_costs_nothing() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(8);
    let sequence = ConfidenceSequence::new(0.95, 50).unwrap();
    for truth in [0.5, 0.9] {
        let (mut missed, mut wilson_missed) = (0, 0);
        for _ in 0..1_000 {
            let (mut right, mut out, mut wilson_out) = (0, false, false);
            for n in 1..=300 {
                right += u64::from(random.gen_bool(truth));
                out |= sequence.log_martingale(truth, right, n - right) >= sequence.threshold;
                let interval = wilson(right, n, 0.95).unwrap();
                wilson_out |= truth < interval.low || truth > interval.high;
            }
            missed += u32::from(out);
            wilson_missed += u32::from(wilson_out);
        }
        assert!(missed <= 50, "{missed}");
        assert!(wilson_missed > 300, "{wilson_missed}");
    }
}

#[test]
fn what_can_not_be_asked_says_so() {
    for bad in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(wilson(1, 2, bad).is_err() && ConfidenceSequence::new(bad, 50).is_err());
    }
    let wrong = ProportionError::MoreThanAll { successes: 3, trials: 2 };
    assert_eq!(wilson(3, 2, 0.9), Err(wrong));
    assert_eq!(ConfidenceSequence::new(0.9, 50).unwrap().interval(3, 2), Err(wrong));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_interval_holds_its_share(trials in 0_u64..5_000_000, part in 0.0..=1.0_f64, confidence in 0.01..0.9999_f64, best in 0_u32..10_000) {
        let successes = (part * trials as f64) as u64;
        let sequence = ConfidenceSequence::new(confidence, best).unwrap();
        for got in [wilson(successes, trials, confidence).unwrap(), sequence.interval(successes, trials).unwrap()] {
            let share = if trials == 0 { 0.5 } else { successes as f64 / trials as f64 };
            prop_assert!(0.0 <= got.low && got.low <= share && share <= got.high && got.high <= 1.0, "{got:?} {share}");
        }
        // Right and wrong are a matter of names.
        let got = sequence.interval(successes, trials).unwrap();
        let mirrored = sequence.interval(trials - successes, trials).unwrap();
        prop_assert!((got.low - (1.0 - mirrored.high)).abs() < 1e-6, "{got:?} {mirrored:?}");
    }
}
