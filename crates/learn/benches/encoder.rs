//! Sentences a second, as one line of JSON. `ASSAY_MODEL` names the model's folder (without it nothing is done),
//! `ASSAY_TEXTS` a file to which the texts are written, one a line, for `peers/sentence_vectors.py`, `ASSAY_VECTORS`
//! one to which that script has written its vectors (`<f4`, raw), to compare.

#[cfg(feature = "sentence")]
#[path = "common/texts.rs"]
mod texts;

#[cfg(feature = "sentence")]
fn main() {
    let Some(folder) = std::env::var_os("ASSAY_MODEL") else {
        println!("ASSAY_MODEL names no folder: nothing to measure");
        return;
    };
    let texts: Vec<String> =
        texts::banking77().unwrap_or_else(|| texts::texts(5_000)).into_iter().take(5_000).collect();
    let texts: Vec<String> = texts.into_iter().map(|text| text.replace(['\n', '\r'], " ")).collect();
    if let Some(path) = std::env::var_os("ASSAY_TEXTS") {
        std::fs::write(path, texts.join("\n")).expect("the texts are written");
    }
    let encoder = learn::encoder::Encoder::open(folder.as_ref()).expect("a model");
    let warm = encoder.encode(&texts[..texts.len().min(64)], |_| ()).expect("vectors");
    let clock = std::time::Instant::now();
    let vectors = encoder.encode(&texts, |_| ()).expect("vectors");
    let seconds = clock.elapsed().as_secs_f64();
    let nearest = std::env::var_os("ASSAY_VECTORS").map(|path| {
        let bytes = std::fs::read(path).expect("the peer's vectors");
        let (numbers, _) = bytes.as_chunks::<4>();
        let rows = numbers.chunks_exact(warm.ncols()).zip(vectors.rows());
        rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| f32::from_le_bytes(*a) * b).sum::<f32>())
            .fold(f32::INFINITY, f32::min)
    });
    println!(
        "{{\"texts\": {}, \"dims\": {}, \"seconds\": {seconds:.3}, \"per_second\": {:.0}, \"smallest_cosine\": {}}}",
        texts.len(),
        vectors.ncols(),
        texts.len() as f64 / seconds,
        nearest.map_or("null".to_owned(), |cosine| cosine.to_string()),
    );
}

#[cfg(not(feature = "sentence"))]
fn main() {}
