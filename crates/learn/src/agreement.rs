//! Do people who answer the same item say the same, more than chance would have it?
//!
//! Every statistic takes a long table of answers, at most one for each (item, annotator), with any answers missing,
//! and gives an [`Estimate`] with an interval over items, or says why it has no value.

use crate::resample::{Bootstrap, Estimate, estimate, resample, weights};
use rustc_hash::FxHashMap;
use thiserror::Error;

/// Why an agreement statistic has no value on these answers. Not an error of the caller's: a new queue looks like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Undefined {
    /// No item has two answers to compare.
    #[error("no item has answers of two people yet")]
    NoPairs,
    /// Chance alone would give full agreement, so that nothing can be said beyond it.
    #[error("everyone gave the same single answer to every item, so agreement beyond chance can't be told")]
    OneCategory,
    /// A ratio scale has a true zero and nothing below it.
    #[error("a ratio scale holds no negative values")]
    NegativeRatio,
    /// Values so far apart that their squares are beyond a 64-bit float.
    #[error("the values are too large to be squared")]
    OutOfRange,
}

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
    cells: Vec<(u64, u32)>,
    /// `cells[starts[i]..starts[i + 1]]` are the answers to the i-th item.
    starts: Vec<usize>,
    /// Distinct values in ascending order.
    values: Vec<f64>,
    dropped: usize,
}

impl Ratings {
    /// From (item, annotator, label) rows, where a label is any number that names it.
    pub fn from_labels(rows: impl IntoIterator<Item = (u64, u64, u32)>) -> Self {
        Self::build(
            rows.into_iter().map(|(item, annotator, label)| (item, annotator, f64::from(label))).collect(),
        )
    }

    /// From (item, annotator, value) rows of an ordered scale: ranks, degrees, amounts.
    ///
    /// # Errors
    /// [`NotFinite`] names the first row whose value is NaN or infinite.
    pub fn from_values(rows: impl IntoIterator<Item = (u64, u64, f64)>) -> Result<Self, NotFinite> {
        // Adding zero makes one value of 0.0 and -0.0.
        let rows: Vec<_> =
            rows.into_iter().map(|(item, annotator, value)| (item, annotator, value + 0.0)).collect();
        match rows.iter().position(|row| !row.2.is_finite()) {
            Some(row) => Err(NotFinite { row }),
            None => Ok(Self::build(rows)),
        }
    }

    fn build(mut rows: Vec<(u64, u64, f64)>) -> Self {
        let n_rows = rows.len();
        // Stable, so that rows of one pair stay in their order and the last of them can win.
        rows.sort_by_key(|&(item, annotator, _)| (item, annotator));
        let mut kept: Vec<(u64, u64, f64)> = Vec::with_capacity(rows.len());
        for row in rows {
            match kept.last_mut() {
                Some(last) if (last.0, last.1) == (row.0, row.1) => *last = row,
                _ => kept.push(row),
            }
        }
        let mut values: Vec<f64> = kept.iter().map(|row| row.2).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        let mut starts = Vec::new();
        let mut cells = Vec::with_capacity(kept.len());
        let mut before = None;
        for (item, annotator, value) in &kept {
            if before != Some(*item) {
                starts.push(cells.len());
                before = Some(*item);
            }
            let index = values.partition_point(|v| v < value);
            cells.push((*annotator, index as u32));
        }
        starts.push(cells.len());
        Self { dropped: n_rows - cells.len(), cells, starts, values }
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

    fn items(&self) -> impl Iterator<Item = &[(u64, u32)]> {
        self.starts.windows(2).map(|ends| &self.cells[ends[0]..ends[1]])
    }

    /// Items of at least `least` answers, those with equal counts of equal values as one pattern.
    fn patterns(&self, least: usize) -> Patterns {
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

    /// What two annotators said of the items that both answered: each item's pattern, and the patterns' two values.
    fn pairs(&self, first: u64, second: u64) -> (Vec<u32>, Vec<(u32, u32)>) {
        let mut of_item = Vec::new();
        let mut pairs = Vec::new();
        let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for answers in self.items() {
            let said =
                |who: u64| answers.binary_search_by_key(&who, |cell| cell.0).ok().map(|at| answers[at].1);
            if let (Some(a), Some(b)) = (said(first), said(second)) {
                let pattern = *known.entry((a, b)).or_insert_with(|| {
                    pairs.push((a, b));
                    pairs.len() as u32 - 1
                });
                of_item.push(pattern);
            }
        }
        (of_item, pairs)
    }
}

/// Items folded by what a statistic sees of them.
struct Patterns {
    of_item: Vec<u32>,
    starts: Vec<usize>,
    /// (value, how many gave it), for each pattern in turn.
    cells: Vec<(u32, f64)>,
    /// Answers in each pattern.
    sizes: Vec<f64>,
}

impl Patterns {
    fn len(&self) -> usize {
        self.sizes.len()
    }

    fn cells(&self, pattern: usize) -> &[(u32, f64)] {
        &self.cells[self.starts[pattern]..self.starts[pattern + 1]]
    }

    /// Share of a pattern's pairs of answers that agree.
    fn agreeing(&self) -> Vec<f64> {
        let agreeing = |p: usize| {
            let same: f64 = self.cells(p).iter().map(|&(_, n)| n * (n - 1.0)).sum();
            same / (self.sizes[p] * (self.sizes[p] - 1.0))
        };
        (0..self.len()).map(agreeing).collect()
    }

    /// How often each of `n_values` values stands in a weighted set of patterns.
    fn totals(&self, weights: &[u32], n_values: usize) -> Vec<f64> {
        let mut totals = vec![0.0; n_values];
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            for &(value, n) in self.cells(p) {
                totals[value as usize] += f64::from(weight) * n;
            }
        }
        totals
    }

    fn estimate(
        &self,
        plan: &Bootstrap,
        statistic: impl Fn(&[u32]) -> Result<f64, Undefined> + Sync,
    ) -> Result<Estimate, Undefined> {
        estimate_over(&self.of_item, self.len(), plan, statistic)
    }
}

fn estimate_over(
    of_item: &[u32],
    n_patterns: usize,
    plan: &Bootstrap,
    statistic: impl Fn(&[u32]) -> Result<f64, Undefined> + Sync,
) -> Result<Estimate, Undefined> {
    if of_item.is_empty() {
        return Err(Undefined::NoPairs);
    }
    let value = statistic(&weights(of_item, n_patterns))?;
    if !value.is_finite() {
        return Err(Undefined::OutOfRange);
    }
    let again = resample(of_item, n_patterns, plan, |weights| statistic(weights).ok());
    Ok(estimate(value, again, of_item.len(), plan))
}

/// Percent agreement: the share of agreeing pairs of answers within an item, averaged over items with two answers or
/// more (P̄ of Fleiss 1971). Between 0 and 1; says nothing about chance.
///
/// # Errors
/// [`Undefined::NoPairs`].
pub fn percent(ratings: &Ratings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let patterns = ratings.patterns(2);
    let agreeing = patterns.agreeing();
    patterns.estimate(plan, |weights| mean(weights, &agreeing).ok_or(Undefined::NoPairs))
}

/// How far two values are apart for [`krippendorff_alpha`] (squared differences, Krippendorff 2011, section E).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Equal or not.
    Nominal,
    /// Ranks: apart by the answers that lie between, half of those at both ends included.
    Ordinal,
    /// The square of the difference.
    Interval,
    /// The square of the difference over the sum; values from 0 up.
    Ratio,
}

/// Krippendorff's α (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"): 1 − observed over expected
/// disagreement, with any answers missing. Items with fewer than two answers hold no pair and are left out.
///
/// The interval is over items. 2,000 resamples cost about one addition an item each, then O(values) (`Ratio`:
/// O(values²)) a resample.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where all pairable answers are one value;
/// [`Undefined::NegativeRatio`]; [`Undefined::OutOfRange`].
pub fn krippendorff_alpha(
    ratings: &Ratings,
    metric: Metric,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let scale = match metric {
        Metric::Nominal => Scale::Nominal,
        Metric::Ordinal => Scale::Ordinal,
        Metric::Interval => Scale::Interval(&ratings.values),
        Metric::Ratio if ratings.values.first().is_some_and(|least| *least < 0.0) => {
            return Err(Undefined::NegativeRatio);
        }
        Metric::Ratio => Scale::Ratio(&ratings.values),
    };
    alpha(&ratings.patterns(2), ratings.values.len(), &scale, plan)
}

/// Nominal α of every label against the rest, in the order of [`Ratings::values`]: which labels do people understand
/// alike? All labels share the same resamples, so their intervals can be compared.
///
/// An entry is [`Undefined::OneCategory`] where a label stands in no pairable answer, or in all of them.
#[must_use]
pub fn alpha_per_label(ratings: &Ratings, plan: &Bootstrap) -> Vec<Result<Estimate, Undefined>> {
    let n_values = ratings.values.len();
    let patterns = ratings.patterns(2);
    if patterns.len() == 0 {
        return vec![Err(Undefined::NoPairs); n_values];
    }
    let all = |weights: &[u32]| -> Vec<Option<f64>> {
        let mut apart = vec![0.0; n_values];
        let mut totals = vec![0.0; n_values];
        let mut n = 0.0;
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let (weight, size) = (f64::from(weight), patterns.sizes[p]);
            n += weight * size;
            for &(value, count) in patterns.cells(p) {
                apart[value as usize] += weight * 2.0 * count * (size - count) / (size - 1.0);
                totals[value as usize] += weight * count;
            }
        }
        let one = |v: usize| {
            let chance = 2.0 * totals[v] * (n - totals[v]);
            (chance > 0.0).then(|| 1.0 - (n - 1.0) * apart[v] / chance)
        };
        (0..n_values).map(one).collect()
    };
    let values = all(&weights(&patterns.of_item, patterns.len()));
    let again = resample(&patterns.of_item, patterns.len(), plan, all);
    let one = |(v, value): (usize, Option<f64>)| {
        let value = value.ok_or(Undefined::OneCategory)?;
        Ok(estimate(value, again.iter().map(|row| row[v]), patterns.of_item.len(), plan))
    };
    values.into_iter().enumerate().map(one).collect()
}

enum Scale<'a> {
    Nominal,
    Ordinal,
    Interval(&'a [f64]),
    Ratio(&'a [f64]),
    /// Any distance of at most 1, as the pairs (lower index, higher index, 1 − distance) of those nearer than 1.
    Near(Vec<(u32, u32, f64)>),
}

fn alpha(
    patterns: &Patterns,
    n_values: usize,
    scale: &Scale,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    // Only ordinal distances depend on the sample; all others are summed once for each pattern.
    let near: FxHashMap<(u32, u32), f64> = match scale {
        Scale::Near(near) => near.iter().map(|&(a, b, likeness)| ((a, b), likeness)).collect(),
        _ => FxHashMap::default(),
    };
    let fixed = patterns.disagreements(|a, b| match scale {
        Scale::Nominal | Scale::Ordinal => 1.0,
        Scale::Interval(values) => square(values[a as usize] - values[b as usize]),
        Scale::Ratio(values) => ratio(values[a as usize], values[b as usize]),
        Scale::Near(_) => 1.0 - near.get(&(a, b)).copied().unwrap_or(0.0),
    });
    patterns.estimate(plan, |weights| {
        let totals = patterns.totals(weights, n_values);
        if totals.iter().filter(|total| **total > 0.0).count() < 2 {
            return Err(Undefined::OneCategory);
        }
        let n: f64 = totals.iter().sum();
        let sum = |each: &[f64]| weights.iter().zip(each).map(|(&w, d)| f64::from(w) * d).sum::<f64>();
        let (observed, chance) = match scale {
            Scale::Nominal => (sum(&fixed), n * n - totals.iter().map(|t| t * t).sum::<f64>()),
            Scale::Ordinal => {
                let ranks = middle_ranks(&totals);
                let apart = patterns.disagreements(|a, b| square(ranks[a as usize] - ranks[b as usize]));
                (sum(&apart), spread(&totals, &ranks))
            }
            Scale::Interval(values) => (sum(&fixed), spread(&totals, values)),
            Scale::Ratio(values) => {
                let row = |a: usize| -> f64 {
                    (0..a).map(|b| totals[a] * totals[b] * ratio(values[a], values[b])).sum()
                };
                (sum(&fixed), 2.0 * (0..n_values).filter(|a| totals[*a] > 0.0).map(row).sum::<f64>())
            }
            Scale::Near(near) => {
                let alike = near.iter().map(|&(a, b, l)| l * totals[a as usize] * totals[b as usize]);
                let same = totals.iter().map(|t| t * t).sum::<f64>();
                (sum(&fixed), n * n - same - 2.0 * alike.sum::<f64>())
            }
        };
        let value = 1.0 - (n - 1.0) * observed / chance;
        if value.is_finite() { Ok(value) } else { Err(Undefined::OutOfRange) }
    })
}

impl Patterns {
    /// Each pattern's sum of distances over ordered pairs of its answers, over one less than its answers: its share
    /// of the coincidence matrix, weighed by distance. `distance` is asked with the lower index first.
    fn disagreements(&self, distance: impl Fn(u32, u32) -> f64) -> Vec<f64> {
        let of = |p: usize| {
            let cells = self.cells(p);
            let mut sum = 0.0;
            for (at, &(a, n_a)) in cells.iter().enumerate() {
                for &(b, n_b) in &cells[at + 1..] {
                    sum += 2.0 * n_a * n_b * distance(a, b);
                }
            }
            sum / (self.sizes[p] - 1.0)
        };
        (0..self.len()).map(of).collect()
    }
}

/// Σ over ordered pairs of n_a · n_b · (x_a − x_b)² = 2 n Σ n_a (x_a − x̄)².
fn spread(totals: &[f64], x: &[f64]) -> f64 {
    let n: f64 = totals.iter().sum();
    let centre = totals.iter().zip(x).map(|(t, x)| t * x).sum::<f64>() / n;
    2.0 * n * totals.iter().zip(x).map(|(t, x)| t * square(x - centre)).sum::<f64>()
}

/// Krippendorff's ordinal distance is the difference of these: answers below, and half of those that are equal.
fn middle_ranks(totals: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let middle = |&total: &f64| {
        let rank = below + total / 2.0;
        below += total;
        rank
    };
    totals.iter().map(middle).collect()
}

fn square(x: f64) -> f64 {
    x * x
}

fn ratio(a: f64, b: f64) -> f64 {
    // Both are from 0 up and differ, so the sum is positive.
    square((a - b) / (a + b))
}

fn mean(weights: &[u32], each: &[f64]) -> Option<f64> {
    let n: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    (n > 0.0).then(|| weights.iter().zip(each).map(|(&w, x)| f64::from(w) * x).sum::<f64>() / n)
}

/// How bad it is, for [`cohen_kappa`], to be one value off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weights {
    /// Any difference is as bad (Cohen 1960): for labels without an order.
    Nominal,
    /// As bad as the difference of the values (Cohen 1968).
    Linear,
    /// As bad as the square of the difference of the values (Fleiss and Cohen 1973).
    Quadratic,
}

/// Cohen's κ of two annotators over the items that both answered: 1 − observed over expected disagreement, each
/// annotator with their own habits. Weighted, the distance is that of the values themselves: give ranks for equal steps.
///
/// # Errors
/// [`Undefined::NoPairs`] where they share no item; [`Undefined::OneCategory`] where both gave one and the same value
/// throughout; [`Undefined::OutOfRange`].
pub fn cohen_kappa(
    ratings: &Ratings,
    first: u64,
    second: u64,
    weighing: Weights,
    plan: &Bootstrap,
) -> Result<Estimate, Undefined> {
    let (of_item, pairs) = ratings.pairs(first, second);
    let x = &ratings.values;
    let distance = |a: usize, b: usize| match weighing {
        Weights::Nominal => f64::from(u8::from(a != b)),
        Weights::Linear => (x[a] - x[b]).abs(),
        Weights::Quadratic => square(x[a] - x[b]),
    };
    estimate_over(&of_item, pairs.len(), plan, |weights| {
        let (habits_a, habits_b, n) = habits(&pairs, weights, x.len());
        if only_one(&habits_a, &habits_b) {
            return Err(Undefined::OneCategory);
        }
        let observed: f64 = pairs
            .iter()
            .zip(weights)
            .map(|(p, &w)| f64::from(w) * distance(p.0 as usize, p.1 as usize))
            .sum();
        let chance: f64 = match weighing {
            Weights::Nominal => n * n - habits_a.iter().zip(&habits_b).map(|(a, b)| a * b).sum::<f64>(),
            Weights::Linear | Weights::Quadratic => {
                let mut sum = 0.0;
                for (a, n_a) in habits_a.iter().enumerate().filter(|(_, n)| **n > 0.0) {
                    for (b, n_b) in habits_b.iter().enumerate().filter(|(_, n)| **n > 0.0) {
                        sum += n_a * n_b * distance(a, b);
                    }
                }
                sum
            }
        };
        let value = 1.0 - n * observed / chance;
        if value.is_finite() { Ok(value) } else { Err(Undefined::OutOfRange) }
    })
}

/// Scott's π (1955) of two annotators over the items that both answered: like Cohen's κ, with the habits of both
/// pooled.
///
/// # Errors
/// As [`cohen_kappa`].
pub fn scott_pi(ratings: &Ratings, first: u64, second: u64, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let (of_item, pairs) = ratings.pairs(first, second);
    estimate_over(&of_item, pairs.len(), plan, |weights| {
        let (habits_a, habits_b, n) = habits(&pairs, weights, ratings.values.len());
        if only_one(&habits_a, &habits_b) {
            return Err(Undefined::OneCategory);
        }
        let apart: f64 =
            pairs.iter().zip(weights).filter(|(p, _)| p.0 != p.1).map(|(_, &w)| f64::from(w)).sum();
        let by_chance: f64 = habits_a.iter().zip(&habits_b).map(|(a, b)| square((a + b) / (2.0 * n))).sum();
        Ok(1.0 - (apart / n) / (1.0 - by_chance))
    })
}

/// How often each of the two gave each value, and over how many items.
fn habits(pairs: &[(u32, u32)], weights: &[u32], n_values: usize) -> (Vec<f64>, Vec<f64>, f64) {
    let (mut a, mut b, mut n) = (vec![0.0; n_values], vec![0.0; n_values], 0.0);
    for (pair, &weight) in pairs.iter().zip(weights) {
        a[pair.0 as usize] += f64::from(weight);
        b[pair.1 as usize] += f64::from(weight);
        n += f64::from(weight);
    }
    (a, b, n)
}

fn only_one(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).filter(|(a, b)| **a + **b > 0.0).count() < 2
}

/// Fleiss' κ (1971): agreement of any number of interchangeable annotators beyond what pooled label shares give.
///
/// Fleiss asks for the same number of answers to each item; where it differs, items with two or more count alike, each
/// with its own share of agreeing pairs, and label shares are pooled over these items' answers.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`].
pub fn fleiss_kappa(ratings: &Ratings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let patterns = ratings.patterns(2);
    let agreeing = patterns.agreeing();
    patterns.estimate(plan, |weights| {
        let totals = patterns.totals(weights, ratings.values.len());
        if totals.iter().filter(|total| **total > 0.0).count() < 2 {
            return Err(Undefined::OneCategory);
        }
        let n: f64 = totals.iter().sum();
        let chance: f64 = totals.iter().map(|total| square(total / n)).sum();
        let seen = mean(weights, &agreeing).ok_or(Undefined::NoPairs)?;
        Ok((seen - chance) / (1.0 - chance))
    })
}

/// Gwet's AC1 (2008) for any number of annotators with missing answers: agreement beyond that of answers which are
/// guesses, hardly moved by rare labels (where κ and α fall although people agree).
///
/// `n_labels` is the number of labels that could be chosen; where more were used, those count. Label shares rest on all
/// items, agreement on those with two answers or more.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where there is only one label to choose.
pub fn gwet_ac1(ratings: &Ratings, n_labels: usize, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let n_labels = n_labels.max(ratings.values.len());
    let patterns = ratings.patterns(1);
    let agreeing = patterns.agreeing();
    patterns.estimate(plan, |weights| {
        let (mut n, mut n_pairs, mut same) = (0.0, 0.0, 0.0);
        let mut shares = vec![0.0; ratings.values.len()];
        for (p, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0) {
            let (weight, size) = (f64::from(weight), patterns.sizes[p]);
            n += weight;
            for &(value, count) in patterns.cells(p) {
                shares[value as usize] += weight * count / size;
            }
            if size > 1.0 {
                n_pairs += weight;
                same += weight * agreeing[p];
            }
        }
        if n_pairs == 0.0 {
            return Err(Undefined::NoPairs);
        }
        if n_labels < 2 {
            return Err(Undefined::OneCategory);
        }
        let chance = shares.iter().map(|s| s / n * (1.0 - s / n)).sum::<f64>() / (n_labels as f64 - 1.0);
        Ok((same / n_pairs - chance) / (1.0 - chance))
    })
}

/// Answers that are sets of labels, one for each (item, annotator); the empty set is an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SetRatings {
    /// Values are indices into `sets`.
    ratings: Ratings,
    /// Distinct sets, each ascending without repeats.
    sets: Vec<Vec<u32>>,
}

impl SetRatings {
    /// From (item, annotator, labels) rows; the order of labels and repeats among them say nothing. Of several rows of
    /// one pair the last wins.
    pub fn new<S: IntoIterator<Item = u32>>(rows: impl IntoIterator<Item = (u64, u64, S)>) -> Self {
        let rows: Vec<(u64, u64, Vec<u32>)> =
            rows.into_iter().map(|(item, annotator, labels)| (item, annotator, label_set(labels))).collect();
        // In order of the sets themselves, so that the order of rows changes no sum.
        let mut sets: Vec<Vec<u32>> = rows.iter().map(|row| row.2.clone()).collect();
        sets.sort_unstable();
        sets.dedup();
        let index = |set: &Vec<u32>| sets.binary_search(set).unwrap_or(0) as u32;
        let ratings = Ratings::from_labels(rows.iter().map(|(item, who, set)| (*item, *who, index(set))));
        // A set that only replaced rows held is no longer among the values.
        let kept: Vec<Vec<u32>> = ratings.values.iter().map(|v| sets[*v as usize].clone()).collect();
        Self { ratings, sets: kept }
    }

    /// The whole sets as values: [`percent`], nominal α and the others then compare them for equality alone.
    #[must_use]
    pub fn exact(&self) -> &Ratings {
        &self.ratings
    }

    /// One label as a yes-or-no question: value 1 where the set holds it, 0 where it does not.
    #[must_use]
    pub fn one_label(&self, label: u32) -> Ratings {
        let holds: Vec<u32> =
            self.sets.iter().map(|set| u32::from(set.binary_search(&label).is_ok())).collect();
        let rows = self.ratings.items().enumerate().flat_map(|(item, answers)| {
            let holds = &holds;
            answers.iter().map(move |&(who, set)| (item as u64, who, holds[set as usize]))
        });
        Ratings { dropped: self.ratings.dropped, ..Ratings::from_labels(rows) }
    }

    /// Labels that stand in any answer, in ascending order.
    #[must_use]
    pub fn labels(&self) -> Vec<u32> {
        label_set(self.sets.iter().flatten().copied())
    }
}

fn label_set(labels: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut set: Vec<u32> = labels.into_iter().collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// Distance of two label sets by MASI (Passonneau 2006): 1 − Jaccard × monotonicity, where monotonicity is 1 for equal
/// sets, 2/3 where one holds the other, 1/3 where they overlap, 0 where they share nothing. Two empty sets are equal.
/// Both ascending without repeats.
#[must_use]
pub fn masi_distance(a: &[u32], b: &[u32]) -> f64 {
    if a == b {
        return 0.0;
    }
    let shared = a.iter().filter(|label| b.binary_search(label).is_ok()).count();
    if shared == 0 {
        return 1.0;
    }
    let monotonicity = if shared == a.len().min(b.len()) { 2.0 / 3.0 } else { 1.0 / 3.0 };
    1.0 - monotonicity * shared as f64 / (a.len() + b.len() - shared) as f64
}

/// Krippendorff's α over label sets with [`masi_distance`] (taken as it is, not squared, as Passonneau does): a
/// partly shared set is partly an agreement.
///
/// Costs a comparison for each pair of distinct sets once, and an addition for each overlapping pair in every resample.
///
/// # Errors
/// [`Undefined::NoPairs`]; [`Undefined::OneCategory`] where all pairable answers are one and the same set.
pub fn masi_alpha(ratings: &SetRatings, plan: &Bootstrap) -> Result<Estimate, Undefined> {
    let sets = &ratings.sets;
    let mut near = Vec::new();
    for (a, first) in sets.iter().enumerate() {
        for (b, second) in sets.iter().enumerate().skip(a + 1) {
            let distance = masi_distance(first, second);
            if distance < 1.0 {
                near.push((a as u32, b as u32, 1.0 - distance));
            }
        }
    }
    alpha(&ratings.ratings.patterns(2), sets.len(), &Scale::Near(near), plan)
}

#[cfg(test)]
mod tests;
