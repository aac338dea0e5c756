use super::*;
use ndarray::Array2;

fn blobs(n: usize) -> (Array2<f32>, Vec<u32>) {
    crate::classify::tests::blobs(n, 5, 12, 0.9, 2)
}

fn known<'a>(rows: &'a Array2<f32>, labels: &'a [u32], split: Split<'a>) -> Known<'a> {
    Known { features: Features::dense(rows.view()), vectors: rows.view(), labels, split }
}

#[test]
fn curves_are_paired_and_repeatable() {
    let (rows, labels) = blobs(600);
    let known = known(&rows, &labels, Split::Holdout(0.3));
    let strategies = [QueryStrategy::Random, QueryStrategy::Margin, QueryStrategy::Default];
    let plan = Plan::new(&strategies, 10, 15, 60, 3).unwrap().target(0.8).unwrap();
    let classifier = Classifier::new(5).unwrap();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let with = |threads| {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let count = || {
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        threads.install(|| plan.run(&known, &classifier, count).unwrap())
    };
    let one = with(1);
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), plan.n_fits());
    assert_eq!(one, with(2));
    for outcome in &one {
        let answers: Vec<usize> = outcome.curve.iter().map(|p| p.answers).collect();
        assert_eq!(answers, [10, 25, 40, 55, 60]);
        assert!(outcome.curve[4].accuracy.value > 0.85, "{outcome:?}");
        assert_eq!(outcome.to_target.len(), 3);
    }
    // The same start, which margin didn't choose.
    assert_eq!(one[0].curve[0], one[1].curve[0]);
    assert_eq!(one[0].to_random.map(|r| r.ratio.value), one[0].labels.map(|_| 1.0));
}

#[test]
fn a_pool_can_run_dry() {
    let (rows, labels) = blobs(50);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..50).partition(|i| *i < 33);
    let known = known(&rows, &labels, Split::Given { train: &train, test: &test });
    let plan = Plan::new(&[QueryStrategy::Margin], 20, 10, 1_000, 2).unwrap();
    let got = plan.run(&known, &Classifier::new(5).unwrap(), || ()).unwrap();
    assert_eq!(got[0].curve.iter().map(|p| p.answers).collect::<Vec<_>>(), [20, 30, 33]);
    assert_eq!((got[0].labels, got[0].to_random, got[0].to_target.len()), (None, None, 0));
}

#[test]
fn crossings_are_interpolated() {
    let curve = |accuracy: &[f64]| Curve { answers: vec![100, 200, 400], accuracy: accuracy.to_vec() };
    let by_seed = [
        vec![curve(&[0.5, 0.6, 0.8]), curve(&[0.6, 0.7, 0.9])],
        vec![curve(&[0.5, 0.7, 0.7]), curve(&[0.8, 0.7, 0.9])],
    ];
    let strategies = [QueryStrategy::Random, QueryStrategy::Margin];
    let got = figures::outcomes(&strategies, &by_seed, Some(0.7));
    let rounded =
        |outcome: &Simulation| outcome.to_target.iter().map(|x| x.map(f64::round)).collect::<Vec<_>>();
    assert_eq!(rounded(&got[0]), [Some(300.0), Some(200.0)]);
    assert_eq!(rounded(&got[1]), [Some(200.0), Some(100.0)]);
    let ratio = got[1].to_random.unwrap();
    assert!((ratio.ratio.value - (2.0_f64 / 3.0 * 0.5).sqrt()).abs() < 1e-12 && ratio.seeds == 2);
    assert!((got[0].area.value - (0.65 + 0.666_666_666_7) / 2.0).abs() < 1e-9);
    let never = figures::outcomes(&strategies, &by_seed, Some(0.75));
    assert_eq!(rounded(&never[0]), [Some(350.0), None]);
    assert_eq!((never[0].labels, never[1].to_random), (None, None));
}

#[test]
fn intervals_are_students() {
    let got = figures::interval(&[1.0, 2.0, 3.0]);
    assert!((got.value - 2.0).abs() < 1e-12 && (got.high - 2.0 - 4.303 / 3.0_f64.sqrt()).abs() < 1e-9);
    let one = figures::interval(&[0.4]);
    assert_eq!((one.low, one.value, one.high), (0.4, 0.4, 0.4));
    let many: Vec<f64> = (0..61).map(f64::from).collect();
    // t of 60 degrees of freedom is 2.0003.
    let got = figures::interval(&many);
    let half = 2.000_3 * (315.166_667_f64.sqrt() / 61.0_f64.sqrt());
    assert!((got.high - got.value - half).abs() < 2e-3, "{got:?}");
}

#[test]
fn what_is_wrong_is_said() {
    use SimulateError as E;
    let (rows, labels) = blobs(40);
    let r = [QueryStrategy::Random];
    for bad in [
        Plan::new(&[], 1, 1, 1, 1),
        Plan::new(&r, 0, 1, 1, 1),
        Plan::new(&r, 1, 0, 1, 1),
        Plan::new(&r, 2, 1, 1, 1),
        Plan::new(&r, 1, 1, 1, 0),
    ] {
        assert_eq!(bad, Err(E::Empty));
    }
    assert_eq!(Plan::new(&[QueryStrategy::Scores], 1, 1, 1, 1), Err(E::QueryStrategy(QueryStrategy::Scores)));
    assert_eq!(Plan::new(&[r[0], r[0]], 1, 1, 1, 1), Err(E::QueryStrategy(QueryStrategy::Random)));
    let plan = Plan::new(&r, 30, 1, 50, 1).unwrap();
    for bad in [0.0, 1.1, f64::NAN] {
        assert!(matches!(plan.clone().target(bad), Err(E::BadTarget(_))));
    }
    let classifier = Classifier::new(5).unwrap();
    let all: Vec<usize> = (0..40).collect();
    let out: Vec<usize> = vec![40];
    for (split, error) in [
        (Split::Holdout(0.0), E::BadSplit),
        (Split::Holdout(f64::NAN), E::BadSplit),
        (Split::Holdout(0.5), E::TooFew { start: 30, rows: 20 }),
        (Split::Given { train: &all, test: &[] }, E::BadSplit),
        (Split::Given { train: &[], test: &all }, E::BadSplit),
        (Split::Given { train: &all, test: &out }, E::BadSplit),
    ] {
        assert_eq!(plan.run(&known(&rows, &labels, split), &classifier, || ()), Err(error));
    }
    let short = known(&rows, &labels[..39], Split::Holdout(0.2));
    assert_eq!(plan.run(&short, &classifier, || ()), Err(E::Rows { expected: 40, found: 39 }));
}
