//! From rows and their labels to a model.

use super::features::{check_finite, used_columns};
use super::lbfgs::{self, Until};
use super::objective::{Layout, NO_SLOT, Objective};
use super::{ClassWeights, ClassifyError, Features, Link, Model, Targets, same};

/// Softmax regression with a ridge penalty: minimizes Σ log loss + ½ · `l2` · ‖weights‖², the bias being free
/// (scikit-learn's `LogisticRegression(C = 1 / l2)`), by L-BFGS (Liu and Nocedal 1989). On label sets: a logistic
/// regression for each label, fitted together.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    pub(super) n_labels: usize,
    l2: f64,
    weights: ClassWeights,
    tolerance: f64,
    iterations: usize,
}

impl Classifier {
    /// A classifier into `n_labels` labels, with a penalty of 0.03, which does well on vectors of length 1 with few rows for each
    /// label, and even weights.
    ///
    /// # Errors
    /// [`ClassifyError::Empty`] without labels.
    pub fn new(n_labels: usize) -> Result<Self, ClassifyError> {
        if n_labels == 0 || n_labels >= NO_SLOT as usize {
            return Err(ClassifyError::Empty);
        }
        Ok(Self { n_labels, l2: 0.03, weights: ClassWeights::Even, tolerance: 1e-4, iterations: 300 })
    }

    /// How strong the penalty is.
    ///
    /// # Errors
    /// [`ClassifyError::BadPenalty`] unless it is a number above 0.
    pub fn l2(mut self, l2: f64) -> Result<Self, ClassifyError> {
        if !(l2 > 0.0 && l2.is_finite()) {
            return Err(ClassifyError::BadPenalty(l2));
        }
        self.l2 = l2;
        Ok(self)
    }

    /// What rows count.
    ///
    /// # Errors
    /// [`ClassifyError::BadWeights`] unless there is one number above 0 for each label.
    pub fn weights(mut self, weights: ClassWeights) -> Result<Self, ClassifyError> {
        if let ClassWeights::Given(given) = &weights
            && (given.len() != self.n_labels || !given.iter().all(|w| *w > 0.0 && w.is_finite()))
        {
            return Err(ClassifyError::BadWeights);
        }
        self.weights = weights;
        Ok(self)
    }

    /// Until the mean gradient has no component above `tolerance` (1e-4 unless told otherwise), for at most
    /// `iterations` (300).
    #[must_use]
    pub fn until(mut self, tolerance: f64, iterations: usize) -> Self {
        self.tolerance = tolerance;
        self.iterations = iterations;
        self
    }

    /// Fits, from the weights of an earlier model if there is one. Labels that no row has get probability 0; if all
    /// rows have the same one label, it gets probability 1 whatever the features.
    ///
    /// Needs, beside the features: 4 bytes × rows × labels that occur, a second copy of the sparse block, and 25 times
    /// the model (15 times where sparse features make it larger than 4 MB).
    ///
    /// # Errors
    /// [`ClassifyError`]; an earlier model of other labels or columns is [`ClassifyError::Columns`].
    pub fn fit(
        &self,
        features: Features,
        targets: Targets,
        earlier: Option<&Model>,
    ) -> Result<Model, ClassifyError> {
        let rows = features.n_rows();
        same(rows, targets.n_rows())?;
        let (n_dense, n_sparse) = features.n_columns();
        if rows == 0 || n_dense + n_sparse == 0 {
            return Err(ClassifyError::Empty);
        }
        let kind = match targets {
            Targets::One(_) => Link::Softmax,
            Targets::Sets(_) => Link::Logistic,
        };
        if let Some(earlier) = earlier
            && (earlier.link != kind
                || earlier.n_labels != self.n_labels
                || earlier.n_columns != features.n_columns())
        {
            return Err(ClassifyError::Columns);
        }
        check_finite(features)?;

        let mut counts = vec![0_usize; self.n_labels];
        for row in 0..rows {
            for label in targets.of(row) {
                let count = counts.get_mut(*label as usize).ok_or(ClassifyError::LabelOutOfRange { row })?;
                *count += 1;
            }
        }
        let labels: Vec<u32> = (0..self.n_labels as u32).filter(|l| counts[*l as usize] > 0).collect();
        let columns = used_columns(features);
        let layout = Layout { labels: labels.len(), dense: n_dense, sparse: columns.len() };
        let column_slot = slots(&columns, n_sparse);
        let mut model = Model {
            n_labels: self.n_labels,
            n_columns: features.n_columns(),
            link: kind,
            layout,
            labels,
            columns,
            column_slot,
            parameters: vec![0.0; layout.len()],
            iterations: 0,
            converged: true,
        };
        if layout.labels == 0 || (kind == Link::Softmax && layout.labels == 1) {
            return Ok(model);
        }
        if let Some(earlier) = earlier {
            model.start_from(earlier);
        }
        let label_slot = slots(&model.labels, self.n_labels);
        let weights = self.label_weights(&model.labels, &counts, rows, kind);
        let mut objective = Objective::new(
            features.reborrow(),
            targets,
            kind,
            layout,
            &label_slot,
            &model.column_slot,
            &weights,
            self.l2,
        );
        let until = Until {
            gradient: self.tolerance * rows as f64,
            iterations: self.iterations,
            memory: if layout.len() > 1 << 20 { 5 } else { 10 },
        };
        let scale = objective.scale();
        let mut parameters = std::mem::take(&mut model.parameters);
        objective.center(&mut parameters);
        let ended = lbfgs::minimize(&mut parameters, &scale, until, |x, g| objective.evaluate(x, g));
        objective.uncenter(&mut parameters);
        model.parameters = parameters;
        (model.iterations, model.converged) = (ended.iterations, ended.converged);
        Ok(model)
    }

    fn label_weights(&self, labels: &[u32], counts: &[usize], rows: usize, kind: Link) -> Vec<f32> {
        let of = |label: &u32| {
            let count = counts[*label as usize] as f32;
            match (&self.weights, kind) {
                (ClassWeights::Even, _) => 1.0,
                (ClassWeights::Given(given), _) => given[*label as usize],
                (ClassWeights::Balanced, Link::Softmax) => rows as f32 / (labels.len() as f32 * count),
                (ClassWeights::Balanced, Link::Logistic) => (rows as f32 - count).max(1.0) / count,
            }
        };
        labels.iter().map(of).collect()
    }
}

/// For each of `n` numbers its place in `those`, or [`NO_SLOT`].
fn slots(those: &[u32], n: usize) -> Vec<u32> {
    let mut slots = vec![NO_SLOT; n];
    for (slot, this) in those.iter().enumerate() {
        slots[*this as usize] = slot as u32;
    }
    slots
}
