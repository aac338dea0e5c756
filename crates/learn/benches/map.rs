//! The map of generated vectors: 1,000 points by t-SNE and 9,000 placed among them; `FULL=1`: 5,000 and 95,000.

use criterion::{Criterion, criterion_group, criterion_main};
use learn::map::Map;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::Duration;

fn benches(c: &mut Criterion) {
    let (n, points) = if std::env::var_os("FULL").is_some() { (100_000, 5_000) } else { (10_000, 1_000) };
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let topics = Array2::from_shape_fn((60, 256), |_| random.gen_range(-1.0_f32..1.0));
    let rows =
        Array2::from_shape_fn((n, 256), |(i, j)| topics[(i % 60, j)] + random.gen_range(-1.0_f32..1.0));
    let map = Map::seeded(0).points(points).expect("between the least and the most");
    let mut group = c.benchmark_group("map");
    group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_secs(10));
    group.bench_function(format!("{n} x 256, {points} by t-SNE"), |b| b.iter(|| map.draw(rows.view())));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
