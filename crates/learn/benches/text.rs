//! Normalization and tf-idf.

#[path = "common/texts.rs"]
mod texts;

use criterion::{Criterion, criterion_group, criterion_main};
use learn::text::{Features, TfIdf, normalize_into};
use std::hint::black_box;

fn bench(c: &mut Criterion) {
    let texts = texts::texts(20_000);
    c.bench_function("normalize 20,000 texts", |b| {
        let mut buffer = String::new();
        b.iter(|| texts.iter().for_each(|text| normalize_into(black_box(text), &mut buffer)));
    });
    let mut group = c.benchmark_group("tf-idf, 20,000 texts");
    group.sample_size(10);
    let features = Features::default();
    group.bench_function("fit", |b| b.iter(|| TfIdf::fit(&features, &texts)));
    let tfidf = TfIdf::learn(&features, &texts);
    group.bench_function("transform", |b| b.iter(|| tfidf.transform(&texts)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
