//! Agreement of 50,000 answers, from the long table to the number. `peers/agreement.py` is the same in Python.

#[path = "common/table.rs"]
mod table;

use criterion::{Criterion, criterion_group, criterion_main};
use learn::agreement::{
    Metric, Ratings, SetRatings, Weights, against_others, alpha_per_label, fleiss_kappa, krippendorff_alpha,
    masi_alpha, pairwise_kappa,
};
use learn::resample::Bootstrap;
use std::hint::black_box;

fn numbers(c: &mut Criterion) {
    let rows = table::generated();
    let none = Bootstrap::none();
    let ratings = || Ratings::from_labels(black_box(&rows).iter().copied());
    let mut group = c.benchmark_group("agreement");
    group.sample_size(30);
    for (name, metric) in [
        ("alpha_nominal", Metric::Nominal),
        ("alpha_ordinal", Metric::Ordinal),
        ("alpha_interval", Metric::Interval),
        ("alpha_ratio", Metric::Ratio),
    ] {
        group.bench_function(name, |b| b.iter(|| krippendorff_alpha(&ratings(), metric, &none)));
    }
    group.bench_function("fleiss_kappa", |b| b.iter(|| fleiss_kappa(&ratings(), &none)));
    for (name, weights) in [
        ("cohen", Weights::Nominal),
        ("cohen_linear", Weights::Linear),
        ("cohen_quadratic", Weights::Quadratic),
    ] {
        group.bench_function(name, |b| b.iter(|| pairwise_kappa(&ratings(), weights, &none, || ())));
    }
    group.finish();
}

fn intervals(c: &mut Criterion) {
    let rows = table::generated();
    let plan = Bootstrap::seeded(1);
    let ratings = || Ratings::from_labels(black_box(&rows).iter().copied());
    // Some answers hold a second label.
    let sets = || {
        SetRatings::new(rows.iter().map(|&(item, who, label)| {
            (item, who, [label, if (item + who) % 4 == 0 { (label + 1) % 14 } else { label }])
        }))
    };
    let mut group = c.benchmark_group("agreement, 2,000 resamples");
    group.sample_size(10);
    group.bench_function("alpha_nominal", |b| {
        b.iter(|| krippendorff_alpha(&ratings(), Metric::Nominal, &plan))
    });
    group.bench_function("alpha_ordinal", |b| {
        b.iter(|| krippendorff_alpha(&ratings(), Metric::Ordinal, &plan))
    });
    group.bench_function("alpha_masi", |b| b.iter(|| masi_alpha(&sets(), &plan)));
    group.bench_function("every label and every person", |b| {
        b.iter(|| {
            (alpha_per_label(&ratings(), &plan), against_others(&ratings(), Weights::Nominal, &plan, || ()))
        })
    });
    group.finish();
}

criterion_group!(benches, numbers, intervals);
criterion_main!(benches);
