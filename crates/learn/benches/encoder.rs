//! Vectors by a model: texts a second, and what they are good for on Banking77 beside the built-in ones. `ASSAY_MODEL`
//! names a sentence model's folder; without it nothing is done. Texts, vectors and the static model are written for
//! `peers/sentence_vectors.py` and `peers/static_vectors.py`, which compare the vectors with their own.

#[cfg(feature = "sentence")]
#[path = "common/banking77.rs"]
mod banking77;
#[cfg(feature = "sentence")]
#[path = "common/hand.rs"]
mod hand;
#[cfg(feature = "sentence")]
#[path = "common/texts.rs"]
mod texts;

#[cfg(feature = "sentence")]
mod measure {
    use super::banking77::Labeled;
    use super::{hand, texts};
    use learn::classify::{Classifier, Features, Report, Targets};
    use learn::cluster::{KMeans, smooth};
    use learn::encoder::{Encoder, Model, StaticEncoder};
    use learn::lsa::{Lsa, LsaSpec};
    use learn::text::{self, TfIdf};
    use ndarray::{Array2, s};
    use std::collections::BTreeMap;
    use std::path::Path;

    /// As `assay train` finds it on Banking77.
    const PENALTY: f64 = 0.1;
    const DIMS: usize = 256;
    /// Texts that the sentence model is timed on.
    const FEW: usize = 5_000;
    const MANY: usize = 1_000_000;

    pub fn all(model: &Path) {
        let encoder = Encoder::open(model).expect("a model");
        let texts: Vec<String> =
            texts::banking77().unwrap_or_else(|| texts::texts(FEW)).into_iter().take(FEW).collect();
        let texts: Vec<String> = texts.into_iter().map(|text| text.replace(['\n', '\r'], " ")).collect();
        encoder.encode(&texts[..texts.len().min(64)], |_| ()).expect("vectors");
        let (seconds, vectors) = hand::best(2, || encoder.encode(&texts, |_| ()).expect("vectors"));
        if let Some(folder) = hand::folder() {
            write(&folder, "sentences", &texts, &vectors).expect("the vectors are written");
        }
        tell_speed(&format!("sentence vectors/{} texts", texts.len()), seconds, texts.len());
        let distill = || StaticEncoder::distill(&encoder, DIMS, |_| ()).expect("a vocabulary");
        let (seconds, distilled) = hand::best(1, distill);
        hand::tell(
            "static vectors/distilled from the sentence model",
            seconds,
            &[("dims", distilled.dims() as f64)],
        );
        many(&distilled);
        if let Some(labeled) = Labeled::read() {
            quality("LSA-256", &labeled, built_in);
            quality("static", &labeled, |texts| distilled.encode(texts, |_| ()).expect("vectors"));
            let model = Model::Sentence(encoder);
            quality("sentence", &labeled, |texts| model.encode(texts, |_| ()).expect("vectors"));
        }
    }

    fn many(encoder: &StaticEncoder) {
        let texts = texts::texts(MANY);
        let (seconds, vectors) = hand::best(3, || encoder.encode(&texts, |_| ()).expect("vectors"));
        if let Some(folder) = hand::folder() {
            encoder.save(&folder.join("static")).expect("the model is written");
            let some = vectors.slice(s![..FEW.min(texts.len()), ..]).to_owned();
            write(&folder, "static", &texts, &some).expect("the vectors are written");
        }
        tell_speed(&format!("static vectors/{MANY} texts"), seconds, MANY);
    }

    fn write(folder: &Path, name: &str, texts: &[String], vectors: &Array2<f32>) -> std::io::Result<()> {
        let bytes: Vec<u8> = vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{name}.txt")), texts.join("\n"))?;
        std::fs::write(folder.join(format!("{name}.f32")), bytes)
    }

    fn tell_speed(name: &str, seconds: f64, n: usize) {
        hand::tell(name, seconds, &[("a_second", (n as f64 / seconds).round())]);
    }

    fn built_in(texts: &[String]) -> Array2<f32> {
        let (_, rows) = TfIdf::fit(&text::Features::default(), texts);
        Lsa::fit(&rows, &LsaSpec::seeded(1)).transform(&rows)
    }

    /// Seconds until there are vectors of all texts; softmax regression on them and on tf-idf with them, fitted on the
    /// training rows and measured on the test rows; k-means told the number of labels, on the texts as they are and
    /// over 10 neighbours, beside the labels.
    fn quality(name: &str, labeled: &Labeled, vectors: impl Fn(&[String]) -> Array2<f32>) {
        let (seconds, vectors) = hand::best(1, || vectors(&labeled.texts));
        let (_, sparse) = TfIdf::fit(&text::Features::default(), &labeled.texts);
        let joined = Features::joined(vectors.view(), &sparse).expect("as many rows");
        let more = [
            ("accuracy", accuracy(&Features::dense(vectors.view()), labeled)),
            ("accuracy_with_tf_idf", accuracy(&joined, labeled)),
            ("nmi", nmi(&clusters(&vectors, 0), &labeled.labels)),
            ("nmi_10_neighbours", nmi(&clusters(&vectors, 10), &labeled.labels)),
        ];
        hand::tell(&format!("vectors of Banking77/{name}"), seconds, &more);
    }

    fn accuracy(all: &Features, labeled: &Labeled) -> f64 {
        let (train, test) = (labeled.rows(false), labeled.rows(true));
        let (train_labels, test_labels) = (labeled.labels_of(&train), labeled.labels_of(&test));
        let (train, test) = (all.gather(&train), all.gather(&test));
        let classifier = Classifier::new(77).and_then(|c| c.l2(PENALTY)).expect("there are labels");
        let model =
            classifier.fit(train.features(), Targets::One(&train_labels), None).expect("rows are whole");
        let p = model.probabilities(test.features()).expect("rows are whole");
        Report::of_probabilities(&test_labels, p.view()).expect("there are rows").accuracy
    }

    fn clusters(vectors: &Array2<f32>, neighbours: usize) -> Vec<u32> {
        let vectors = smooth(vectors.view(), neighbours, 1).expect("rows enough");
        let fit = KMeans::new(77, 1).and_then(|kmeans| kmeans.fit(vectors.view())).expect("rows enough");
        fit.assignment
    }

    /// Normalized mutual information: over the mean of both entropies, as scikit-learn measures it.
    fn nmi(a: &[u32], b: &[u32]) -> f64 {
        let n = a.len() as f64;
        let entropy = |counts: BTreeMap<(u32, u32), f64>| -> f64 {
            counts.values().map(|count| -count / n * (count / n).ln()).sum()
        };
        let count = |of: &dyn Fn(usize) -> (u32, u32)| {
            let mut counts = BTreeMap::new();
            (0..a.len()).for_each(|i| *counts.entry(of(i)).or_insert(0.0) += 1.0);
            counts
        };
        let (ha, hb) = (entropy(count(&|i| (a[i], 0))), entropy(count(&|i| (b[i], 0))));
        let both = entropy(count(&|i| (a[i], b[i])));
        2.0 * (ha + hb - both) / (ha + hb)
    }
}

#[cfg(feature = "sentence")]
fn main() {
    if let Some(model) = std::env::var_os("ASSAY_MODEL") {
        measure::all(model.as_ref());
    }
}

#[cfg(not(feature = "sentence"))]
fn main() {}
