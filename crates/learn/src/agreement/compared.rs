//! One side's answers against another's, item by item. The other side is a person, or several who share one answer.

use super::Undefined;
use super::distance::Distance;
use super::square;
use crate::resample::{Drawing, Draws, Estimate, estimate};
use std::ops::Range;

/// The answers of both sides to the items that both answered.
pub(super) struct Compared {
    /// Distinct values of both sides in ascending order, as indices into the ratings' values. All others of this struct
    /// are indices into these: two people know few of the values of a crowd.
    values: Vec<u32>,
    /// Each item's pattern: items on which both sides said the same are one.
    of_item: Vec<u32>,
    /// The one side's value in each pattern.
    own: Vec<u32>,
    /// (value, share of the other side's answer) of each pattern in turn.
    others: Vec<(u32, f64)>,
    /// `others[starts[p]..starts[p + 1]]` belong to the p-th pattern.
    starts: Vec<usize>,
}

/// What can be measured.
pub(super) enum Gauge<'a> {
    /// The share of the other side's answers that are the same.
    Same,
    /// κ: agreement beyond chance, weighted by a distance.
    Beyond(&'a Distance<'a>),
}

impl Compared {
    pub(super) fn pair(answers: &[(u32, u32)]) -> Self {
        let mut pairs = Self::of(
            answers.iter().map(|pair| pair.0).collect(),
            answers.iter().map(|pair| (pair.1, 1.0)).collect(),
            (0..=answers.len()).collect(),
        );
        // With few values two people say the same pair of them again and again.
        let n_values = pairs.values.len();
        if n_values * n_values < answers.len() {
            pairs.fold(n_values);
        }
        pairs
    }

    /// Makes one pattern of items with the same values, where each pattern has one value of the other side.
    fn fold(&mut self, n_values: usize) {
        let mut known = vec![u32::MAX; n_values * n_values];
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for (item, (a, other)) in self.own.iter().zip(&self.others).enumerate() {
            let pattern = &mut known[*a as usize * n_values + other.0 as usize];
            if *pattern == u32::MAX {
                *pattern = own.len() as u32;
                own.push(*a);
                others.push(*other);
            }
            self.of_item[item] = *pattern;
        }
        self.starts = (0..=own.len()).collect();
        (self.own, self.others) = (own, others);
    }

    /// From indices into the ratings' values.
    pub(super) fn of(mut own: Vec<u32>, mut others: Vec<(u32, f64)>, starts: Vec<usize>) -> Self {
        let mut values: Vec<u32> = own.iter().copied().chain(others.iter().map(|other| other.0)).collect();
        values.sort_unstable();
        values.dedup();
        let place = |value: u32| values.partition_point(|v| *v < value) as u32;
        own.iter_mut().for_each(|value| *value = place(*value));
        others.iter_mut().for_each(|other| other.0 = place(other.0));
        Self { values, of_item: (0..own.len() as u32).collect(), own, others, starts }
    }

    fn others(&self, pattern: usize) -> &[(u32, f64)] {
        &self.others[self.starts[pattern]..self.starts[pattern + 1]]
    }

    /// Each gauge's figure, in their order.
    pub(super) fn measure<'a>(
        &self,
        gauges: impl IntoIterator<Item = Gauge<'a>>,
        drawing: &Drawing,
    ) -> Vec<Result<Estimate, Undefined>> {
        let n = self.of_item.len();
        let n_resamples = drawing.plan().resamples();
        let terms: Vec<Terms> =
            gauges.into_iter().map(|gauge| Terms::of(self, &gauge, n_resamples)).collect();
        if n == 0 {
            return terms.iter().map(|_| Err(Undefined::NoPairs)).collect();
        }
        // Sums of so many resamples at a time stay in the cache.
        let width = (CACHED / (2 * self.values.len() + self.own.len() + 8)).clamp(16, 256);
        let once = self.figures(&terms, &Draws::once(n), 0..1, Sample::Data);
        let again =
            drawing.each(n, width, |draws, numbers| self.figures(&terms, draws, numbers, Sample::Drawn));
        let one = |(at, term): (usize, &Terms)| {
            let value = once[at][0];
            if self.values.len() < 2 && !matches!(term.chance, Chance::Irrelevant) {
                return Err(Undefined::OneCategory);
            }
            if !value.is_finite() {
                return Err(Undefined::OutOfRange);
            }
            let resampled = again.iter().flat_map(|piece| piece[at].iter().map(|x| Some(*x)));
            Ok(estimate(value, resampled, n, drawing.plan()))
        };
        terms.iter().enumerate().map(one).collect()
    }

    /// The figures of each gauge in some resamples; NaN where a resample holds one value only.
    fn figures(
        &self,
        terms: &[Terms],
        draws: &Draws,
        numbers: Range<usize>,
        sample: Sample,
    ) -> Vec<Vec<f64>> {
        let width = numbers.len();
        let n = self.of_item.len() as f64;
        let mut counts = vec![0_u32; self.own.len() * width];
        for (item, pattern) in self.of_item.iter().enumerate() {
            let counts = &mut counts[*pattern as usize * width..][..width];
            for (count, drawn) in counts.iter_mut().zip(&draws.of_place(item)[numbers.clone()]) {
                *count += u32::from(*drawn);
            }
        }
        let mut sides = Sides::new(self.values.len(), width);
        let mut sums = vec![vec![0.0; width]; terms.len()];
        let mut slopes = vec![vec![0.0; width]; terms.len()];
        let mut drawn = vec![0.0; width];
        for (pattern, counts) in counts.chunks(width).enumerate() {
            for (drawn, count) in drawn.iter_mut().zip(counts) {
                *drawn = f64::from(*count);
            }
            add(sides.own_mut(self.own[pattern]), &drawn, 1.0);
            for &(value, share) in self.others(pattern) {
                add(sides.others_mut(value), &drawn, share);
            }
            for ((term, sum), slope) in terms.iter().zip(&mut sums).zip(&mut slopes) {
                if term.of_pattern[pattern] > 0.0 {
                    add(sum, &drawn, term.of_pattern[pattern]);
                }
                if let Chance::Tangent { slopes, .. } = &term.chance {
                    add(slope, &drawn, slopes[pattern]);
                }
            }
        }
        let is_one_value = sides.one_value();
        for ((term, sum), slope) in terms.iter().zip(&mut sums).zip(&slopes) {
            let Some(chance) = term.chance.sum(&sides, n, slope, sample) else {
                sum.iter_mut().for_each(|sum| *sum /= n);
                continue;
            };
            for ((sum, chance), is_one) in sum.iter_mut().zip(chance).zip(&is_one_value) {
                *sum = if *is_one { f64::NAN } else { 1.0 - n * *sum / chance };
            }
        }
        sums
    }
}

/// Doubles of one piece of work.
const CACHED: usize = 1 << 17;

#[derive(Clone, Copy, PartialEq)]
enum Sample {
    Data,
    Drawn,
}

/// How often each side gave each value, in each of some resamples.
struct Sides {
    width: usize,
    own: Vec<f64>,
    others: Vec<f64>,
}

impl Sides {
    fn new(n_values: usize, width: usize) -> Self {
        Self { width, own: vec![0.0; n_values * width], others: vec![0.0; n_values * width] }
    }

    fn own(&self, value: u32) -> &[f64] {
        &self.own[value as usize * self.width..][..self.width]
    }

    fn others(&self, value: u32) -> &[f64] {
        &self.others[value as usize * self.width..][..self.width]
    }

    fn own_mut(&mut self, value: u32) -> &mut [f64] {
        &mut self.own[value as usize * self.width..][..self.width]
    }

    fn others_mut(&mut self, value: u32) -> &mut [f64] {
        &mut self.others[value as usize * self.width..][..self.width]
    }

    fn n_values(&self) -> u32 {
        (self.own.len() / self.width) as u32
    }

    /// In which resamples both sides gave one and the same value throughout.
    fn one_value(&self) -> Vec<bool> {
        let mut n_values = vec![0_u32; self.width];
        for value in 0..self.n_values() {
            for ((n, own), others) in n_values.iter_mut().zip(self.own(value)).zip(self.others(value)) {
                *n += u32::from(own + others > 0.0);
            }
        }
        n_values.into_iter().map(|n| n < 2).collect()
    }
}

/// A gauge as sums over patterns.
struct Terms {
    /// Of each pattern: the share that is the same, or the mean distance to the other side.
    of_pattern: Vec<f64>,
    chance: Chance,
}

/// Σ over pairs of values of one side's count, the other side's count and the distance.
enum Chance {
    /// Not asked for.
    Irrelevant,
    Nominal,
    /// The values themselves, ascending.
    Linear(Vec<f64>),
    /// The same.
    Quadratic(Vec<f64>),
    /// 1 − distance of the values of the one side and the other that are nearer than 1, by the one side's.
    Near(Vec<(u32, u32, f64)>),
    /// Where values are many: likeness to first order around the data, one addition for each pattern. `curve` is the mean
    /// of the second order over resamples. What is left out is by 1/√n smaller than what the interval is about.
    Tangent {
        slopes: Vec<f64>,
        at: f64,
        curve: f64,
    },
}

/// Pairs of values times resamples that are summed one by one.
const EXACTLY: usize = 1 << 28;

impl Terms {
    fn of(compared: &Compared, gauge: &Gauge, n_resamples: usize) -> Self {
        let global = |value: u32| compared.values[value as usize] as usize;
        let distance = match gauge {
            Gauge::Same => &Distance::Nominal,
            Gauge::Beyond(distance) => distance,
        };
        let apart = |own: u32, other: u32| match gauge {
            Gauge::Same => f64::from(u8::from(own == other)),
            Gauge::Beyond(distance) => distance.of(global(own), global(other)),
        };
        let of_pattern: Vec<f64> = compared
            .own
            .iter()
            .enumerate()
            .map(|(pattern, own)| {
                compared.others(pattern).iter().map(|(value, share)| share * apart(*own, *value)).sum()
            })
            .collect();
        let numbers = |x: &[f64]| -> Vec<f64> { compared.values.iter().map(|v| x[*v as usize]).collect() };
        let chance = match (gauge, distance) {
            (Gauge::Same, _) => Chance::Irrelevant,
            (_, Distance::Nominal) => Chance::Nominal,
            (_, Distance::Linear(x)) => Chance::Linear(numbers(x)),
            (_, Distance::Quadratic(x)) => Chance::Quadratic(numbers(x)),
            (_, Distance::Sets(_)) => {
                Chance::of_sets(compared, n_resamples, &of_pattern, |a, b| 1.0 - apart(a, b))
            }
        };
        Self { of_pattern, chance }
    }
}

impl Chance {
    fn of_sets(
        compared: &Compared,
        n_resamples: usize,
        apart: &[f64],
        likeness: impl Fn(u32, u32) -> f64,
    ) -> Self {
        let distinct = |mut values: Vec<u32>| {
            values.sort_unstable();
            values.dedup();
            values
        };
        let own = distinct(compared.own.clone());
        let others = distinct(compared.others.iter().map(|other| other.0).collect());
        let pairs = || own.iter().flat_map(|a| others.iter().map(move |b| (*a, *b)));
        if own.len() * others.len() * n_resamples.max(1) <= EXACTLY {
            let near = pairs().map(|(a, b)| (a, b, likeness(a, b))).filter(|pair| pair.2 > 0.0);
            return Chance::Near(near.collect());
        }
        let mut sizes = vec![0.0; compared.own.len()];
        compared.of_item.iter().for_each(|pattern| sizes[*pattern as usize] += 1.0);
        let n_values = compared.values.len();
        let (mut counts, mut shares) = (vec![0.0; n_values], vec![0.0; n_values]);
        for (pattern, size) in sizes.iter().enumerate() {
            counts[compared.own[pattern] as usize] += size;
            compared
                .others(pattern)
                .iter()
                .for_each(|(value, share)| shares[*value as usize] += size * share);
        }
        let (mut to_others, mut to_own) = (vec![0.0; n_values], vec![0.0; n_values]);
        let mut at = 0.0;
        for (a, b) in pairs() {
            let likeness = likeness(a, b);
            let (a, b) = (a as usize, b as usize);
            to_others[a] += likeness * shares[b];
            to_own[b] += likeness * counts[a];
            at += likeness * counts[a] * shares[b];
        }
        let slope = |pattern: usize| {
            let of_others: f64 =
                compared.others(pattern).iter().map(|(value, share)| share * to_own[*value as usize]).sum();
            to_others[compared.own[pattern] as usize] + of_others
        };
        let alike: f64 = apart.iter().zip(&sizes).map(|(apart, size)| size * (1.0 - apart)).sum();
        Chance::Tangent {
            slopes: (0..apart.len()).map(slope).collect(),
            at,
            curve: alike - at / compared.of_item.len() as f64,
        }
    }

    /// In each of some resamples of `n` items.
    fn sum(&self, sides: &Sides, n: f64, slope: &[f64], sample: Sample) -> Option<Vec<f64>> {
        let width = sides.width;
        let mut sum = vec![0.0; width];
        match self {
            Chance::Irrelevant => return None,
            Chance::Nominal => {
                for value in 0..sides.n_values() {
                    add_product(&mut sum, sides.own(value), sides.others(value), -1.0);
                }
                sum.iter_mut().for_each(|sum| *sum += n * n);
            }
            Chance::Linear(x) => {
                // Whatever lies on both sides of a gap between neighbouring values is apart by that gap.
                let (mut own, mut others) = (vec![0.0; width], vec![0.0; width]);
                for (value, ends) in (0..).zip(x.windows(2)) {
                    add(&mut own, sides.own(value), 1.0);
                    add(&mut others, sides.others(value), 1.0);
                    let gap = ends[1] - ends[0];
                    for ((sum, own), others) in sum.iter_mut().zip(&own).zip(&others) {
                        *sum += gap * (own * (n - others) + (n - own) * others);
                    }
                }
            }
            Chance::Quadratic(x) => {
                // Squares around the one side's mean in each resample: far values that it does not hold cost no digits.
                let mut centre = vec![0.0; width];
                for (value, x) in (0..).zip(x) {
                    add(&mut centre, sides.own(value), *x / n);
                }
                for (value, x) in (0..).zip(x) {
                    let both = sides.own(value).iter().zip(sides.others(value));
                    for ((sum, centre), (own, others)) in sum.iter_mut().zip(&centre).zip(both) {
                        *sum += n * (own + others) * square(x - centre);
                    }
                }
            }
            Chance::Near(near) => {
                let mut like = vec![0.0; width];
                for of_own in near.chunk_by(|a, b| a.0 == b.0) {
                    like.fill(0.0);
                    for (_, other, likeness) in of_own {
                        add(&mut like, sides.others(*other), *likeness);
                    }
                    add_product(&mut sum, sides.own(of_own[0].0), &like, -1.0);
                }
                sum.iter_mut().for_each(|sum| *sum += n * n);
            }
            Chance::Tangent { at, curve, .. } => {
                let curve = if sample == Sample::Drawn { *curve } else { 0.0 };
                for (sum, slope) in sum.iter_mut().zip(slope) {
                    *sum = n * n - (slope - at + curve);
                }
            }
        }
        Some(sum)
    }
}

fn add(sum: &mut [f64], more: &[f64], times: f64) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += times * more;
    }
}

fn add_product(sum: &mut [f64], a: &[f64], b: &[f64], times: f64) {
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        *sum += times * a * b;
    }
}
