//! Short texts for benchmarks: those of Banking77 where they lie beside the repository, recombined; else made words.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::path::Path;

/// The texts of Banking77, if they are there.
pub fn banking77() -> Option<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/banking77/items.csv");
    let mut reader = csv::Reader::from_path(path).ok()?;
    let column = reader.headers().ok()?.iter().position(|name| name == "text")?;
    reader.records().map(|record| Some(record.ok()?.get(column)?.to_owned())).collect()
}

/// `n` texts from a fixed seed: the beginning of one text and the end of another; every fourth with a rare word from
/// a long tail, as names and numbers are in real text.
pub fn texts(n: usize) -> Vec<String> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(77);
    let sources = banking77().unwrap_or_else(|| made(&mut random));
    let words: Vec<Vec<&str>> = sources.iter().map(|text| text.split_whitespace().collect()).collect();
    (0..n)
        .map(|number| {
            let (a, b) = (&words[random.gen_range(0..words.len())], &words[random.gen_range(0..words.len())]);
            let mut text = a[..a.len().div_ceil(2)].to_vec();
            text.extend(&b[b.len() / 2..]);
            let mut text = text.join(" ");
            if number % 4 == 0 {
                let rank = (200_000_f64).powf(random.r#gen::<f64>()) as u64;
                text.push_str(&format!(" {}", word(rank.wrapping_mul(0x9E37_79B9_7F4A_7C15))));
            }
            text
        })
        .collect()
}

fn made(random: &mut Xoshiro256PlusPlus) -> Vec<String> {
    let words: Vec<String> = (0..4_000_u64).map(|n| word(n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    let one = |random: &mut Xoshiro256PlusPlus| {
        let rank = (words.len() as f64).powf(random.r#gen::<f64>()) as usize;
        words[rank.min(words.len() - 1)].clone()
    };
    (0..13_000)
        .map(|_| (0..random.gen_range(5..20)).map(|_| one(random)).collect::<Vec<_>>().join(" "))
        .collect()
}

fn word(mut bits: u64) -> String {
    let mut word = String::new();
    for _ in 0..2 + bits % 3 {
        bits >>= 3;
        word.push(b"bdfgklmnprst"[(bits % 12) as usize] as char);
        bits >>= 4;
        word.push(b"aeiou"[(bits % 5) as usize] as char);
        bits >>= 3;
    }
    word
}
