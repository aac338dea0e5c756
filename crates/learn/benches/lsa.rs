//! From texts to 256 dense dimensions, and the most memory that the process held. `ASSAY_ROWS` names other numbers of
//! texts than 100,000 and 1,000,000, in this order of size. The smallest texts are written for `peers/tfidf_lsa.py`.

#[path = "common/hand.rs"]
mod hand;
#[path = "common/texts.rs"]
mod texts;

use learn::lsa::{Lsa, LsaSpec};
use learn::text::{Features, TfIdf};
use std::time::Instant;

fn main() {
    let sizes = std::env::var("ASSAY_ROWS").unwrap_or_else(|_| "100000 1000000".to_owned());
    let mut folder = hand::folder();
    for rows in sizes.split_whitespace().filter_map(|size| size.parse().ok()) {
        let texts = texts::texts(rows);
        if let Some(folder) = folder.take() {
            std::fs::write(folder.join("texts.txt"), texts.join("\n")).expect("the texts are written");
        }
        measure(rows, &texts);
    }
}

fn measure(rows: usize, texts: &[String]) {
    let clock = Instant::now();
    let tfidf = TfIdf::learn(&Features::default(), texts);
    let vocabulary = clock.elapsed().as_secs_f64();
    let lsa = Lsa::learn(&tfidf, texts, &LsaSpec::seeded(1));
    let fit = clock.elapsed().as_secs_f64();
    let vectors = lsa.embed(&tfidf, texts, |_| ());
    let all = clock.elapsed().as_secs_f64();
    assert_eq!(vectors.dim(), (rows, 256));
    let more = [
        ("terms", tfidf.n_columns() as f64),
        ("vocabulary_s", vocabulary),
        ("fit_s", fit - vocabulary),
        ("vectors_s", all - fit),
        ("peak_mb", hand::peak_mb()),
    ];
    hand::tell(&format!("tf-idf and LSA-256, {rows} texts"), all, &more);
}
