//! On Banking77, where it lies beside the repository.

use super::*;
use std::collections::BTreeMap;
use std::path::Path;

const FUNCTION_WORDS: [&str; 44] = [
    "i", "my", "me", "the", "a", "an", "to", "is", "it", "of", "on", "in", "for", "not", "and", "has",
    "have", "do", "does", "can", "that", "was", "be", "with", "at", "when", "how", "what", "why", "which",
    "you", "there", "if", "been", "am", "did", "this", "but", "so", "from", "are", "will", "would", "as",
];

/// Texts and intents.
fn banking77() -> Option<Vec<(String, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/data/banking77/items.csv"))
        .find(|path| path.exists())?;
    let mut reader = csv::Reader::from_path(path).unwrap();
    Some(reader.records().map(|row| row.map(|row| (row[1].to_owned(), row[2].to_owned())).unwrap()).collect())
}

#[test]
fn function_words_do_not_lead_intents() {
    let Some(items) = banking77() else { return };
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    items.iter().enumerate().for_each(|(row, (_, intent))| members.entry(intent).or_default().push(row));
    let texts: Vec<&str> = items.iter().map(|(text, _)| text.as_str()).collect();
    let groups: Vec<Vec<usize>> = members.values().cloned().collect();
    let found = words(&texts, &groups, 3);
    assert_eq!(found.len(), 77);
    for (intent, words) in members.keys().zip(&found) {
        assert!(!words.is_empty(), "{intent}");
        let idle = words.iter().find(|word| FUNCTION_WORDS.contains(&word.as_str()));
        assert!(idle.is_none(), "{intent}: {words:?}");
    }
    let of = |intent: &str| &found[members.keys().position(|name| *name == intent).unwrap()];
    assert_eq!(of("card_payment_wrong_exchange_rate")[0], "exchange rate");
    assert_eq!(of("passcode_forgotten")[..2], ["passcode", "password"]);
    assert_eq!(of("top_up_failed")[..2], ["top up", "failed"]);
}
