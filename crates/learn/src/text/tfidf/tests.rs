use super::*;
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

const TEXTS: [&str; 4] = ["Where is my card", "My card was stolen, my money too!", "top  UP", "a card: top"];

fn rows(tfidf: &TfIdf, rows: &Csr) -> Vec<Vec<(String, f32)>> {
    let named = |(columns, values): (&[u32], &[f32])| {
        columns.iter().zip(values).map(|(&c, &v)| (tfidf.term(c as usize).to_owned(), v)).collect()
    };
    rows.rows().map(named).collect()
}

/// Terms of one block of a row whose other block may follow.
fn check(got: &[(String, f32)], want: &[(&str, f32)]) {
    assert_eq!(got.len(), want.len(), "{got:?}");
    for ((term, value), (wanted, number)) in got.iter().zip(want) {
        assert_eq!(term, wanted);
        assert!((value - number).abs() < 1e-6, "{term}: {value} instead of {number}");
    }
}

/// The numbers of scikit-learn 1.9.1: `TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2),
/// token_pattern=r"(?u)\b\w+\b")` and the same with `analyzer="char_wb", ngram_range=(3, 5)` on the same texts without
/// their punctuation.
#[test]
fn equals_scikit_learn() {
    let (tfidf, matrix) = TfIdf::fit(&Features::default(), &TEXTS);
    let terms: Vec<&str> = tfidf.terms().collect();
    assert_eq!(tfidf.n_words(), 4);
    assert_eq!(terms[..4], ["card", "my", "my card", "top"]);
    assert_eq!(
        terms[4..],
        [
            " ca", " car", " card", " my", " my ", " to", " top", " top ", "ard", "ard ", "car", "card",
            "card ", "my ", "op ", "rd ", "top", "top "
        ]
    );
    let idf = |column: usize, want: f64| assert!((tfidf.idf()[column] - want).abs() < 1e-12, "{column}");
    idf(0, 1.223_143_551_314_209_7);
    idf(1, 1.510_825_623_765_990_7);
    let got = rows(&tfidf, &matrix);
    let (words, characters) = got[1].split_at(3);
    check(words, &[("card", 0.380_705_632), ("my", 0.796_197_712), ("my card", 0.470_247_195)]);
    let characters: Vec<_> = characters.iter().filter(|(term, _)| !term.contains("ar")).cloned().collect();
    check(
        &characters,
        &[
            (" ca", 0.207_965_698),
            (" my", 0.434_933_973),
            (" my ", 0.434_933_973),
            (" to", 0.207_965_698),
            ("my ", 0.434_933_973),
            ("rd ", 0.207_965_698),
        ],
    );
    check(&got[2][..1], &[("top", 1.0)]);
    check(&got[2][1..3], &[(" to", 0.340_431_925), (" top", 0.420_501_154)]);
    check(&got[3][..2], &[("card", 0.629_227_515), ("top", 0.777_221_162)]);
    assert_eq!(got[3].len(), 2 + 15);
    check(&got[3][15..], &[("top", 0.294_190_212), ("top ", 0.294_190_212)]);
}

#[test]
fn rows_of_texts_never_seen() {
    let (tfidf, matrix) = TfIdf::fit(&Features::default(), &TEXTS);
    let again = tfidf.transform(&TEXTS);
    assert_eq!(again, matrix);
    let other = tfidf.transform(&["", "?!", "zzz", "card", "\u{1F600} 日本"]);
    let lengths: Vec<usize> = other.rows().map(|(columns, _)| columns.len()).collect();
    assert_eq!(lengths, [0, 0, 0, 10, 0]);
    assert_eq!(other.n_cols(), tfidf.n_columns());
}

#[test]
fn nothing_in_nothing_out() {
    let (tfidf, matrix) = TfIdf::fit::<&str>(&Features::default(), &[]);
    assert_eq!((tfidf.n_columns(), matrix.n_rows(), matrix.n_cols()), (0, 0, 0));
    let (tfidf, matrix) = TfIdf::fit(&Features::default(), &["only one text"]);
    assert_eq!((tfidf.n_columns(), matrix.n_rows(), matrix.n_values()), (0, 1, 0));
}

#[test]
fn blocks_are_found_apart() {
    let words = Features::new(Some(1..=1), None, 1, None).unwrap();
    let (tfidf, _) = TfIdf::fit(&words, &TEXTS);
    assert_eq!(tfidf.n_words(), tfidf.n_columns());
    assert_eq!(tfidf.word_column("card"), Some(1));
    assert_eq!(tfidf.character_column("card"), None);
    let characters = Features::new(None, Some(4..=4), 1, None).unwrap();
    let (tfidf, _) = TfIdf::fit(&characters, &TEXTS);
    assert_eq!(tfidf.n_words(), 0);
    let column = tfidf.character_column("card").unwrap();
    assert!(!tfidf.is_word(column) && tfidf.term(column) == "card");
}

#[test]
fn the_most_common_terms_are_kept() {
    let features = Features::new(Some(1..=1), None, 1, Some(2)).unwrap();
    let (tfidf, _) = TfIdf::fit(&features, &["b a c", "c b", "c a"]);
    assert_eq!(tfidf.terms().collect::<Vec<_>>(), ["a", "c"], "c thrice, of a and b the first");
}

#[test]
fn parts_make_the_same_again() {
    let (tfidf, matrix) = TfIdf::fit(&Features::default(), &TEXTS);
    let n = tfidf.n_words();
    let part = |range: std::ops::Range<usize>| range.map(|column| tfidf.term(column)).collect::<Vec<_>>();
    let parts = (part(0..n), part(n..tfidf.n_columns()));
    let make = |idf: Vec<f64>| {
        TfIdf::from_parts(tfidf.features().clone(), parts.0.iter().copied(), parts.1.iter().copied(), idf)
    };
    assert_eq!(make(tfidf.idf().to_vec()).unwrap().transform(&TEXTS), matrix);
    assert_eq!(make(vec![1.0]).unwrap_err(), BadTfIdf::Weights { terms: 22, weights: 1 });
    assert_eq!(make(vec![f64::NAN; 22]).unwrap_err(), BadTfIdf::Weight);
    let twice = TfIdf::from_parts(Features::default(), ["a", "a"], [], vec![1.0; 2]);
    assert_eq!(twice.unwrap_err(), BadTfIdf::Twice);
}

#[test]
fn the_same_bits_on_one_and_two_threads() {
    let texts: Vec<String> = (0..5_000_u32)
        .map(|i| format!("item {} of {} w{}", i % 97, i % 13, i.wrapping_mul(7919) % 501))
        .collect();
    let on = |n| {
        let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| TfIdf::fit(&Features::default(), &texts))
    };
    let ((a, x), (b, y)) = (on(1), on(2));
    assert_eq!(x, y);
    assert!(a.terms().eq(b.terms()) && a.idf() == b.idf());
    assert!(Csr::new(x.n_cols(), x.starts().to_vec(), x.columns().to_vec(), x.values().to_vec()).is_ok());
}

proptest! {
    #[test]
    fn blocks_have_length_one_and_order_is_nothing(mut texts in prop::collection::vec("[a-c ]{0,12}|.{0,8}", 0..30)) {
        let features = Features::new(Some(1..=2), Some(3..=5), 1, Some(40)).unwrap();
        let (tfidf, matrix) = TfIdf::fit(&features, &texts);
        for (columns, values) in matrix.rows() {
            for words in [true, false] {
                let square: f32 =
                    columns.iter().zip(values).filter(|(c, _)| tfidf.is_word(**c as usize) == words).map(|(_, v)| v * v).sum();
                prop_assert!(square == 0.0 || (square - 1.0).abs() < 1e-5, "{square}");
            }
        }
        texts.reverse();
        let (turned, rows) = TfIdf::fit(&features, &texts);
        prop_assert!(tfidf.terms().eq(turned.terms()) && tfidf.idf() == turned.idf());
        let back: Vec<usize> = (0..texts.len()).rev().collect();
        prop_assert_eq!(rows.select(&back), matrix);
    }
}
