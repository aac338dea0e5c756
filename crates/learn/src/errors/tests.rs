use super::*;
use ndarray::Array2;
use proptest::prelude::*;

/// Made by whole numbers, so that cleanlab could be asked about the very same: every seventh label is wrong.
fn made(n: usize, k: usize) -> (Vec<u32>, Array2<f64>) {
    let mut given = Vec::new();
    let mut p = Array2::zeros((n, k));
    for i in 0..n {
        let truth = (i * 5 + i / 3) % k;
        for j in 0..k {
            let bonus = if j == truth { 30 } else { 0 };
            p[[i, j]] = ((i * i * 31 + j * 17 + i * j * 7) % 23 + 1 + bonus) as f64;
        }
        let sum = p.row(i).sum();
        p.row_mut(i).mapv_inplace(|x| x / sum);
        given.push(if i % 7 == 0 { (truth + 1 + i % 2) % k } else { truth } as u32);
    }
    (given, p)
}

fn found(given: &[u32], p: &Array2<f64>, filter: Filter, rank: Rank) -> Vec<usize> {
    label_errors(given, p.view(), filter, rank).unwrap().suspects.iter().map(|s| s.row).collect()
}

/// What cleanlab 2.9.0 says.
#[test]
fn the_same_as_cleanlab() {
    let (given, p) = made(60, 4);
    let rate = Filter::PruneByNoiseRate;
    assert_eq!(found(&given, &p, rate, Rank::SelfConfidence), [35, 49, 42, 56, 28, 14, 21, 0]);
    assert_eq!(found(&given, &p, rate, Rank::NormalizedMargin), [49, 35, 42, 14, 28, 56, 21, 0]);
    let confident = Filter::ConfidentLearning;
    assert_eq!(found(&given, &p, confident, Rank::SelfConfidence), [35, 49, 42, 56, 28, 14, 7, 21]);
    assert_eq!(found(&given, &p, confident, Rank::NormalizedMargin), [49, 35, 42, 14, 28, 56, 7, 21]);

    let all = label_errors(&given, p.view(), rate, Rank::default()).unwrap();
    let thresholds = [
        0.494_797_705_878_214_7,
        0.542_304_210_440_591_6,
        0.499_736_280_489_257_94,
        0.094_295_744_812_307_47,
    ];
    for (got, wanted) in all.thresholds.iter().zip(thresholds) {
        assert!((got.unwrap() - wanted).abs() < 1e-15);
    }
    let mut joint = [[0; 4]; 4];
    for cell in &all.joint {
        joint[cell.given as usize][cell.actual as usize] = cell.n_items;
    }
    assert_eq!(joint, [[12, 0, 1, 5], [1, 14, 0, 4], [0, 1, 12, 6], [0, 1, 2, 1]]);
    let worst = all.suspects[0];
    assert_eq!((worst.given, worst.suggested), (given[35], 2));
}

#[test]
fn what_can_not_be_judged_says_so() {
    let p = ndarray::array![[0.9, 0.1], [0.2, 0.8]];
    let ask =
        |given: &[u32], p: &Array2<f64>| label_errors(given, p.view(), Filter::default(), Rank::default());
    assert_eq!(ask(&[0], &p), Err(LabelErrorsError::Lengths { labels: 1, rows: 2 }));
    assert_eq!(ask(&[0, 1, 1], &p), Err(LabelErrorsError::Lengths { labels: 3, rows: 2 }));
    assert_eq!(ask(&[0, 2], &p), Err(LabelErrorsError::LabelOutOfRange { row: 1 }));
    for bad in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        let got = ask(&[0, 1], &ndarray::array![[0.9, 0.1], [0.2, bad]]);
        assert!(matches!(got, Err(LabelErrorsError::NotAProbability { row: 1, column: 1, .. })), "{got:?}");
    }
    let narrow = Made { n: 3, k: 2, width: 1 };
    let got = label_errors(&[0, 0, 1], narrow, Filter::default(), Rank::default());
    assert_eq!(got, Err(LabelErrorsError::Width { row: 0, found: 1, expected: 2 }));
}

#[test]
fn nothing_to_suspect() {
    for filter in [Filter::PruneByNoiseRate, Filter::ConfidentLearning] {
        // No item; no label; one label; all items of one label; labels of one item each; nobody is sure of anything.
        for (given, p) in [
            (vec![], Array2::zeros((0, 3))),
            (vec![], Array2::zeros((0, 0))),
            (vec![0, 0], Array2::from_elem((2, 1), 0.3)),
            (vec![1, 1, 1], Array2::from_elem((3, 3), 1.0 / 3.0)),
            (vec![0, 1, 2], Array2::from_elem((3, 3), 1.0 / 3.0)),
            (vec![0, 1, 2], Array2::zeros((3, 3))),
        ] {
            assert!(found(&given, &p, filter, Rank::NormalizedMargin).is_empty());
        }
    }
    let zeros = Array2::<f64>::zeros((0, 2));
    let none = label_errors(&[], zeros.view(), Filter::default(), Rank::default()).unwrap();
    assert_eq!((none.thresholds, none.joint.len()), (vec![None, None], 0));
}

#[test]
fn single_precision_and_any_stride() {
    let (given, p) = made(60, 4);
    let narrow = p.mapv(|x| x as f32);
    let got = label_errors(&given, narrow.view(), Filter::default(), Rank::default()).unwrap();
    assert_eq!(got.suspects.iter().map(|s| s.row).collect::<Vec<_>>(), [35, 49, 42, 56, 28, 14, 21, 0]);
    let across = p.t().to_owned();
    let got = label_errors(&given, across.t(), Filter::default(), Rank::default()).unwrap();
    assert_eq!(got, label_errors(&given, p.view(), Filter::default(), Rank::default()).unwrap());
}

/// Rows that are nowhere in memory.
struct Made {
    n: usize,
    k: usize,
    width: usize,
}

impl Rows for Made {
    type Error = Infallible;

    fn n_labels(&self) -> usize {
        self.k
    }

    fn each(&mut self, row: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), Infallible> {
        let mut p = vec![0.0; self.width];
        for i in 0..self.n {
            p.fill(0.1 / self.k as f64);
            if let Some(p) = p.get_mut(i * 7 % self.k) {
                *p += 0.9;
            }
            if !row(&p) {
                break;
            }
        }
        Ok(())
    }
}

#[test]
fn thousands_of_labels_make_no_table_of_pairs() {
    let (n, k) = (20_000, 5_000);
    let given: Vec<u32> = (0..n).map(|i| ((i * 7 + usize::from(i < k && i % 100 == 0)) % k) as u32).collect();
    let made = Made { n, k, width: k };
    let got = label_errors(&given, made, Filter::ConfidentLearning, Rank::default()).unwrap();
    assert_eq!(got.suspects.len(), 50);
    assert!(got.suspects.iter().all(|s| s.row % 100 == 0 && s.suggested as usize == s.row * 7 % k));
}

/// NumPy's figures, in arrays of a few thousand, for numbers x(i) = 0.1 + i mod 7 / 3 at every i that 3 divides, and 0 elsewhere.
#[test]
fn sums_are_numpys_to_the_last_digit() {
    for (n, wanted) in [
        (0, 0.0),
        (5, 1.200_000_000_000_000_2),
        (16, 6.266_666_666_666_667),
        (100, 37.066_666_666_666_67),
        (128, 46.300_000_000_000_004),
        (131, 47.400_000_000_000_006),
        (1_000, 367.733_333_333_333_35),
        (5_929, 2_174.7),
    ] {
        let given: Vec<(u64, f64)> =
            (0..n).filter(|i| i % 3 == 0).map(|i| (i, 0.1 + (i % 7) as f64 / 3.0)).collect();
        assert_eq!(numpy_sum(&given, n), wanted, "{n}");
    }
}

#[test]
fn rounding_keeps_the_sum() {
    assert_eq!(round_keeping_sum(&[2.4, 3.4, 4.2]), [2, 4, 4]);
    assert_eq!(round_keeping_sum(&[0.5, 0.5]), [0, 1]);
    assert_eq!(round_keeping_sum(&[1.5, 1.5]), [1, 2]);
    assert_eq!(round_keeping_sum(&[]), [0; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_probabilities(
        raw in proptest::collection::vec((0_u32..4, proptest::collection::vec(prop_oneof![Just(0.0), 0.0..1.0_f64], 4)), 0..40),
        confident: bool,
        margin: bool,
    ) {
        let given: Vec<u32> = raw.iter().map(|row| row.0).collect();
        let p = Array2::from_shape_fn((raw.len(), 4), |(i, j)| raw[i].1[j]);
        let filter = if confident { Filter::ConfidentLearning } else { Filter::PruneByNoiseRate };
        let rank = if margin { Rank::NormalizedMargin } else { Rank::SelfConfidence };
        let got = label_errors(&given, p.view(), filter, rank).unwrap();
        for label in 0..4 {
            let n = given.iter().filter(|g| **g == label).count();
            let cells: usize = got.joint.iter().filter(|c| c.given == label).map(|c| c.n_items).sum();
            prop_assert_eq!(n, cells);
        }
        for pair in got.suspects.windows(2) {
            let score = |s: &Suspect| if margin { s.normalized_margin } else { s.self_confidence };
            prop_assert!(score(&pair[0]) <= score(&pair[1]));
        }
        for s in &got.suspects {
            prop_assert!(s.given == given[s.row] && s.suggested != s.given && s.normalized_margin < 0.5);
        }
    }
}
