//! A slice: which items of a project are meant. Lists, queues and everything else that selects items say it in this one
//! type. The store translates it to SQL once (`store::sql::filter`); a property test holds that both say the same.

use crate::consensus::State;
use crate::discover::selection::Selection;
use crate::{LabelId, SourceId};
use serde::{Deserialize, Serialize};

/// Items that fit everything that is said here. The default means all items.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Slice {
    /// In one of these states; empty: in any.
    pub states: Vec<State>,
    /// From this import.
    pub source: Option<SourceId>,
    /// Resolved to this label, alone or among others.
    pub label: Option<LabelId>,
    /// With this value in this field.
    pub field: Option<FieldIs>,
    /// Control items, or all but control items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<bool>,
    /// Selected on Discover. SQL can't say it: a caller resolves it to a set of items first.
    #[serde(skip_serializing_if = "Selection::is_empty")]
    pub selection: Selection,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldIs {
    pub name: String,
    /// As filters see values: long ones are cut when an item is stored.
    pub value: String,
}

/// An item as a slice looks at it.
pub struct SliceItem<'i> {
    pub state: State,
    pub source: SourceId,
    /// What it is resolved to.
    pub labels: &'i [LabelId],
    pub control: bool,
    /// Has it this value in this field, as filters see values?
    pub has_field: &'i dyn Fn(&FieldIs) -> bool,
    /// Is it selected? Only asked where the slice has a selection.
    pub is_selected: bool,
}

impl Slice {
    pub fn of_state(state: State) -> Slice {
        Slice { states: vec![state], ..Slice::default() }
    }

    pub fn of_field(name: &str, value: &str) -> Slice {
        Slice { field: Some(FieldIs { name: name.to_owned(), value: value.to_owned() }), ..Slice::default() }
    }

    pub fn is_all(&self) -> bool {
        *self == Slice::default()
    }

    /// No item can fit: a label is what an item is resolved to, and no state that is asked for is a resolved one.
    pub fn contradicts_itself(&self) -> bool {
        self.label.is_some()
            && !self.states.is_empty()
            && !self.states.iter().any(|state| state.is_resolved())
    }

    /// Does this item belong to the slice?
    pub fn fits(&self, item: &SliceItem<'_>) -> bool {
        (self.states.is_empty() || self.states.contains(&item.state))
            && self.source.is_none_or(|source| source == item.source)
            && self.label.is_none_or(|label| item.labels.contains(&label))
            && self.field.as_ref().is_none_or(item.has_field)
            && self.control.is_none_or(|control| control == item.control)
            && (self.selection.is_empty() || item.is_selected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(slice: &Slice, state: State, labels: &[LabelId]) -> bool {
        let has_field = |field: &FieldIs| (field.name.as_str(), field.value.as_str()) == ("channel", "mail");
        slice.fits(&SliceItem {
            state,
            source: SourceId(1),
            labels,
            control: false,
            has_field: &has_field,
            is_selected: false,
        })
    }

    #[test]
    fn everything_that_is_said_must_hold() {
        assert!(fits(&Slice::default(), State::Unlabeled, &[]) && Slice::default().is_all());
        let mail = Slice::of_field("channel", "mail");
        assert!(fits(&mail, State::Unlabeled, &[]));
        assert!(!fits(&Slice::of_field("channel", "chat"), State::Unlabeled, &[]));
        assert!(!fits(&Slice::of_field("plan", "mail"), State::Unlabeled, &[]));
        let agreed = Slice { states: vec![State::Agreed, State::Adjudicated], ..mail };
        assert!(fits(&agreed, State::Agreed, &[]) && !fits(&agreed, State::Unlabeled, &[]));
        let label = Slice { label: Some(LabelId(3)), ..agreed };
        assert!(
            fits(&label, State::Agreed, &[LabelId(2), LabelId(3)])
                && !fits(&label, State::Agreed, &[LabelId(2)])
        );
        assert!(!label.contradicts_itself());
        assert!(Slice { states: vec![State::Unlabeled], ..label }.contradicts_itself());
    }

    #[test]
    fn what_earlier_versions_stored_can_be_read() {
        let stored =
            r#"{"states":["unlabeled"],"source":7,"label":null,"field":{"name":"plan","value":"plus"}}"#;
        let slice: Slice = serde_json::from_str(stored).expect("a slice");
        assert_eq!(
            slice,
            Slice {
                states: vec![State::Unlabeled],
                source: Some(SourceId(7)),
                ..Slice::of_field("plan", "plus")
            }
        );
        assert_eq!(serde_json::to_string(&slice).expect("a document"), stored);
        assert_eq!(serde_json::from_str::<Slice>("{}").expect("a slice"), Slice::default());
    }
}
