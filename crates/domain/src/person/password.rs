//! What a new password must be: long enough, not among the first that are tried, and not made of what everybody
//! knows about its owner.

use thiserror::Error;

/// Characters that a password has at least.
pub const SHORTEST_PASSWORD: usize = 10;
/// Bytes that a password has at most: hashing is not to be made slow by sending a book.
const LONGEST_PASSWORD: usize = 1024;
/// What is left of a password without the words that are known must be at least this long.
const LEAST_OF_ITS_OWN: usize = 8;

/// Passwords that are tried first, in lower case: all of ten characters or more and the most frequent shorter words
/// of the lists that zxcvbn (MIT) has gathered from leaks.
const COMMON: &str = include_str!("common_passwords.txt");

#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum BadPassword {
    #[error("that is {0} characters; use at least {SHORTEST_PASSWORD}, a few words make a good one")]
    Short(usize),
    #[error("that is too long; use at most {LONGEST_PASSWORD} bytes")]
    Long,
    #[error("this password is among the first that are tried; choose another, a few words make a good one")]
    Common,
    #[error("your name, your e-mail and the name of this program are tried first; choose something else")]
    Personal,
}

/// Whether somebody with this e-mail and this name may take the password.
pub fn check_password(password: &str, email: &str, name: &str) -> Result<(), BadPassword> {
    let n = password.chars().count();
    let folded = password.trim().to_lowercase();
    if n < SHORTEST_PASSWORD {
        Err(BadPassword::Short(n))
    } else if password.len() > LONGEST_PASSWORD {
        Err(BadPassword::Long)
    } else if is_common(&folded) {
        Err(BadPassword::Common)
    } else if is_personal(&folded, email, name) {
        Err(BadPassword::Personal)
    } else {
        Ok(())
    }
}

fn is_listed(folded: &str) -> bool {
    COMMON.lines().any(|line| line == folded)
}

/// Listed as it is, or a listed word with a few digits or signs around it, or one short piece over and over.
fn is_common(folded: &str) -> bool {
    let word = folded.trim_matches(|c: char| !c.is_alphabetic());
    let decoration = folded.chars().count() - word.chars().count();
    is_listed(folded) || (decoration < LEAST_OF_ITS_OWN && is_listed(word)) || is_repeated(folded)
}

fn is_repeated(folded: &str) -> bool {
    let letters: Vec<char> = folded.chars().collect();
    let repeats =
        |n: usize| letters.len().is_multiple_of(n) && letters.chunks(n).all(|piece| *piece == letters[..n]);
    (1..=letters.len() / 2).filter(|n| repeats(*n)).any(|n| {
        let piece: String = letters[..n].iter().collect();
        n <= 4 || is_listed(&piece)
    })
}

/// Little is left of it without the words that are known.
fn is_personal(folded: &str, email: &str, name: &str) -> bool {
    let (email, name) = (email.to_lowercase(), name.to_lowercase());
    let pieces = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut known = vec!["assay".to_owned(), letters(&email), letters(&name)];
    known.extend(pieces(&email));
    known.extend(pieces(&name));
    known.retain(|word| word.chars().count() >= 3);
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let all = letters(folded);
    let left = known.iter().fold(all.clone(), |left, word| left.replace(word.as_str(), ""));
    left != all && left.chars().count() < LEAST_OF_ITS_OWN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), BadPassword> {
        check_password(password, "ada.okafor@example.org", "Ada Okafor")
    }

    #[test]
    fn a_password_is_long_enough_and_no_book() {
        assert_eq!(check("123456789"), Err(BadPassword::Short(9)));
        assert_eq!(check(&"ab c".repeat(500)), Err(BadPassword::Long));
        for good in ["日本語日本語日本語日", "a few plain words", "correct horse battery staple"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_tried_first_is_refused_however_it_is_written() {
        for bad in [
            "1234567890",
            "QwertyUIOP",
            " Password123 ",
            "Dragon2026!",
            "!!sunshine99",
            "passwordpassword",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
        ] {
            assert_eq!(check(bad), Err(BadPassword::Common), "{bad}");
        }
        assert_eq!(check("dragon 81530276"), Ok(()), "a word and much of its own");
    }

    #[test]
    fn what_everybody_knows_of_its_owner_is_refused() {
        for bad in [
            "Ada.Okafor@example.org ",
            "adaokafor2026",
            "Okafor-Ada-1",
            "assay assay",
            "Assay12345!",
            "example.org",
        ] {
            assert_eq!(check(bad), Err(BadPassword::Personal), "{bad}");
        }
        assert_eq!(check("ada likes green tea"), Ok(()));
        assert_eq!(check_password("assistance dog", "a@b", "A"), Ok(()), "one letter is no name");
    }

    #[test]
    fn the_list_is_in_lower_case_and_without_doubles() {
        let lines: std::collections::BTreeSet<&str> = COMMON.lines().collect();
        assert_eq!(lines.len(), COMMON.lines().count());
        assert!(lines.len() > 3000 && lines.iter().all(|l| l.len() >= 4 && *l == l.to_lowercase()));
    }
}
