//! The public API, version 1: its own types, a contract. Tokens (`Authorization: Bearer …`) or a session.

pub mod answers;
pub mod items;
pub mod measure;
pub mod releases;
pub mod tokens;

use app::web::route::Route;

/// Every address of the API with what it needs.
pub fn routes() -> Vec<Route> {
    [items::routes(), answers::routes(), measure::routes(), releases::routes(), tokens::routes()]
        .into_iter()
        .flatten()
        .collect()
}
