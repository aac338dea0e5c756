use super::*;
use crate::encoder::tiny::{CONFIG, Tensors, WORDS, folder, tensors};
use ndarray::ArrayView1;
use std::fs;
use std::path::Path;

fn distilled(folder: &Path, dims: usize) -> StaticEncoder {
    StaticEncoder::distill(&Encoder::open(folder).unwrap(), dims, |_| ()).unwrap()
}

/// Of two vectors of length 1.
fn cosine(a: ArrayView1<f32>, b: ArrayView1<f32>) -> f32 {
    a.dot(&b)
}

#[test]
fn what_is_saved_and_opened_gives_the_same_vectors() {
    let sentence = folder(&tensors(), CONFIG);
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let encoder = Encoder::open(sentence.path()).unwrap();
    let made = StaticEncoder::distill(&encoder, 4, |n| {
        seen.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    })
    .unwrap();
    // Eight of the twelve tokens stand for text.
    assert_eq!((made.dims(), seen.into_inner()), (4, 8));
    let texts = ["Where is my card?", "cards", "top up", "", "unknown"];
    let vectors = made.encode(&texts, |_| ()).unwrap();
    let to = tempfile::tempdir().unwrap();
    let to = to.path().join("new/folder");
    made.save(&to).unwrap();
    let again = StaticEncoder::open(&to).unwrap();
    assert_eq!(again.dims(), 4);
    assert_eq!(again.encode(&texts, |_| ()).unwrap(), vectors);
    for (row, length) in vectors.rows().into_iter().zip([1.0, 1.0, 1.0, 0.0, 0.0]) {
        assert!((row.dot(&row) - length).abs() < 1e-6);
    }
}

/// With all directions kept, a token's vector is that of the token as a text, less what all tokens share.
#[test]
fn tokens_are_what_the_model_says_of_them_alone() {
    let sentence = folder(&tensors(), CONFIG);
    let encoder = Encoder::open(sentence.path()).unwrap();
    // Those that can be written as a text of their own; ##s is the eighth.
    let words = ["where", "is", "my", "card", "top", "up", "?"];
    let got = distilled(sentence.path(), 99).encode(&words, |_| ()).unwrap();
    let mut want = encoder.alone(&(4..12).collect::<Vec<u32>>(), |_| ()).unwrap();
    let mean = want.mean_axis(ndarray::Axis(0)).unwrap();
    want -= &mean;
    for mut row in want.rows_mut() {
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| x / length);
    }
    let of = |word: &str| WORDS.iter().position(|other| *other == word).unwrap() - 4;
    for (i, a) in words.iter().enumerate() {
        for (j, b) in words.iter().enumerate() {
            let want = cosine(want.row(of(a)), want.row(of(b)));
            assert!((cosine(got.row(i), got.row(j)) - want).abs() < 1e-4, "{a}, {b}");
        }
    }
}

#[test]
fn frequent_tokens_count_less() {
    let weights: Vec<f64> = weights(1_000).collect();
    assert!(weights.windows(2).all(|pair| pair[0] < pair[1]));
    // p of the first: 1/2 of the sum of 1/2 … 1/1001, which is 6.486.
    assert!((weights[0] - 1e-4 / (1e-4 + 0.5 / 6.486_470_9)).abs() < 1e-9, "{}", weights[0]);
}

#[test]
fn reserves_and_marks_stay_empty() {
    let sentence = folder(&tensors(), CONFIG);
    let path = sentence.path().join("tokenizer.json");
    let tokenizer = fs::read_to_string(&path).unwrap().replace("\"top\"", "\"[unused12]\"");
    fs::write(&path, tokenizer).unwrap();
    let encoder = Encoder::open(sentence.path()).unwrap();
    let kept = meaningful(&encoder, encoder.tokens.vocabulary());
    assert_eq!(kept, [4, 5, 6, 7, 8, 10, 11]);
}

#[test]
fn a_vocabulary_of_no_use_is_refused() {
    let says = |vocabulary: serde_json::Value, words: &str| {
        let sentence = folder(&tensors(), CONFIG);
        let path = sentence.path().join("tokenizer.json");
        let mut tokenizer: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        tokenizer["model"]["vocab"] = vocabulary;
        fs::write(&path, tokenizer.to_string()).unwrap();
        let encoder = Encoder::open(sentence.path()).unwrap();
        let error = StaticEncoder::distill(&encoder, 4, |_| ()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let marks = serde_json::json!({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[unused0]": 4});
    says(marks.clone(), "no token of its vocabulary stands for text");
    let mut more = marks;
    more["card"] = 3_999_999_999_u32.into();
    says(more, "its tokenizer has 4000000000 tokens, and the model vectors for 12");
}

#[test]
fn a_model_that_lowercases_stays_one() {
    let sentence = folder(&tensors(), CONFIG);
    let path = sentence.path().join("tokenizer.json");
    let tokenizer = fs::read_to_string(&path).unwrap().replace("\"lowercase\":true", "\"lowercase\":false");
    fs::write(&path, tokenizer).unwrap();
    let upper = |encoder: &StaticEncoder| {
        let vectors = encoder.encode(&["MY Card", "my card"], |_| ()).unwrap();
        vectors.row(0) == vectors.row(1)
    };
    assert!(!upper(&distilled(sentence.path(), 4)));
    let lower = r#"{"max_seq_length": 8, "do_lower_case": true}"#;
    fs::write(sentence.path().join("sentence_bert_config.json"), lower).unwrap();
    let made = distilled(sentence.path(), 4);
    assert!(upper(&made));
    let to = tempfile::tempdir().unwrap();
    made.save(to.path()).unwrap();
    assert!(upper(&StaticEncoder::open(to.path()).unwrap()));
}

#[test]
fn dimensions_are_at_most_those_that_there_are() {
    let sentence = folder(&tensors(), CONFIG);
    assert_eq!(distilled(sentence.path(), 0).dims(), 1);
    // Eight tokens span seven directions around their mean.
    assert_eq!(distilled(sentence.path(), 256).dims(), 7);
    // A model for which all tokens are the same knows nothing of any text.
    let same: Tensors = tensors()
        .into_iter()
        .map(|(name, (shape, numbers))| {
            let numbers = if name.contains("word_embeddings") { vec![0.5; numbers.len()] } else { numbers };
            (name, (shape, numbers))
        })
        .collect();
    let same = distilled(folder(&same, CONFIG).path(), 4);
    assert_eq!(same.encode(&["my card"], |_| ()).unwrap(), Array2::<f32>::zeros((1, 1)));
}
