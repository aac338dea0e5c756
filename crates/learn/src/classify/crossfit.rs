//! Folds: probabilities for rows that the model has not seen, and the choice of features and penalty by them.

use super::{Classifier, ClassifyError, Features, Model, Targets, log_loss, metrics::Report, same};
use ndarray::{Array2, Axis};
use rand::{SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The fold of each row, from 0: every label is spread over the folds as evenly as it can be, and so are the rows as a
/// whole. Rows of label sets go by their first label.
///
/// # Errors
/// [`ClassifyError::BadFolds`] unless there are at least two folds and as many rows.
pub fn stratified_folds(targets: Targets, folds: usize, seed: u64) -> Result<Vec<usize>, ClassifyError> {
    let rows = targets.n_rows();
    if folds < 2 || rows < folds {
        return Err(ClassifyError::BadFolds { folds, rows });
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    // Stable: within a label the shuffled order stays. Dealing goes on from one label to the next.
    order.sort_by_key(|row| targets.of(*row).iter().min().copied());
    let mut fold = vec![0; rows];
    for (place, row) in order.into_iter().enumerate() {
        fold[row] = place % folds;
    }
    Ok(fold)
}

/// Rows × labels: each row's probabilities under a model that was fitted on the other folds. Where a label has rows in
/// one fold alone, its own fold gives it probability 0.
///
/// # Errors
/// [`ClassifyError`].
pub fn out_of_fold(
    classifier: &Classifier,
    features: Features,
    targets: Targets,
    fold: &[usize],
) -> Result<Array2<f32>, ClassifyError> {
    let rows = features.n_rows();
    same(rows, targets.n_rows())?;
    same(rows, fold.len())?;
    let mut out = Array2::zeros((rows, classifier.n_labels));
    let folds = fold.iter().max().map_or(0, |most| most + 1);
    for this in 0..folds {
        let (held, rest): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| fold[*row] == this);
        if held.is_empty() {
            continue;
        }
        let train = features.gather(&rest);
        // From nothing: the weights of another fold's model have seen these rows.
        let model = fit_some(classifier, &train.features(), targets, &rest)?;
        let held_features = features.gather(&held);
        let probabilities = model.probabilities(held_features.features())?;
        for (row, p) in held.iter().zip(probabilities.rows()) {
            out.index_axis_mut(Axis(0), *row).assign(&p);
        }
    }
    Ok(out)
}

fn fit_some(
    classifier: &Classifier,
    train: &Features,
    targets: Targets,
    rows: &[usize],
) -> Result<Model, ClassifyError> {
    match targets {
        Targets::One(labels) => {
            let labels: Vec<u32> = rows.iter().map(|row| labels[*row]).collect();
            classifier.fit(*train, Targets::One(&labels), None)
        }
        Targets::Sets(sets) => {
            let sets: Vec<Vec<u32>> = rows.iter().map(|row| sets[*row].clone()).collect();
            classifier.fit(*train, Targets::Sets(&sets), None)
        }
    }
}

/// Which blocks of the features are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The dense block alone.
    Dense,
    /// The sparse block alone.
    Sparse,
    /// Both.
    Joined,
}

impl Kind {
    /// These blocks of the features; `None` where a block is missing.
    #[must_use]
    pub fn of<'a>(self, features: Features<'a>) -> Option<Features<'a>> {
        match (self, features.dense, features.sparse) {
            (Kind::Dense, Some(dense), _) => Some(Features::dense(dense)),
            (Kind::Sparse, _, Some(sparse)) => Some(Features::sparse(sparse)),
            (Kind::Joined, Some(_), Some(_)) => Some(features),
            _ => None,
        }
    }
}

/// What was tried, and how it did on rows that its models had not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Which blocks.
    pub kind: Kind,
    /// The penalty.
    pub l2: f64,
    /// Mean log loss.
    pub log_loss: f64,
    /// Share of right labels.
    pub accuracy: f64,
}

/// The outcome of [`choose`].
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The candidate with the highest accuracy.
    pub best: Candidate,
    /// All of them, in the order in which they were tried.
    pub tried: Vec<Candidate>,
}

/// Tries each kind that the features allow with each penalty, by cross-validation in the same folds, and takes the
/// highest accuracy (of equals the one with the smaller log loss).
///
/// # Errors
/// [`ClassifyError`]; [`ClassifyError::Empty`] without a candidate.
pub fn choose(
    classifier: &Classifier,
    features: Features,
    labels: &[u32],
    kinds: &[Kind],
    penalties: &[f64],
    fold: &[usize],
) -> Result<Choice, ClassifyError> {
    let mut tried = Vec::new();
    for kind in kinds {
        let Some(features) = kind.of(features) else { continue };
        for l2 in penalties {
            let classifier = classifier.clone().l2(*l2)?;
            let probabilities = out_of_fold(&classifier, features, Targets::One(labels), fold)?;
            tried.push(Candidate {
                kind: *kind,
                l2: *l2,
                log_loss: log_loss(labels, probabilities.view())?,
                accuracy: Report::of_probabilities(labels, probabilities.view())?.accuracy,
            });
        }
    }
    let best = tried
        .iter()
        .max_by(|a, b| a.accuracy.total_cmp(&b.accuracy).then(b.log_loss.total_cmp(&a.log_loss)))
        .copied()
        .ok_or(ClassifyError::Empty)?;
    Ok(Choice { best, tried })
}
