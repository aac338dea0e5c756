//! Text to numbers: the one spelling under which two texts count as the same, and tf-idf over words and characters.

mod features;
mod grams;
mod interner;
mod tfidf;
mod words;

pub use features::{BadFeatures, Features};
pub use tfidf::{BadTfIdf, TfIdf};
pub(crate) use words::{is_letter_alone, is_spelled, words};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The text in NFKC (Unicode Standard Annex #15), lowercase, with every run of white space as one space and none at
/// the ends. Hashes of normalized text find duplicates and keep them in one split.
///
/// Idempotent: a normalized text stays as it is. Text of ASCII alone takes one pass and one allocation.
///
/// ```
/// assert_eq!(learn::text::normalize("  Where\tis  MY\r\nCARD? "), "where is my card?");
/// assert_eq!(learn::text::normalize("ﬁne\u{a0}①"), "fine 1");
/// ```
#[must_use]
pub fn normalize(text: &str) -> String {
    let mut out = String::new();
    normalize_into(text, &mut out);
    out
}

/// [`normalize`] into a buffer of the caller's, which is emptied first: an import of a million rows needs one buffer.
pub fn normalize_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.reserve(text.len());
        push_ascii(text, out);
        return;
    }
    let mut folded = text.nfkc().collect::<String>().to_lowercase();
    // Lowercasing can leave a letter beside a mark that composes with it (İ → i + dot above); most texts never do.
    while is_nfkc_quick(folded.chars()) != IsNormalized::Yes {
        let again = folded.nfkc().collect::<String>().to_lowercase();
        if again == folded {
            break;
        }
        folded = again;
    }
    out.reserve(folded.len());
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

fn push_ascii(text: &str, out: &mut String) {
    for word in text.split_ascii_whitespace_and_vt() {
        if !out.is_empty() {
            out.push(' ');
        }
        let start = out.len();
        out.push_str(word);
        // In place on the bytes just copied: this is what the compiler turns into wide instructions.
        out[start..].make_ascii_lowercase();
    }
}

trait SplitWords {
    fn split_ascii_whitespace_and_vt(&self) -> impl Iterator<Item = &str>;
}

impl SplitWords for str {
    /// `split_ascii_whitespace` leaves out the vertical tab, which Unicode counts as white space.
    fn split_ascii_whitespace_and_vt(&self) -> impl Iterator<Item = &str> {
        self.split(|c: char| c == ' ' || ('\t'..='\r').contains(&c)).filter(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spaces_case_and_compatibility_forms_fold_together() {
        for (raw, normal) in [
            ("", ""),
            (" \t\n\u{b}\u{c}\r ", ""),
            ("a", "a"),
            (" A  b\u{b}C ", "a b c"),
            ("CAFÉ", "café"),
            ("cafe\u{301}", "café"),
            ("\u{3000}ＡＢＣ　１２３\u{2003}", "abc 123"),
            ("ΟΔΟΣ", "οδος"),
            ("x\u{85}y\u{2028}z", "x y z"),
        ] {
            assert_eq!(normalize(raw), normal, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn normal_text_stays_as_it_is(text in "\\PC{0,40}|[ \\t\\n\\x0b-~]{0,40}|.{0,30}") {
            let once = normalize(&text);
            prop_assert_eq!(&normalize(&once), &once);
            prop_assert!(!once.starts_with(char::is_whitespace) && !once.ends_with(char::is_whitespace));
        }

        /// The fast path must give what the slow path gives: one far letter decides which of them runs.
        #[test]
        fn both_paths_agree(text in "[\\x00-\\x7f]{0,60}") {
            let slow = normalize(&format!("{text} ä"));
            let fast = normalize(&text);
            prop_assert_eq!(slow, if fast.is_empty() { "ä".to_owned() } else { format!("{fast} ä") });
        }
    }
}
