//! Sets of labels by Dawid and Skene: every label is a yes-or-no question of its own.

use super::{DawidSkene, DawidSkeneError, Fitted, People, Vote};

/// One answer that is a set of labels: indices from 0. The empty set is an answer: no to every label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetVote {
    /// Which item.
    pub item: usize,
    /// Whose answer.
    pub annotator: usize,
    /// Which labels; order and repeats say nothing.
    pub labels: Vec<usize>,
}

/// A model of two labels for each label of many: 0 is no, 1 is yes.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelVotes {
    n_labels: usize,
    model: DawidSkene,
}

impl LabelVotes {
    /// With a shrinkage of 1 answer.
    ///
    /// # Errors
    /// [`DawidSkeneError::Empty`].
    pub fn new(n_items: usize, n_annotators: usize, n_labels: usize) -> Result<Self, DawidSkeneError> {
        if n_labels == 0 {
            return Err(DawidSkeneError::Empty);
        }
        Ok(Self { n_labels, model: DawidSkene::new(n_items, n_annotators, 2)? })
    }

    /// As [`DawidSkene::people`].
    ///
    /// # Errors
    /// [`DawidSkeneError::BadShrinkage`].
    pub fn people(self, people: People) -> Result<Self, DawidSkeneError> {
        Ok(Self { model: self.model.people(people)?, ..self })
    }

    /// As [`DawidSkene::until`].
    #[must_use]
    pub fn until(self, max_rounds: usize, tolerance: f64) -> Self {
        Self { model: self.model.until(max_rounds, tolerance), ..self }
    }

    /// Fits one label after the other and hands each to `report` with its index, so that only one is in memory at a
    /// time. `known` are items whose whole set is known.
    ///
    /// # Errors
    /// As [`DawidSkene::fit`]; rows are those of `votes` and `known`.
    pub fn fit(
        &self,
        votes: &[SetVote],
        known: &[(usize, Vec<usize>)],
        mut report: impl FnMut(usize, Fitted),
    ) -> Result<(), DawidSkeneError> {
        if let Some(row) = votes.iter().position(|v| v.labels.iter().any(|l| *l >= self.n_labels)) {
            return Err(DawidSkeneError::VoteOutOfRange { row });
        }
        if let Some(row) = known.iter().position(|k| k.1.iter().any(|l| *l >= self.n_labels)) {
            return Err(DawidSkeneError::KnownOutOfRange { row });
        }
        for label in 0..self.n_labels {
            let yes_or_no: Vec<Vote> = votes
                .iter()
                .map(|v| Vote {
                    item: v.item,
                    annotator: v.annotator,
                    label: usize::from(v.labels.contains(&label)),
                })
                .collect();
            let known: Vec<(usize, usize)> =
                known.iter().map(|(item, labels)| (*item, usize::from(labels.contains(&label)))).collect();
            report(label, self.model.fit(&yes_or_no, &known)?);
        }
        Ok(())
    }
}
