//! Where a text is cut into words.

use unicode_segmentation::UnicodeSegmentation;

/// Where the words of a [normalized](super::normalize) text lie, into `out`, which is emptied first: those of Unicode
/// Standard Annex #29 that hold a letter or a number, and emoji.
///
/// Scripts that write no spaces have no words there: each grapheme stands alone, and in Thai and Lao even vowels that are
/// written beside their consonant. Those are joined to it: no syllable is torn.
pub fn cut(normal: &str, out: &mut Vec<(usize, usize)>) {
    out.clear();
    if normal.is_ascii() {
        out.extend(normal.unicode_word_indices().map(|(at, word)| (at, at + word.len())));
        return;
    }
    for (at, word) in normal.split_word_bound_indices() {
        let Some(first) = word.chars().next() else { continue };
        if !is_emoji(first) && !word.chars().any(char::is_alphanumeric) {
            continue;
        }
        // The same emoji with and without the mark that asks for its colored form is one.
        let end = at + word.trim_end_matches('\u{fe0f}').len();
        match out.last_mut() {
            Some(before) if before.1 == at && belong_together(&normal[before.0..at], first) => before.1 = end,
            _ => out.push((at, end)),
        }
    }
}

/// The words of a normalized text.
pub fn words(normal: &str) -> Vec<&str> {
    let mut places = Vec::new();
    cut(normal, &mut places);
    places.into_iter().map(|(from, to)| &normal[from..to]).collect()
}

/// Whether a term is a letter, a syllable at most, of a [script of letters](is_spelled): alone it says no more than any
/// other letter.
pub fn is_letter_alone(term: &str) -> bool {
    is_spelled(term) && words(term).len() == 1
}

/// Whether a word is of a script that spells by letters and writes no spaces (Thai, Lao, Burmese, Khmer and their relatives,
/// hiragana): it takes several of them to say what one Chinese character does.
pub fn is_spelled(word: &str) -> bool {
    word.starts_with(|c: char| {
        matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
            | '\u{1950}'..='\u{19df}' | '\u{1a20}'..='\u{1aaf}' | '\u{3040}'..='\u{309f}')
    })
}

/// A vowel of Thai or Lao with the consonant before or after which it is written.
fn belong_together(before: &str, next: char) -> bool {
    let follows =
        matches!(next, '\u{e30}' | '\u{e32}' | '\u{e33}' | '\u{e45}' | '\u{eb0}' | '\u{eb2}' | '\u{eb3}');
    let leads = |c: char| matches!(c, '\u{e40}'..='\u{e44}' | '\u{ec0}'..='\u{ec4}');
    let is_of_them = |c: char| matches!(c, '\u{e00}'..='\u{eff}');
    (follows && before.ends_with(is_of_them))
        || (is_of_them(next) && before.chars().count() == 1 && before.starts_with(leads))
}

/// The blocks of pictographs.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_letters_and_emoji() {
        for (text, wanted) in [
            ("where's my card, 3.5€? 日本", &["where's", "my", "card", "3.5", "日", "本"][..]),
            ("👍👍 thanks❤\u{fe0f} !!", &["👍", "👍", "thanks", "❤"]),
            ("👩‍👩‍👧 👍🏽 🇩🇪", &["👩‍👩‍👧", "👍🏽", "🇩🇪"]),
            ("?! … — €", &[]),
            // Signs for vowels stay with their consonants.
            ("मेरा पार्सल कहाँ है", &["मेरा", "पार्सल", "कहाँ", "है"]),
            ("พัสดุ", &["พั", "ส", "ดุ"]),
            ("มาเงินค่ะ", &["มา", "เงิ", "น", "ค่ะ"]),
            ("iphone手机", &["iphone", "手", "机"]),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn letters_alone() {
        assert!(["ส", "พั", "มา", "の"].iter().all(|word| is_letter_alone(word)));
        assert!(!["สดุ", "快", "a", "カ", "है", "👍", ""].iter().any(|word| is_letter_alone(word)));
    }
}
