use super::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::ThreadPoolBuilder;
use safetensors::{Dtype, tensor::TensorView};
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

const HIDDEN: usize = 12;
const HEADS: usize = 3;
const LAYERS: usize = 2;
const INNER: usize = 20;
const POSITIONS: usize = 10;
const WORDS: [&str; 12] =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "is", "my", "card", "##s", "top", "up", "?"];

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

const CONFIG: &str = r#"{"architectures": ["BertModel"], "model_type": "bert", "vocab_size": 12, "hidden_size": 12,
    "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 20, "max_position_embeddings": 10,
    "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "position_embedding_type": "absolute"}"#;

fn tensors() -> Tensors {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut tensors = Tensors::new();
    let mut add = |name: String, shape: &[usize]| {
        let numbers = (0..shape.iter().product()).map(|_| random.gen_range(-0.8_f32..0.8)).collect();
        tensors.insert(name, (shape.to_vec(), numbers));
    };
    for (part, rows) in [("word", WORDS.len()), ("position", POSITIONS), ("token_type", 2)] {
        add(format!("embeddings.{part}_embeddings.weight"), &[rows, HIDDEN]);
    }
    let norm = |add: &mut dyn FnMut(String, &[usize]), name: &str| {
        add(format!("{name}.weight"), &[HIDDEN]);
        add(format!("{name}.bias"), &[HIDDEN]);
    };
    norm(&mut add, "embeddings.LayerNorm");
    for layer in 0..LAYERS {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for (part, out, of) in [
            ("attention.self.query", HIDDEN, HIDDEN),
            ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN),
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", INNER, HIDDEN),
            ("output.dense", HIDDEN, INNER),
        ] {
            add(name(&format!("{part}.weight")), &[out, of]);
            add(name(&format!("{part}.bias")), &[out]);
        }
        norm(&mut add, &name("attention.output.LayerNorm"));
        norm(&mut add, &name("output.LayerNorm"));
    }
    tensors
}

/// A folder with a tiny model. Its tokenizer asks for padding and truncation that must not happen.
fn folder(tensors: &Tensors, config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary: BTreeMap<&str, usize> = WORDS.iter().enumerate().map(|(at, word)| (*word, at)).collect();
    let special = |id: usize| {
        serde_json::json!({"id": id, "content": WORDS[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let tokenizer = serde_json::json!({
        "version": "1.0",
        "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [special(0), special(1), special(2), special(3)],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary}
    });
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(folder.path().join("config.json"), config).unwrap();
    write_weights(folder.path(), tensors, Dtype::F32, |x| x.to_le_bytes().to_vec());
    folder
}

fn write_weights(folder: &Path, tensors: &Tensors, dtype: Dtype, bytes: impl Fn(f32) -> Vec<u8>) {
    let data: Vec<(&String, &Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, numbers))| (name, shape, numbers.iter().flat_map(|x| bytes(*x)).collect()))
        .collect();
    let views =
        data.iter().map(|(name, shape, data)| (name, TensorView::new(dtype, shape.to_vec(), data).unwrap()));
    fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The model by plain loops in `f64`: one text's tokens to its vector.
struct Plain<'t>(&'t Tensors);

type Rows = Vec<Vec<f64>>;

impl Plain<'_> {
    fn row(&self, name: &str, at: usize) -> Vec<f64> {
        let (shape, numbers) = &self.0[name];
        let n = *shape.last().unwrap();
        numbers[at * n..(at + 1) * n].iter().map(|x| f64::from(*x)).collect()
    }

    fn linear(&self, name: &str, x: &Rows) -> Rows {
        let bias = self.row(&format!("{name}.bias"), 0);
        let weight = |at| self.row(&format!("{name}.weight"), at);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        x.iter()
            .map(|x| bias.iter().enumerate().map(|(at, bias)| dot(&weight(at), x) + bias).collect())
            .collect()
    }

    fn norm(&self, name: &str, x: &Rows) -> Rows {
        let (weight, bias) = (self.row(&format!("{name}.weight"), 0), self.row(&format!("{name}.bias"), 0));
        let one = |x: &Vec<f64>| {
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let spread = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n + 1e-12).sqrt();
            x.iter().zip(weight.iter().zip(&bias)).map(|(v, (w, b))| (v - mean) / spread * w + b).collect()
        };
        x.iter().map(one).collect()
    }

    fn vector(&self, tokens: &[usize], first_only: bool) -> Vec<f64> {
        let plus = |a: &Rows, b: &Rows| -> Rows {
            a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
        };
        let parts = |name: &str, at: &dyn Fn(usize) -> usize| -> Rows {
            (0..tokens.len())
                .map(|i| self.row(&format!("embeddings.{name}_embeddings.weight"), at(i)))
                .collect()
        };
        let x = plus(&parts("word", &|i| tokens[i]), &parts("position", &|i| i));
        let mut x = self.norm("embeddings.LayerNorm", &plus(&x, &parts("token_type", &|_| 0)));
        for layer in 0..LAYERS {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            let [q, k, v] = ["query", "key", "value"]
                .map(|part| self.linear(&name(&format!("attention.self.{part}")), &x));
            let width = HIDDEN / HEADS;
            let mut context = vec![vec![0.0; HIDDEN]; x.len()];
            for (i, head) in (0..x.len()).flat_map(|i| (0..HEADS).map(move |head| (i, head))) {
                let part = head * width..(head + 1) * width;
                let score =
                    |j: usize| part.clone().map(|c| q[i][c] * k[j][c]).sum::<f64>() / (width as f64).sqrt();
                let weights: Vec<f64> = (0..x.len()).map(|j| score(j).exp()).collect();
                let all: f64 = weights.iter().sum();
                for c in part.clone() {
                    context[i][c] = (0..x.len()).map(|j| weights[j] / all * v[j][c]).sum();
                }
            }
            let out = self.linear(&name("attention.output.dense"), &context);
            x = self.norm(&name("attention.output.LayerNorm"), &plus(&x, &out));
            let mut inner = self.linear(&name("intermediate.dense"), &x);
            for v in inner.iter_mut().flatten() {
                *v *= 0.5 * (1.0 + erf(*v / 2_f64.sqrt()));
            }
            x = self.norm(&name("output.LayerNorm"), &plus(&x, &self.linear(&name("output.dense"), &inner)));
        }
        let used = if first_only { &x[..1] } else { &x[..] };
        let sum: Vec<f64> = (0..HIDDEN).map(|c| used.iter().map(|row| row[c]).sum()).collect();
        let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt();
        sum.into_iter().map(|v| v / length).collect()
    }
}

fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..400 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    if x.abs() > 5.0 { x.signum() } else { sum * 2.0 / std::f64::consts::PI.sqrt() }
}

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
