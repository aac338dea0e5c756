//! Converts rows of an archive of an earlier version to rows of the current tables.

use super::{Column, Kind, Value};
use domain::queue::Pool;

/// How to read the rows of an archived table: into which table, with which columns, and how to change each row.
pub struct Upgrade {
    /// The table of this version.
    pub table: String,
    pub columns: Vec<Column>,
    change: Change,
}

enum Change {
    Nothing,
    /// A member had a control flag at this position. Now it names its pool.
    PoolOfMember(usize),
    /// One row per person had the cursors and counts of both pools. Now each pool has a row. The positions of
    /// `queue_id`, `person_id`, `served`, `served_control`, `answered`, `cursor_plain`, `cursor_control`.
    RowPerPool([usize; 7]),
}

impl Upgrade {
    pub fn of(table: &str, mut columns: Vec<Column>) -> Upgrade {
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let as_it_is = |columns| Upgrade { table: table.to_owned(), columns, change: Change::Nothing };
        match table {
            "queue_item" => match place("control") {
                Some(at) => {
                    columns[at] = Column { name: "pool".to_owned(), kind: Kind::Text };
                    Upgrade { table: table.to_owned(), columns, change: Change::PoolOfMember(at) }
                }
                None => as_it_is(columns),
            },
            "queue_person" => {
                let names = [
                    "queue_id",
                    "person_id",
                    "served",
                    "served_control",
                    "answered",
                    "cursor_plain",
                    "cursor_control",
                ];
                let places = names.map(place);
                if places.contains(&None) {
                    return as_it_is(columns);
                }
                let now = [
                    ("queue_id", Kind::Int),
                    ("person_id", Kind::Int),
                    ("pool", Kind::Text),
                    ("cursor", Kind::Int),
                    ("served", Kind::Int),
                    ("answered", Kind::Int),
                ];
                Upgrade {
                    table: "queue_cursor".to_owned(),
                    columns: now.map(|(name, kind)| Column { name: name.to_owned(), kind }).to_vec(),
                    change: Change::RowPerPool(places.map(Option::unwrap_or_default)),
                }
            }
            _ => as_it_is(columns),
        }
    }

    /// A count for both pools together goes to the plain one. A restore of an earlier version recounts everything
    /// afterwards.
    pub fn rows(&self, rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
        match &self.change {
            Change::Nothing => rows,
            Change::PoolOfMember(at) => rows.into_iter().map(|row| with_pool(row, *at)).collect(),
            Change::RowPerPool(places) => rows.iter().flat_map(|row| row_per_pool(row, places)).collect(),
        }
    }
}

fn with_pool(mut row: Vec<Value>, at: usize) -> Vec<Value> {
    if let Some(value) = row.get_mut(at) {
        let pool = Pool::of(*value == Value::Bool(true));
        *value = Value::Text(pool.as_str().to_owned());
    }
    row
}

fn row_per_pool(row: &[Value], places: &[usize; 7]) -> [Vec<Value>; 2] {
    let [queue, person, served, served_control, answered, cursor_plain, cursor_control] =
        places.map(|at| if let Some(Value::Int(n)) = row.get(at) { *n } else { 0 });
    let of_pool = |pool: Pool, cursor, served, answered| {
        let mut row: Vec<Value> = [queue, person, cursor, served, answered].map(Value::Int).to_vec();
        row.insert(2, Value::Text(pool.as_str().to_owned()));
        row
    };
    [
        of_pool(Pool::Plain, cursor_plain, served - served_control, answered),
        of_pool(Pool::Control, cursor_control, served_control, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[(&str, Kind)]) -> Vec<Column> {
        names.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind }).collect()
    }

    #[test]
    fn members_name_their_pool() {
        let old = columns(&[("queue_id", Kind::Int), ("control", Kind::Bool)]);
        let upgrade = Upgrade::of("queue_item", old);
        assert_eq!(upgrade.columns, columns(&[("queue_id", Kind::Int), ("pool", Kind::Text)]));
        let rows = upgrade.rows([true, false].map(|is| vec![Value::Int(1), Value::Bool(is)]).to_vec());
        assert_eq!(rows[0][1], Value::Text("control".into()));
        assert_eq!(rows[1][1], Value::Text("plain".into()));
    }

    #[test]
    fn a_person_has_a_row_in_each_pool() {
        let names = [
            "queue_id",
            "person_id",
            "served",
            "served_control",
            "answered",
            "cursor_plain",
            "cursor_control",
        ];
        let upgrade = Upgrade::of("queue_person", columns(&names.map(|name| (name, Kind::Int))));
        assert_eq!(upgrade.table, "queue_cursor");
        let rows = upgrade.rows(vec![[1, 2, 10, 3, 8, 70, 90].map(Value::Int).to_vec()]);
        let row = |pool: &str, [cursor, served, answered]: [i64; 3]| {
            vec![
                Value::Int(1),
                Value::Int(2),
                Value::Text(pool.to_owned()),
                Value::Int(cursor),
                Value::Int(served),
                Value::Int(answered),
            ]
        };
        assert_eq!(rows, [row("plain", [70, 7, 8]), row("control", [90, 3, 0])]);
    }

    #[test]
    fn what_has_not_changed_is_read_as_it_is() {
        let now = columns(&[("queue_id", Kind::Int), ("pool", Kind::Text)]);
        let upgrade = Upgrade::of("queue_item", now.clone());
        assert_eq!((upgrade.table.as_str(), &upgrade.columns), ("queue_item", &now));
        assert_eq!(upgrade.rows(vec![vec![Value::Int(1)]]), [[Value::Int(1)]]);
    }
}
