//! What the desk asks the server for.

use crate::wire::ApiError;
use crate::wire::label::{Sent, Turn};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

/// Saves answers and hands out the next texts, up to `n` that are not answered. `person` is whose desk it is: where
/// another person has signed in since, nothing is taken in their name.
#[server(TakeTurn, prefix = "/api/app", endpoint = "label/turn", input = Json, output = Json)]
pub async fn turn(
    slug: String,
    queue: i64,
    sent: Vec<Sent>,
    n: usize,
    person: Option<i64>,
) -> Result<Turn, ApiError> {
    use crate::pages::label::desk::convert;
    let (instance, actor, project) = super::seat(&slug, domain::permission::Act::Label).await?;
    convert::is_theirs(&actor, person)?;
    convert::turn(&instance, &actor, project, domain::QueueId(queue), sent, n)
        .await
        .map_err(crate::web::error::api_error)
}
