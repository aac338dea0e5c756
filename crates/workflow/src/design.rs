//! Designing the taxonomy: a draft that several people may change, versions that never change, and what a new version
//! does to answers.

mod catch_up;
mod discard;
mod draft;
mod edit;
mod from_field;
mod impact;
mod publish;
mod published;
mod settle;
mod versions;

pub use catch_up::catch_up;
pub use discard::discard;
pub use draft::{Draft, draft};
pub use edit::{edit, new_label};
pub use from_field::{MOST_VALUES, labels_from_field};
pub use impact::impact;
pub use publish::{MAX_NOTE, Publication, publish};
pub use published::{Published, label_counts, published};
pub use settle::{SettleTaxonomy, settle, settle_again, settling};
pub use versions::{said, versions};
