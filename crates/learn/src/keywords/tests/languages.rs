//! Function words don't lead, in any language.

use super::piles::piles;
use super::*;

#[test]
fn topic_words_lead_and_function_words_do_not() {
    let mut wrong = Vec::new();
    for pile in piles() {
        let texts = pile.texts();
        let members: Vec<Vec<usize>> = (0..4).map(|topic| (12 * topic..12 * topic + 12).collect()).collect();
        let found = words(&texts, &members, 5);
        for ((leading, _), words) in pile.topics.iter().zip(&found) {
            let leads = leading.iter().any(|topic| topic.contains(&words[0]) || words[0].contains(topic));
            let is_idle = words.iter().any(|word| pile.function_words.contains(&word.as_str()));
            if !leads || is_idle {
                wrong.push(format!("{} {leading:?}: {words:?}", pile.language));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Twelve texts are few to be sure of: where a word tells two topics apart for sure, it is the topic's own.
#[test]
fn contrasts_are_not_led_by_function_words() {
    for pile in piles() {
        let texts = pile.texts();
        let features = Features::new(Some(1..=2), None, 1, None).unwrap();
        let (tfidf, rows) = TfIdf::fit(&features, &texts);
        let term = |column| Some(tfidf.term(column));
        let leaf_of: Vec<Option<u32>> = (0..48).map(|text| Some(text / 12)).collect();
        let counts = TermCounts::new(&rows, &leaf_of, 4, term);
        let mut n_led = 0;
        for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let found = contrast(&counts, &[a], &[b], term, 3);
            assert!(found.iter().all(|keyword| keyword.score >= 1.959));
            let Some(first) = found.first().map(|keyword| tfidf.term(keyword.column)) else { continue };
            let (leading, _) = &pile.topics[a as usize];
            let is_own = leading.iter().any(|topic| topic.contains(first) || first.contains(topic));
            assert!(is_own, "{}: {first} for {leading:?}", pile.language);
            n_led += 1;
        }
        assert!(n_led >= 9, "{}: {n_led} of 12", pile.language);
    }
}
