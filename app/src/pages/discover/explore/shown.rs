//! What the page of a run shows.

use super::asked::Asked;
use domain::discover::selection::Selection;
use store::data::items::ItemRow;
use workflow::design::Draft;
use workflow::discover::{GroupPage, RunView, SavedSliceRow};

/// What the page shows.
pub struct Shown<'a> {
    pub run: &'a RunView,
    pub asked: &'a Asked,
    pub group: Option<GroupPage>,
    pub selected: Option<SelectedItems>,
    /// Why the selection of the address can't be read.
    pub problem: Option<String>,
    pub draft: &'a Draft,
    /// Names of fields.
    pub fields: &'a [String],
    pub saved: &'a [SavedSliceRow],
    /// Another run that is being computed.
    pub computing: Option<&'a RunView>,
    /// A random sample of the map: places and leaf codes.
    pub points: &'a [(u16, u16, i64)],
}

pub struct SelectedItems {
    pub selection: Selection,
    pub count: usize,
    pub items: Vec<ItemRow>,
}
