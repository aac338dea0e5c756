//! The answers that benchmarks generate; `peers/table.py` makes the same.

#![allow(dead_code, reason = "every benchmark uses a part")]

pub const ITEMS: u64 = 10_000;
pub const EACH: u64 = 5;
pub const PEOPLE: u64 = 20;
pub const LABELS: u64 = 14;

/// A process that has just begun asks the system for each large vector and gives it back, which takes as long as alpha
/// itself; one that has read a file keeps its memory, as Python's does (glibc learns it from the first large block that
/// is freed).
fn keep_memory() {
    drop(std::hint::black_box(vec![1_u8; 30 << 20]));
}

/// (Item, annotator, label) of 50,000 answers, in an order that is none.
pub fn generated() -> Vec<(u64, u64, u32)> {
    keep_memory();
    let n = ITEMS * EACH;
    let row = |row: u64| {
        let at = (row * 7919 + 13) % n;
        let (item, turn) = (at / EACH, at % EACH);
        let annotator = (mixed(item + 1_000_000) % PEOPLE + 4 * turn) % PEOPLE;
        let dice = mixed(at + 2_000_000);
        let label = if dice % 100 < 65 + annotator % 5 * 6 { truth(item) } else { (dice >> 32) % LABELS };
        (item, annotator, label as u32)
    };
    (0..n).map(row).collect()
}

/// Labels of which some are wrong, and rows of probabilities.
pub fn probabilities() -> (Vec<u32>, ndarray::Array2<f64>) {
    keep_memory();
    let n = ITEMS * EACH;
    let given = |row: u64| {
        let is_wrong = mixed(row + 3_000_000).is_multiple_of(12);
        (if is_wrong { (truth(row) + 1 + row % 3) % LABELS } else { truth(row) }) as u32
    };
    let mut p = ndarray::Array2::from_shape_fn((n as usize, LABELS as usize), |(row, label)| {
        let bonus = if label as u64 == truth(row as u64) { 4000.0 } else { 0.0 };
        (mixed(row as u64 * LABELS + label as u64 + 4_000_000) % 1000) as f64 + 1.0 + bonus
    });
    for mut row in p.rows_mut() {
        let sum = row.sum();
        row /= sum;
    }
    ((0..n).map(given).collect(), p)
}

fn truth(item: u64) -> u64 {
    mixed(item) % LABELS
}

/// SplitMix64.
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
