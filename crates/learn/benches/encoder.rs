//! Sentences a second. `ASSAY_MODEL` names the model's folder; without it nothing is done. Texts and vectors are written
//! for `peers/sentence_vectors.py`, which compares them with its own.

#[cfg(feature = "sentence")]
#[path = "common/hand.rs"]
mod hand;
#[cfg(feature = "sentence")]
#[path = "common/texts.rs"]
mod texts;

#[cfg(feature = "sentence")]
fn main() {
    let Some(model) = std::env::var_os("ASSAY_MODEL") else { return };
    let texts: Vec<String> =
        texts::banking77().unwrap_or_else(|| texts::texts(5_000)).into_iter().take(5_000).collect();
    let texts: Vec<String> = texts.into_iter().map(|text| text.replace(['\n', '\r'], " ")).collect();
    let encoder = learn::encoder::Encoder::open(model.as_ref()).expect("a model");
    encoder.encode(&texts[..texts.len().min(64)], |_| ()).expect("vectors");
    let (seconds, vectors) = hand::best(2, || encoder.encode(&texts, |_| ()).expect("vectors"));
    if let Some(folder) = hand::folder() {
        let bytes: Vec<u8> = vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join("sentences.txt"), texts.join("\n")).expect("the texts are written");
        std::fs::write(folder.join("sentences.f32"), bytes).expect("the vectors are written");
    }
    let a_second = (texts.len() as f64 / seconds).round();
    hand::tell(&format!("sentence vectors/{} texts", texts.len()), seconds, &[("a_second", a_second)]);
}

#[cfg(not(feature = "sentence"))]
fn main() {}
