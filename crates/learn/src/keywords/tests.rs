use super::*;
use crate::text::{Features, TfIdf};
use ndarray::{Array2, array};
use proptest::prelude::*;

fn words(texts: &[&str], members: &[Vec<usize>], most: usize) -> Vec<Vec<String>> {
    let features = Features::new(Some(1..=2), Some(3..=3), 1, None).unwrap();
    let (tfidf, rows) = TfIdf::fit(&features, texts);
    let term = |column| tfidf.is_word(column).then(|| tfidf.term(column));
    keywords(&rows, members, term, most)
        .iter()
        .map(|group| group.iter().map(|keyword| tfidf.term(keyword.column).to_owned()).collect())
        .collect()
}

/// Two groups of two texts, ab a and bc c; by hand: f(a) = f(b) = f(c) = 2, f(0) = f(1) = A = 3.
#[test]
fn the_score_is_the_definition() {
    let rows = Csr::new(3, vec![0, 2, 3, 5, 6], vec![0, 1, 0, 1, 2, 2], vec![0.3; 6]).unwrap();
    let names = ["a", "b", "c"];
    let found = keywords(&rows, &[vec![0, 1], vec![2, 3]], |column| Some(names[column]), 9);
    // "b" is as frequent in each group as in both.
    for (group, column) in found.iter().zip([0, 2]) {
        assert_eq!(group.len(), 1);
        assert_eq!((group[0].column, group[0].n_texts), (column, 2));
        assert!((group[0].score - 2.0 / 3.0 * 2.5_f64.ln()).abs() < 1e-12);
    }
}

#[test]
fn two_words_take_the_place_of_their_parts() {
    let texts = [
        "the exchange rate is bad",
        "the exchange rate of today",
        "the exchange rate again",
        "the pin is blocked",
        "a new pin please",
        "forgot the pin of today",
    ];
    let found = words(&texts, &[vec![0, 1, 2], vec![3, 4, 5]], 2);
    assert_eq!(found[0][0], "exchange rate");
    assert!(!found[0].iter().any(|word| word == "exchange" || word == "rate"));
    assert_eq!(found[1][0], "pin");
    assert!(found.iter().all(|group| group.len() <= 2));
}

/// Characters, letters and syllables are put together to what recurs; nothing is torn or spaced out.
#[test]
fn scripts_without_spaces_have_keywords_too() {
    let chinese = ["快递还没到", "快递丢了", "我的快递呢", "我要退款", "退款要多久", "退款没有收到"];
    let found = words(&chinese, &[vec![0, 1, 2], vec![3, 4, 5]], 2);
    assert_eq!((found[0][0].as_str(), found[1][0].as_str()), ("快递", "退款"));
    assert!(found.iter().flatten().all(|word| !word.contains(' ')), "{found:?}");

    let thai = ["พัสดุยังไม่ถึง", "พัสดุหายไป", "เช็คพัสดุ", "ขอคืนเงิน", "คืนเงินเมื่อไหร่", "อยากคืนเงิน"];
    let found = words(&thai, &[vec![0, 1, 2], vec![3, 4, 5]], 2);
    assert_eq!((found[0][0].as_str(), found[1][0].as_str()), ("พัสดุ", "คืนเงิน"));

    let hindi = ["पार्सल कहाँ है", "मेरा पार्सल", "पार्सल नहीं मिला", "रिफंड चाहिए", "रिफंड कब मिलेगा", "मेरा रिफंड"];
    let found = words(&hindi, &[vec![0, 1, 2], vec![3, 4, 5]], 1);
    assert_eq!(found, [["पार्सल"], ["रिफंड"]]);
}

#[test]
fn emoji_are_keywords() {
    let found =
        words(&["👍", "great 👍", "👍 yes", "😡", "😡 bad", "no 😡"], &[vec![0, 1, 2], vec![3, 4, 5]], 1);
    assert_eq!(found, [["👍"], ["😡"]]);
}

#[test]
fn empty_groups_and_single_ones() {
    let texts = ["one two", "two three", "two"];
    assert_eq!(words(&texts, &[], 3), Vec::<Vec<String>>::new());
    assert_eq!(words(&texts, &[vec![], vec![]], 3), vec![Vec::<String>::new(); 2]);
    assert_eq!(words(&texts, &[vec![0, 1, 2], vec![]], 1), [vec!["two".to_owned()], vec![]]);
    assert_eq!(words(&texts, &[vec![0, 1, 2]], 0), [Vec::<String>::new()]);
    assert_eq!(words(&[""], &[vec![0]], 3), [Vec::<String>::new()]);
}

#[test]
fn typical_items_are_close_and_different() {
    // Three equal ones at the mean's side, one a little off, one far.
    let rows = array![[1.0_f32, 0.0], [1.0, 0.0], [1.0, 0.0], [0.8, 0.6], [0.0, 1.0]];
    let all = [0, 1, 2, 3, 4];
    assert_eq!(typical(rows.view(), &all, 1, Balance::default()), [3]);
    let two = typical(rows.view(), &all, 2, Balance::new(0.5).unwrap());
    assert_eq!(two[0], 3);
    let close = typical(rows.view(), &all, 4, Balance::new(1.0).unwrap());
    assert_eq!(close, [3, 0, 1, 2]);
    // What was chosen once is not chosen again in other clothes.
    let three = typical(rows.view(), &all, 3, Balance::new(0.4).unwrap());
    assert!(three.contains(&4), "{three:?}");
}

#[test]
fn typical_items_of_little() {
    let rows = Array2::<f32>::zeros((3, 2));
    assert!(typical(rows.view(), &[], 3, Balance::default()).is_empty());
    assert!(typical(rows.view(), &[1], 0, Balance::default()).is_empty());
    assert_eq!(typical(rows.view(), &[2, 1], 5, Balance::default()), [2, 1]);
    assert!([-0.1, 1.1, f64::NAN].iter().all(|b| Balance::new(*b).is_err()));
}

proptest! {
    #[test]
    fn no_keyword_is_part_of_another(texts in prop::collection::vec("[a-d]( [a-d]){0,5}", 2..20), most in 0_usize..6) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let half = texts.len() / 2;
        for group in words(&texts, &[(0..half).collect(), (half..texts.len()).collect()], most) {
            prop_assert!(group.len() <= most);
            for (a, b) in group.iter().flat_map(|a| group.iter().map(move |b| (a, b))) {
                prop_assert!(a == b || !b.split(' ').any(|word| word == a), "{:?}", group);
            }
        }
    }
}
