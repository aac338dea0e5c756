//! k-means, the tree above it and smoothing, on generated vectors that look like those of texts: mixtures of a few hundred
//! directions. Those of k-means are written for `peers/cluster.py`. `ASSAY_ROWS` is their number (100,000).

#[path = "common/hand.rs"]
mod hand;

use criterion::{Criterion, criterion_group, criterion_main};
use learn::cluster::{KMeans, Tree, micro_clusters, smooth};
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

fn whole() {
    let n: usize = std::env::var("ASSAY_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let rows = vectors(n, 256, 500);
    let k = micro_clusters(n);
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
