//! How well a term names a group, and what tells one group from another.

use super::Keyword;
use super::counts::{Count, TermCounts, each_of_both};

/// Texts that the whole pile adds to each side of a comparison, as it is made itself: the strength of the Dirichlet prior.
const PRIOR: f64 = 10.0;
/// What even a term that is no more frequent in the group than elsewhere counts for: the name of the whole pile, from which
/// nothing is left to compare with, comes from this.
const ANYWHERE: f64 = 0.1;
/// What even a term that is spread evenly counts for: of a single group all terms are.
const EVEN: f64 = 0.02;
/// The power of the unevenness in the score: tells "was" from "refund" in groups of complaints, and still lets a word of half
/// the group win against one of a twentieth.
const POWER: f64 = 1.5;
/// A term of a smaller share of the group's texts doesn't name the group.
const COVERED: f64 = 0.03;
/// A term with a smaller share of the score of the best one is left out: where topics have few words, those of any text would
/// fill up the list.
const OF_BEST: f64 = 0.02;
/// The 97.5% quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The terms of a group of `size` texts that could name it, the best first.
pub fn scored(counts: &TermCounts, group: &[Count], size: u64) -> Vec<Keyword> {
    let mut scored = at_least(counts, group, size, least(size));
    if scored.is_empty() {
        scored = at_least(counts, group, size, 1.0);
    }
    let best = scored.first().map_or(0.0, |best| best.score);
    scored.retain(|keyword| keyword.score >= OF_BEST * best);
    scored
}

/// How many texts of a group hold what could name it.
fn least(size: u64) -> f64 {
    (COVERED * size as f64).max(if size > 3 { 2.0 } else { 1.0 })
}

fn at_least(counts: &TermCounts, group: &[Count], size: u64, least: f64) -> Vec<Keyword> {
    let rest = counts.n_texts.saturating_sub(size);
    let mut scored: Vec<Keyword> = group
        .iter()
        .filter(|count| f64::from(count.n) >= least)
        .filter_map(|count| {
            let (column, n) = (count.column as usize, count.n);
            let overall = counts.overall[column];
            let more = Odds::new(counts, overall, (n, size), (overall.saturating_sub(n), rest)).difference;
            // Rounding apart: as frequent in the group as elsewhere.
            (more > 1e-9 || rest == 0).then(|| {
                let covered = (count.roots() / size as f64).powi(2);
                let uneven = (counts.unevenness(column) + EVEN).powf(POWER);
                Keyword { column, score: covered * (more + ANYWHERE) * uneven, n_texts: n }
            })
        })
        .collect();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.column.cmp(&b.column)));
    scored
}

/// The terms that tell group a from group b, the best first, with their z.
pub fn contrasting(counts: &TermCounts, a: (&[Count], u64), b: (&[Count], u64)) -> Vec<Keyword> {
    let mut found: Vec<(f64, Keyword)> = Vec::new();
    each_of_both(a.0, b.0, |count, other| {
        let Some(&Count { column, n: in_a, .. }) = count else { return };
        let (column, in_b) = (column as usize, other.map_or(0, |count| count.n));
        if f64::from(in_a) < least(a.1) || u64::from(in_a) * b.1 <= u64::from(in_b) * a.1 {
            return;
        }
        let odds = Odds::new(counts, counts.overall[column], (in_a, a.1), (in_b, b.1));
        let z = odds.difference / odds.deviation;
        if z >= Z {
            let rank = z * (counts.unevenness(column) + EVEN);
            found.push((rank, Keyword { column, score: z, n_texts: in_a }));
        }
    });
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.column.cmp(&b.1.column)));
    found.into_iter().map(|(_, keyword)| keyword).collect()
}

/// The log-odds ratio of two groups with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, equations 16, 19
/// and 20), on texts instead of occurrences: a text holds a term or doesn't.
struct Odds {
    difference: f64,
    deviation: f64,
}

impl Odds {
    fn new(counts: &TermCounts, overall: u32, a: (u32, u64), b: (u32, u64)) -> Self {
        // A term of all texts or of none keeps odds that are finite.
        let share = (f64::from(overall) + 0.5) / (counts.n_texts as f64 + 1.0);
        let (with, without) = (PRIOR * share, PRIOR * (1.0 - share));
        // Texts that are not of the pile may hold a term more often than the pile does.
        let sides =
            |(n, size): (u32, u64)| (f64::from(n) + with, (size as f64 - f64::from(n)).max(0.0) + without);
        let (a, b) = (sides(a), sides(b));
        Self {
            difference: (a.0 / a.1).ln() - (b.0 / b.1).ln(),
            deviation: (1.0 / a.0 + 1.0 / a.1 + 1.0 / b.0 + 1.0 / b.1).sqrt(),
        }
    }
}
