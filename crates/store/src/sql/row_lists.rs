//! One statement text for any number of rows, on either engine.
//!
//! A text describes one row: `$1` is its first value, and `{rows}` marks the source of the rows. SQLite gets the values
//! themselves. PostgreSQL gets an array for each column, so the text and its plan are the same for any number of rows.

use std::fmt::Write as _;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Bool,
    Text,
}

use Kind::{Bool, Float, Int, Text};

impl Kind {
    fn list_type(self) -> &'static str {
        match self {
            Int => "BIGINT[]",
            Float => "DOUBLE PRECISION[]",
            Bool => "BOOLEAN[]",
            Text => "TEXT[]",
        }
    }
}

/// The text for PostgreSQL, with an array for each column from `$(before + 1)` on.
pub(crate) fn of_lists(text: &str, columns: &[Kind], before: usize) -> String {
    let (mut lists, mut names) = (Vec::new(), Vec::new());
    for (at, kind) in columns.iter().enumerate() {
        lists.push(format!("${}::{}", before + at + 1, kind.list_type()));
        names.push(format!("c{}", at + 1));
    }
    let rows = format!("unnest({}) AS given ({})", lists.join(", "), names.join(", "));
    renumbered(text, |column| format!("given.c{column}"))
        .replace("SELECT {rows}", &format!("SELECT * FROM {rows}"))
        .replace("{rows}", &rows)
}

/// The text for SQLite, with a value for each column of each row from `$(before + 1)` on.
pub(crate) fn of_rows(text: &str, columns: usize, n: usize, before: usize) -> String {
    if text.contains("SELECT {rows}") {
        let row = |at: usize| {
            let places: Vec<String> =
                (1..=columns).map(|column| format!("${}", before + at * columns + column)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..n).map(row).collect();
        return text.replace("SELECT {rows}", &format!("VALUES {}", rows.join(", ")));
    }
    let text =
        text.replace("{rows} CROSS JOIN ", "").replace(" FROM {rows}", "").replace(" USING {rows}", "");
    let rows: Vec<String> =
        (0..n).map(|at| renumbered(&text, |column| format!("${}", before + at * columns + column))).collect();
    rows.join("; ")
}

/// Replaces each `$1` by the text for the first column, and so on.
fn renumbered(text: &str, say: impl Fn(usize) -> String) -> String {
    let mut said = String::with_capacity(text.len() + 64);
    let mut pieces = text.split('$');
    said.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        let _ = write!(said, "{}{rest}", say(number.parse().unwrap_or_default()));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_rows_are_numbered_through() {
        let text = of_rows("INSERT INTO a (x, y) SELECT {rows} ON CONFLICT DO NOTHING", 2, 2, 3);
        assert_eq!(text, "INSERT INTO a (x, y) VALUES ($4, $5), ($6, $7) ON CONFLICT DO NOTHING");
        let text = of_rows("UPDATE a SET x = $2 FROM {rows} WHERE id = $1", 2, 2, 10);
        assert_eq!(text, "UPDATE a SET x = $12 WHERE id = $11; UPDATE a SET x = $14 WHERE id = $13");
        assert_eq!(
            of_rows("DELETE FROM a USING {rows} WHERE id = $1", 1, 1, 0),
            "DELETE FROM a WHERE id = $1"
        );
        let text = of_rows("SELECT $2 FROM {rows} CROSS JOIN a WHERE a.id = $1", 2, 1, 0);
        assert_eq!(text, "SELECT $2 FROM a WHERE a.id = $1");
    }

    #[test]
    fn lists_are_rows_by_their_columns() {
        let given = "unnest($4::BIGINT[], $5::TEXT[]) AS given (c1, c2)";
        let of_lists = |text| of_lists(text, &[Int, Text], 3);
        assert_eq!(
            of_lists("INSERT INTO a (x, y) SELECT {rows} ON CONFLICT DO NOTHING"),
            format!("INSERT INTO a (x, y) SELECT * FROM {given} ON CONFLICT DO NOTHING")
        );
        assert_eq!(
            of_lists("UPDATE a SET x = $2 FROM {rows} WHERE id = $1"),
            format!("UPDATE a SET x = given.c2 FROM {given} WHERE id = given.c1")
        );
    }
}
