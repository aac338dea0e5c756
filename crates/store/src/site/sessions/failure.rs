//! Why a session could not be saved. The session layer reduces an error of its store to words for a log. The server
//! tells people the reason, so it is kept separately for the length of the request.

use crate::Error;
use std::cell::RefCell;

tokio::task_local! {
    static FAILURE: RefCell<Option<Error>>;
}

/// Runs `request` and returns the error that kept its session from being saved, if there was one.
pub async fn watched<T>(request: impl Future<Output = T>) -> (T, Option<Error>) {
    let watched = async {
        let outcome = request.await;
        (outcome, FAILURE.with(RefCell::take))
    };
    FAILURE.scope(RefCell::default(), watched).await
}

pub(super) fn note(error: Error) {
    // Outside of a request the error has no reader.
    let _ = FAILURE.try_with(|failure| failure.replace(Some(error)));
}
