//! From texts to 256 dense dimensions, once, as one line of JSON: seconds of each step, and the most memory that the
//! process held. `ASSAY_ROWS` is the number of texts (100,000), `ASSAY_TEXTS` names a file to which they are written,
//! one a line, for `peers/tfidf_lsa.py`.

#[path = "common/texts.rs"]
mod texts;

use learn::lsa::{Lsa, LsaSpec};
use learn::text::{Features, TfIdf};
use std::time::Instant;

fn main() {
    let rows = std::env::var("ASSAY_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let texts = texts::texts(rows);
    if let Some(path) = std::env::var_os("ASSAY_TEXTS") {
        std::fs::write(path, texts.join("\n")).expect("the texts are written");
    }
    let clock = Instant::now();
    let tfidf = TfIdf::learn(&Features::default(), &texts);
    let vocabulary = clock.elapsed();
    let lsa = Lsa::learn(&tfidf, &texts, &LsaSpec::seeded(1));
    let fit = clock.elapsed() - vocabulary;
    let vectors = lsa.embed(&tfidf, &texts, |_| ());
    let all = clock.elapsed();
    let sum: f32 = vectors.row(0).iter().map(|v| v * v).sum();
    println!(
        "{{\"rows\": {rows}, \"terms\": {}, \"dims\": {}, \"vocabulary_s\": {:.3}, \"fit_s\": {:.3}, \"vectors_s\": {:.3}, \
         \"all_s\": {:.3}, \"peak_mb\": {}, \"length\": {sum:.3}}}",
        tfidf.n_columns(),
        lsa.dims(),
        vocabulary.as_secs_f64(),
        fit.as_secs_f64(),
        (all - vocabulary - fit).as_secs_f64(),
        all.as_secs_f64(),
        peak().map_or("null".to_owned(), |kb| (kb / 1024).to_string()),
    );
}

/// Kilobytes, as Linux counts them.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
