//!

use app::guard::Route;

pub fn routes() -> Vec<Route> {
    Vec::new()
}
