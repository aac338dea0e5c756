//! What is written at a keypress, each as one text for any number of rows on either engine.
//!
//! A text speaks of one row, `$1` is its first value, and `{rows}` says where the rows come from. SQLite is given the
//! values themselves, PostgreSQL a list for each column, so that the text, and with it the plan, is the same whatever
//! their number.

use std::borrow::Cow;
use std::fmt::Write as _;

/// In the order in which they are written on SQLite. PostgreSQL begins with the last: whoever lowers the cursors of others
/// holds these rows before those of the counts, and so does everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Statement {
    /// Adds to counts.
    Tally,
    Answer,
    /// The same where it may be there already.
    AnswerOnce,
    /// What the holder of an assignment now has.
    Hold,
    ConsensusGone,
    Consensus,
    LabelGone,
    Label,
    ItemState,
    /// One more slot of a member is filled.
    Filled,
    /// Adds to what a person was served (all, control items of them) and has answered in a queue.
    Person,
    /// The last, because whoever leases asks what came of it.
    Lease,
}

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
    fn list(self) -> &'static str {
        match self {
            Int => "BIGINT[]",
            Float => "DOUBLE PRECISION[]",
            Bool => "BOOLEAN[]",
            Text => "TEXT[]",
        }
    }
}

const ANSWER: [Kind; 23] = [
    Text, Int, Int, Int, Int, Int, Int, Int, Int, Text, Text, Text, Text, Float, Float, Int, Text, Text,
    Bool, Text, Int, Float, Int,
];

impl Statement {
    pub(crate) fn text(self) -> Cow<'static, str> {
        if self == Statement::AnswerOnce {
            return format!("{} ON CONFLICT (id) DO NOTHING", Statement::Answer.text()).into();
        }
        let text = match self {
            Statement::Tally => {
                "INSERT INTO tally (kind, id, key, shard, n) SELECT {rows}
                 ON CONFLICT (kind, id, key, shard) DO UPDATE SET n = tally.n + excluded.n"
            }
            Statement::Answer | Statement::AnswerOnce => {
                "INSERT INTO answer (id, project_id, queue_id, assignment_id, source_id, person_id, item_id,
                    revision_id, number, kind, labels, skip_reason, note, confidence, seconds, taxonomy_version_id,
                    origin, standing, sighted, strategy, round, score, at) SELECT {rows}"
            }
            Statement::Hold => {
                "UPDATE assignment SET state = $2, slot = $3, revision_id = $4, lease_until = $5 FROM {rows}
                 WHERE id = $1"
            }
            Statement::ConsensusGone => "DELETE FROM consensus USING {rows} WHERE item_id = $1",
            Statement::Consensus => {
                "INSERT INTO consensus (item_id, project_id, revision_id, labels, method, confidence, n_answers,
                                        n_skips, taxonomy_version_id, updated_at) SELECT {rows}
                 ON CONFLICT (item_id) DO UPDATE SET revision_id = excluded.revision_id, labels = excluded.labels,
                    method = excluded.method, confidence = excluded.confidence, n_answers = excluded.n_answers,
                    n_skips = excluded.n_skips, taxonomy_version_id = excluded.taxonomy_version_id,
                    updated_at = excluded.updated_at"
            }
            Statement::LabelGone => {
                "DELETE FROM consensus_label USING {rows} WHERE project_id = $1 AND label_id = $2 AND item_id = $3"
            }
            Statement::Label => {
                "INSERT INTO consensus_label (project_id, label_id, item_id) SELECT {rows} ON CONFLICT DO NOTHING"
            }
            Statement::ItemState => "UPDATE item SET state = $2 FROM {rows} WHERE id = $1",
            Statement::Filled => {
                "UPDATE queue_item SET filled = filled + 1 FROM {rows} WHERE queue_id = $1 AND item_id = $2"
            }
            Statement::Person => {
                "INSERT INTO queue_person (queue_id, person_id, served, served_control, answered) SELECT {rows}
                 ON CONFLICT (queue_id, person_id) DO UPDATE SET served = queue_person.served + excluded.served,
                    served_control = queue_person.served_control + excluded.served_control,
                    answered = queue_person.answered + excluded.answered"
            }
            Statement::Lease => {
                "INSERT INTO assignment (id, project_id, queue_id, item_id, revision_id, person_id, slot, target,
                                         beside, state, lease_until, created_at) SELECT {rows}
                 ON CONFLICT DO NOTHING RETURNING item_id"
            }
        };
        text.into()
    }

    pub(crate) fn columns(self) -> &'static [Kind] {
        match self {
            Statement::Tally => &[Text, Int, Text, Int, Int],
            Statement::Answer | Statement::AnswerOnce => &ANSWER,
            Statement::Hold => &[Int, Text, Int, Int, Int],
            Statement::ConsensusGone => &[Int],
            Statement::Consensus => &[Int, Int, Int, Text, Text, Float, Int, Int, Int, Int],
            Statement::LabelGone | Statement::Label => &[Int, Int, Int],
            Statement::ItemState => &[Int, Text],
            Statement::Filled => &[Int, Int],
            Statement::Person => &[Int, Int, Int, Int, Int],
            Statement::Lease => &[Int, Int, Int, Int, Int, Int, Int, Int, Bool, Text, Int, Int],
        }
    }
}

/// The text for PostgreSQL, with a list for each column from `$(before + 1)` on.
pub(crate) fn of_lists(text: &str, columns: &[Kind], before: usize) -> String {
    let (mut lists, mut names) = (Vec::new(), Vec::new());
    for (at, kind) in columns.iter().enumerate() {
        lists.push(format!("${}::{}", before + at + 1, kind.list()));
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

/// Each `$1` becomes what is said of the first column.
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
