//! What addresses of Discover hold.

use domain::ClusteringId;
use workflow::{Error, Thing};

/// The run in an address.
pub fn run_of(text: &str) -> Result<ClusteringId, Error> {
    text.parse().map_err(|_| Error::NotFound(Thing::Run))
}

/// The steps of a selection in a query.
pub fn steps(query: &str) -> Vec<String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "sel")
        .map(|(_, value)| value.into_owned())
        .collect()
}
