use super::*;
use crate::classify::{Classifier, Targets};
use ndarray::Array2;

fn blobs(n: usize, labels: usize) -> (Array2<f32>, Vec<u32>) {
    crate::classify::tests::blobs(n, labels, 16, 0.4, 1)
}

fn pool<'a>(rows: &'a Array2<f32>, labeled: &'a [usize], scores: Option<&'a [f32]>) -> UnlabeledPool<'a> {
    UnlabeledPool { vectors: rows.view(), features: Features::dense(rows.view()), labeled, scores }
}

fn model(rows: &Array2<f32>, truth: &[u32], labeled: &[usize], n_labels: usize) -> Model {
    let train = Features::dense(rows.view()).gather(labeled);
    let labels: Vec<u32> = labeled.iter().map(|row| truth[*row]).collect();
    Classifier::new(n_labels).unwrap().fit(train.features(), Targets::One(&labels), None).unwrap()
}

#[test]
fn names_lead_there_and_back() {
    for strategy in QueryStrategy::ALL {
        assert_eq!(strategy.name().parse(), Ok(strategy));
    }
    let message = "best".parse::<QueryStrategy>().unwrap_err().to_string();
    assert!(
        message.starts_with("there is no strategy best; there are: default, random, least-confidence"),
        "{message}"
    );
}

#[test]
fn every_strategy_picks_a_batch_of_new_rows_the_same_again() {
    let (rows, truth) = blobs(1_200, 6);
    let labeled: Vec<usize> = (0..170).map(|i| i * 3).collect();
    let model = model(&rows, &truth, &labeled, 6);
    let scores: Vec<f32> = (0..1_200).map(|i| (i * 7919 % 1_200) as f32).collect();
    let pool = pool(&rows, &labeled, Some(&scores));
    for strategy in QueryStrategy::ALL {
        let with = |threads, seed| {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            threads.install(|| strategy.pick(&pool, Some(&model), 40, seed).unwrap())
        };
        let picked = with(1, 5);
        assert_eq!(picked, with(2, 5), "{strategy}");
        let mut unique = picked.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), 40, "{strategy}");
        assert!(unique.iter().all(|row| !labeled.contains(row)), "{strategy}");
    }
    assert_ne!(
        QueryStrategy::Random.pick(&pool, None, 40, 5).unwrap(),
        QueryStrategy::Random.pick(&pool, None, 40, 6).unwrap()
    );
}

#[test]
fn a_batch_is_never_larger_than_what_is_left() {
    let (rows, truth) = blobs(60, 3);
    let labeled: Vec<usize> = (0..57).chain([3, 3]).collect();
    let model = model(&rows, &truth, &labeled, 3);
    let scores = vec![0.5; 60];
    let all: Vec<usize> = (0..60).collect();
    for strategy in QueryStrategy::ALL {
        let mut picked = strategy.pick(&pool(&rows, &labeled, Some(&scores)), Some(&model), 40, 1).unwrap();
        picked.sort_unstable();
        assert_eq!(picked, [57, 58, 59], "{strategy}");
        assert_eq!(strategy.pick(&pool(&rows, &labeled, Some(&scores)), Some(&model), 0, 1), Ok(vec![]));
        assert_eq!(strategy.pick(&pool(&rows, &all, Some(&scores)), Some(&model), 4, 1), Ok(vec![]));
    }
}

#[test]
fn rows_that_are_all_the_same_can_be_picked() {
    let rows = Array2::from_elem((50, 4), 0.5_f32);
    let truth = vec![0; 50];
    let model = model(&rows, &truth, &[0, 1], 2);
    let zeros = Array2::zeros((50, 4));
    for strategy in QueryStrategy::ALL {
        for rows in [&rows, &zeros] {
            let mut picked =
                strategy.pick(&pool(rows, &[0, 1], Some(&[0.0; 50])), Some(&model), 30, 1).unwrap();
            picked.sort_unstable();
            picked.dedup();
            assert_eq!(picked.len(), 30, "{strategy}");
        }
    }
}

#[test]
fn uncertainty_by_hand() {
    let p = [0.5, 0.3, 0.2];
    assert!((least_confidence(&p) - 0.5).abs() < 1e-6);
    assert!((margin(&p) - 0.8).abs() < 1e-6);
    assert!((entropy(&p) - 1.029_653).abs() < 1e-5);
    // Certainty, and no probability at all.
    assert_eq!((least_confidence(&[1.0, 0.0]), margin(&[1.0]), entropy(&[1.0, 0.0])), (0.0, 0.0, 0.0));
    assert_eq!((least_confidence(&[]), margin(&[]), entropy(&[])), (1.0, 1.0, 0.0));
}

#[test]
fn the_top_is_sorted_and_ties_go_by_place() {
    assert_eq!(top(&[1.0, 3.0, 2.0, 3.0, f32::INFINITY], 3), Ok(vec![4, 1, 3]));
    assert_eq!(top(&[0.0; 5], 2), Ok(vec![0, 1]));
    assert_eq!(top(&[], 2), Ok(vec![]));
    assert_eq!(top(&[1.0], 0), Ok(vec![]));
    assert_eq!(top(&[1.0, f32::NAN], 1), Err(SelectError::NotFinite(1)));
}

#[test]
fn typical_rows_cover_the_groups() {
    let (rows, truth) = blobs(400, 8);
    for strategy in [QueryStrategy::Representative, QueryStrategy::Default, QueryStrategy::Diverse] {
        let picked = strategy.pick(&pool(&rows, &[], None), None, 8, 3).unwrap();
        let mut labels: Vec<u32> = picked.iter().map(|row| truth[*row]).collect();
        labels.sort_unstable();
        labels.dedup();
        assert!(labels.len() >= 7, "{strategy}: {labels:?}");
    }
}

#[test]
fn the_default_begins_with_typical_rows_and_goes_on_with_uncertain_ones() {
    let (rows, truth) = blobs(800, 4);
    let labeled: Vec<usize> = (0..140).collect();
    let known = model(&rows, &truth, &labeled, 4);
    let pick = |strategy: QueryStrategy, labeled: &[usize], batch| {
        strategy.pick(&pool(&rows, labeled, None), Some(&known), batch, 9).unwrap()
    };
    assert_eq!(pick(QueryStrategy::Default, &labeled, 10), pick(QueryStrategy::Representative, &labeled, 10));
    let mixed = pick(QueryStrategy::Default, &labeled, 30);
    assert_eq!(mixed[..10], pick(QueryStrategy::Representative, &labeled, 10));
    let more: Vec<usize> = (0..150).collect();
    assert_eq!(pick(QueryStrategy::Default, &more, 30), pick(QueryStrategy::DiverseMargin, &more, 30));
    assert_eq!((cold_start(2), cold_start(77), cold_start(0)), (150, 154, 150));
}

#[test]
fn what_is_wrong_is_said() {
    let (mut rows, truth) = blobs(20, 2);
    let known = model(&rows, &truth, &[0, 1], 2);
    let one = [f32::NAN; 20];
    assert_eq!(
        QueryStrategy::Margin.pick(&pool(&rows, &[], None), None, 1, 0),
        Err(SelectError::NeedsModel(QueryStrategy::Margin))
    );
    assert_eq!(
        QueryStrategy::Scores.pick(&pool(&rows, &[], None), None, 1, 0),
        Err(SelectError::NeedsScores)
    );
    assert_eq!(
        QueryStrategy::Scores.pick(&pool(&rows, &[], Some(&one)), None, 1, 0),
        Err(SelectError::NotFinite(0))
    );
    assert_eq!(
        QueryStrategy::Scores.pick(&pool(&rows, &[], Some(&one[..3])), None, 1, 0),
        Err(SelectError::Rows { expected: 20, found: 3 })
    );
    assert_eq!(
        QueryStrategy::Random.pick(&pool(&rows, &[20], None), None, 1, 0),
        Err(SelectError::OutOfRange(20))
    );
    rows[(7, 2)] = f32::NAN;
    for strategy in [QueryStrategy::Representative, QueryStrategy::Diverse, QueryStrategy::Default] {
        assert_eq!(strategy.pick(&pool(&rows, &[], None), None, 1, 0), Err(SelectError::NotFinite(7)));
    }
    assert_eq!(
        QueryStrategy::Margin.pick(&pool(&rows, &[], None), Some(&known), 1, 0),
        Err(SelectError::Model(ClassifyError::NotFinite { row: 7 }))
    );
}

#[test]
fn outer_products_are_measured_without_being_made() {
    let (x, _) = blobs(30, 3);
    let a = Array2::from_shape_fn((30, 3), |(i, j)| ((i * 5 + j * 3) % 7) as f32 / 7.0 - 0.4);
    let rows: Vec<usize> = (0..30).collect();
    let view = x.view();
    let metric = Metric::of_rows(&view, &rows).times(a.clone());
    let mut got = vec![f32::INFINITY; 30];
    metric.approach(4, &mut got);
    for i in 0..30 {
        let mut want = 0.0;
        for k in 0..3 {
            for d in 0..16 {
                want += (a[(i, k)] * x[(i, d)] - a[(4, k)] * x[(4, d)]).powi(2);
            }
        }
        assert!((got[i] - want).abs() < 1e-4, "{i}: {} against {want}", got[i]);
    }
}
