//! The long table of answers, and its items folded by what a statistic sees of them.

use super::{Undefined, estimate_over};
use crate::resample::{Bootstrap, Estimate};
use rustc_hash::FxHashMap;
use thiserror::Error;

/// A value that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the value in row {row} is not a finite number")]
pub struct NotFinite {
    /// Which of the rows, counted from 0.
    pub row: usize,
}

/// Answers as a long table: one value for each (item, annotator) pair that has any.
///
/// Where a pair stands in several rows the last one wins, as the latest revision of an answer does; [`Ratings::dropped`]
/// says how many rows that cost. Nothing else depends on the order of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings {
    /// Sorted by item, then annotator: (annotator, index into `values`).
    pub(super) cells: Vec<(u64, u32)>,
    /// `cells[starts[i]..starts[i + 1]]` are the answers to the i-th item.
    starts: Vec<usize>,
    /// Distinct values in ascending order.
    pub(super) values: Vec<f64>,
    pub(super) dropped: usize,
}

impl Ratings {
    /// From (item, annotator, label) rows, where a label is any number that names it.
    pub fn from_labels(rows: impl IntoIterator<Item = (u64, u64, u32)>) -> Self {
        let mut ratings = Self::build(rows.into_iter().collect());
        // For now a cell holds its label. Labels without great gaps are ranked by a table, others by a search.
        let largest = ratings.cells.iter().map(|cell| cell.1 as usize).max().unwrap_or(0);
        if largest < 4 * ratings.cells.len() {
            let mut rank = vec![0_u32; largest + 1];
            for cell in &ratings.cells {
                rank[cell.1 as usize] = 1;
            }
            for (label, rank) in rank.iter_mut().enumerate().filter(|(_, rank)| **rank == 1) {
                *rank = ratings.values.len() as u32;
                ratings.values.push(label as f64);
            }
            for cell in &mut ratings.cells {
                cell.1 = rank[cell.1 as usize];
            }
        } else {
            let mut labels: Vec<u32> = ratings.cells.iter().map(|cell| cell.1).collect();
            labels.sort_unstable();
            labels.dedup();
            for cell in &mut ratings.cells {
                cell.1 = labels.partition_point(|label| *label < cell.1) as u32;
            }
            ratings.values = labels.into_iter().map(f64::from).collect();
        }
        ratings
    }

    /// From (item, annotator, value) rows of an ordered scale: ranks, degrees, amounts.
    ///
    /// # Errors
    /// [`NotFinite`] names the first row whose value is NaN or infinite.
    pub fn from_values(rows: impl IntoIterator<Item = (u64, u64, f64)>) -> Result<Self, NotFinite> {
        // Values are numbered as they come.
        let mut values: Vec<f64> = Vec::new();
        let mut known: FxHashMap<u64, u32> = FxHashMap::default();
        let mut numbered = Vec::new();
        for (row, (item, annotator, value)) in rows.into_iter().enumerate() {
            if !value.is_finite() {
                return Err(NotFinite { row });
            }
            // Adding zero makes one value of 0.0 and -0.0.
            let value = value + 0.0;
            let number = *known.entry(value.to_bits()).or_insert_with(|| {
                values.push(value);
                values.len() as u32 - 1
            });
            numbered.push((item, annotator, number));
        }
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        let mut rank = vec![0; values.len()];
        for (place, &number) in order.iter().enumerate() {
            rank[number as usize] = place as u32;
        }
        let ranked = numbered.into_iter().map(|(item, who, number)| (item, who, rank[number as usize]));
        let mut ratings = Self::from_labels(ranked);
        // The ratings' values are the ranks of those that are left.
        for value in &mut ratings.values {
            *value = values[order[*value as usize] as usize];
        }
        Ok(ratings)
    }

    /// Cells that hold labels as they are, and no values yet.
    fn build(rows: Vec<(u64, u64, u32)>) -> Self {
        let n_rows = rows.len();
        let mut starts = Vec::new();
        let mut cells: Vec<(u64, u32)> = Vec::with_capacity(n_rows);
        let mut before = None;
        let rows = in_order(rows);
        for (at, &(item, annotator, label)) in rows.iter().enumerate() {
            if rows.get(at + 1).is_some_and(|next| (next.0, next.1) == (item, annotator)) {
                continue;
            }
            if before != Some(item) {
                starts.push(cells.len());
                before = Some(item);
            }
            cells.push((annotator, label));
        }
        starts.push(cells.len());
        Self { dropped: n_rows - cells.len(), cells, starts, values: Vec::new() }
    }

    /// Rows that a later row of the same (item, annotator) replaced.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Items with at least one answer.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.starts.len() - 1
    }

    /// Answers that count.
    #[must_use]
    pub fn n_answers(&self) -> usize {
        self.cells.len()
    }

    /// Distinct values in ascending order (labels as the numbers that name them).
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Annotators with at least one answer, in ascending order.
    #[must_use]
    pub fn annotators(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.cells.iter().map(|cell| cell.0).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &[(u64, u32)]> {
        self.starts.windows(2).map(|ends| &self.cells[ends[0]..ends[1]])
    }

    /// Answers to the i-th item.
    pub(super) fn item(&self, i: usize) -> &[(u64, u32)] {
        &self.cells[self.starts[i]..self.starts[i + 1]]
    }

    /// Items of at least `least` answers, those with equal counts of equal values as one pattern.
    pub(super) fn patterns(&self, least: usize) -> Patterns {
        let mut patterns =
            Patterns { of_item: Vec::new(), starts: vec![0], cells: Vec::new(), sizes: Vec::new() };
        let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut values: Vec<u32> = Vec::new();
        for answers in self.items().filter(|answers| answers.len() >= least) {
            values.clear();
            values.extend(answers.iter().map(|cell| cell.1));
            values.sort_unstable();
            let pattern = match known.get(&values) {
                Some(&pattern) => pattern,
                None => {
                    let pattern = patterns.sizes.len() as u32;
                    for run in values.chunk_by(|a, b| a == b) {
                        patterns.cells.push((run[0], run.len() as f64));
                    }
                    patterns.starts.push(patterns.cells.len());
                    patterns.sizes.push(values.len() as f64);
                    known.insert(values.clone(), pattern);
                    pattern
                }
            };
            patterns.of_item.push(pattern);
        }
        patterns
    }
}

/// Rows by item and annotator; rows of one pair stay in their order, so that the last of them can win.
fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    // Items and people numbered without great gaps, as they mostly are, are counted and put in place in linear time.
    match (Dense::of(&rows, |row| row.0), Dense::of(&rows, |row| row.1)) {
        (Some(items), Some(people)) => {
            let mut by_person = vec![(0, 0, 0); rows.len()];
            people.place(&rows, &mut by_person, |row| row.1);
            items.place(&by_person, &mut rows, |row| row.0);
        }
        _ => rows.sort_by_key(|row| (row.0, row.1)),
    }
    rows
}

/// (Item, annotator, label).
type Row = (u64, u64, u32);

/// Numbers of a range that is not much longer than the rows.
struct Dense {
    least: u64,
    span: usize,
}

impl Dense {
    fn of(rows: &[Row], key: impl Fn(&Row) -> u64) -> Option<Self> {
        let least = rows.iter().map(&key).min()?;
        let span = rows.iter().map(&key).max()? - least;
        (span < 4 * rows.len() as u64).then_some(Self { least, span: span as usize })
    }

    /// A stable counting sort of `rows` into `placed`.
    fn place(&self, rows: &[Row], placed: &mut [Row], key: impl Fn(&Row) -> u64) {
        let mut next = vec![0_usize; self.span + 2];
        for row in rows {
            next[(key(row) - self.least) as usize + 1] += 1;
        }
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        for row in rows {
            let at = &mut next[(key(row) - self.least) as usize];
            placed[*at] = *row;
            *at += 1;
        }
    }
}

/// Items folded by what a statistic sees of them.
pub(super) struct Patterns {
    pub(super) of_item: Vec<u32>,
    starts: Vec<usize>,
    /// (value, how many gave it), for each pattern in turn.
    cells: Vec<(u32, f64)>,
    /// Answers in each pattern.
    pub(super) sizes: Vec<f64>,
}

impl Patterns {
    pub(super) fn len(&self) -> usize {
        self.sizes.len()
    }

    pub(super) fn cells(&self, pattern: usize) -> &[(u32, f64)] {
        &self.cells[self.starts[pattern]..self.starts[pattern + 1]]
    }

    /// Share of a pattern's pairs of answers that agree.
    pub(super) fn agreeing(&self) -> Vec<f64> {
        let agreeing = |p: usize| {
            let same: f64 = self.cells(p).iter().map(|&(_, n)| n * (n - 1.0)).sum();
            same / (self.sizes[p] * (self.sizes[p] - 1.0))
        };
        (0..self.len()).map(agreeing).collect()
    }

    /// How often each of `n_values` values stands in a weighted set of patterns.
    pub(super) fn totals(&self, weights: &[u32], n_values: usize) -> Vec<f64> {
        let mut totals = vec![0.0; n_values];
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            for &(value, n) in self.cells(p) {
                totals[value as usize] += f64::from(weight) * n;
            }
        }
        totals
    }

    pub(super) fn estimate(
        &self,
        plan: &Bootstrap,
        statistic: impl Fn(&[u32]) -> Result<f64, Undefined> + Sync,
    ) -> Result<Estimate, Undefined> {
        estimate_over(&self.of_item, self.len(), plan, statistic)
    }
}
