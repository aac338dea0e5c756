//! Releases: an immutable, numbered version of the labeled dataset, as files that name their own hashes.
//!
//! Cutting has two halves ([`cut`]): the rows of one snapshot are kept, then the files are written from what was
//! kept. Nothing in the files says when they were cut or under which number, so that the same inputs
//! give the same bytes.

mod cut;
mod end;
mod files;
mod forecast;
mod formats;
mod list;
pub mod manifest;
mod order;
mod rows;
mod splits;
mod spool;
mod totals;
mod verify;
mod write;
mod write_to_dir;

pub use cut::{CutRelease, cut};
pub use end::end;
pub use forecast::{Forecast, forecast};
pub use list::{get, list, open, taxonomy};
pub use manifest::{Manifest, read_manifest};
pub use order::{Order, cut_now, order};
pub use verify::verify;
pub use write_to_dir::write_to_dir;

use domain::TaxonomyVersionId;
use domain::consensus::State;
use serde::{Deserialize, Serialize};
use store::release::releases::{ReleaseFile, ReleaseRow};

/// What a release is cut from, as it is kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub states: Vec<State>,
    pub taxonomy: TaxonomyVersionId,
}

/// A release with its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    pub row: ReleaseRow,
    pub spec: Spec,
    /// Nothing until it is cut.
    pub manifest: Option<Manifest>,
    pub files: Vec<ReleaseFile>,
    /// BLAKE3 of `manifest.json`, which names the hashes of all others: the release in one line.
    pub hash: Option<String>,
}
