//! Labels that are probably wrong: confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating
//! Uncertainty in Dataset Labels", JAIR 70).
//!
//! From probabilities by a model that did not see the item's own label (out of fold), a label is held for confident where
//! its probability reaches the mean that it has among items labeled so. Counting given against confident labels gives the
//! *confident joint*; scaled to the shares of the given labels it estimates how many items of each label are really
//! another. The rules are those of the software that the authors publish, cleanlab 2.9 (`find_label_issues`); where sorting
//! leaves its choice among equal values open, the earlier row or label goes first here (of equal remainders in rounding up,
//! the later label), as with a stable sort there.

use ndarray::ArrayView2;
use rustc_hash::FxHashMap;
use std::convert::Infallible;
use thiserror::Error;

/// Rows of probabilities, one an item, one column a label, that can be gone through several times: an array, or a file
/// that is read anew.
pub trait Rows {
    /// Why a row can't be had.
    type Error;

    /// Columns.
    fn n_labels(&self) -> usize;

    /// Hands every row to `row`, in the same order each time, and stops where that says so.
    ///
    /// # Errors
    /// Where rows can't be had.
    fn each(&mut self, row: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), Self::Error>;
}

/// Which labels are suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Filter {
    /// As many items of each (given, other) pair of labels as the joint says, those first for whom the other label leads
    /// most.
    #[default]
    PruneByNoiseRate,
    /// Every item whose confident label is not the given one.
    ConfidentLearning,
}

/// Which suspected label comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rank {
    /// That of the lowest probability.
    #[default]
    SelfConfidence,
    /// That which lies furthest behind the most probable other label.
    NormalizedMargin,
}

/// A label that is probably wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspect {
    /// Which row, counted from 0.
    pub row: usize,
    /// The label it has.
    pub given: u32,
    /// The most probable label.
    pub suggested: u32,
    /// Probability of the given label.
    pub self_confidence: f64,
    /// (That − the largest probability of another label + 1) / 2: between 0 and 1, below ½ where another leads.
    pub normalized_margin: f64,
}

/// How many items of a given label are estimated to be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JointCell {
    /// The label they have.
    pub given: u32,
    /// The label they should have; the same where they are right.
    pub actual: u32,
    /// How many.
    pub n_items: usize,
}

/// What confident learning found.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelErrors {
    /// The worst first.
    pub suspects: Vec<Suspect>,
    /// What a label's probability must reach to be confident; none for a label that no item has.
    pub thresholds: Vec<Option<f64>>,
    /// The calibrated joint: cells that are not 0, by given and actual label. The cells of a given label sum to its items.
    pub joint: Vec<JointCell>,
}

/// Why no label could be judged.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LabelErrorsError<E> {
    /// Labels and probabilities are of different numbers of items.
    #[error("there are {labels} labels and {rows} rows of probabilities")]
    Lengths {
        /// Labels.
        labels: usize,
        /// Rows; one more than labels stands for any larger number.
        rows: usize,
    },
    /// A row of another width than announced.
    #[error("row {row} has {found} probabilities and not {expected}")]
    Width {
        /// Which row, counted from 0.
        row: usize,
        /// Its columns.
        found: usize,
        /// The announced ones.
        expected: usize,
    },
    /// A label that has no column.
    #[error("the label of row {row} has no column of probabilities")]
    LabelOutOfRange {
        /// Which row, counted from 0.
        row: usize,
    },
    /// NaN, below 0 or above 1.
    #[error("row {row}, column {column}: {value} is no probability")]
    NotAProbability {
        /// Which row, counted from 0.
        row: usize,
        /// Which column, counted from 0.
        column: usize,
        /// What stands there.
        value: f64,
    },
    /// The rows can't be had.
    #[error(transparent)]
    Rows(E),
}

/// The suspected labels among `given` (one an item, numbers of columns), ranked.
///
/// Goes through the rows three times (twice for [`Filter::ConfidentLearning`]). Memory is about 60 bytes an item and 40 a
/// label, whatever the number of columns: no table of all pairs of labels is made. Rows need not sum to 1. No item and no
/// column is no suspect. A label that no item has can't be confident; one without any probability is confident where it
/// has a trace of it, as in cleanlab.
///
/// # Errors
/// [`LabelErrorsError`].
pub fn label_errors<R: Rows>(
    given: &[u32],
    mut rows: R,
    filter: Filter,
    rank: Rank,
) -> Result<LabelErrors, LabelErrorsError<R::Error>> {
    let n_labels = rows.n_labels();
    let first = first_look(given, &mut rows, n_labels)?;
    let thresholds = first.thresholds();
    let confident = confident_labels(given, &first, &mut rows, &thresholds)?;
    let joint = calibrated_joint(confident.counts, &first.n_given, given.len());
    let suspected = match filter {
        Filter::ConfidentLearning => confident.is_another,
        Filter::PruneByNoiseRate => prune(given, &mut rows, &joint, &first)?,
    };
    let suspect = |doubt: &Doubt| Suspect {
        row: doubt.row,
        given: given[doubt.row],
        suggested: first.most[doubt.row],
        self_confidence: doubt.own,
        normalized_margin: (doubt.own - doubt.other + 1.0) / 2.0,
    };
    let mut suspects: Vec<Suspect> =
        first.doubts.iter().filter(|doubt| suspected[doubt.row]).map(suspect).collect();
    // Stable: of equal suspects the earlier row comes first.
    match rank {
        Rank::SelfConfidence => suspects.sort_by(|a, b| a.self_confidence.total_cmp(&b.self_confidence)),
        Rank::NormalizedMargin => {
            suspects.sort_by(|a, b| a.normalized_margin.total_cmp(&b.normalized_margin))
        }
    }
    let thresholds = thresholds.iter().zip(&first.n_given).map(|(&t, &n)| (n > 0).then_some(t)).collect();
    Ok(LabelErrors { suspects, thresholds, joint })
}

/// Comparisons of probabilities allow for this much rounding.
const ROUNDING: f64 = 1e-6;
/// No threshold is below.
const LEAST_THRESHOLD: f64 = 2e-6;
/// The threshold of a label that no item has: out of reach.
const UNREACHABLE: f64 = 2.0;

struct FirstLook {
    /// The most probable label of each row, the first of equals.
    most: Vec<u32>,
    /// Rows in which another label is more probable than the given one.
    doubts: Vec<Doubt>,
    n_given: Vec<usize>,
    /// Summed probability of each label among the items that have it.
    sums: Vec<f64>,
}

struct Doubt {
    row: usize,
    /// Probability of the given label.
    own: f64,
    /// The largest of another.
    other: f64,
}

impl FirstLook {
    fn thresholds(&self) -> Vec<f64> {
        let threshold = |(&sum, &n): (&f64, &usize)| {
            if n == 0 { UNREACHABLE } else { (sum / n as f64).max(LEAST_THRESHOLD) }
        };
        self.sums.iter().zip(&self.n_given).map(threshold).collect()
    }
}

fn first_look<R: Rows>(
    given: &[u32],
    rows: &mut R,
    n_labels: usize,
) -> Result<FirstLook, LabelErrorsError<R::Error>> {
    if let Some(row) = given.iter().position(|label| *label as usize >= n_labels) {
        return Err(LabelErrorsError::LabelOutOfRange { row });
    }
    let mut look = FirstLook {
        most: Vec::with_capacity(given.len()),
        doubts: Vec::new(),
        n_given: vec![0; n_labels],
        sums: vec![0.0; n_labels],
    };
    let mut wrong = None;
    let mut add = |p: &[f64]| {
        let row = look.most.len();
        let Some(&label) = given.get(row) else {
            wrong = Some(LabelErrorsError::Lengths { labels: given.len(), rows: row + 1 });
            return false;
        };
        if p.len() != n_labels {
            wrong = Some(LabelErrorsError::Width { row, found: p.len(), expected: n_labels });
            return false;
        }
        let Some(largest) = largest_probability(p) else {
            let is_one = |x: &f64| (-ROUNDING..=1.0 + ROUNDING).contains(x);
            let column = p.iter().position(|x| !is_one(x)).unwrap_or(0);
            wrong = Some(LabelErrorsError::NotAProbability { row, column, value: p[column] });
            return false;
        };
        let own = label as usize;
        look.n_given[own] += 1;
        look.sums[own] += p[own];
        // Mostly that is the given label alone, which is told without a search.
        let is_only = p[own] == largest && count(p, |x| x == largest) == 1;
        let most = if is_only { own } else { p.iter().position(|x| *x == largest).unwrap_or(own) };
        // The first of the row's largest decides, the given one counting a trace more.
        let leads = p[own] + ROUNDING;
        if p[own] < largest && leads <= largest && (leads < largest || own > most) {
            look.doubts.push(Doubt { row, own: p[own], other: largest });
        }
        look.most.push(most as u32);
        true
    };
    rows.each(&mut add).map_err(LabelErrorsError::Rows)?;
    match wrong {
        Some(wrong) => Err(wrong),
        None if look.most.len() < given.len() => {
            Err(LabelErrorsError::Lengths { labels: given.len(), rows: look.most.len() })
        }
        None => Ok(look),
    }
}

/// How many numbers of a row are such. Without a branch for each, so that several are looked at at a time.
fn count(p: &[f64], is_such: impl Fn(f64) -> bool) -> u64 {
    p.iter().map(|x| u64::from(is_such(*x))).sum()
}

/// The largest of a row, none where something in it is no probability. In four strands, so that they are looked at at a time.
fn largest_probability(p: &[f64]) -> Option<f64> {
    let (mut most, mut least, mut sum) = ([f64::NEG_INFINITY; 4], [f64::INFINITY; 4], [0.0; 4]);
    let mut look = |strand: usize, x: f64| {
        most[strand] = if x > most[strand] { x } else { most[strand] };
        least[strand] = if x < least[strand] { x } else { least[strand] };
        // NaN passes by what compares, and sticks to what adds.
        sum[strand] += x;
    };
    let chunks = p.chunks_exact(4);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (strand, x) in chunk.iter().enumerate() {
            look(strand, *x);
        }
    }
    for (strand, x) in rest.iter().enumerate() {
        look(strand, *x);
    }
    let most = most.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let least = least.into_iter().fold(f64::INFINITY, f64::min);
    let is_right = least >= -ROUNDING && most <= 1.0 + ROUNDING && !sum.iter().sum::<f64>().is_nan();
    is_right.then_some(most)
}

/// What is known of the rows' confident labels.
struct Confident {
    counts: ConfidentCounts,
    /// Whether a row has one that is not the given label.
    is_another: Vec<bool>,
}

/// How many rows have each pair of given and confident label.
struct ConfidentCounts {
    /// Those where both are one and the same label: nearly all.
    right: Vec<usize>,
    others: FxHashMap<(u32, u32), usize>,
}

/// The confident label of a row is the one that reaches its threshold, or of several the most probable label of all.
fn confident_labels<R: Rows>(
    given: &[u32],
    first: &FirstLook,
    rows: &mut R,
    thresholds: &[f64],
) -> Result<Confident, LabelErrorsError<R::Error>> {
    let least: Vec<f64> = thresholds.iter().map(|t| t - ROUNDING).collect();
    let mut counts = ConfidentCounts { right: vec![0; least.len()], others: FxHashMap::default() };
    let mut is_another = Vec::with_capacity(given.len());
    let mut add = |p: &[f64]| {
        let row = is_another.len();
        let (Some(&own), Some(&most), true) = (given.get(row), first.most.get(row), p.len() == least.len())
        else {
            return false;
        };
        let reached = || p.iter().zip(&least).map(|(p, least)| p >= least);
        let label = match reached().map(u64::from).sum::<u64>() {
            0 => None,
            // Mostly the given one, which is told without a search.
            1 if p[own as usize] >= least[own as usize] => Some(own),
            1 => reached().position(|is_reached| is_reached).map(|label| label as u32),
            _ => Some(most),
        };
        match label {
            Some(label) if label == own => counts.right[own as usize] += 1,
            Some(label) => *counts.others.entry((own, label)).or_default() += 1,
            None => {}
        }
        is_another.push(label.is_some_and(|label| label != own));
        true
    };
    rows.each(&mut add).map_err(LabelErrorsError::Rows)?;
    same_rows(is_another.len(), given.len())?;
    Ok(Confident { counts, is_another })
}

/// Rows that were there when first looked at are there again.
fn same_rows<E>(found: usize, expected: usize) -> Result<(), LabelErrorsError<E>> {
    if found == expected { Ok(()) } else { Err(LabelErrorsError::Lengths { labels: expected, rows: found }) }
}

/// Counts of (given, confident) labels, scaled so that each given label has as many as it has items, in whole numbers. Of
/// every label at least one item is held for right before scaling.
fn calibrated_joint(counts: ConfidentCounts, n_given: &[usize], n_items: usize) -> Vec<JointCell> {
    let right = (0_u32..).zip(counts.right).zip(n_given).filter(|(_, n)| **n > 0);
    let right = right.map(|((label, n), _)| ((label, label), n.max(1)));
    let mut cells: Vec<((u32, u32), usize)> = right.chain(counts.others).collect();
    cells.sort_unstable();

    let mut scaled: Vec<f64> = Vec::with_capacity(cells.len());
    for of_given in cells.chunk_by(|a, b| a.0.0 == b.0.0) {
        let sum: usize = of_given.iter().map(|cell| cell.1).sum();
        let n = n_given[of_given[0].0.0 as usize];
        scaled.extend(of_given.iter().map(|cell| cell.1 as f64 / sum as f64 * n as f64));
    }
    // They sum to all items but for the last digit; cleanlab scales once more, and what lies on the half goes one way or
    // the other by that digit. So the sum is the one that it takes: NumPy's, over a table of actual × given labels.
    let n_labels = n_given.len() as u64;
    let mut by_actual: Vec<(u64, f64)> = cells
        .iter()
        .zip(&scaled)
        .map(|(((given, actual), _), x)| (u64::from(*actual) * n_labels + u64::from(*given), *x))
        .collect();
    by_actual.sort_unstable_by_key(|cell| cell.0);
    let sum = numpy_sum(&by_actual, n_labels * n_labels);
    for x in &mut scaled {
        *x = *x / sum * n_items as f64;
    }

    let mut joint = Vec::with_capacity(cells.len());
    let mut rest = scaled.as_slice();
    for of_given in cells.chunk_by(|a, b| a.0.0 == b.0.0) {
        let (scaled, later) = rest.split_at(of_given.len());
        rest = later;
        let rounded = round_keeping_sum(scaled);
        joint.extend(of_given.iter().zip(rounded).filter(|(_, n)| *n > 0).map(|(cell, n_items)| JointCell {
            given: cell.0.0,
            actual: cell.0.1,
            n_items,
        }));
    }
    joint
}

/// The sum of `n` numbers, of which all but the given (place, number) are 0, to the digit in which NumPy sums an array:
/// 8,192 numbers after the other, each by [`pairwise_sum`].
fn numpy_sum(given: &[(u64, f64)], n: u64) -> f64 {
    const BUFFER: u64 = 8_192;
    given.chunk_by(|a, b| a.0 / BUFFER == b.0 / BUFFER).fold(0.0, |sum, given| {
        let start = given[0].0 / BUFFER * BUFFER;
        sum + pairwise_sum(given, start, BUFFER.min(n - start))
    })
}

/// The sum of `n` numbers from `start` on, by halves and then in eight strands.
fn pairwise_sum(given: &[(u64, f64)], start: u64, n: u64) -> f64 {
    const AT_ONCE: u64 = 128;
    if given.is_empty() {
        return 0.0;
    }
    if n > AT_ONCE {
        let half = n / 2 - n / 2 % 8;
        let (first, second) = given.split_at(given.partition_point(|cell| cell.0 < start + half));
        return pairwise_sum(first, start, half) + pairwise_sum(second, start + half, n - half);
    }
    let whole = n - n % 8;
    let (mut strands, mut rest) = ([0.0; 8], Vec::new());
    for &(place, x) in given {
        let at = place - start;
        if at < whole { strands[(at % 8) as usize] += x } else { rest.push(x) }
    }
    let [a, b, c, d, e, f, g, h] = strands;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, x| sum + x)
}

/// Whole numbers of the same sum: those that rounding moved furthest are moved back.
fn round_keeping_sum(x: &[f64]) -> Vec<usize> {
    let mut whole: Vec<f64> = x.iter().map(|x| x.round_ties_even()).collect();
    let missing = x.iter().sum::<f64>().round_ties_even() - whole.iter().sum::<f64>();
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|a, b| (x[*a] - whole[*a]).total_cmp(&(x[*b] - whole[*b])));
    let n = missing.abs() as usize;
    if missing > 0.0 {
        order.iter().rev().take(n).for_each(|at| whole[*at] += 1.0);
    } else {
        order.iter().take(n).for_each(|at| whole[*at] -= 1.0);
    }
    whole.into_iter().map(|x| x as usize).collect()
}

/// Marks, of each given label and each other label, as many rows as the joint says, those with the largest lead first.
fn prune<R: Rows>(
    given: &[u32],
    rows: &mut R,
    joint: &[JointCell],
    first: &FirstLook,
) -> Result<Vec<bool>, LabelErrorsError<R::Error>> {
    // Of each given label, those that are taken for another.
    let mut leaders: Vec<Vec<Leaders>> = first.n_given.iter().map(|_| Vec::new()).collect();
    for of_given in joint.chunk_by(|a, b| a.given == b.given) {
        let label = of_given[0].given;
        // The only item of a label is left alone.
        if first.n_given[label as usize] > 1 {
            leaders[label as usize] = Leaders::of(of_given, label);
        }
    }
    // What the most probable label's lead must be above to change any of a given label's.
    let least = |leaders: &[Leaders]| leaders.iter().map(|l| l.least).fold(f64::INFINITY, f64::min);
    let mut leasts: Vec<f64> = leaders.iter().map(|leaders| least(leaders)).collect();
    let mut row = 0;
    let mut add = |p: &[f64]| {
        let (Some(&label), Some(&most), true) =
            (given.get(row), first.most.get(row), p.len() == leasts.len())
        else {
            return false;
        };
        let label = label as usize;
        if p[most as usize] - p[label] > leasts[label] {
            for leaders in &mut leaders[label] {
                leaders.offer(p[leaders.label as usize] - p[label], row);
            }
            leasts[label] = least(&leaders[label]);
        }
        row += 1;
        true
    };
    rows.each(&mut add).map_err(LabelErrorsError::Rows)?;
    same_rows(row, given.len())?;
    let mut marked = vec![false; given.len()];
    for mut leaders in leaders.into_iter().flatten() {
        leaders.pick();
        leaders.best.iter().for_each(|lead| marked[lead.row] = true);
    }
    Ok(marked)
}

/// The rows of one given label in which another label leads most.
struct Leaders {
    label: u32,
    at_most: usize,
    /// Those that may be among the first `at_most`: never more than twice as many.
    best: Vec<Lead>,
    /// The weakest of the first `at_most` when they were last picked out: a later row must have more.
    least: f64,
}

impl Leaders {
    /// Of the joint's cells of one given label. At least one item stays right: where the joint has none, one is taken evenly
    /// from the other cells.
    fn of(of_given: &[JointCell], given: u32) -> Vec<Self> {
        let n_right: usize =
            of_given.iter().filter(|cell| cell.actual == given).map(|cell| cell.n_items).sum();
        let taken = if n_right == 0 { 1.0 / (of_given.len() as f64 - 1.0).max(1.0) } else { 0.0 };
        of_given
            .iter()
            .filter(|cell| cell.actual != given)
            .map(|cell| Leaders {
                label: cell.actual,
                at_most: (cell.n_items as f64 - taken).max(0.0) as usize,
                best: Vec::new(),
                least: f64::NEG_INFINITY,
            })
            .filter(|leaders| leaders.at_most > 0)
            .collect()
    }

    fn offer(&mut self, lead: f64, row: usize) {
        if lead <= self.least {
            return;
        }
        // Adding zero makes one number of 0.0 and -0.0.
        self.best.push(Lead { lead: lead + 0.0, row });
        if self.best.len() >= self.at_most.saturating_mul(2) {
            self.pick();
        }
    }

    /// Keeps the first `at_most`: those of the largest lead, of equal ones the earliest rows.
    fn pick(&mut self) {
        if self.best.len() <= self.at_most {
            return;
        }
        let order = |a: &Lead, b: &Lead| b.lead.total_cmp(&a.lead).then(a.row.cmp(&b.row));
        let (_, weakest, _) = self.best.select_nth_unstable_by(self.at_most - 1, order);
        self.least = weakest.lead;
        self.best.truncate(self.at_most);
    }
}

struct Lead {
    lead: f64,
    row: usize,
}

impl Rows for ArrayView2<'_, f64> {
    type Error = Infallible;

    fn n_labels(&self) -> usize {
        self.ncols()
    }

    fn each(&mut self, row: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), Infallible> {
        let mut copied = Vec::new();
        for p in self.rows() {
            let goes_on = match p.to_slice() {
                Some(p) => row(p),
                None => {
                    copied.clear();
                    copied.extend(p);
                    row(&copied)
                }
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }
}

impl Rows for ArrayView2<'_, f32> {
    type Error = Infallible;

    fn n_labels(&self) -> usize {
        self.ncols()
    }

    fn each(&mut self, row: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), Infallible> {
        let mut wide = Vec::new();
        for p in self.rows() {
            wide.clear();
            wide.extend(p.iter().map(|x| f64::from(*x)));
            if !row(&wide) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
