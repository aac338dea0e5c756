mod plain;

use super::*;
use crate::encoder::tiny::*;
use plain::Plain;
use rayon::ThreadPoolBuilder;
use safetensors::Dtype;
use std::fs;
use tempfile::TempDir;

fn close(got: ndarray::ArrayView1<f32>, want: &[f64], within: f64) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((f64::from(*got) - want).abs() < within, "{got} instead of {want}");
    }
}

const TEXTS: [&str; 5] =
    ["Where is my card?", "", "cards", "my my my my my my my my my my my my", "unknown top up"];

/// Their tokens; the fourth is cut at the ten positions that the model has.
fn tokens() -> [Vec<usize>; 5] {
    [
        vec![2, 4, 5, 6, 7, 11, 3],
        vec![2, 3],
        vec![2, 7, 8, 3],
        vec![2, 6, 6, 6, 6, 6, 6, 6, 6, 3],
        vec![2, 1, 9, 10, 3],
    ]
}

#[test]
fn vectors_are_those_of_a_plain_forward() {
    let tensors = tensors();
    let folder = folder(&tensors, CONFIG);
    let encoder = Encoder::open(folder.path()).unwrap();
    assert_eq!((encoder.dims(), encoder.longest()), (HIDDEN, POSITIONS));
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let count = |n| {
        seen.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    };
    let got = encoder.encode(&TEXTS, count).unwrap();
    assert_eq!(seen.into_inner(), TEXTS.len());
    for (row, tokens) in got.rows().into_iter().zip(tokens()) {
        close(row, &Plain(&tensors).vector(&tokens, false), 2e-5);
    }
    assert_eq!(encoder.encode::<&str>(&[], |_| ()).unwrap().dim(), (0, HIDDEN));

    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    let pooling = folder.path().join("1_Pooling/config.json");
    for how in [
        r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#,
        r#"{"pooling_mode": "cls"}"#,
    ] {
        fs::write(&pooling, how).unwrap();
        let first = Encoder::open(folder.path()).unwrap().encode(&TEXTS, |_| ()).unwrap();
        close(first.row(0), &Plain(&tensors).vector(&tokens()[0], true), 2e-5);
    }
    fs::write(&pooling, r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#).unwrap();
    refused(folder.path(), "cls_token and mean_tokens");
}

#[test]
fn a_token_alone_stands_between_turned_marks() {
    let tensors = tensors();
    let folder = folder(&tensors, CONFIG);
    let encoder = Encoder::open(folder.path()).unwrap();
    let got = encoder.alone(&[7, 4, 7], |_| ()).unwrap();
    for (row, token) in got.rows().into_iter().zip([7, 4, 7]) {
        close(row, &Plain(&tensors).last_layer(&[3, token, 2])[1], 2e-5);
    }
}

#[test]
fn many_texts_give_the_same_bits_on_one_and_two_threads() {
    let folder = folder(&tensors(), CONFIG);
    let encoder = Encoder::open(folder.path()).unwrap();
    let texts: Vec<String> =
        (0..700).map(|i| ["where ", "is ", "card "].repeat(i % 3)[..i % 3].concat()).collect();
    let on = |n| {
        let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| encoder.encode(&texts, |_| ()).unwrap())
    };
    let vectors = on(1);
    assert_eq!(vectors, on(2));
    for (text, vector) in texts.iter().zip(vectors.rows()).step_by(97) {
        let alone = encoder.encode(&[text], |_| ()).unwrap();
        assert!((&alone.row(0) - &vector).iter().all(|d| d.abs() < 1e-5));
    }
}

#[test]
fn half_precision_and_prefixes_are_read() {
    let mut tensors = tensors();
    // Numbers that sixteen bits hold exactly.
    for (_, numbers) in tensors.values_mut() {
        numbers.iter_mut().for_each(|x| *x = (*x * 16.0).round() / 16.0);
    }
    let folder = folder(&tensors, CONFIG);
    let encode = || Encoder::open(folder.path()).unwrap().encode(&TEXTS, |_| ()).unwrap();
    let want = encode();
    let bf16 = |x: f32| ((x.to_bits() >> 16) as u16).to_le_bytes().to_vec();
    let named: Tensors = tensors.iter().map(|(name, t)| (format!("bert.{name}"), t.clone())).collect();
    write_weights(folder.path(), &named, Dtype::BF16, bf16);
    assert_eq!(encode(), want);
    write_weights(folder.path(), &named, Dtype::F64, |x| f64::from(x).to_le_bytes().to_vec());
    assert_eq!(encode(), want);
}

#[test]
fn the_folder_may_set_the_limit_and_the_case() {
    let folder = folder(&tensors(), CONFIG);
    fs::write(
        folder.path().join("sentence_bert_config.json"),
        r#"{"max_seq_length": 5, "do_lower_case": true}"#,
    )
    .unwrap();
    let encoder = Encoder::open(folder.path()).unwrap();
    assert_eq!(encoder.longest(), 5);
    let cut = encoder.encode(&["WHERE is my card?", "where is my"], |_| ()).unwrap();
    assert!((&cut.row(0) - &cut.row(1)).iter().all(|d| d.abs() < 1e-6));
}

#[test]
fn a_text_without_tokens_gives_zeros() {
    let folder = folder(&tensors(), CONFIG);
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    tokenizer["post_processor"] = serde_json::Value::Null;
    fs::write(&path, tokenizer.to_string()).unwrap();
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    for how in ["mean", "cls"] {
        let pooling = format!(r#"{{"pooling_mode": "{how}"}}"#);
        fs::write(folder.path().join("1_Pooling/config.json"), pooling).unwrap();
        let encoder = Encoder::open(folder.path()).unwrap();
        let vectors = encoder.encode(&["card", ""], |_| ()).unwrap();
        assert!((vectors.row(0).dot(&vectors.row(0)) - 1.0).abs() < 1e-5);
        assert!(vectors.row(1).iter().all(|v| *v == 0.0));
        assert!(encoder.encode(&[""], |_| ()).unwrap().iter().all(|v| *v == 0.0));
    }
}

/// RoBERTa's positions begin behind the padding token.
#[test]
fn roberta_counts_positions_from_two() {
    let mut shifted = tensors();
    let name = "embeddings.position_embeddings.weight".to_owned();
    let (shape, numbers) = shifted[&name].clone();
    let mut longer = vec![0.5; 2 * HIDDEN];
    longer.extend(numbers);
    shifted.insert(name, (vec![shape[0] + 2, HIDDEN], longer));
    let config = CONFIG
        .replace("\"model_type\": \"bert\"", "\"model_type\": \"roberta\", \"pad_token_id\": 1")
        .replace("\"max_position_embeddings\": 10", "\"max_position_embeddings\": 12");
    let (bert, roberta) = (folder(&tensors(), CONFIG), folder(&shifted, &config));
    let encode = |folder: &TempDir| Encoder::open(folder.path()).unwrap().encode(&TEXTS, |_| ()).unwrap();
    assert_eq!(encode(&roberta), encode(&bert));
}

fn refused(folder: &Path, words: &str) {
    let error = Encoder::open(folder).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    refused(Path::new("/nowhere/at/all"), "/nowhere/at/all/config.json");
    for (from, to, words) in [
        ("\"bert\"", "\"t5\"", "type t5 can't be read"),
        ("\"absolute\"", "\"relative_key\"", "relative_key"),
        ("\"gelu\"", "\"swish\"", "activation swish"),
        (
            "\"num_attention_heads\": 3",
            "\"num_attention_heads\": 5",
            "12 dimensions can't be split among 5 heads",
        ),
        ("\"num_attention_heads\": 3", "\"num_attention_heads\": 0", "among 0 heads"),
        ("\"vocab_size\": 12", "\"vocab_size\": \"x\"", "config.json"),
        (
            "\"vocab_size\": 12",
            "\"vocab_size\": 99999999999",
            "has the shape [12, 12] where config.json asks for",
        ),
        (
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 3",
            "encoder.layer.2.attention.self.query.weight is missing",
        ),
        (
            "\"intermediate_size\": 20",
            "\"intermediate_size\": 21",
            "intermediate.dense.weight has the shape [20, 12]",
        ),
        (
            "\"max_position_embeddings\": 10",
            "\"max_position_embeddings\": 2",
            "2 marks are put around a text",
        ),
        ("1e-12", "-1", "layer_norm_eps"),
    ] {
        assert!(CONFIG.contains(from), "{from}");
        refused(folder(&tensors(), &CONFIG.replace(from, to)).path(), words);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let tensors = tensors();
    let folder = folder(&tensors, CONFIG);
    let path = folder.path();
    let modules = path.join("modules.json");
    fs::write(&modules, r#"[{"type": "sentence_transformers.models.Dense"}]"#).unwrap();
    refused(path, "module sentence_transformers.models.Dense");
    fs::write(&modules, r#"[{"type": "sentence_transformers.models.Transformer"}]"#).unwrap();

    let mut broken = tensors.clone();
    broken.get_mut("embeddings.LayerNorm.bias").unwrap().1[3] = f32::NAN;
    write_weights(path, &broken, Dtype::F32, |x| x.to_le_bytes().to_vec());
    refused(path, "embeddings.LayerNorm.bias holds something that is not a finite number");
    write_weights(path, &tensors, Dtype::I32, |_| vec![0; 4]);
    refused(path, "holds I32");
    write_weights(path, &Tensors::new(), Dtype::F32, |_| vec![]);
    refused(path, "no tensor is called embeddings.word_embeddings.weight");
    fs::write(path.join("model.safetensors"), b"none").unwrap();
    refused(path, "model.safetensors");
    fs::write(path.join("tokenizer.json"), b"{}").unwrap();
    refused(path, "no tokenizer");
    fs::remove_file(path.join("tokenizer.json")).unwrap();
    refused(path, "tokenizer.json");
}
