//! Words with which programs say that there is nothing.

/// As pandas, R, SQL, spreadsheets and people write it; in lower case.
const WORDS: [&str; 17] = [
    "",
    "-",
    "--",
    "none",
    "nan",
    "-nan",
    "nat",
    "null",
    "nil",
    "n/a",
    "#n/a",
    "na",
    "<na>",
    "n.a.",
    "undefined",
    "\\n",
    "(null)",
];

/// Is this an empty cell in a word? What people read is never asked: `None` may be what somebody wrote.
pub fn means_nothing(value: &str) -> bool {
    let value = value.trim();
    value.len() <= 9 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_cells_have_many_words() {
        for word in
            ["", " ", "None", "nan", "NaN", "NULL", "n/a", "-", "NA", "<NA>", "NaT", "\\N", "Undefined"]
        {
            assert!(means_nothing(word), "{word}");
        }
        for word in ["0", "no", "nobody", "nano", "other", "-1", "none of these"] {
            assert!(!means_nothing(word), "{word}");
        }
    }
}
