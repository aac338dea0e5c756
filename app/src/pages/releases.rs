//!

use crate::guard::Route;

pub fn routes() -> Vec<Route> {
    Vec::new()
}
