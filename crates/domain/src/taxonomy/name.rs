//! When two names of labels are one: what a reader can't tell apart, a program must not either.

use unicode_normalization::UnicodeNormalization;

/// What names have in common that look the same. Case, spacing, characters without width and the way in which an accent
/// is written make no difference, and neither does the `.0` with which programs write whole numbers.
pub fn key(name: &str) -> String {
    let seen: String = name.nfc().filter(|c| is_visible(*c)).collect();
    let lower: String = seen.to_lowercase().nfc().collect();
    let spaced = single_spaced(&lower);
    match whole_number(&spaced) {
        Some(number) => number.to_owned(),
        None => spaced,
    }
}

/// A name as it is kept: composed, without characters that nobody sees, with single spaces. Joiners stay, because
/// scripts and emoji are written with them.
pub fn tidy(name: &str) -> String {
    let seen: String = name.nfc().filter(|c| !is_invisible(*c)).collect();
    single_spaced(&seen)
}

/// Can this character be seen by itself?
pub fn is_visible(c: char) -> bool {
    !is_invisible(c) && !is_joiner(c)
}

fn single_spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    spaced
}

/// `1` of `1.0`.
fn whole_number(text: &str) -> Option<&str> {
    let (whole, zeros) = text.split_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (is_whole && !zeros.is_empty() && zeros.bytes().all(|b| b == b'0')).then_some(whole)
}

/// Soft hyphen, zero-width space and no-break space, word joiner, marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_one() {
        for same in [
            ["Spam", "spam"],
            ["caf\u{e9}", "cafe\u{301}"],
            ["spam", "sp\u{200b}am\u{feff}"],
            ["credit card", " Credit \u{a0}card "],
            ["1", "1.0"],
            ["-1.00", "-1"],
        ] {
            assert_eq!(key(same[0]), key(same[1]), "{same:?}");
        }
        for other in [["a", "b"], ["1.1", "1.10"], ["1", "10"], ["1.0.0", "1"], ["ab", "a b"]] {
            assert_ne!(key(other[0]), key(other[1]), "{other:?}");
        }
    }

    #[test]
    fn a_name_is_kept_as_it_is_seen() {
        assert_eq!(tidy(" Cafe\u{301}\u{200b}  au lait "), "Caf\u{e9} au lait");
        assert_eq!(tidy("1.0"), "1.0");
        let family = "\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(tidy(family), family);
    }
}
