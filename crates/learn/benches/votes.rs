//! Dawid and Skene's model on 50,000 answers. `peers/votes.py` is the same in Python.

#[path = "common/table.rs"]
mod table;

use criterion::{Criterion, criterion_group, criterion_main};
use learn::votes::{DawidSkene, People, Vote};
use std::hint::black_box;

fn dawid_skene(c: &mut Criterion) {
    let votes: Vec<Vote> = table::generated()
        .into_iter()
        .map(|(item, annotator, label)| Vote {
            item: item as usize,
            annotator: annotator as usize,
            label: label as usize,
        })
        .collect();
    let new = || DawidSkene::new(table::ITEMS as usize, table::PEOPLE as usize, table::LABELS as usize);
    let textbook = People::Confusion { shrinkage: 0.0 };
    let mut group = c.benchmark_group("votes");
    group.sample_size(10);
    group.bench_function("20 steps, no shrinkage", |b| {
        b.iter(|| new().and_then(|model| model.people(textbook)?.until(19, 0.0).fit(black_box(&votes), &[])))
    });
    group.bench_function("to convergence", |b| {
        b.iter(|| new().and_then(|model| model.fit(black_box(&votes), &[])))
    });
    group.bench_function("one coin, to convergence", |b| {
        b.iter(|| new().and_then(|model| model.people(People::ONE_COIN)?.fit(black_box(&votes), &[])))
    });
    group.finish();
}

criterion_group!(benches, dawid_skene);
criterion_main!(benches);
