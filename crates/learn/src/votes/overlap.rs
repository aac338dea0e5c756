//! Whose answers can be held against anything.

/// Whether each annotator can be judged: somebody else answered one of their items, or its label is `known`. `votes` are
/// (item, annotator).
///
/// Of the others a model knows nothing but what they say, and believes of them whatever makes their answers likely: that
/// they are always right, or that all items have the most frequent label and they are often wrong.
///
/// # Panics
/// Where an item or an annotator is not below `n_items` and `n_annotators`.
#[must_use]
pub fn judged(
    n_items: usize,
    n_annotators: usize,
    votes: impl IntoIterator<Item = (usize, usize)> + Clone,
    known: impl IntoIterator<Item = usize>,
) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Said {
        Nobody,
        One(usize),
        Many,
    }
    let mut said = vec![Said::Nobody; n_items];
    for (item, who) in votes.clone() {
        said[item] = match said[item] {
            Said::Nobody => Said::One(who),
            Said::One(other) if other == who => Said::One(who),
            Said::One(_) | Said::Many => Said::Many,
        };
    }
    for item in known {
        said[item] = Said::Many;
    }
    let mut judged = vec![false; n_annotators];
    for (item, who) in votes {
        judged[who] |= said[item] == Said::Many;
    }
    judged
}
