//! What rows are, and how much they count.

/// The true labels of training rows.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// Exactly one label for each row.
    One(&'a [u32]),
    /// Any number of labels for each row, none included; their order and repeats say nothing.
    Sets(&'a [Vec<u32>]),
}

impl Targets<'_> {
    /// How many rows there are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match self {
            Targets::One(labels) => labels.len(),
            Targets::Sets(sets) => sets.len(),
        }
    }

    pub(super) fn of(&self, row: usize) -> &[u32] {
        match self {
            Targets::One(labels) => &labels[row..=row],
            Targets::Sets(sets) => &sets[row],
        }
    }
}

/// How much a row counts, by its label.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeights {
    /// All the same.
    Even,
    /// Inversely to how often the label stands in the training rows, on average 1: rare labels count as much as common
    /// ones. With label sets: positive rows of a label together count as much as its negative ones.
    Balanced,
    /// One weight for each label (with label sets: for its positive rows).
    Given(Vec<f32>),
}
