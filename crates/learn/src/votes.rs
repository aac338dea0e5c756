//! From several answers to one: the majority, or what Dawid and Skene's model makes of who answers how.

use ndarray::{Array2, Array3};
use thiserror::Error;

/// What the votes on one item come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome<T> {
    /// Nobody has voted.
    NoVotes,
    /// One value has more votes than any other.
    Agreed {
        /// The value.
        value: T,
        /// How many voted for it.
        votes: usize,
        /// How many voted at all.
        of: usize,
    },
    /// Several values have the most votes: a conflict for a person to settle.
    Tie {
        /// These values, in ascending order.
        values: Vec<T>,
        /// How many voted for each of them.
        votes: usize,
        /// How many voted at all.
        of: usize,
    },
}

/// The value with the most votes (plurality: two of four will do where the other two differ). Ties are never broken.
pub fn majority<T: Ord + Clone>(votes: &[T]) -> Outcome<T> {
    let mut sorted: Vec<&T> = votes.iter().collect();
    sorted.sort_unstable();
    let runs: Vec<(&T, usize)> = sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let most = runs.iter().map(|run| run.1).max().unwrap_or(0);
    let mut first: Vec<T> = runs.iter().filter(|run| run.1 == most).map(|run| run.0.clone()).collect();
    let of = votes.len();
    match (first.pop(), first.is_empty()) {
        (None, _) => Outcome::NoVotes,
        (Some(value), true) => Outcome::Agreed { value, votes: most, of },
        (Some(last), false) => {
            first.push(last);
            Outcome::Tie { values: first, votes: most, of }
        }
    }
}

/// The label set with the most votes, sets compared as wholes: {a} and {a, b} are two different answers, and the empty
/// set is one too. Order and repeats within a set say nothing.
pub fn majority_sets<S: AsRef<[u32]>>(votes: &[S]) -> Outcome<Vec<u32>> {
    majority(&votes.iter().map(|set| ascending(set.as_ref())).collect::<Vec<_>>())
}

/// What label-by-label votes on one item come to: each label is a yes-or-no question of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EachLabel {
    /// Labels that more than half of the voters gave, in ascending order.
    pub agreed: Vec<u32>,
    /// Labels that exactly half of the voters gave: conflicts.
    pub tied: Vec<u32>,
    /// Voters.
    pub of: usize,
}

/// The labels that more than half of the voters gave: gentler than [`majority_sets`], but the result can be a set that
/// nobody gave.
pub fn majority_each<S: AsRef<[u32]>>(votes: &[S]) -> EachLabel {
    let mut labels: Vec<u32> = votes.iter().flat_map(|set| ascending(set.as_ref())).collect();
    labels.sort_unstable();
    let mut result = EachLabel { of: votes.len(), ..EachLabel::default() };
    for run in labels.chunk_by(|a, b| a == b) {
        match (2 * run.len()).cmp(&votes.len()) {
            std::cmp::Ordering::Greater => result.agreed.push(run[0]),
            std::cmp::Ordering::Equal => result.tied.push(run[0]),
            std::cmp::Ordering::Less => {}
        }
    }
    result
}

fn ascending(set: &[u32]) -> Vec<u32> {
    let mut set = set.to_vec();
    set.sort_unstable();
    set.dedup();
    set
}

/// One answer for [`DawidSkene`]: indices from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vote {
    /// Which item.
    pub item: usize,
    /// Whose answer.
    pub annotator: usize,
    /// Which label.
    pub label: usize,
}

/// What the model believes of a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum People {
    /// A full table of who says what of what (Dawid and Skene 1979). Each row is pulled towards the table of all
    /// people together with the weight of this many answers: a person has few for each of many labels. 0 gives the
    /// textbook's figures.
    Confusion {
        /// Answers' worth of pull, from 0 up.
        shrinkage: f64,
    },
    /// One number: how often they are right; wrong answers fall on the other labels evenly. For very few answers.
    OneCoin,
}

/// The expectation–maximization of Dawid and Skene (1979, "Maximum Likelihood Estimation of Observer Error-Rates Using
/// the EM Algorithm"), started from each item's vote shares. All votes count, a person's repeats on an item too.
#[derive(Debug, Clone, PartialEq)]
pub struct DawidSkene {
    n_items: usize,
    n_annotators: usize,
    n_labels: usize,
    people: People,
    max_rounds: usize,
    tolerance: f64,
}

/// What Dawid and Skene's model could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum DawidSkeneError {
    /// A model of no item, person or label.
    #[error("there must be at least one item, one annotator and one label")]
    Empty,
    /// No votes to learn from.
    #[error("there are no votes")]
    NoVotes,
    /// A vote names an item, annotator or label that was not announced.
    #[error("vote {row} names an item, annotator or label out of range")]
    VoteOutOfRange {
        /// Which of the votes, counted from 0.
        row: usize,
    },
    /// A known item names an item or label that was not announced.
    #[error("known item {row} names an item or label out of range")]
    KnownOutOfRange {
        /// Which of the known items, counted from 0.
        row: usize,
    },
    /// The pull is negative or no number.
    #[error("shrinkage is a number from 0 up, not {0}")]
    BadShrinkage(f64),
}

/// A fitted [`DawidSkene`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Items × labels; rows sum to 1. An item without votes has the class prior.
    pub probabilities: Array2<f64>,
    /// The share of each label, over items that have votes and were not known beforehand (over all items that were
    /// voted on, where all were known).
    pub prior: Vec<f64>,
    /// Annotators × true label × given label; rows sum to 1. Without answers, the pooled table.
    pub confusion: Array3<f64>,
    /// Log-likelihood of the votes on unknown items under the returned parameters.
    pub log_likelihood: f64,
    /// Rounds of EM.
    pub rounds: usize,
    /// Whether probabilities had stopped moving.
    pub converged: bool,
}

impl DawidSkene {
    /// A model of full confusion matrices with a shrinkage of 1 answer.
    ///
    /// # Errors
    /// [`DawidSkeneError::Empty`].
    pub fn new(n_items: usize, n_annotators: usize, n_labels: usize) -> Result<Self, DawidSkeneError> {
        if n_items == 0 || n_annotators == 0 || n_labels == 0 {
            return Err(DawidSkeneError::Empty);
        }
        let people = People::Confusion { shrinkage: 1.0 };
        Ok(Self { n_items, n_annotators, n_labels, people, max_rounds: 500, tolerance: 1e-7 })
    }

    /// What to believe of people.
    ///
    /// # Errors
    /// [`DawidSkeneError::BadShrinkage`].
    pub fn people(mut self, people: People) -> Result<Self, DawidSkeneError> {
        match people {
            People::Confusion { shrinkage } if !(shrinkage >= 0.0 && shrinkage.is_finite()) => {
                Err(DawidSkeneError::BadShrinkage(shrinkage))
            }
            _ => {
                self.people = people;
                Ok(self)
            }
        }
    }

    /// Rounds at most, and the largest change of a probability that counts as none.
    #[must_use]
    pub fn until(mut self, max_rounds: usize, tolerance: f64) -> Self {
        self.max_rounds = max_rounds;
        self.tolerance = tolerance;
        self
    }

    /// Runs to convergence. `known` are (item, label) pairs such as golden items: they are held fast and teach how
    /// people answer, but stay out of the class prior, because nobody picked them at random.
    ///
    /// # Errors
    /// [`DawidSkeneError::NoVotes`], [`DawidSkeneError::VoteOutOfRange`], [`DawidSkeneError::KnownOutOfRange`].
    pub fn fit(&self, votes: &[Vote], known: &[(usize, usize)]) -> Result<Fitted, DawidSkeneError> {
        if votes.is_empty() {
            return Err(DawidSkeneError::NoVotes);
        }
        let out =
            |v: &Vote| v.item >= self.n_items || v.annotator >= self.n_annotators || v.label >= self.n_labels;
        if let Some(row) = votes.iter().position(out) {
            return Err(DawidSkeneError::VoteOutOfRange { row });
        }
        if let Some(row) = known.iter().position(|k| k.0 >= self.n_items || k.1 >= self.n_labels) {
            return Err(DawidSkeneError::KnownOutOfRange { row });
        }
        // Sorted, so that sums are the same whatever the order of votes.
        let mut votes = votes.to_vec();
        votes.sort_unstable_by_key(|v| (v.item, v.annotator, v.label));
        let mut fixed = vec![None; self.n_items];
        for &(item, label) in known {
            fixed[item] = Some(label);
        }

        let mut probabilities = self.vote_shares(&votes, &fixed);
        let mut fitted = self.maximize(&votes, &fixed, &probabilities);
        let (mut rounds, mut converged) = (0, false);
        while rounds < self.max_rounds && !converged {
            let (next, _) = self.expect(&votes, &fixed, &fitted);
            let moved = next.iter().zip(&probabilities).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            probabilities = next;
            fitted = self.maximize(&votes, &fixed, &probabilities);
            converged = moved < self.tolerance;
            rounds += 1;
        }
        let (probabilities, log_likelihood) = self.expect(&votes, &fixed, &fitted);
        let (prior, confusion) = fitted;
        Ok(Fitted { probabilities, prior, confusion, log_likelihood, rounds, converged })
    }

    fn vote_shares(&self, votes: &[Vote], fixed: &[Option<usize>]) -> Array2<f64> {
        let mut shares = Array2::zeros((self.n_items, self.n_labels));
        for of_item in votes.chunk_by(|a, b| a.item == b.item) {
            for vote in of_item {
                shares[[vote.item, vote.label]] += 1.0 / of_item.len() as f64;
            }
        }
        hold_fast(&mut shares, fixed);
        shares
    }

    /// Class prior and confusion tables that fit `probabilities` best.
    fn maximize(
        &self,
        votes: &[Vote],
        fixed: &[Option<usize>],
        probabilities: &Array2<f64>,
    ) -> (Vec<f64>, Array3<f64>) {
        let l = self.n_labels;
        let mut prior = vec![0.0; l];
        let open = |only_open: bool, prior: &mut [f64]| {
            let mut n = 0.0;
            for of_item in votes.chunk_by(|a, b| a.item == b.item) {
                if only_open && fixed[of_item[0].item].is_some() {
                    continue;
                }
                n += 1.0;
                for (share, p) in prior.iter_mut().zip(probabilities.row(of_item[0].item)) {
                    *share += p;
                }
            }
            n
        };
        let mut n = open(true, &mut prior);
        if n == 0.0 {
            n = open(false, &mut prior);
        }
        for share in &mut prior {
            *share /= n;
        }

        let mut counts = Array3::<f64>::zeros((self.n_annotators, l, l));
        for vote in votes {
            for truth in 0..l {
                counts[[vote.annotator, truth, vote.label]] += probabilities[[vote.item, truth]];
            }
        }
        match self.people {
            People::OneCoin => self.coins(&mut counts),
            People::Confusion { shrinkage } => {
                let mut pooled = counts.sum_axis(ndarray::Axis(0));
                for mut row in pooled.rows_mut() {
                    let sum: f64 = row.sum();
                    // A label that nothing is believed to be says nothing about how people would answer it.
                    row.mapv_inplace(|x| if sum > 0.0 { x / sum } else { 1.0 / l as f64 });
                }
                for mut table in counts.outer_iter_mut() {
                    for (mut row, pooled) in table.rows_mut().into_iter().zip(pooled.rows()) {
                        let sum: f64 = row.sum() + shrinkage;
                        if sum > 0.0 {
                            row.zip_mut_with(&pooled, |x, p| *x = (*x + shrinkage * p) / sum);
                        } else {
                            row.assign(&pooled);
                        }
                    }
                }
            }
        }
        (prior, counts)
    }

    /// Replaces counts by tables of one accuracy for each person; one right and one wrong answer are added, so that
    /// nobody is believed to be always right.
    fn coins(&self, counts: &mut Array3<f64>) {
        let l = self.n_labels;
        for mut table in counts.outer_iter_mut() {
            let right: f64 = table.diag().sum();
            let all: f64 = table.sum();
            let accuracy = if l == 1 { 1.0 } else { (right + 1.0) / (all + 2.0) };
            let wrong = (1.0 - accuracy) / (l.max(2) - 1) as f64;
            table.fill(wrong);
            table.diag_mut().fill(accuracy);
        }
    }

    /// Label probabilities of each item, and the log-likelihood of the votes on items that are not held fast.
    fn expect(
        &self,
        votes: &[Vote],
        fixed: &[Option<usize>],
        (prior, confusion): &(Vec<f64>, Array3<f64>),
    ) -> (Array2<f64>, f64) {
        // In logarithms: a few hundred votes on an item would otherwise vanish below the smallest float.
        let log_prior: Vec<f64> = prior.iter().map(|p| p.ln()).collect();
        let log_confusion = confusion.mapv(f64::ln);
        let mut probabilities = Array2::zeros((self.n_items, self.n_labels));
        for mut row in probabilities.rows_mut() {
            for (p, share) in row.iter_mut().zip(prior) {
                *p = *share;
            }
        }
        let mut log_likelihood = 0.0;
        let mut logs = vec![0.0; self.n_labels];
        for of_item in votes.chunk_by(|a, b| a.item == b.item) {
            let item = of_item[0].item;
            logs.copy_from_slice(&log_prior);
            for vote in of_item {
                for (truth, log) in logs.iter_mut().enumerate() {
                    *log += log_confusion[[vote.annotator, truth, vote.label]];
                }
            }
            let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Votes that the model holds impossible leave the item where the prior puts it.
            if most == f64::NEG_INFINITY {
                continue;
            }
            let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
            for (truth, log) in logs.iter().enumerate() {
                probabilities[[item, truth]] = (log - most).exp() / sum;
            }
            if fixed[item].is_none() {
                log_likelihood += most + sum.ln();
            }
        }
        hold_fast(&mut probabilities, fixed);
        (probabilities, log_likelihood)
    }
}

fn hold_fast(probabilities: &mut Array2<f64>, fixed: &[Option<usize>]) {
    for (mut row, label) in probabilities.rows_mut().into_iter().zip(fixed) {
        if let Some(label) = label {
            row.fill(0.0);
            row[*label] = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn the_most_votes_win_and_ties_stay_open() {
        assert_eq!(majority::<u32>(&[]), Outcome::NoVotes);
        assert_eq!(majority(&[4]), Outcome::Agreed { value: 4, votes: 1, of: 1 });
        assert_eq!(majority(&[4, 2, 4, 3]), Outcome::Agreed { value: 4, votes: 2, of: 4 });
        assert_eq!(majority(&[4, 2, 4, 2, 1]), Outcome::Tie { values: vec![2, 4], votes: 2, of: 5 });
    }

    #[test]
    fn sets_are_wholes_or_label_by_label() {
        let votes = [vec![2, 1], vec![1, 2, 1], vec![], vec![1]];
        assert_eq!(majority_sets(&votes), Outcome::Agreed { value: vec![1, 2], votes: 2, of: 4 });
        assert_eq!(majority_each(&votes), EachLabel { agreed: vec![1], tied: vec![2], of: 4 });
        assert_eq!(majority_sets::<Vec<u32>>(&[]), Outcome::NoVotes);
        let empty: Vec<u32> = vec![];
        assert_eq!(majority_sets(&[&empty, &empty]), Outcome::Agreed { value: vec![], votes: 2, of: 2 });
        assert_eq!(majority_each::<Vec<u32>>(&[]), EachLabel::default());
    }

    /// Dawid and Skene 1979, table 1: five anesthetists on 45 patients; the first of them three times.
    const ANESTHETISTS: [&str; 45] = [
        "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433", "2222223",
        "2322223", "4444444", "2223343", "1111111", "2223212", "1211111", "1112111", "1111111", "1111111",
        "2222221", "2221322", "2222222", "2222221", "2223222", "2212222", "1111111", "1111111", "2322222",
        "1111111", "1111111", "1121121", "1111111", "3333233", "1111111", "2222222", "2223232", "4334343",
        "2212232", "2323233", "3333432", "1111111", "1111111", "1212111", "2322222", "1211111", "2222222",
    ];

    fn anesthetists() -> Vec<Vote> {
        let mut votes = Vec::new();
        for (item, line) in ANESTHETISTS.iter().enumerate() {
            for (at, digit) in line.bytes().enumerate() {
                // The first three are the first anesthetist's repeats.
                let annotator = at.saturating_sub(2);
                votes.push(Vote { item, annotator, label: usize::from(digit - b'1') });
            }
        }
        votes
    }

    #[test]
    fn the_anesthetists() {
        let model = DawidSkene::new(45, 5, 4).unwrap().people(People::Confusion { shrinkage: 0.0 }).unwrap();
        let fitted = model.until(5_000, 1e-10).fit(&anesthetists(), &[]).unwrap();
        for (got, wanted) in fitted.prior.iter().zip([0.3996, 0.4220, 0.1118, 0.0667]) {
            assert!((got - wanted).abs() < 1e-4, "{:?}", fitted.prior);
        }
        assert!(fitted.converged && (fitted.log_likelihood - -192.8909).abs() < 1e-3, "{fitted:?}");
        // Items 7, 35 and 38 of the published table 4 are those in doubt.
        for (item, label, p) in [(6, 0, 0.98102), (34, 1, 0.947_995), (37, 2, 0.9788), (1, 3, 1.0)] {
            assert!(
                (fitted.probabilities[[item, label]] - p).abs() < 1e-3,
                "{}",
                fitted.probabilities.row(item)
            );
        }
    }

    #[test]
    fn known_items_teach_but_stay_out_of_the_prior() {
        let votes = anesthetists();
        let model = DawidSkene::new(45, 5, 4).unwrap();
        let known: Vec<(usize, usize)> = (0..10).map(|item| (item, 3)).collect();
        let fitted = model.fit(&votes, &known).unwrap();
        assert!((0..10).all(|item| fitted.probabilities[[item, 3]] == 1.0));
        let open: f64 = (10..45).map(|item| fitted.probabilities[[item, 3]]).sum::<f64>() / 35.0;
        assert!((fitted.prior[3] - open).abs() < 1e-4);
        let all_known: Vec<(usize, usize)> = (0..45).map(|item| (item, item % 4)).collect();
        assert!((model.fit(&votes, &all_known).unwrap().prior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn whoever_answers_at_random_is_found_out() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(4);
        let truth: Vec<usize> = (0..600).map(|_| random.gen_range(0..5)).collect();
        let accuracy = [0.9, 0.85, 0.8, 0.2];
        let mut votes = Vec::new();
        for (item, &label) in truth.iter().enumerate() {
            for (annotator, &right) in accuracy.iter().enumerate() {
                let label = if random.gen_bool(right) { label } else { (label + random.gen_range(1..5)) % 5 };
                votes.push(Vote { item, annotator, label });
            }
        }
        for people in [People::OneCoin, People::Confusion { shrinkage: 1.0 }] {
            let fitted =
                DawidSkene::new(600, 4, 5).unwrap().people(people).unwrap().fit(&votes, &[]).unwrap();
            for (annotator, &right) in accuracy.iter().enumerate() {
                let table = fitted.confusion.index_axis(ndarray::Axis(0), annotator);
                assert!((table.diag().sum() / 5.0 - right).abs() < 0.06, "{people:?} {annotator}: {table}");
            }
        }
    }

    #[test]
    fn what_can_not_be_asked_says_so() {
        assert_eq!(DawidSkene::new(1, 0, 1), Err(DawidSkeneError::Empty));
        let model = DawidSkene::new(2, 2, 2).unwrap();
        let vote = |item, annotator, label| Vote { item, annotator, label };
        assert_eq!(model.fit(&[], &[]), Err(DawidSkeneError::NoVotes));
        assert_eq!(
            model.fit(&[vote(0, 0, 0), vote(0, 0, 2)], &[]),
            Err(DawidSkeneError::VoteOutOfRange { row: 1 })
        );
        assert_eq!(model.fit(&[vote(0, 0, 0)], &[(2, 0)]), Err(DawidSkeneError::KnownOutOfRange { row: 0 }));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(model.clone().people(People::Confusion { shrinkage: bad }).is_err());
        }
        // Nobody voted on item 1, and annotator 1 never voted.
        let fitted = model.fit(&[vote(0, 0, 0)], &[]).unwrap();
        assert_eq!(fitted.probabilities.row(1).to_vec(), fitted.prior);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn probabilities_are_probabilities(
            raw in proptest::collection::vec((0_usize..8, 0_usize..3, 0_usize..4), 1..60),
            known in proptest::collection::vec((0_usize..8, 0_usize..4), 0..4),
            shrinkage in prop_oneof![Just(0.0), 0.0..5.0_f64],
            coin: bool,
        ) {
            let votes: Vec<Vote> =
                raw.iter().map(|&(item, annotator, label)| Vote { item, annotator, label }).collect();
            let people = if coin { People::OneCoin } else { People::Confusion { shrinkage } };
            let model = DawidSkene::new(8, 3, 4).unwrap().people(people).unwrap().until(40, 1e-6);
            let fitted = model.fit(&votes, &known).unwrap();
            for row in fitted.probabilities.rows() {
                prop_assert!((row.sum() - 1.0).abs() < 1e-9 && row.iter().all(|p| (0.0..=1.0).contains(p)), "{row}");
            }
            for table in fitted.confusion.outer_iter() {
                for row in table.rows() {
                    prop_assert!((row.sum() - 1.0).abs() < 1e-9, "{table}");
                }
            }
            let mut other = votes.clone();
            other.reverse();
            prop_assert_eq!(model.fit(&other, &known).unwrap(), fitted);
        }
    }
}
