//! Imports. A file is previewed, a person confirms its columns, and its rows become items; rows that can't be taken
//! are kept with the reason. Importing the same file again is idempotent. An import can be undone.

mod begin;
mod bring;
mod cautions;
mod finish;
mod frequent;
mod guess;
mod job;
mod known;
mod label_cell;
mod labels;
mod list;
mod load;
mod mapping;
mod noticed;
mod preview;
mod rejects;
mod run;
mod sample;
mod start;
mod undo;
mod when;
mod words;

#[cfg(test)]
mod tests;

pub use begin::{begin, discard, receive};
pub use bring::{Bring, bring};
pub use guess::{Guess, Reason};
pub use job::Import;
pub(crate) use known::KnownLabels;
pub(crate) use labels::Names;
pub use list::{PAGE, newest_sources, rejects, source, sources};
pub use load::Opener;
pub(crate) use noticed::{FEW_ROWS, LARGE_GROUP, empty_splits, large_group};
pub use preview::{Preview, awaits_columns, cautions, preview};
pub use rejects::rejects_csv;
pub use run::{Ended, Progress};
pub use sample::{Sample, look};
pub use start::{fits, start};
pub use store::data::sources::{Reject, Source};
pub use undo::{UndoImport, undo};
pub use words::in_words;
