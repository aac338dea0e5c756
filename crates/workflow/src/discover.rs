//! Discover: runs of clustering, groups, selections, what people do with them, and bulk answers.

mod acts;
mod before;
mod bulk;
mod compute;
mod facts;
pub mod given;
mod group;
mod join;
mod points;
mod run;
mod select;
mod slices;
mod spec;
mod start;
mod vectors;
mod view;

#[cfg(test)]
mod tests;

pub use acts::{Target, acts_of_label, aside, back, examples, make_label, merge, name, split};
pub use bulk::{
    Bulk, BulkItemRow, BulkView, LabelBulk, PAGE as BULK_PAGE, begin as begin_bulk, bulk, bulks,
    give_up as give_up_bulk, judge, label as label_bulk,
};
pub use compute::{from_u16, name_width};
pub use facts::{ColourBy, Colours, Legend, colours};
pub use group::{GroupPage, Point, Skew, field_names, group, point};
pub(crate) use join::recount_all;
pub use join::{JoinRun, follow_imports};
pub use points::{Cache, LeafCodes, Points};
pub use run::RunClustering;
pub use select::{Selected, select};
pub(crate) use select::{of_slice, resolve};
pub use slices::{SavedSliceRow, remove as remove_slice, save as save_slice, saved};
pub use spec::{Encoder, Outcome, Spec};
pub(crate) use start::run_now;
pub use start::{Begin, encoders, start};
pub use store::discover::acts::ActRow;
pub use store::discover::groups::GroupRow;
pub use store::discover::runs::{LineageRow, RunRow};
pub(crate) use vectors::rebuild_vectors;
pub use view::{Compared, Node, RunView, compare, nodes, points, run, runs, sample_of_map};
