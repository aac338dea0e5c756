//! What an import did, in one line.

use super::noticed::rows;
use domain::source::RowCounts;

/// Counts in one line: "13,083 rows: 13,083 new, 12 with a text that was there already".
pub fn in_words(counts: &RowCounts) -> String {
    if counts.read == 0 {
        return "There was no row: nothing was imported".to_owned();
    }
    if counts.changed_nothing() && counts.rejected == 0 {
        return format!("{}: all of them known already, nothing changed", rows(counts.read));
    }
    let mut parts = Vec::new();
    for (n, what) in [
        (counts.new, "new"),
        (counts.revised, "revised"),
        (counts.same, "known already"),
        (counts.rejected, "refused"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    if counts.duplicate > 0 {
        parts.push(format!(
            "{} whose text was there already ({} letter by letter)",
            counts.duplicate, counts.duplicate_exact
        ));
    }
    if counts.answers > 0 {
        parts.push(format!("{} answers", counts.answers));
    }
    if counts.undated > 0 {
        parts.push(format!("{} with an event time that can’t be read", counts.undated));
    }
    format!("{}: {}", rows(counts.read), parts.join(", "))
}
