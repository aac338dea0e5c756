//! The pages: one file each, server only. A page calls a workflow and is a function of what it returns; its forms are
//! plain forms, handled in the same file.

use crate::guard::Route;

/// Every page and every form, with what it needs. The one table: the router is made from it, and the test that
/// walks all routes with every role reads it.
pub fn routes() -> Vec<Route> {
    Vec::new()
}
