//! Why a session could not be saved. The session layer throttle an error of its store into words for a log; the server
//! tells people the reason, so it is kept beside for the length of the request.

use crate::Error;
use std::cell::RefCell;

tokio::task_local! {
    static FAILURE: RefCell<Option<Error>>;
}

/// Does `request` and returns what kept its session from being saved, if something did.
pub async fn watched<T>(request: impl Future<Output = T>) -> (T, Option<Error>) {
    let watched = async {
        let outcome = request.await;
        (outcome, FAILURE.with(RefCell::take))
    };
    FAILURE.scope(RefCell::default(), watched).await
}

pub(super) fn note(error: Error) {
    // Outside of a request nobody asks.
    let _ = FAILURE.try_with(|failure| failure.replace(Some(error)));
}
