//! Changing a draft: one small edit at a time, and bringing a draft up to date with what was published meanwhile.

use super::{Label, Problem, Taxonomy, name};
use crate::LabelId;
use std::collections::HashSet;
use thiserror::Error;

/// One thing that a person does to a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A new label at the end. Its hue is chosen here.
    Add(Label),
    /// New words and settings for a label; its place, hue and retirement stay.
    Change(Label),
    /// Out of the draft. A label that was ever published is retired instead: answers carry it.
    Remove(LabelId),
    /// A retired label is offered again.
    Restore(LabelId),
    /// One place up or down among the labels that are offered.
    Move { label: LabelId, up: bool },
    /// Are the labels a scale?
    Ordered(bool),
}

/// Why an edit was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadEdit {
    #[error("the label is not in the draft any more")]
    NoSuchLabel,
    #[error("a taxonomy holds up to {MAX_LABELS} labels")]
    TooMany,
    /// What would keep the draft from being published and was not wrong before.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
}

pub const MAX_LABELS: usize = 1_000;
/// There are so many label hues.
const HUES: u8 = 16;

impl Taxonomy {
    /// This draft after an edit. `published` is what was published last: its labels are retired, not removed.
    pub fn edited(&self, edit: Edit, published: Option<&Taxonomy>) -> Result<Taxonomy, BadEdit> {
        let mut draft = self.clone();
        match edit {
            Edit::Add(mut label) => {
                if draft.labels.len() >= MAX_LABELS {
                    return Err(BadEdit::TooMany);
                }
                label.hue = draft.next_hue();
                label.retired = false;
                draft.labels.push(label);
            }
            Edit::Change(label) => {
                let old = draft.get_mut(label.id)?;
                *old = Label { hue: old.hue, retired: old.retired, ..label };
            }
            Edit::Remove(id) => {
                draft.get_mut(id)?.retired = true;
                if published.is_none_or(|p| p.get(id).is_none()) {
                    draft.labels.retain(|l| l.id != id);
                }
                for label in &mut draft.labels {
                    label.parent = label.parent.filter(|parent| *parent != id);
                    label.excludes.retain(|excluded| *excluded != id);
                }
            }
            Edit::Restore(id) => draft.get_mut(id)?.retired = false,
            Edit::Move { label, up } => draft.shift(label, up)?,
            Edit::Ordered(ordered) => draft.ordered = ordered,
        }
        let before = self.problems();
        let new: Vec<Problem> =
            draft.problems().into_iter().filter(|p| *p != Problem::TooFew && !before.contains(p)).collect();
        if new.is_empty() { Ok(draft) } else { Err(BadEdit::Problems(new)) }
    }

    fn get_mut(&mut self, id: LabelId) -> Result<&mut Label, BadEdit> {
        self.labels.iter_mut().find(|l| l.id == id).ok_or(BadEdit::NoSuchLabel)
    }

    /// The hue that the fewest offered labels wear, the lowest of those.
    fn next_hue(&self) -> u8 {
        let worn = |hue: u8| self.labels.iter().filter(|l| l.hue == hue && !l.retired).count();
        (0..HUES).min_by_key(|hue| worn(*hue)).unwrap_or(0)
    }

    /// Swaps a label with its neighbour among the offered ones; at either end it stays. The *other* bucket is
    /// shown last wherever it stands, so it neither moves nor is moved past.
    fn shift(&mut self, id: LabelId, up: bool) -> Result<(), BadEdit> {
        self.get_mut(id)?;
        let movable: Vec<usize> =
            (0..self.labels.len()).filter(|i| !self.labels[*i].retired && !self.labels[*i].other).collect();
        let at = movable.iter().position(|i| self.labels[*i].id == id);
        let neighbour = at.and_then(|at| if up { at.checked_sub(1) } else { Some(at + 1) });
        if let (Some(at), Some(neighbour)) = (at, neighbour)
            && let Some(to) = movable.get(neighbour)
        {
            self.labels.swap(movable[at], *to);
        }
        Ok(())
    }

    /// Labels of these names at the end: names that are offered already, or look the same, are passed over, retired ones
    /// come back.
    /// Returns the draft and how many names it took.
    pub fn with_names(
        &self,
        names: &[String],
        mut next_id: impl FnMut() -> LabelId,
    ) -> Result<(Taxonomy, usize), BadEdit> {
        let mut draft = self.clone();
        let mut taken = 0;
        let mut offered: HashSet<String> =
            self.labels.iter().filter(|l| !l.retired).map(|l| name::key(&l.name)).collect();
        for name in names {
            let key = name::key(name);
            if key.is_empty() || !offered.insert(key.clone()) {
                continue;
            }
            taken += 1;
            if let Some(retired) = draft.labels.iter_mut().find(|l| l.retired && name::key(&l.name) == key) {
                retired.retired = false;
                continue;
            }
            if draft.labels.len() >= MAX_LABELS {
                return Err(BadEdit::TooMany);
            }
            let label = Label { hue: draft.next_hue(), ..Label::named(next_id(), &name::tidy(name)) };
            draft.labels.push(label);
        }
        Ok((draft, taken))
    }

    /// A draft that was begun on `base`, brought onto `published`: labels that the draft did not touch are as they
    /// were published, those it changed stay as the draft has them, new ones of either side are there.
    pub fn rebased(&self, base: &Taxonomy, published: &Taxonomy) -> Taxonomy {
        let mut labels: Vec<Label> = self
            .labels
            .iter()
            .map(|mine| match (base.get(mine.id), published.get(mine.id)) {
                (Some(before), Some(theirs)) if before == mine => theirs.clone(),
                _ => mine.clone(),
            })
            .collect();
        let new = published.labels.iter().filter(|theirs| self.get(theirs.id).is_none());
        labels.extend(new.cloned());
        let ordered = if self.ordered == base.ordered { published.ordered } else { self.ordered };
        Taxonomy { labels, ordered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(i: i64) -> LabelId {
        LabelId(i)
    }

    fn draft(names: &[&str]) -> Taxonomy {
        names.iter().enumerate().fold(Taxonomy::default(), |t, (i, name)| {
            t.edited(Edit::Add(Label::named(id(i as i64 + 1), name)), None).unwrap()
        })
    }

    fn names(t: &Taxonomy) -> Vec<&str> {
        t.offered().iter().map(|l| l.name.as_str()).collect()
    }

    #[test]
    fn what_was_never_published_goes_and_the_rest_is_retired() {
        let published = draft(&["a", "b"]);
        let mut now = published.edited(Edit::Add(Label::named(id(3), "c")), Some(&published)).unwrap();
        now.labels[0].parent = Some(id(3));
        let now = now.edited(Edit::Remove(id(3)), Some(&published)).unwrap();
        assert_eq!((now.labels.len(), now.labels[0].parent), (2, None));
        let now = now.edited(Edit::Remove(id(2)), Some(&published)).unwrap();
        assert_eq!((now.labels.len(), names(&now)), (2, vec!["a"]));
        assert_eq!(names(&now.edited(Edit::Restore(id(2)), Some(&published)).unwrap()), ["a", "b"]);
        assert_eq!(now.edited(Edit::Remove(id(9)), None), Err(BadEdit::NoSuchLabel));
    }

    #[test]
    fn an_edit_that_makes_a_problem_is_refused() {
        let t = draft(&["a", "b"]);
        let same = t.edited(Edit::Add(Label::named(id(3), "A")), None);
        assert!(matches!(same, Err(BadEdit::Problems(p)) if matches!(p[..], [Problem::SameName { .. }])));
        let key = t.edited(Edit::Change(Label { key: Some('s'), ..t.labels[0].clone() }), None);
        assert!(matches!(key, Err(BadEdit::Problems(p)) if matches!(p[..], [Problem::BadKey { .. }])));
    }

    #[test]
    fn labels_move_among_those_that_are_offered() {
        let mut t = draft(&["a", "b", "c", "rest"]);
        t.labels[1].retired = true;
        t.labels[3].other = true;
        let up = t.edited(Edit::Move { label: id(3), up: true }, None).unwrap();
        assert_eq!(names(&up), ["c", "a", "rest"]);
        let still = up.edited(Edit::Move { label: id(3), up: true }, None).unwrap();
        assert_eq!(names(&still), ["c", "a", "rest"]);
        let below = still.edited(Edit::Move { label: id(1), up: false }, None).unwrap();
        assert_eq!(names(&below), ["c", "a", "rest"]);
    }

    #[test]
    fn hues_are_spread_and_stay() {
        let t = draft(&["a", "b", "c"]);
        assert_eq!(t.labels.iter().map(|l| l.hue).collect::<Vec<_>>(), [0, 1, 2]);
        let t = t.edited(Edit::Remove(id(1)), None).unwrap();
        let t = t.edited(Edit::Add(Label::named(id(4), "d")), None).unwrap();
        assert_eq!(t.get(id(4)).unwrap().hue, 0);
        let t = t.edited(Edit::Change(Label::named(id(2), "B")), None).unwrap();
        assert_eq!((t.labels[0].name.as_str(), t.labels[0].hue), ("B", 1));
    }

    #[test]
    fn names_of_a_column_are_taken_once() {
        let mut t = draft(&["a", "b"]);
        t.labels[1].retired = true;
        let mut next = 10;
        let column: Vec<String> = ["A", "b", " c ", "", "c"].map(String::from).to_vec();
        let (t, taken) = t
            .with_names(&column, || {
                next += 1;
                id(next)
            })
            .unwrap();
        assert_eq!((taken, names(&t)), (2, vec!["a", "b", "c"]));
        assert_eq!(t.get(id(11)).unwrap().name, "c");
    }

    #[test]
    fn a_draft_is_brought_up_to_date() {
        let base = draft(&["a", "b"]);
        let mut mine = base.clone();
        mine.labels[0].definition = "mine".into();
        mine.labels.push(Label::named(id(3), "c"));
        let mut published = base.clone();
        published.labels[0].definition = "theirs".into();
        published.labels[1].definition = "theirs".into();
        published.labels.push(Label::named(id(4), "d"));
        let now = mine.rebased(&base, &published);
        assert_eq!(names(&now), ["a", "b", "c", "d"]);
        assert_eq!(
            (now.labels[0].definition.as_str(), now.labels[1].definition.as_str()),
            ("mine", "theirs")
        );
    }
}
