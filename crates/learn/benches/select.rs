//! What a batch of 100 costs by each strategy. `ASSAY_ROWS` is the number of rows (20,000), of 256 dimensions and 77
//! labels, 500 of them labeled.

#[path = "common/hand.rs"]
mod hand;

use learn::classify::{Classifier, Features, Targets};
use learn::select::{QueryStrategy, UnlabeledPool};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn main() {
    let n: usize = std::env::var("ASSAY_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000).max(1_000);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let centers = Array2::from_shape_simple_fn((77, 256), || random.r#gen::<f32>() - 0.5);
    let mut rows = Array2::zeros((n, 256));
    for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
        row.assign(&centers.row(i % 77));
        row.mapv_inplace(|x| x + 2.0 * (random.r#gen::<f32>() - 0.5));
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    let labeled: Vec<usize> = (0..500).collect();
    let labels: Vec<u32> = (0..500).map(|i| i % 77).collect();
    let features = Features::dense(rows.view());
    let model = Classifier::new(77)
        .and_then(|c| c.fit(features.gather(&labeled).features(), Targets::One(&labels), None))
        .expect("rows are whole");
    let scores = vec![0.0; n];
    let pool = UnlabeledPool { vectors: rows.view(), features, labeled: &labeled, scores: Some(&scores) };
    for strategy in QueryStrategy::ALL {
        let (seconds, picked) =
            hand::best(3, || strategy.pick(&pool, Some(&model), 100, 1).expect("rows are whole"));
        assert_eq!(picked.len(), 100);
        hand::tell(&format!("pick/100 of {n} by {strategy}"), seconds, &[]);
    }
}
