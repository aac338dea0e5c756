//! The public API, version 1: its own types, a contract. Tokens (`Authorization: Bearer …`) or a session.

use app::guard::Route;

/// Every address of the API with what it needs.
pub fn routes() -> Vec<Route> {
    Vec::new()
}
