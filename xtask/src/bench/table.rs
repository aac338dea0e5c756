//! Tables that read well on a terminal and are Markdown at the same time; numbers as people read them.

use std::fmt;

pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heads: &[&str]) -> Table {
        Table { rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()] }
    }

    /// One line; cells that are not there stay empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        // A bar would end the cell.
        let mut cells: Vec<String> = cells.into_iter().map(|cell| cell.into().replace('|', "\\|")).collect();
        cells.resize(self.rows[0].len(), String::new());
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, &self.rows[0])?;
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        line(f, &rule)?;
        self.rows[1..].iter().try_for_each(|row| line(f, row))
    }
}

/// 1234567.8 as `1,234,568`, 12.34 as `12.3`, 1.234 as `1.23`, 3.0 as `3`: three digits that count, thousands in
/// groups.
pub fn number(value: f64) -> String {
    match value.abs() {
        whole if whole >= 99.95 || whole.fract() == 0.0 => grouped(value),
        middle if middle >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        let read = [1_234_567.8, 1000.0, 999.9, 99.96, 12.34, 1.234, 0.0, -4321.0].map(number);
        assert_eq!(read, ["1,234,568", "1,000", "1,000", "100", "12.3", "1.23", "0", "−4,321"]);
    }

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new(&["what", "n"]);
        table.row(["a|b", "1"]);
        table.row(["c"]);
        assert_eq!(table.to_string(), "| what | n   |\n| ---- | --- |\n| a\\|b | 1   |\n| c    |     |\n");
    }
}
