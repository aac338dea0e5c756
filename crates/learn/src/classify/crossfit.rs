//! Folds: probabilities for rows that the model has not seen.

use super::features::Gathered;
use super::{Classifier, ClassifyError, Features, Targets, same};
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
    let mut out = Array2::zeros((features.n_rows(), classifier.n_labels));
    for part in parts(features, targets, fold)? {
        part.write(classifier, &mut out)?;
    }
    Ok(out)
}

/// One fold, and the rows of all others.
pub(super) struct Part<'a> {
    held: Vec<usize>,
    held_features: Gathered,
    train: Gathered,
    train_rows: Vec<usize>,
    targets: Targets<'a>,
}

/// The folds that have rows, each gathered when its turn comes.
pub(super) fn parts<'f, 't, 'n>(
    features: Features<'f>,
    targets: Targets<'t>,
    fold: &'n [usize],
) -> Result<impl Iterator<Item = Part<'t>> + use<'f, 't, 'n>, ClassifyError> {
    let rows = features.n_rows();
    same(rows, targets.n_rows())?;
    same(rows, fold.len())?;
    let folds = fold.iter().max().map_or(0, |most| most + 1);
    Ok((0..folds).filter_map(move |this| {
        let (held, train_rows): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| fold[*row] == this);
        let gather = |rows: &[usize]| features.gather(rows);
        (!held.is_empty()).then(|| Part {
            held_features: gather(&held),
            train: gather(&train_rows),
            held,
            train_rows,
            targets,
        })
    }))
}

impl Part<'_> {
    /// The probabilities of the fold's own rows under a model of the others, into `out`. The fit starts from nothing: another
    /// fold's model has seen these rows, and one of another penalty is near enough to end where it began.
    pub(super) fn write(&self, classifier: &Classifier, out: &mut Array2<f32>) -> Result<(), ClassifyError> {
        let train = self.train.features();
        let model = match self.targets {
            Targets::One(labels) => {
                let labels: Vec<u32> = self.train_rows.iter().map(|row| labels[*row]).collect();
                classifier.fit(train, Targets::One(&labels), None)?
            }
            Targets::Sets(sets) => {
                let sets: Vec<Vec<u32>> = self.train_rows.iter().map(|row| sets[*row].clone()).collect();
                classifier.fit(train, Targets::Sets(&sets), None)?
            }
        };
        let probabilities = model.probabilities(self.held_features.features())?;
        for (row, p) in self.held.iter().zip(probabilities.rows()) {
            out.index_axis_mut(Axis(0), *row).assign(&p);
        }
        Ok(())
    }
}
