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
    /// Sorted by item, then annotator.
    cells: Vec<Cell>,
    /// `cells[starts[i]..starts[i + 1]]` are the answers to the i-th item.
    starts: Vec<usize>,
    /// Annotators with at least one answer, in ascending order.
    pub(super) people: Vec<u64>,
    /// Distinct values in ascending order.
    pub(super) values: Vec<f64>,
    pub(super) dropped: usize,
}

/// An answer to an item: index into the ratings' people, index into their values.
pub(super) type Cell = (u32, u32);

impl Ratings {
    /// From (item, annotator, label) rows, where a label is any number that names it.
    pub fn from_labels(rows: impl IntoIterator<Item = (u64, u64, u32)>) -> Self {
        // Small numbers, as they mostly are, take half the memory, and that is half the time.
        let mut rows = rows.into_iter();
        let mut small = Vec::with_capacity(rows.size_hint().0);
        for row in rows.by_ref() {
            let (Ok(item), Ok(annotator)) = (u32::try_from(row.0), u32::try_from(row.1)) else {
                let before =
                    small.into_iter().map(|(item, who, label): Row<u32>| (item.into(), who.into(), label));
                return Self::of(before.chain(std::iter::once(row)).chain(rows).collect::<Vec<Row<u64>>>());
            };
            small.push((item, annotator, row.2));
        }
        Self::of(small)
    }

    fn of<N: Number>(rows: Vec<Row<N>>) -> Self {
        let n_rows = rows.len();
        let (mut cells, starts, people) = in_order(rows);
        let values = rank(&mut cells).into_iter().map(f64::from).collect();
        Self { dropped: n_rows - cells.len(), cells, starts, people, values }
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
        self.people.clone()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &[Cell]> {
        self.starts.windows(2).map(|ends| &self.cells[ends[0]..ends[1]])
    }

    /// Answers to the i-th item.
    pub(super) fn item(&self, i: usize) -> &[Cell] {
        &self.cells[self.starts[i]..self.starts[i + 1]]
    }

    /// Items of at least `least` answers, those with equal counts of equal values as one pattern.
    pub(super) fn patterns(&self, least: usize) -> Patterns {
        let mut patterns =
            Patterns { of_item: Vec::new(), starts: vec![0], cells: Vec::new(), sizes: Vec::new() };
        let items = self.items().filter(|answers| answers.len() >= least);
        if let Some(tally) = Tally::of(self) {
            let mut known: FxHashMap<u64, u32> = FxHashMap::default();
            for answers in items {
                let counts = tally.count(answers);
                let pattern =
                    known.entry(counts).or_insert_with(|| patterns.add(answers.len(), tally.cells(counts)));
                patterns.of_item.push(*pattern);
            }
            return patterns;
        }
        let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut values: Vec<u32> = Vec::new();
        for answers in items {
            values.clear();
            values.extend(answers.iter().map(|cell| cell.1));
            values.sort_unstable();
            let pattern = known.get(&values).copied().unwrap_or_else(|| {
                let runs = values.chunk_by(|a, b| a == b);
                let pattern = patterns.add(values.len(), runs.map(|run| (run[0], run.len() as f64)));
                known.insert(values.clone(), pattern);
                pattern
            });
            patterns.of_item.push(pattern);
        }
        patterns
    }
}

/// (Item, annotator, label).
type Row<N> = (N, N, u32);

/// What names items and annotators.
trait Number: Copy + Ord + Into<u64> {}

impl Number for u32 {}
impl Number for u64 {}

/// Cells by item and annotator (of several rows of one pair the last) that hold labels as they are, where each item
/// starts, and the annotators.
fn in_order<N: Number>(mut rows: Vec<Row<N>>) -> (Vec<Cell>, Vec<usize>, Vec<u64>) {
    // Items and people numbered without great gaps are counted and put in place in linear time.
    if let (Some(items), Some(people)) = (Dense::of(&rows, |row| row.0), Dense::of(&rows, |row| row.1)) {
        return placed(rows, &items, &people);
    }
    let mut people: Vec<u64> = rows.iter().map(|row| row.1.into()).collect();
    people.sort_unstable();
    people.dedup();
    // Stable, so that the last row of a pair stays the last.
    rows.sort_by_key(|row| (row.0, row.1));
    let mut starts = Vec::new();
    let mut cells: Vec<Cell> = Vec::with_capacity(rows.len());
    let mut before = None;
    for (at, &(item, annotator, label)) in rows.iter().enumerate() {
        if rows.get(at + 1).is_some_and(|next| (next.0, next.1) == (item, annotator)) {
            continue;
        }
        if before != Some(item) {
            starts.push(cells.len());
            before = Some(item);
        }
        let annotator = annotator.into();
        cells.push((people.partition_point(|who| *who < annotator) as u32, label));
    }
    starts.push(cells.len());
    (cells, starts, people)
}

/// [`in_order`] by two counting sorts, first by person, then by item.
fn placed<N: Number>(rows: Vec<Row<N>>, items: &Dense, people: &Dense) -> (Vec<Cell>, Vec<usize>, Vec<u64>) {
    let of_person = people.starts(&rows, |row| row.1);
    let mut starts = items.starts(&rows, |row| row.0);
    let mut next = of_person.clone();
    let mut by_person = vec![(0_u32, 0_u32); rows.len()];
    for &(item, annotator, label) in &rows {
        let at = &mut next[people.place(annotator)];
        by_person[*at] = (items.place(item) as u32, label);
        *at += 1;
    }
    drop(rows);

    let mut names = Vec::new();
    let mut ends = starts.clone();
    let mut cells: Vec<Cell> = vec![(0, 0); by_person.len()];
    for (person, rows) in of_person.windows(2).enumerate().filter(|(_, ends)| ends[0] < ends[1]) {
        let who = names.len() as u32;
        names.push(people.least + person as u64);
        for &(item, label) in &by_person[rows[0]..rows[1]] {
            let (start, end) = (starts[item as usize], &mut ends[item as usize]);
            // The rows of a pair follow each other, and a later one replaces.
            if start < *end && cells[*end - 1].0 == who {
                cells[*end - 1].1 = label;
            } else {
                cells[*end] = (who, label);
                *end += 1;
            }
        }
    }
    // Close the gaps that replaced rows left, and forget numbers that no item has.
    let (mut n_items, mut n_cells) = (0, 0);
    for item in 0..ends.len() - 1 {
        let (start, end) = (starts[item], ends[item]);
        if start == end {
            continue;
        }
        if n_cells < start {
            cells.copy_within(start..end, n_cells);
        }
        starts[n_items] = n_cells;
        n_items += 1;
        n_cells += end - start;
    }
    starts[n_items] = n_cells;
    starts.truncate(n_items + 1);
    cells.truncate(n_cells);
    (cells, starts, names)
}

/// Puts the rank of each cell's label in the label's place; returns the labels in ascending order.
fn rank(cells: &mut [Cell]) -> Vec<u32> {
    let largest = cells.iter().map(|cell| cell.1 as usize).max().unwrap_or(0);
    // Labels without great gaps are ranked by a table, others by a search.
    if largest >= 4 * cells.len() {
        let mut labels: Vec<u32> = cells.iter().map(|cell| cell.1).collect();
        labels.sort_unstable();
        labels.dedup();
        for cell in cells {
            cell.1 = labels.partition_point(|label| *label < cell.1) as u32;
        }
        return labels;
    }
    let mut ranks = vec![0_u32; largest + 1];
    for cell in &*cells {
        ranks[cell.1 as usize] = 1;
    }
    let mut labels = Vec::new();
    for (label, rank) in ranks.iter_mut().enumerate().filter(|(_, rank)| **rank == 1) {
        *rank = labels.len() as u32;
        labels.push(label as u32);
    }
    // Labels from 0 on without a gap are their own ranks.
    if labels.len() <= largest {
        for cell in cells {
            cell.1 = ranks[cell.1 as usize];
        }
    }
    labels
}

/// Numbers of a range that is not much longer than the rows.
struct Dense {
    least: u64,
    span: usize,
}

impl Dense {
    fn of<N: Number>(rows: &[Row<N>], key: impl Fn(&Row<N>) -> N) -> Option<Self> {
        let first = key(rows.first()?);
        let (least, most) =
            rows.iter().fold((first, first), |(least, most), row| (least.min(key(row)), most.max(key(row))));
        let span = most.into() - least.into();
        // Places must fit into 32 bits.
        let is_dense = span < 4 * rows.len() as u64 && span < u64::from(u32::MAX);
        is_dense.then_some(Self { least: least.into(), span: span as usize })
    }

    fn place(&self, number: impl Number) -> usize {
        (number.into() - self.least) as usize
    }

    /// Where each number's rows start when they are put in order; at the end, how many rows there are.
    fn starts<N: Number>(&self, rows: &[Row<N>], key: impl Fn(&Row<N>) -> N) -> Vec<usize> {
        let mut starts = vec![0_usize; self.span + 2];
        for row in rows {
            starts[self.place(key(row)) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        starts
    }
}

/// How often each value stands among an item's answers, in one number: a field of bits for each value. Where values are
/// few, this needs no sorting and compares in one step.
struct Tally {
    bits: u32,
}

impl Tally {
    /// None where the counts of all values don't fit.
    fn of(ratings: &Ratings) -> Option<Self> {
        let most = ratings.items().map(<[_]>::len).max()?;
        let bits = usize::BITS - most.leading_zeros();
        (ratings.values.len() as u64 * u64::from(bits) <= u64::from(u64::BITS)).then_some(Self { bits })
    }

    fn count(&self, answers: &[Cell]) -> u64 {
        answers.iter().map(|cell| 1 << (cell.1 * self.bits)).sum()
    }

    /// Values and how often each stands there.
    fn cells(&self, tally: u64) -> impl Iterator<Item = (u32, f64)> {
        let (mut rest, bits) = (tally, self.bits);
        std::iter::from_fn(move || {
            let value = (rest != 0).then(|| rest.trailing_zeros() / bits)?;
            let field = (u64::MAX >> (u64::BITS - bits)) << (value * bits);
            let count = (rest & field) >> (value * bits);
            rest &= !field;
            Some((value, count as f64))
        })
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
    /// A new pattern of `size` answers; returns its number.
    fn add(&mut self, size: usize, cells: impl Iterator<Item = (u32, f64)>) -> u32 {
        self.cells.extend(cells);
        self.starts.push(self.cells.len());
        self.sizes.push(size as f64);
        self.sizes.len() as u32 - 1
    }

    /// The same items with each value taken apart: an answer of several parts counts for each of them.
    pub(super) fn of_parts(self, parts: &[Vec<u32>]) -> Self {
        let mut cells = Vec::new();
        let mut starts = vec![0];
        for pattern in 0..self.len() {
            let given = self.cells(pattern);
            let mut of_pattern: Vec<(u32, f64)> =
                given.iter().flat_map(|(value, n)| parts[*value as usize].iter().map(|p| (*p, *n))).collect();
            of_pattern.sort_unstable_by_key(|cell| cell.0);
            let sums = of_pattern.chunk_by(|a, b| a.0 == b.0);
            cells.extend(sums.map(|run| (run[0].0, run.iter().map(|cell| cell.1).sum::<f64>())));
            starts.push(cells.len());
        }
        Self { cells, starts, ..self }
    }

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
