//! Suspected label errors among 50,000 labels of 14. `peers/errors.py` is the same in Python.

#[path = "common/table.rs"]
mod table;

use criterion::{Criterion, criterion_group, criterion_main};
use learn::errors::{Filter, Rank, label_errors};
use std::hint::black_box;

fn errors(c: &mut Criterion) {
    let (given, p) = table::probabilities();
    let mut group = c.benchmark_group("errors");
    group.sample_size(20);
    for (name, filter) in
        [("prune_by_noise_rate", Filter::PruneByNoiseRate), ("confident_learning", Filter::ConfidentLearning)]
    {
        group.bench_function(name, |b| {
            b.iter(|| label_errors(black_box(&given), p.view(), filter, Rank::SelfConfidence))
        });
    }
    group.finish();
}

criterion_group!(benches, errors);
criterion_main!(benches);
