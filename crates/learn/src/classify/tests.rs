use super::objective::{Layout, Objective};
use super::*;
use crate::sparse::Csr;
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// `n` rows around one center for each label, all of length 1.
pub(crate) fn blobs(n: usize, labels: usize, dims: usize, noise: f32, seed: u64) -> (Array2<f32>, Vec<u32>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut some = || random.r#gen::<f32>() - 0.5;
    let centers = Array2::from_shape_simple_fn((labels, dims), &mut some);
    let truth: Vec<u32> = (0..n).map(|i| (i % labels) as u32).collect();
    let mut rows = Array2::from_shape_fn((n, dims), |(i, j)| centers[(i % labels, j)] + noise * some());
    for mut row in rows.rows_mut() {
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    (rows, truth)
}

fn sparse_of(dense: &Array2<f32>) -> Csr {
    let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in dense.rows() {
        for (j, x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            columns.push(j as u32);
            values.push(*x);
        }
        starts.push(columns.len());
    }
    Csr::new(dense.ncols(), starts, columns, values).unwrap()
}

fn accuracy(model: &Model, features: Features, truth: &[u32]) -> f64 {
    let predicted = model.predict(features).unwrap();
    predicted.iter().zip(truth).filter(|(p, t)| p.0 == **t).count() as f64 / truth.len() as f64
}

#[test]
fn two_coins_by_hand() {
    // One column ±1, penalty λ: by symmetry the weights are ±w with λ w = n/2 · 2 · (1 − p), p = σ(2w): w solves it.
    let rows = array![[1.0_f32], [1.0], [-1.0], [-1.0]];
    let model = Classifier::new(2).unwrap().l2(1.0).unwrap().until(1e-7, 300);
    let model = model.fit(Features::dense(rows.view()), Targets::One(&[0, 0, 1, 1]), None).unwrap();
    let w = f64::from(model.dense_weights(0).unwrap()[0]);
    let p = 1.0 / (1.0 + (-2.0 * w).exp());
    assert!((w - 4.0 * (1.0 - p)).abs() < 1e-4, "{w}");
    let probabilities = model.probabilities(Features::dense(rows.view())).unwrap();
    assert!((f64::from(probabilities[(0, 0)]) - p).abs() < 1e-5);
}

#[test]
fn gradients_are_slopes() {
    let (rows, truth) = blobs(60, 5, 4, 1.0, 1);
    let sparse = sparse_of(&rows.mapv(|x| if x > 0.2 { x } else { 0.0 }));
    let sets: Vec<Vec<u32>> = truth.iter().map(|t| if *t == 0 { vec![] } else { vec![*t, 4, 4] }).collect();
    let features = Features::joined(rows.view(), &sparse).unwrap();
    for (link, targets) in [(Link::Softmax, Targets::One(&truth)), (Link::Logistic, Targets::Sets(&sets))] {
        let layout = Layout { labels: 5, dense: 4, sparse: 4 };
        let slots: Vec<u32> = (0..5).collect();
        let weights = [1.0, 2.0, 1.0, 0.5, 3.0];
        let mut objective =
            Objective::new(features.reborrow(), targets, link, layout, &slots, &slots[..4], &weights, 0.3);
        let at: Vec<f32> = (0..layout.len()).map(|i| ((i * 7) % 11) as f32 / 11.0 - 0.4).collect();
        let mut gradient = vec![0.0; at.len()];
        objective.evaluate(&at, &mut gradient);
        for i in 0..at.len() {
            let mut there = |step: f32| {
                let mut x = at.clone();
                x[i] += step;
                objective.evaluate(&x, &mut vec![0.0; at.len()])
            };
            let slope = (there(0.01) - there(-0.01)) / 0.02;
            assert!((slope - f64::from(gradient[i])).abs() < 0.02, "{link:?} {i}: {slope}, {}", gradient[i]);
        }
    }
}

#[test]
fn dense_sparse_and_joined_learn() {
    let (rows, truth) = blobs(3_000, 12, 20, 0.8, 2);
    let sparse = sparse_of(&rows);
    let classifier = Classifier::new(12).unwrap().until(1e-6, 300);
    let dense = Features::dense(rows.view());
    let a = classifier.fit(dense, Targets::One(&truth), None).unwrap();
    let b = classifier.fit(Features::sparse(&sparse), Targets::One(&truth), None).unwrap();
    assert!(a.converged() && b.converged());
    // The same numbers in the other form are the same problem.
    let (p, q) = (a.probabilities(dense).unwrap(), b.probabilities(Features::sparse(&sparse)).unwrap());
    assert!(p.iter().zip(&q).all(|(p, q)| (p - q).abs() < 0.01));
    let joined = Features::joined(rows.view(), &sparse).unwrap();
    let c = classifier.fit(joined, Targets::One(&truth), None).unwrap();
    for (model, features) in [(&a, dense), (&b, Features::sparse(&sparse)), (&c, joined)] {
        assert!(accuracy(model, features, &truth) > 0.95);
    }
    // A warm start is there sooner, and in the same place.
    let again = classifier.fit(dense, Targets::One(&truth), Some(&a)).unwrap();
    assert!(again.iterations() <= a.iterations() / 2, "{} after {}", again.iterations(), a.iterations());
}

#[test]
fn threads_change_no_bit() {
    let (rows, truth) = blobs(5_000, 9, 40, 0.9, 3);
    let sparse = sparse_of(&rows.mapv(|x| if x > 0.1 { x } else { 0.0 }));
    let features = Features::joined(rows.view(), &sparse).unwrap();
    let with = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| {
            let model = Classifier::new(9).unwrap().fit(features, Targets::One(&truth), None).unwrap();
            let p = model.probabilities(features).unwrap();
            (model.parameters, p)
        })
    };
    let (one, two) = (with(1), with(2));
    assert!(one.0.iter().zip(&two.0).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert_eq!(one.1, two.1);
}

#[test]
fn labels_that_nobody_gave_have_probability_0() {
    let (rows, truth) = blobs(200, 3, 5, 0.3, 4);
    let truth: Vec<u32> = truth.iter().map(|t| t * 3_000 + 1).collect();
    let features = Features::dense(rows.view());
    let model = Classifier::new(10_000).unwrap().fit(features, Targets::One(&truth), None).unwrap();
    assert_eq!(model.labels(), [1, 3_001, 6_001]);
    let p = model.probabilities(features).unwrap();
    for row in p.rows() {
        assert!((row.sum() - 1.0).abs() < 1e-5);
        assert!(row.iter().enumerate().all(|(l, p)| *p == 0.0 || l % 3_000 == 1));
    }
    assert_eq!(model.contributions(features, 0, 0).unwrap(), None);
    // A label that comes later joins the model with weights of its own, from the others' as they were.
    let mut more = truth.clone();
    more[0] = 9_999;
    let next = Classifier::new(10_000).unwrap().fit(features, Targets::One(&more), Some(&model)).unwrap();
    assert_eq!(next.labels(), [1, 3_001, 6_001, 9_999]);
}

#[test]
fn one_label_alone_is_certain() {
    let rows = array![[1.0_f32, 0.0], [0.0, 1.0]];
    let features = Features::dense(rows.view());
    let model = Classifier::new(3).unwrap().fit(features, Targets::One(&[2, 2]), None).unwrap();
    assert_eq!(model.probabilities(features).unwrap(), array![[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]);
    assert_eq!(model.predict(features).unwrap(), [(2, 1.0), (2, 1.0)]);
}

#[test]
fn sets_of_labels_stand_each_alone() {
    let (rows, truth) = blobs(2_000, 4, 10, 0.5, 6);
    // Label 0 on half of the blobs, label 1 on another half, label 2 never, label 3 always.
    let sets: Vec<Vec<u32>> = truth
        .iter()
        .map(|t| [(*t < 2, 0), (t % 2 == 0, 1), (true, 3)].iter().filter(|x| x.0).map(|x| x.1).collect())
        .collect();
    let features = Features::dense(rows.view());
    for weights in [ClassWeights::Even, ClassWeights::Balanced] {
        let classifier = Classifier::new(4).unwrap().weights(weights).unwrap();
        let model = classifier.fit(features, Targets::Sets(&sets), None).unwrap();
        let p = model.probabilities(features).unwrap();
        for label in [0, 1, 3] {
            let right = |(row, set): (ndarray::ArrayView1<f32>, &Vec<u32>)| {
                (row[label] > 0.5) == set.contains(&(label as u32))
            };
            let share =
                p.rows().into_iter().zip(&sets).filter(|x| right((x.0, x.1))).count() as f64 / 2_000.0;
            assert!(share > 0.95, "{label}: {share}");
        }
        assert!(p.column(2).iter().all(|p| *p == 0.0));
    }
    let nothing = vec![Vec::new(); 2_000];
    let model = Classifier::new(4).unwrap().fit(features, Targets::Sets(&nothing), None).unwrap();
    assert!(model.probabilities(features).unwrap().iter().all(|p| *p == 0.0));
    assert_eq!(model.predict(features).unwrap()[0], (0, 0.0));
}

#[test]
fn balance_lifts_the_rare() {
    let (rows, truth) = blobs(1_000, 2, 4, 3.0, 7);
    let rare: Vec<usize> = (0..1_000).filter(|i| truth[*i] == 0 || i % 20 == 1).collect();
    let (rows, truth): (_, Vec<u32>) =
        (rows.select(Axis(0), &rare), rare.iter().map(|i| truth[*i]).collect());
    let features = Features::dense(rows.view());
    let recall = |weights| {
        let model = Classifier::new(2).unwrap().weights(weights).unwrap();
        let predicted = model.fit(features, Targets::One(&truth), None).unwrap().predict(features).unwrap();
        let predicted: Vec<u32> = predicted.iter().map(|p| p.0).collect();
        Report::new(&truth, &predicted).unwrap().labels[1].recall
    };
    assert!(recall(ClassWeights::Balanced) > recall(ClassWeights::Even));
}

#[test]
fn contributions_sum_to_the_score() {
    let (rows, truth) = blobs(300, 3, 6, 0.7, 8);
    let sparse = sparse_of(&rows.mapv(|x| x.max(0.0)));
    let features = Features::joined(rows.view(), &sparse).unwrap();
    let model = Classifier::new(3).unwrap().fit(features, Targets::One(&truth), None).unwrap();
    let score = |label| {
        let parts = model.contributions(features, 5, label).unwrap().unwrap();
        parts.bias + parts.dense + parts.sparse.iter().map(|c| c.value).sum::<f32>()
    };
    let p = model.probabilities(features).unwrap();
    for (a, b) in [(0, 1), (1, 2)] {
        let odds = (p[(5, a as usize)] / p[(5, b as usize)]).ln();
        assert!((score(a) - score(b) - odds).abs() < 1e-3);
    }
}

#[test]
fn what_is_wrong_is_said() {
    use ClassifyError as E;
    let rows = array![[1.0_f32, 0.0], [0.0, f32::NAN]];
    let good = array![[1.0_f32, 0.0], [0.0, 1.0]];
    let features = Features::dense(good.view());
    let classifier = Classifier::new(2).unwrap();
    let fit =
        |features: Features, labels: &[u32]| classifier.fit(features, Targets::One(labels), None).map(|_| ());
    assert_eq!(Classifier::new(0), Err(E::Empty));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(classifier.clone().l2(bad), Err(E::BadPenalty(_))));
    }
    assert_eq!(classifier.clone().weights(ClassWeights::Given(vec![1.0])), Err(E::BadWeights));
    assert_eq!(classifier.clone().weights(ClassWeights::Given(vec![1.0, f32::NAN])), Err(E::BadWeights));
    assert_eq!(fit(features, &[0]), Err(E::Rows { expected: 2, found: 1 }));
    assert_eq!(fit(features, &[0, 2]), Err(E::LabelOutOfRange { row: 1 }));
    assert_eq!(fit(Features::dense(rows.view()), &[0, 1]), Err(E::NotFinite { row: 1 }));
    let (no_rows, no_columns) = (Array2::zeros((0, 3)), Array2::zeros((2, 0)));
    assert_eq!(fit(Features::dense(no_rows.view()), &[]), Err(E::Empty));
    assert_eq!(fit(Features::dense(no_columns.view()), &[0, 1]), Err(E::Empty));
    let model = classifier.fit(features, Targets::One(&[0, 1]), None).unwrap();
    assert_eq!(model.probabilities(Features::dense(rows.view())), Err(E::NotFinite { row: 1 }));
    assert_eq!(model.predict(Features::dense(Array2::zeros((1, 3)).view())), Err(E::Columns));
    assert_eq!(model.map(Features::dense(Array2::zeros((0, 2)).view()), |_| 0), Ok(vec![]));
    let other = Classifier::new(3).unwrap().fit(features, Targets::One(&[0, 1]), Some(&model));
    assert!(matches!(other, Err(E::Columns)));
    assert!(matches!(Features::joined(good.view(), &sparse_of(&array![[1.0]])), Err(E::Rows { .. })));
    // Vectors of nothing but zeros teach the shares.
    let zeros = Array2::zeros((4, 2));
    let model = classifier.fit(Features::dense(zeros.view()), Targets::One(&[0, 0, 0, 1]), None).unwrap();
    let p = model.probabilities(Features::dense(zeros.view())).unwrap();
    assert!((p[(0, 0)] - 0.75).abs() < 0.01, "{p}");
}

#[test]
fn folds_spread_every_label() {
    let labels: Vec<u32> = (0..100).map(|i| if i < 90 { 0 } else { i % 2 + 1 }).collect();
    let fold = stratified_folds(Targets::One(&labels), 5, 3).unwrap();
    for this in 0..5 {
        let of = |label| (0..100).filter(|i| fold[*i] == this && labels[*i] == label).count();
        assert_eq!((of(0), of(1), of(2)), (18, 1, 1));
    }
    assert_eq!(fold, stratified_folds(Targets::One(&labels), 5, 3).unwrap());
    assert_ne!(fold, stratified_folds(Targets::One(&labels), 5, 4).unwrap());
    for (rows, folds) in [(3, 1), (3, 4), (0, 2)] {
        let labels = vec![0; rows];
        assert_eq!(
            stratified_folds(Targets::One(&labels), folds, 0),
            Err(ClassifyError::BadFolds { folds, rows })
        );
    }
}

#[test]
fn out_of_fold_rows_were_not_seen() {
    // Labels without any connection to the vectors: seen rows are learned by heart, others are a guess.
    let (rows, _) = blobs(400, 1, 300, 20.0, 9);
    let truth: Vec<u32> = (0..400).map(|i| (i * 7919 / 13) as u32 % 2).collect();
    let features = Features::dense(rows.view());
    let classifier = Classifier::new(2).unwrap().l2(0.001).unwrap();
    let fold = stratified_folds(Targets::One(&truth), 4, 1).unwrap();
    let p = out_of_fold(&classifier, features, Targets::One(&truth), &fold).unwrap();
    let blind = Report::of_probabilities(&truth, p.view()).unwrap().accuracy;
    let seen = accuracy(&classifier.fit(features, Targets::One(&truth), None).unwrap(), features, &truth);
    assert!(seen > 0.95 && (0.35..0.65).contains(&blind), "{seen} {blind}");
}

#[test]
fn the_block_that_knows_is_chosen() {
    let (rows, truth) = blobs(600, 4, 8, 0.5, 10);
    let (noise, _) = blobs(600, 1, 8, 10.0, 11);
    let sparse = sparse_of(&noise);
    let features = Features::joined(rows.view(), &sparse).unwrap();
    let fold = stratified_folds(Targets::One(&truth), 3, 1).unwrap();
    let classifier = Classifier::new(4).unwrap();
    let kinds = [Kind::Dense, Kind::Sparse, Kind::Joined];
    let choice = choose(&classifier, features, &truth, &kinds, &[1.0, 0.3, 0.1], &fold).unwrap();
    assert_eq!(choice.tried.iter().filter(|c| c.l2 == 0.3).count(), 3, "each kind with the middle penalty");
    assert_ne!(choice.best.kind, Kind::Sparse);
    assert!(choice.tried.iter().filter(|c| c.l2 != 0.3).all(|c| c.kind == choice.best.kind));
    let dense = Features::dense(rows.view());
    let choice = choose(&classifier, dense, &truth, &kinds, &[0.1], &fold).unwrap();
    assert_eq!(choice.tried.len(), 1);
    assert_eq!(choose(&classifier, dense, &truth, &[], &[0.1], &fold), Err(ClassifyError::Empty));
}

/// Labels that follow a column of small numbers want a weak penalty, groups that lie in every column a strong one.
#[test]
fn the_penalty_goes_on_while_it_does_better() {
    let grid = [100.0, 10.0, 1.0, 0.1, 0.01];
    let chosen = |rows: &Array2<f32>, labels: &[u32], grid: &[f64]| {
        let fold = stratified_folds(Targets::One(labels), 3, 1).unwrap();
        let classifier = Classifier::new(4).unwrap().until(1e-6, 300);
        choose(&classifier, Features::dense(rows.view()), labels, &[Kind::Dense], grid, &fold).unwrap()
    };
    let (mut small, _) = blobs(300, 1, 8, 3.0, 10);
    let sides: Vec<u32> = (0..300).map(|i| (i / 10 + i) % 2).collect();
    // One in seven is wrong.
    let shown = |i: usize| if i.is_multiple_of(7) == (sides[i] == 0) { 0.02 } else { -0.02 };
    (0..300).for_each(|i| small[(i, 0)] = shown(i));
    let weak = chosen(&small, &sides, &grid);
    assert!(weak.best.l2 < 1.0, "{weak:?}");
    let (rows, truth) = blobs(300, 4, 8, 0.8, 10);
    let strong = chosen(&rows, &truth, &grid);
    assert!(strong.best.l2 > 1.0, "{strong:?}");
    for choice in [&weak, &strong] {
        assert!(choice.tried.iter().all(|c| c.log_loss >= choice.best.log_loss));
        assert_eq!(choice.at_edge, [grid[0], grid[4]].contains(&choice.best.l2));
    }
    // A grid that ends too soon says so; one of a single penalty left nothing to choose.
    assert!(chosen(&rows, &truth, &[10.0, 1.0, 0.1]).at_edge);
    assert!(!chosen(&rows, &truth, &[1.0]).at_edge);
}

#[test]
fn reports_by_hand() {
    let report = Report::new(&[0, 0, 1, 2], &[0, 1, 1, 5]).unwrap();
    assert_eq!(report.accuracy, 0.5);
    assert_eq!(report.confusion, [(0, 0, 1), (0, 1, 1), (1, 1, 1), (2, 5, 1)]);
    let of: Vec<_> = report.labels.iter().map(|l| (l.label, l.precision, l.recall, l.support)).collect();
    assert_eq!(of, [(0, 1.0, 0.5, 2), (1, 0.5, 1.0, 1), (2, 0.0, 0.0, 1), (5, 0.0, 0.0, 0)]);
    assert!((report.macro_f1 - (2.0 / 3.0 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
    assert_eq!(Report::new(&[], &[]), Err(ClassifyError::Empty));
    let p = array![[0.5_f32, 0.5], [0.0, 1.0]];
    let got = log_loss(&[0, 0], p.view()).unwrap();
    assert!((got - (0.5_f64.ln() + 1e-7_f64.ln()) / -2.0).abs() < 1e-9);
    assert_eq!(log_loss(&[0, 2], p.view()), Err(ClassifyError::LabelOutOfRange { row: 1 }));
}

#[test]
fn baselines() {
    assert_eq!(majority_share(&[1, 1, 0, 2, 2], &[1, 0, 1, 1]), Some((1, 0.75)));
    assert_eq!((majority_share(&[], &[1]), majority_share(&[1], &[])), (None, None));
    let (rows, truth) = blobs(300, 5, 10, 0.3, 12);
    let centroids = Centroids::fit(rows.view(), &truth).unwrap();
    let predicted = centroids.predict(rows.view()).unwrap();
    assert!(Report::new(&truth, &predicted).unwrap().accuracy > 0.99);
    assert!(Centroids::fit(Array2::zeros((0, 2)).view(), &[]).is_err());
    assert!(Centroids::fit(Array2::zeros((2, 2)).view(), &[0, 9]).unwrap().predict(rows.view()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn names_and_order_change_nothing(seed in 0_u64..1_000, n in 6_usize..60) {
        let (rows, truth) = blobs(n, 3, 4, 1.0, seed);
        let classifier = Classifier::new(9).unwrap().l2(0.5).unwrap().until(1e-6, 300);
        let plain = classifier.fit(Features::dense(rows.view()), Targets::One(&truth), None).unwrap();
        let plain = plain.probabilities(Features::dense(rows.view())).unwrap();
        let order: Vec<usize> = (0..n).rev().collect();
        let turned = rows.select(Axis(0), &order);
        let renamed: Vec<u32> = order.iter().map(|i| 8 - truth[*i]).collect();
        let other = classifier.fit(Features::dense(turned.view()), Targets::One(&renamed), None).unwrap();
        let other = other.probabilities(Features::dense(turned.view())).unwrap();
        for i in 0..n {
            prop_assert!((plain.row(i).sum() - 1.0).abs() < 1e-5);
            for label in 0..3 {
                prop_assert!((plain[(i, label)] - other[(n - 1 - i, 8 - label)]).abs() < 2e-3);
            }
        }
    }
}
