mod banking;
mod languages;
mod piles;
mod tree;
mod typical;

use super::*;
use crate::text::{Features, TfIdf};
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

/// Two groups of two texts, ab a and bc c. By hand, for a in the first: all texts of the group; 2 of 2 texts against 0 of 2,
/// to each side of which the prior adds 5 with and 5 without; Σ √(p q) is √½, by chance it would be twice the mean root
/// of a Poisson variable of mean 1, over 2 (its expectation, interpolated between e^½ and e^¾ texts).
#[test]
fn the_score_is_the_definition() {
    let rows = Csr::new(3, vec![0, 2, 3, 5, 6], vec![0, 1, 0, 1, 2, 2], vec![0.3; 6]).unwrap();
    let names = ["a", "b", "c"];
    let found = keywords(&rows, &[vec![0, 1], vec![2, 3]], |column| Some(names[column]), 9);
    let mean_root = |mean: f64| {
        let probability = |k: u32| (1..=k).fold((-mean).exp(), |p, k| p * mean / f64::from(k));
        (1..40).map(|k| probability(k) * f64::from(k).sqrt()).sum::<f64>()
    };
    let chance = |n: f64| -2.0 * (2.0 * (0.5_f64).sqrt() * mean_root(n / 2.0) / n.sqrt()).ln();
    let part = (2.0_f64.ln() - 0.5) * 4.0;
    let uneven = 2.0_f64.ln() - (1.0 - part) * chance(0.5_f64.exp()) - part * chance(0.75_f64.exp());
    // "b" is as frequent in each group as in both.
    for (group, column) in found.iter().zip([0, 2]) {
        assert_eq!(group.len(), 1);
        assert_eq!((group[0].column, group[0].n_texts), (column, 2));
        let odds = (7.0_f64 / 5.0).ln() - (5.0_f64 / 7.0).ln();
        let wanted = (odds + 0.1) * (uneven + 0.02).powf(1.5);
        assert!((group[0].score - wanted).abs() < 1e-6, "{} {wanted}", group[0].score);
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
fn forms_of_a_word_come_once() {
    let texts = [
        "transfer failed",
        "transfers fail",
        "he transferred it",
        "the transfer of it",
        "a card of it",
        "the cards",
        "card he lost",
        "the card",
    ];
    let found = words(&texts, &[(0..4).collect(), (4..8).collect()], 9);
    let of = |start: &str| found.iter().flatten().filter(|word| word.starts_with(start)).count();
    assert_eq!((of("transfer"), of("card")), (1, 1), "{found:?}");
    assert_eq!((found[0][0].as_str(), found[1][0].as_str()), ("transfer", "card"));
}

/// A particle is not part of the word before it, and pieces of a long word are one thing.
#[test]
fn letters_added_to_a_word_and_pieces_of_words_do_not_lead() {
    let japanese = [
        "パスワードを変更",
        "パスワードを忘れた",
        "パスワードが違う",
        "荷物を送る",
        "荷物が届く",
        "荷物を待つ",
    ];
    let found = words(&japanese, &[vec![0, 1, 2], vec![3, 4, 5]], 1);
    assert_eq!(found, [["パスワード"], ["荷物"]]);
    let thai = ["ลืมรหัสผ่าน", "เปลี่ยนรหัสผ่าน", "รหัสผ่านผิด", "พัสดุหาย", "รอพัสดุ", "พัสดุแตก"];
    let found = words(&thai, &[vec![0, 1, 2], vec![3, 4, 5]], 9);
    for (at, a) in found[0].iter().enumerate() {
        assert!(
            found[0][..at].iter().all(|b| !a.contains(b.as_str()) && !b.contains(a.as_str())),
            "{found:?}"
        );
    }
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
