//! The choice of features and penalty by rows that the models have not seen.

use super::crossfit::{Part, parts};
use super::{Classifier, ClassifyError, Features, Targets, log_loss, metrics::Report};
use crate::calibrate::Temperature;
use ndarray::Array2;

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
    /// Mean log loss at the temperature that suits these rows best: a strong penalty makes probabilities even, which a
    /// temperature undoes, so that the loss as it comes would always speak for a weak one.
    pub log_loss: f64,
    /// Share of right labels.
    pub accuracy: f64,
}

/// The outcome of [`choose`].
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The best candidate.
    pub best: Candidate,
    /// All of them, in the order in which they were tried.
    pub tried: Vec<Candidate>,
    /// Whether the best penalty is the first or last that was offered and its neighbour was worse: one beyond may be better.
    pub at_edge: bool,
}

/// Chooses features and penalty by cross-validation in the same folds. Every kind that the features allow is tried with
/// the middle one of `penalties`, which fall from strong to weak, and the one of the highest accuracy is taken. It goes on to
/// weaker penalties as long as they lower the log loss, or else to stronger ones: between penalties accuracy differs by a few
/// rows, which is an accident more often than not.
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
    let middle = penalties.len() / 2;
    let mut first: Option<(Walk, Candidate)> = None;
    let mut tried = Vec::new();
    for kind in kinds {
        let Some(features) = kind.of(features) else { continue };
        let Some(l2) = penalties.get(middle) else { continue };
        let parts = parts(features, Targets::One(labels), fold)?.collect();
        let walk = Walk { classifier, labels, kind: *kind, parts };
        let candidate = walk.candidate(*l2)?;
        tried.push(candidate);
        if first.as_ref().is_none_or(|(_, best)| candidate.is_a_better_kind_than(best)) {
            first = Some((walk, candidate));
        }
    }
    let (walk, mut best) = first.ok_or(ClassifyError::Empty)?;
    let mut at = middle;
    let weaker: Vec<usize> = (middle + 1..penalties.len()).collect();
    let stronger: Vec<usize> = (0..middle).rev().collect();
    for way in [weaker, stronger] {
        // Where a weaker penalty was better, a stronger one is not.
        if at != middle {
            break;
        }
        for next in way {
            let candidate = walk.candidate(penalties[next])?;
            tried.push(candidate);
            if candidate.log_loss >= best.log_loss {
                break;
            }
            (best, at) = (candidate, next);
        }
    }
    let at_edge = penalties.len() > 1 && (at == 0 || at + 1 == penalties.len());
    Ok(Choice { best, tried, at_edge })
}

impl Candidate {
    fn is_a_better_kind_than(&self, other: &Candidate) -> bool {
        self.accuracy.total_cmp(&other.accuracy).then(other.log_loss.total_cmp(&self.log_loss)).is_gt()
    }
}

/// From penalty to penalty with one kind of features.
struct Walk<'a> {
    classifier: &'a Classifier,
    labels: &'a [u32],
    kind: Kind,
    parts: Vec<Part<'a>>,
}

impl Walk<'_> {
    fn candidate(&self, l2: f64) -> Result<Candidate, ClassifyError> {
        let classifier = self.classifier.clone().l2(l2)?;
        let mut probabilities = Array2::zeros((self.labels.len(), classifier.n_labels));
        for part in &self.parts {
            part.write(&classifier, &mut probabilities)?;
        }
        let accuracy = Report::of_probabilities(self.labels, probabilities.view())?.accuracy;
        let temperature = Temperature::fit(self.labels, probabilities.view())?;
        let log_loss = log_loss(self.labels, temperature.apply(probabilities.view()).view())?;
        Ok(Candidate { kind: self.kind, l2, log_loss, accuracy })
    }
}
