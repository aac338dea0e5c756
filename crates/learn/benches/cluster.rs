//! k-means, the tree above it and smoothing, on generated vectors that look like those of texts: mixtures of a few hundred
//! directions. Those of k-means are written for `peers/cluster.py`. `ASSAY_ROWS` is their number (100,000); 316 clusters the
//! root of it. `FULL=1` measures a whole run instead, with its peak of memory.

#[path = "common/hand.rs"]
mod hand;

use criterion::{Criterion, criterion_group, criterion_main};
use learn::cluster::{KMeans, StabilitySpec, Tree, micro_clusters, smooth, stability};
use learn::map::{HonestySpec, Map, honesty};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// `n` vectors of length 1: two of `topics` directions and noise.
fn vectors(n: usize, d: usize, topics: usize) -> Array2<f32> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let directions = Array2::from_shape_fn((topics, d), |_| random.gen_range(-1.0_f32..1.0));
    let mut rows = Array2::zeros((n, d));
    for mut row in rows.outer_iter_mut() {
        row.assign(&directions.row(random.gen_range(0..topics)));
        row.scaled_add(random.gen_range(0.0..1.0), &directions.row(random.gen_range(0..topics)));
        row.mapv_inplace(|x| x + random.gen_range(-0.6_f32..0.6));
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    rows
}

fn write(path: &Path, rows: &Array2<f32>) -> std::io::Result<()> {
    let (n, d) = rows.dim();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {d}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    // The header is filled up with spaces to a multiple of 64 bytes.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    bytes.extend(rows.iter().flat_map(|x| x.to_le_bytes()));
    std::fs::write(path, bytes)
}

fn rows() -> usize {
    std::env::var("ASSAY_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000)
}

/// All that a run does with vectors it is given: told step by step, then the seconds of all and the peak of memory.
fn run() {
    let n = rows();
    let rows = vectors(n, 256, 500);
    let clock = std::time::Instant::now();
    let tell = |what: &str, seconds: f64| hand::tell(&format!("run/{what}, {n} x 256"), seconds, &[]);
    let kmeans = KMeans::new(micro_clusters(n), 1).expect("some clusters");
    let (seconds, (clusters, smoothed)) =
        hand::best(1, || kmeans.fit_smoothed(rows.view(), 10).expect("finite rows"));
    tell("smooth and k-means", seconds);
    let (seconds, (tree, openings)) = hand::best(1, || {
        let tree = clusters.tree();
        let openings = clusters.openings(&tree);
        (tree, openings)
    });
    tell("tree and openings", seconds);
    let (vectors, neighbours) = smoothed.as_ref().map_or((rows.view(), 10), |smoothed| (smoothed.view(), 0));
    let spec = StabilitySpec { neighbours, ..StabilitySpec::seeded(1) };
    let (seconds, steady) =
        hand::best(1, || stability(vectors, &clusters, &tree, spec).expect("rows of the clusters"));
    tell("stability", seconds);
    let (seconds, places) = hand::best(1, || Map::seeded(1).draw(vectors).expect("finite rows"));
    tell("map", seconds);
    let (seconds, honest) =
        hand::best(1, || honesty(vectors, &places, HonestySpec::seeded(1)).expect("finite places"));
    tell("honesty", seconds);
    let mean = |values: &[f32]| values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64;
    let more = [
        ("peak_mb", hand::peak_mb()),
        ("themes", openings.grains().themes as f64),
        ("stability", mean(&steady)),
        ("honesty", mean(&honest.shares)),
    ];
    hand::tell(&format!("run/all, {n} x 256"), clock.elapsed().as_secs_f64(), &more);
}

fn whole() {
    let n = rows();
    let rows = vectors(n, 256, 500);
    let k = (n as f64).sqrt().round() as usize;
    if let Some(folder) = hand::folder() {
        write(&folder.join("vectors.npy"), &rows).expect("the vectors can be written");
    }
    let kmeans = || KMeans::new(k, 0).and_then(|kmeans| kmeans.fit(rows.view())).expect("rows enough");
    let (seconds, (inertia, _)) = hand::best(3, || {
        let fit = kmeans();
        (fit.inertia, fit.tree())
    });
    let name = format!("cluster/k-means {k} and tree, {n} x 256");
    hand::tell(&name, seconds, &[("inertia", inertia.round())]);
}

fn benches(c: &mut Criterion) {
    if std::env::var_os("FULL").is_some() {
        return run();
    }
    whole();
    let n = 10_000;
    let rows = vectors(n, 256, 500);
    let mut group = c.benchmark_group("cluster");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(5));
    group.bench_function(format!("smooth by 10 neighbours, {n} x 256"), |b| {
        b.iter(|| smooth(rows.view(), 10, 0))
    });
    let centroids = vectors(2_000, 256, 500);
    group.bench_function("tree of 2000", |b| b.iter(|| Tree::ward(black_box(centroids.view()), &[3; 2_000])));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
