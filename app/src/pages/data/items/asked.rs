//! What a list of items is asked for, as its address says it.

use crate::pages::discover::address::steps;
use crate::web::address::percent_encoded;
use domain::consensus::State as ItemState;
use domain::discover::selection::{BadStep, Selection};
use domain::slice::{FieldIs, Slice};
use domain::{ItemId, LabelId, SourceId};
use serde::Deserialize;
use workflow::data::browse::Order;

/// The filters as the address has them; what can't be read is no filter, and the page says so of a field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub q: String,
    pub state: String,
    pub label: String,
    pub source: String,
    /// `name=value`.
    pub field: String,
    pub control: String,
    pub order: String,
    after: String,
    /// The run that a selection names, and its steps: see `domain::discover::selection`.
    pub run: String,
    #[serde(skip)]
    pub steps: Vec<String>,
}

impl Asked {
    /// The filters with the selection of the whole query, whose steps repeat.
    pub fn with_steps(self, query: Option<&str>) -> Asked {
        Asked { steps: steps(query.unwrap_or_default()), ..self }
    }

    /// The selection; an empty one where it can't be read, and the page says so.
    pub fn selection(&self) -> Result<Selection, BadStep> {
        Selection::read(self.run.parse().ok(), &self.steps)
    }

    pub fn slice(&self) -> Slice {
        Slice {
            states: ItemState::parse(&self.state).into_iter().collect(),
            label: self.label.parse().ok().map(LabelId),
            source: self.source.parse().ok().map(SourceId),
            field: self.field(),
            control: match self.control.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            selection: self.selection().unwrap_or_default(),
        }
    }

    pub fn field(&self) -> Option<FieldIs> {
        let (name, value) = self.field.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| FieldIs { name: name.to_owned(), value: value.trim().to_owned() })
    }

    /// The item behind which the page begins.
    pub fn after(&self) -> Option<ItemId> {
        self.after.parse().ok().map(ItemId)
    }

    pub fn order(&self) -> Order {
        if self.order == "oldest" { Order::OldestFirst } else { Order::NewestFirst }
    }

    /// The query of the page that begins behind an item.
    pub fn query(&self, after: Option<ItemId>) -> String {
        let after = after.map(|a| a.to_string()).unwrap_or_default();
        let parts = [
            ("q", &self.q),
            ("state", &self.state),
            ("label", &self.label),
            ("source", &self.source),
            ("field", &self.field),
            ("control", &self.control),
            ("order", &self.order),
            ("after", &after),
            ("run", &self.run),
        ];
        let steps = self.steps.iter().map(|step| ("sel", step));
        let parts = parts.into_iter().chain(steps).filter(|(_, value)| !value.is_empty());
        parts.map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect::<Vec<_>>().join("&")
    }
}
