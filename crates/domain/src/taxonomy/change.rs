//! How one taxonomy becomes the next: the operations between them, and where an old answer lands.

use super::{Label, Taxonomy};
use crate::LabelId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One step from a version to the next, as it is kept with the version and shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Operation {
    Add {
        label: LabelId,
        name: String,
    },
    Rename {
        label: LabelId,
        from: String,
        to: String,
    },
    /// Its guideline changed: definition, in, out, examples.
    Redefine {
        label: LabelId,
        name: String,
    },
    /// Key, parent, hue, constraints or the *other* mark changed.
    Arrange {
        label: LabelId,
        name: String,
    },
    Retire {
        label: LabelId,
        name: String,
    },
    Restore {
        label: LabelId,
        name: String,
    },
    Reorder,
}

/// The operations that lead from `base` to `draft`, in a fixed order.
pub fn operations(base: &Taxonomy, draft: &Taxonomy) -> Vec<Operation> {
    let mut operations = Vec::new();
    for label in &draft.labels {
        let (id, name) = (label.id, label.name.clone());
        match base.get(id) {
            None if label.retired => {}
            None => operations.push(Operation::Add { label: id, name }),
            Some(before) => {
                if before.name != label.name {
                    operations.push(Operation::Rename {
                        label: id,
                        from: before.name.clone(),
                        to: name.clone(),
                    });
                }
                if guideline(before) != guideline(label) {
                    operations.push(Operation::Redefine { label: id, name: name.clone() });
                }
                if arrangement(before) != arrangement(label) {
                    operations.push(Operation::Arrange { label: id, name: name.clone() });
                }
                match (before.retired, label.retired) {
                    (false, true) => operations.push(Operation::Retire { label: id, name }),
                    (true, false) => operations.push(Operation::Restore { label: id, name }),
                    _ => {}
                }
            }
        }
    }
    for before in base.labels.iter().filter(|l| !l.retired && draft.get(l.id).is_none()) {
        operations.push(Operation::Retire { label: before.id, name: before.name.clone() });
    }
    let order = |t: &Taxonomy, other: &Taxonomy| -> Vec<LabelId> {
        t.labels.iter().map(|l| l.id).filter(|id| other.get(*id).is_some()).collect()
    };
    if order(base, draft) != order(draft, base) {
        operations.push(Operation::Reorder);
    }
    operations
}

type Guideline<'a> = (&'a str, &'a str, &'a str, &'a [String], &'a [String]);

fn guideline(l: &Label) -> Guideline<'_> {
    (&l.definition, &l.includes, &l.excludes_text, &l.examples, &l.counter_examples)
}

fn arrangement(l: &Label) -> (Option<char>, Option<LabelId>, bool, &[LabelId], u8) {
    (l.key, l.parent, l.other, &l.excludes, l.hue)
}

/// Where each label of an earlier version lands in a later one. A label that is not named stays itself; an
/// empty list means that answers with it need another look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelMap(pub BTreeMap<LabelId, Vec<LabelId>>);

impl LabelMap {
    /// The map that a list of operations makes: retired labels lead nowhere.
    pub fn of(operations: &[Operation]) -> LabelMap {
        let mut map = BTreeMap::new();
        for operation in operations {
            if let Operation::Retire { label, .. } = operation {
                map.insert(*label, Vec::new());
            }
        }
        LabelMap(map)
    }

    /// Where one label lands.
    pub fn land(&self, label: LabelId) -> Vec<LabelId> {
        self.0.get(&label).cloned().unwrap_or_else(|| vec![label])
    }

    /// First this map, then `next`.
    pub fn then(&self, next: &LabelMap) -> LabelMap {
        let mut composed: BTreeMap<LabelId, Vec<LabelId>> = self
            .0
            .iter()
            .map(|(from, to)| {
                let mut landed: Vec<LabelId> = to.iter().flat_map(|l| next.land(*l)).collect();
                landed.sort();
                landed.dedup();
                (*from, landed)
            })
            .collect();
        for (from, to) in &next.0 {
            composed.entry(*from).or_insert_with(|| to.clone());
        }
        LabelMap(composed)
    }

    /// What an old answer says now: its labels carried over, or nothing where one of them leads nowhere or to
    /// several, so that a person has to look again.
    pub fn carry(&self, labels: &[LabelId]) -> Option<Vec<LabelId>> {
        let mut carried = Vec::with_capacity(labels.len());
        for label in labels {
            match self.land(*label).as_slice() {
                [one] => carried.push(*one),
                _ => return None,
            }
        }
        carried.sort();
        carried.dedup();
        Some(carried)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(i: i64) -> LabelId {
        LabelId(i)
    }

    #[test]
    fn operations_say_what_changed() {
        let base = Taxonomy {
            labels: vec![
                Label::named(id(1), "Refund"),
                Label::named(id(2), "Card"),
                Label::named(id(3), "Misc"),
            ],
            ordered: false,
        };
        let mut draft = base.clone();
        draft.labels[0].name = "Refunds".into();
        draft.labels[1].definition = "About a card".into();
        draft.labels[2].retired = true;
        draft.labels.swap(0, 1);
        draft.labels.push(Label::named(id(4), "Fees"));
        let got = operations(&base, &draft);
        assert_eq!(
            got,
            [
                Operation::Redefine { label: id(2), name: "Card".into() },
                Operation::Rename { label: id(1), from: "Refund".into(), to: "Refunds".into() },
                Operation::Retire { label: id(3), name: "Misc".into() },
                Operation::Add { label: id(4), name: "Fees".into() },
                Operation::Reorder,
            ]
        );
        let map = LabelMap::of(&got);
        assert_eq!(map.carry(&[id(1)]), Some(vec![id(1)]));
        assert_eq!(map.carry(&[id(3)]), None);
        assert_eq!(operations(&base, &base), []);
    }

    fn any_map() -> impl Strategy<Value = LabelMap> {
        proptest::collection::btree_map(0i64..6, proptest::collection::btree_set(0i64..6, 0..3), 0..5)
            .prop_map(|m| {
                LabelMap(
                    m.into_iter().map(|(k, v)| (LabelId(k), v.into_iter().map(LabelId).collect())).collect(),
                )
            })
    }

    proptest! {
        #[test]
        fn composing_is_walking_both(a in any_map(), b in any_map(), label in 0i64..6) {
            let mut walked: Vec<LabelId> = a.land(LabelId(label)).iter().flat_map(|l| b.land(*l)).collect();
            walked.sort();
            walked.dedup();
            prop_assert_eq!(a.then(&b).land(LabelId(label)), walked);
        }
    }
}
