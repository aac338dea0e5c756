use super::*;
use crate::encoder::Encoder;
use crate::encoder::tiny::{CONFIG, Tensors, folder, tensors, write_weights};
use ndarray::array;
use rayon::ThreadPoolBuilder;
use safetensors::Dtype;
use std::fs;
use tempfile::TempDir;

const STATIC: &str = r#"{"model_type": "model2vec", "normalize": true, "hidden_dim": 2}"#;

/// Vectors of the twelve words of the tiny model: [PAD], [UNK], [CLS], [SEP], where, is, my, card, ##s, top, up, ?.
fn known() -> Vec<f32> {
    let rows =
        [[9, 9], [7, 7], [9, 9], [9, 9], [1, 2], [3, 0], [0, 4], [-4, 1], [2, -2], [0, 0], [8, 6], [-8, -6]];
    rows.iter().flatten().map(|x| *x as f32).collect()
}

/// A Model2Vec folder with the tokenizer of the tiny model.
fn model2vec(config: &str, tensors: &Tensors) -> TempDir {
    let folder = folder(&crate::encoder::tiny::tensors(), config);
    write_weights(folder.path(), tensors, Dtype::F32, |x| x.to_le_bytes().to_vec());
    folder
}

fn embeddings(rows: usize, columns: usize, numbers: Vec<f32>) -> Tensors {
    Tensors::from([("embeddings".to_owned(), (vec![rows, columns], numbers))])
}

fn simple() -> TempDir {
    model2vec(STATIC, &embeddings(12, 2, known()))
}

fn encode(folder: &Path, texts: &[&str]) -> Array2<f32> {
    StaticEncoder::open(folder).unwrap().encode(texts, |_| ()).unwrap()
}

#[test]
fn a_text_is_the_mean_of_its_known_tokens() {
    let folder = simple();
    let encoder = StaticEncoder::open(folder.path()).unwrap();
    assert_eq!(encoder.dims(), 2);
    let texts = ["Is my?!", "my is", "cards unknown my", "", "unknown", "up?", "up", "[CLS] my"];
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let got = encoder
        .encode(&texts, |n| {
            seen.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(seen.into_inner(), texts.len());
    let unit = |x: f64, y: f64| [(x / x.hypot(y)) as f32, (y / x.hypot(y)) as f32];
    let want = [
        // is + my + ?, as ! is unknown; no marks around it.
        unit(3.0 + 0.0 - 8.0, 0.0 + 4.0 - 6.0),
        unit(3.0, 4.0),
        // card + ##s + my
        unit(-4.0 + 2.0, 1.0 - 2.0 + 4.0),
        [0.0, 0.0],
        [0.0, 0.0],
        [0.0, 0.0],
        [0.8, 0.6],
        unit(9.0, 9.0 + 4.0),
    ];
    for (text, (got, want)) in texts.iter().zip(got.rows().into_iter().zip(want)) {
        assert_eq!(got.to_vec(), want, "{text}");
    }
    assert_eq!(encoder.encode::<&str>(&[], |_| ()).unwrap().dim(), (0, 2));
}

#[test]
fn every_precision_is_read() {
    let folder = simple();
    let (tensors, texts) = (embeddings(12, 2, known()), ["where is my card", "top up?", "cards"]);
    let want = encode(folder.path(), &texts);
    let bf16 = |x: f32| ((x.to_bits() >> 16) as u16).to_le_bytes().to_vec();
    write_weights(folder.path(), &tensors, Dtype::BF16, bf16);
    assert_eq!(encode(folder.path(), &texts), want);
    write_weights(folder.path(), &tensors, Dtype::F64, |x| f64::from(x).to_le_bytes().to_vec());
    assert_eq!(encode(folder.path(), &texts), want);
    write_weights(folder.path(), &tensors, Dtype::I8, |x| (x as i8).to_le_bytes().to_vec());
    assert_eq!(encode(folder.path(), &texts), want);
    let named = Tensors::from([("embedding.weight".to_owned(), (vec![12, 2], known()))]);
    write_weights(folder.path(), &named, Dtype::F32, |x| x.to_le_bytes().to_vec());
    assert_eq!(encode(folder.path(), &texts), want);
}

/// What a vocabulary quantized by Model2Vec has: fewer rows than tokens.
fn quantized(mapping: &[i64], weights: &[f32]) -> TempDir {
    let folder = simple();
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let (rows, weights_bytes) = (bytes(&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]), bytes(weights));
    let mapping_bytes: Vec<u8> = mapping.iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = |dtype, shape: &[usize], bytes| {
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).unwrap()
    };
    let tensors = [
        ("embeddings", view(Dtype::F32, &[3, 2], &rows)),
        ("mapping", view(Dtype::I64, &[mapping.len()], &mapping_bytes)),
        ("weights", view(Dtype::F32, &[weights.len()], &weights_bytes)),
    ];
    let file = safetensors::serialize(tensors, None).unwrap();
    fs::write(folder.path().join("model.safetensors"), file).unwrap();
    folder
}

#[test]
fn tokens_may_share_rows_and_have_weights() {
    let mapping = [2, 2, 2, 2, 0, 1, 0, 2, 2, 2, 2, 2];
    let weights = [1.0, 1.0, 1.0, 1.0, 3.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let folder = quantized(&mapping, &weights);
    assert_eq!(encode(folder.path(), &["where is", "my"]), array![[0.6, 0.8], [1.0, 0.0]]);
    let again = tempfile::tempdir().unwrap();
    StaticEncoder::open(folder.path()).unwrap().save(again.path()).unwrap();
    assert_eq!(encode(again.path(), &["where is", "my"]), array![[0.6, 0.8], [1.0, 0.0]]);
    refused(quantized(&[3; 12], &weights).path(), "mapping names a row that is none of the 3");
    refused(quantized(&[-1; 12], &weights).path(), "mapping names a row");
    refused(quantized(&[0; 11], &weights).path(), "11 tokens have a vector, and tokenizer.json has 12");
    refused(quantized(&mapping, &weights[..5]).path(), "5 tokens have a vector");
}

#[test]
fn the_folder_may_limit_the_tokens() {
    let two = STATIC.replace("\"hidden_dim\"", "\"max_length\": 2, \"hidden_dim\"");
    let folder = model2vec(&two, &embeddings(12, 2, known()));
    let vectors = encode(folder.path(), &["my is card top", "my is"]);
    assert_eq!(vectors.row(0), vectors.row(1));
    let again = tempfile::tempdir().unwrap();
    StaticEncoder::open(folder.path()).unwrap().save(again.path()).unwrap();
    assert_eq!(encode(again.path(), &["my is card top"]).row(0), vectors.row(0));
    let none = two.replace("\"max_length\": 2", "\"max_length\": null");
    let long = format!("{} is", "my ".repeat(600));
    let whole = encode(model2vec(&none, &embeddings(12, 2, known())).path(), &[&long]);
    assert_eq!(whole.row(0)[0], (3.0 / 3.0_f64.hypot(2_400.0)) as f32);
    // Where nothing is said, 512 are read.
    assert_eq!(encode(simple().path(), &[&long]), array![[0.0, 1.0]]);
}

#[test]
fn many_texts_give_the_same_bits_on_one_and_two_threads() {
    let sentence = folder(&tensors(), CONFIG);
    let words = ["where", "is", "my", "cards", "top up", "unknown?"];
    let texts: Vec<String> = (0..3_000).map(|i| format!("{} {}", words[i % 6], words[i / 6 % 6])).collect();
    let on = |n| {
        let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| {
            let encoder = Encoder::open(sentence.path()).unwrap();
            let encoder = StaticEncoder::distill(&encoder, 5, |_| ()).unwrap();
            encoder.encode(&texts, |_| ()).unwrap()
        })
    };
    let vectors = on(1);
    assert_eq!(vectors, on(2));
    let encoder = StaticEncoder::distill(&Encoder::open(sentence.path()).unwrap(), 5, |_| ()).unwrap();
    assert_eq!(encoder.encode(&texts[2_500..2_501], |_| ()).unwrap().row(0), vectors.row(2_500));
}

fn refused(folder: &Path, words: &str) {
    let error = StaticEncoder::open(folder).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    refused(Path::new("/nowhere/at/all"), "/nowhere/at/all/config.json");
    refused(folder(&tensors(), CONFIG).path(), "the model_type is bert: a static model's is model2vec");
    refused(model2vec("{", &Tensors::new()).path(), "config.json");
    let none = STATIC.replace("\"hidden_dim\": 2", "\"max_length\": 0");
    refused(model2vec(&none, &embeddings(12, 2, known())).path(), "max_length is 0");
    let says = |tensors: &Tensors, words: &str| refused(model2vec(STATIC, tensors).path(), words);
    says(&tensors(), "no tensor is called embeddings");
    says(&embeddings(11, 2, vec![1.0; 22]), "11 tokens have a vector, and tokenizer.json has 12 tokens");
    says(&embeddings(12, 0, vec![]), "embeddings has no dimensions");
    let flat = Tensors::from([("embeddings".to_owned(), (vec![24], known()))]);
    says(&flat, "embeddings has the shape [24]");
    let mut broken = known();
    broken[7] = f32::NAN;
    says(&embeddings(12, 2, broken), "embeddings holds something that is not a finite number");
    let mut with_weights = embeddings(12, 2, known());
    with_weights.insert("weights".to_owned(), (vec![12, 1], vec![1.0; 12]));
    says(&with_weights, "weights has the shape [12, 1]");
    with_weights.insert("weights".to_owned(), (vec![12], vec![f32::INFINITY; 12]));
    says(&with_weights, "weights holds something that is not a finite number");
    with_weights.insert("weights".to_owned(), (vec![12], vec![f32::MAX; 12]));
    says(&with_weights, "times its weight");

    let folder = simple();
    let path = folder.path();
    write_weights(path, &embeddings(12, 2, known()), Dtype::I32, |_| vec![0; 4]);
    refused(path, "embeddings holds I32");
    let whole = fs::read(simple().path().join("model.safetensors")).unwrap();
    for length in [0, 5, 60, whole.len() - 1] {
        fs::write(path.join("model.safetensors"), &whole[..length]).unwrap();
        refused(path, "model.safetensors: no whole safetensors file");
    }
    fs::remove_file(path.join("model.safetensors")).unwrap();
    refused(path, "model.safetensors");
    fs::write(path.join("tokenizer.json"), "{\"model\"").unwrap();
    refused(path, "tokenizer.json: no tokenizer");
    fs::remove_file(path.join("tokenizer.json")).unwrap();
    refused(path, "tokenizer.json");
}
