//! Columns that line up, for people.

use std::io::{self, Write};

/// Rows of cells: the first column to the left, all others to the right.
#[derive(Debug, Default)]
pub struct Grid {
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub fn headed(names: &[&str]) -> Self {
        let mut grid = Self::default();
        grid.row(names);
        grid
    }

    pub fn row<C: ToString>(&mut self, cells: &[C]) {
        self.rows.push(cells.iter().map(C::to_string).collect());
    }

    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..n_columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (at, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if at == 0 {
                    line += &format!("{cell:<width$}");
                } else {
                    line += &format!("  {cell:>width$}");
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Three digits after the point, or a dash.
pub fn figure(value: impl Into<Option<f64>>) -> String {
    value.into().map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}
