//! Dawid and Skene's model: labels that nobody knows and people who err each in their own way, fitted together.

use ndarray::Array2;
use rayon::prelude::*;
use thiserror::Error;

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
    OneCoin {
        /// So many right and so many wrong answers are added to each person's, from 0 up: (right + s) / (all + 2 s), so
        /// that nobody is believed to be always right. 0 gives the figures of crowd-kit's `OneCoinDawidSkene`.
        smoothing: f64,
    },
}

impl People {
    /// One number for each person, with one right and one wrong answer added.
    pub const ONE_COIN: People = People::OneCoin { smoothing: 1.0 };
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
    /// The smoothing is negative or no number.
    #[error("smoothing is a number from 0 up, not {0}")]
    BadSmoothing(f64),
    /// Probabilities and tables that would not fit into 2 GB. [`People::OneCoin`] and fewer labels need less.
    #[error(
        "{cells} numbers would have to be kept, more than fit into 2 GB: use fewer labels or the one-coin model"
    )]
    TooLarge {
        /// How many numbers.
        cells: usize,
    },
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
    /// [`DawidSkeneError::BadShrinkage`], [`DawidSkeneError::BadSmoothing`].
    pub fn people(mut self, people: People) -> Result<Self, DawidSkeneError> {
        let is_bad = |weight: f64| !(weight >= 0.0 && weight.is_finite());
        match people {
            People::Confusion { shrinkage } if is_bad(shrinkage) => {
                Err(DawidSkeneError::BadShrinkage(shrinkage))
            }
            People::OneCoin { smoothing } if is_bad(smoothing) => {
                Err(DawidSkeneError::BadSmoothing(smoothing))
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
    /// people answer, but stay out of the class prior, because nobody picked them at random. Of several for one item
    /// the last counts.
    ///
    /// Items and people are spread over all cores; sums keep their order, so the result is the same to the bit on any
    /// number of them.
    ///
    /// # Errors
    /// [`DawidSkeneError::NoVotes`], [`DawidSkeneError::VoteOutOfRange`], [`DawidSkeneError::KnownOutOfRange`],
    /// [`DawidSkeneError::TooLarge`].
    pub fn fit(&self, votes: &[Vote], known: &[(usize, usize)]) -> Result<Fitted, DawidSkeneError> {
        self.check(votes, known)?;
        let slots = votes.len().min(self.n_annotators.saturating_mul(self.n_labels));
        let cells = self.cells(slots);
        if cells > MOST_CELLS {
            return Err(DawidSkeneError::TooLarge { cells });
        }
        let table = Table::new(self, votes, known);
        let mut probabilities = table.vote_shares();
        let mut beliefs = table.maximize(&probabilities);
        let mut next = Array2::zeros(probabilities.raw_dim());
        let (mut rounds, mut converged) = (0, false);
        while rounds < self.max_rounds && !converged {
            let (moved, _) = table.expect(&beliefs, &probabilities, &mut next);
            std::mem::swap(&mut probabilities, &mut next);
            beliefs = table.maximize(&probabilities);
            converged = moved < self.tolerance;
            rounds += 1;
        }
        let (_, log_likelihood) = table.expect(&beliefs, &probabilities, &mut next);
        Ok(Fitted { probabilities: next, log_likelihood, rounds, converged, ..table.report(beliefs) })
    }

    /// Numbers that will be kept at a time: probabilities and people twice, and the pooled table.
    fn cells(&self, slots: usize) -> usize {
        let pooled = match self.people {
            People::OneCoin { .. } => 0,
            People::Confusion { .. } => self.n_annotators.saturating_add(self.n_labels),
        };
        let rows = self.n_items.saturating_add(slots).saturating_mul(2).saturating_add(pooled);
        rows.saturating_mul(self.n_labels)
    }

    fn check(&self, votes: &[Vote], known: &[(usize, usize)]) -> Result<(), DawidSkeneError> {
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
        Ok(())
    }
}

/// A fitted [`DawidSkene`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Items × labels; rows sum to 1. An item without votes has the class prior.
    pub probabilities: Array2<f64>,
    /// The share of each label, over items that have votes and were not known beforehand (over all items that were
    /// voted on, where all were known).
    pub prior: Vec<f64>,
    /// Log-likelihood of the votes on unknown items under the returned parameters.
    pub log_likelihood: f64,
    /// Rounds of EM.
    pub rounds: usize,
    /// Whether probabilities had stopped moving.
    pub converged: bool,
    beliefs: Beliefs,
    /// The slots of an annotator are `slots[starts[a]..starts[a + 1]]`: labels they ever gave, ascending.
    slots: Vec<u32>,
    starts: Vec<usize>,
}

impl Fitted {
    /// How a person answers: true label × given label; rows sum to 1. Without answers it is the pooled table (an even
    /// one for one-coin). `None` for an annotator that was not announced.
    #[must_use]
    pub fn confusion(&self, annotator: usize) -> Option<Array2<f64>> {
        let l = self.prior.len();
        let of_person = *self.starts.get(annotator)?..*self.starts.get(annotator + 1)?;
        let mut table = match &self.beliefs.unseen {
            Unseen::Coin { wrong } => {
                let mut table = Array2::from_elem((l, l), wrong[annotator]);
                table.diag_mut().fill(if l == 1 { 1.0 } else { 1.0 - wrong[annotator] * (l - 1) as f64 });
                return Some(table);
            }
            // What was never given is only the pull of the pooled table.
            Unseen::Pull { share, pooled } => {
                let mut table = pooled.clone();
                for (mut row, share) in table.rows_mut().into_iter().zip(share.row(annotator)) {
                    row *= *share;
                }
                table
            }
        };
        for slot in of_person {
            table.column_mut(self.slots[slot] as usize).assign(&self.beliefs.slots.row(slot));
        }
        Some(table)
    }

    /// How often a person is right, over labels as they fall: the diagonal of [`Fitted::confusion`] weighed by the
    /// prior.
    #[must_use]
    pub fn accuracy(&self, annotator: usize) -> Option<f64> {
        let of_person = *self.starts.get(annotator)?..*self.starts.get(annotator + 1)?;
        let slots = &self.slots[of_person.clone()];
        let right = |label: usize| match (&self.beliefs.unseen, slots.binary_search(&(label as u32))) {
            (_, Ok(at)) => self.beliefs.slots[[of_person.start + at, label]],
            (Unseen::Pull { share, pooled }, _) => share[[annotator, label]] * pooled[[label, label]],
            (Unseen::Coin { .. }, _) if self.prior.len() == 1 => 1.0,
            (Unseen::Coin { wrong }, _) => 1.0 - wrong[annotator] * (self.prior.len() - 1) as f64,
        };
        Some(self.prior.iter().enumerate().map(|(label, share)| share * right(label)).sum())
    }
}

/// 2 GB of doubles.
const MOST_CELLS: usize = 1 << 28;
/// Items of one piece of work.
const CHUNK: usize = 256;

/// Votes in the orders in which the two steps want them.
struct Table<'a> {
    model: &'a DawidSkene,
    /// Of each vote, by item: its slot, that is its (annotator, label).
    by_item: Vec<u32>,
    /// `by_item[item_starts[i]..item_starts[i + 1]]` are the votes on item i.
    item_starts: Vec<usize>,
    /// Of each vote, by slot: its item.
    by_slot: Vec<u32>,
    slot_starts: Vec<usize>,
    /// The label of each slot; those of annotator a are `slots[annotator_starts[a]..annotator_starts[a + 1]]`.
    slots: Vec<u32>,
    annotator_starts: Vec<usize>,
    fixed: Vec<Option<usize>>,
    /// Items from which the class prior is taken.
    prior_items: Vec<usize>,
}

/// Parameters of the model.
#[derive(Debug, Clone, PartialEq)]
struct Beliefs {
    prior: Vec<f64>,
    /// Slots × true labels: how likely the slot's person gives the slot's label.
    slots: Array2<f64>,
    unseen: Unseen,
}

/// What to believe of labels that a person never gave.
#[derive(Debug, Clone, PartialEq)]
enum Unseen {
    /// The pooled table, and what of each row (annotators × true labels) comes from it.
    Pull { share: Array2<f64>, pooled: Array2<f64> },
    /// One probability for each wrong label of each person.
    Coin { wrong: Vec<f64> },
}

impl<'a> Table<'a> {
    fn new(model: &'a DawidSkene, votes: &[Vote], known: &[(usize, usize)]) -> Self {
        let mut by_person: Vec<Vote> = votes.to_vec();
        // Sorted, so that sums are the same whatever the order of votes.
        by_person.sort_unstable_by_key(|v| (v.annotator, v.label, v.item));
        let mut slots = Vec::new();
        let mut slot_starts = Vec::new();
        let mut by_slot = Vec::with_capacity(votes.len());
        let mut annotator_starts = vec![0; model.n_annotators + 1];
        let mut item_starts = vec![0; model.n_items + 1];
        for of_slot in by_person.chunk_by(|a, b| (a.annotator, a.label) == (b.annotator, b.label)) {
            slots.push(of_slot[0].label as u32);
            annotator_starts[of_slot[0].annotator + 1] += 1;
            slot_starts.push(by_slot.len());
            by_slot.extend(of_slot.iter().map(|v| v.item as u32));
        }
        slot_starts.push(by_slot.len());
        for vote in &by_person {
            item_starts[vote.item + 1] += 1;
        }
        running_sum(&mut annotator_starts);
        running_sum(&mut item_starts);
        let mut next = item_starts.clone();
        let mut by_item = vec![0; votes.len()];
        for (slot, ends) in slot_starts.windows(2).enumerate() {
            for &item in &by_slot[ends[0]..ends[1]] {
                by_item[next[item as usize]] = slot as u32;
                next[item as usize] += 1;
            }
        }
        let mut fixed = vec![None; model.n_items];
        for &(item, label) in known {
            fixed[item] = Some(label);
        }
        let voted = |item: &usize| item_starts[*item] < item_starts[item + 1];
        let mut prior_items: Vec<usize> =
            (0..model.n_items).filter(|item| voted(item) && fixed[*item].is_none()).collect();
        if prior_items.is_empty() {
            prior_items = (0..model.n_items).filter(voted).collect();
        }
        Self {
            model,
            by_item,
            item_starts,
            by_slot,
            slot_starts,
            slots,
            annotator_starts,
            fixed,
            prior_items,
        }
    }

    fn slots_of(&self, item: usize) -> &[u32] {
        &self.by_item[self.item_starts[item]..self.item_starts[item + 1]]
    }

    fn vote_shares(&self) -> Array2<f64> {
        let mut shares = Array2::zeros((self.model.n_items, self.model.n_labels));
        for (item, mut row) in shares.rows_mut().into_iter().enumerate() {
            let slots = self.slots_of(item);
            for slot in slots {
                row[self.slots[*slot as usize] as usize] += 1.0 / slots.len() as f64;
            }
            if let Some(label) = self.fixed[item] {
                row.fill(0.0);
                row[label] = 1.0;
            }
        }
        shares
    }

    /// Class prior and people that fit `probabilities` best.
    fn maximize(&self, probabilities: &Array2<f64>) -> Beliefs {
        let l = self.model.n_labels;
        let mut prior = vec![0.0; l];
        let p = probabilities.as_slice().unwrap_or_default();
        let row = |item: usize| &p[item * l..(item + 1) * l];
        for item in &self.prior_items {
            add(&mut prior, row(*item));
        }
        for share in &mut prior {
            *share /= self.prior_items.len() as f64;
        }

        let mut counts = Array2::<f64>::zeros((self.slots.len(), l));
        // A slot's row is summed by one thread over its items in order.
        let rows = counts.as_slice_mut().unwrap_or_default();
        rows.par_chunks_mut(l).enumerate().with_min_len(16).for_each(|(slot, sums)| {
            for item in &self.by_slot[self.slot_starts[slot]..self.slot_starts[slot + 1]] {
                add(sums, row(*item as usize));
            }
        });
        match self.model.people {
            People::OneCoin { smoothing } => self.coins(prior, counts, smoothing),
            People::Confusion { shrinkage } => self.tables(prior, counts, shrinkage),
        }
    }

    fn tables(&self, prior: Vec<f64>, mut counts: Array2<f64>, shrinkage: f64) -> Beliefs {
        let l = self.model.n_labels;
        let mut pooled = Array2::<f64>::zeros((l, l));
        // Answers of each person to each true label.
        let mut sums = Array2::<f64>::zeros((self.model.n_annotators, l));
        for (mut sums, ends) in sums.rows_mut().into_iter().zip(self.annotator_starts.windows(2)) {
            for slot in ends[0]..ends[1] {
                sums += &counts.row(slot);
                let mut given = pooled.column_mut(self.slots[slot] as usize);
                given += &counts.row(slot);
            }
        }
        for mut row in pooled.rows_mut() {
            let sum: f64 = row.sum();
            // A label that nothing is believed to be says nothing about how people would answer it.
            row.mapv_inplace(|x| if sum > 0.0 { x / sum } else { 1.0 / l as f64 });
        }
        for (sums, ends) in sums.rows().into_iter().zip(self.annotator_starts.windows(2)) {
            for slot in ends[0]..ends[1] {
                let given = pooled.column(self.slots[slot] as usize);
                for ((x, sum), pull) in counts.row_mut(slot).iter_mut().zip(sums).zip(given) {
                    let all = sum + shrinkage;
                    *x = if all > 0.0 { (*x + shrinkage * pull) / all } else { *pull };
                }
            }
        }
        sums.mapv_inplace(|sum| if sum + shrinkage > 0.0 { shrinkage / (sum + shrinkage) } else { 1.0 });
        Beliefs { prior, slots: counts, unseen: Unseen::Pull { share: sums, pooled } }
    }

    /// One accuracy for each person, of one who never answered an even one.
    fn coins(&self, prior: Vec<f64>, mut counts: Array2<f64>, smoothing: f64) -> Beliefs {
        let l = self.model.n_labels;
        let mut wrong = Vec::with_capacity(self.model.n_annotators);
        for ends in self.annotator_starts.windows(2) {
            let (mut right, mut all) = (0.0, 0.0);
            for slot in ends[0]..ends[1] {
                right += counts[[slot, self.slots[slot] as usize]];
                all += counts.row(slot).sum();
            }
            let weight = all + 2.0 * smoothing;
            let accuracy = match l {
                1 => 1.0,
                _ if weight > 0.0 => (right + smoothing) / weight,
                _ => 0.5,
            };
            let one_wrong = (1.0 - accuracy) / (l.max(2) - 1) as f64;
            for slot in ends[0]..ends[1] {
                counts.row_mut(slot).fill(one_wrong);
                counts[[slot, self.slots[slot] as usize]] = accuracy;
            }
            wrong.push(one_wrong);
        }
        Beliefs { prior, slots: counts, unseen: Unseen::Coin { wrong } }
    }

    /// Writes the label probabilities of each item to `next`. Returns their largest distance to `before` and the
    /// log-likelihood of the votes on items that are not held fast.
    fn expect(&self, beliefs: &Beliefs, before: &Array2<f64>, next: &mut Array2<f64>) -> (f64, f64) {
        // In logarithms: a few hundred votes on an item would otherwise vanish below the smallest float.
        let log_prior: Vec<f64> = beliefs.prior.iter().map(|p| p.ln()).collect();
        let log_slots: Vec<f64> = beliefs.slots.iter().map(|p| p.ln()).collect();
        let l = self.model.n_labels;
        let (Some(before), Some(next)) = (before.as_slice(), next.as_slice_mut()) else { return (0.0, 0.0) };
        let chunks: Vec<(f64, f64)> = next
            .par_chunks_mut(CHUNK * l)
            .zip(before.par_chunks(CHUNK * l))
            .enumerate()
            .map(|(chunk, (next, before))| {
                let (mut moved, mut log_likelihood) = (0.0_f64, 0.0);
                for (at, (row, before)) in next.chunks_mut(l).zip(before.chunks(l)).enumerate() {
                    log_likelihood +=
                        self.expect_one(chunk * CHUNK + at, beliefs, &log_prior, &log_slots, row);
                    moved = row.iter().zip(before).map(|(a, b)| (a - b).abs()).fold(moved, f64::max);
                }
                (moved, log_likelihood)
            })
            .collect();
        chunks.iter().fold((0.0, 0.0), |(moved, sum), chunk| (f64::max(moved, chunk.0), sum + chunk.1))
    }

    /// Fills an item's row; its share of the log-likelihood.
    fn expect_one(
        &self,
        item: usize,
        beliefs: &Beliefs,
        log_prior: &[f64],
        log_slots: &[f64],
        row: &mut [f64],
    ) -> f64 {
        if let Some(label) = self.fixed[item] {
            row.fill(0.0);
            row[label] = 1.0;
            return 0.0;
        }
        let slots = self.slots_of(item);
        row.copy_from_slice(log_prior);
        for slot in slots {
            let slot = *slot as usize * row.len();
            add(row, &log_slots[slot..slot + row.len()]);
        }
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Votes that the model holds impossible leave the item where the prior puts it, as no votes do.
        if slots.is_empty() || most == f64::NEG_INFINITY {
            row.copy_from_slice(&beliefs.prior);
            return 0.0;
        }
        let mut sum = 0.0;
        for p in &mut *row {
            // What is below the smallest normal float is nothing: to carry it on would cost more than all the rest.
            let behind = *p - most;
            *p = if behind > -700.0 { behind.exp() } else { 0.0 };
            sum += *p;
        }
        for p in &mut *row {
            *p /= sum;
        }
        most + sum.ln()
    }

    fn report(self, beliefs: Beliefs) -> Fitted {
        Fitted {
            probabilities: Array2::zeros((0, 0)),
            prior: beliefs.prior.clone(),
            log_likelihood: 0.0,
            rounds: 0,
            converged: false,
            beliefs,
            slots: self.slots,
            starts: self.annotator_starts,
        }
    }
}

fn add(sum: &mut [f64], more: &[f64]) {
    for (sum, x) in sum.iter_mut().zip(more) {
        *sum += x;
    }
}

fn running_sum(counts: &mut [usize]) {
    for at in 1..counts.len() {
        counts[at] += counts[at - 1];
    }
}
