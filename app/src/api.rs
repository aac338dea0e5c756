//! Server functions that islands call: extract, call one workflow, return.

pub mod label;

#[cfg(feature = "ssr")]
use crate::wire::ApiError;

/// The person who calls a server function, once they may do `act` in a project; the instance and the project they do
/// it in.
#[cfg(feature = "ssr")]
pub async fn seat(
    slug: &str,
    act: domain::permission::Act,
) -> Result<(workflow::Instance, domain::permission::Actor, domain::ProjectId), ApiError> {
    use crate::web::app::App;
    use crate::web::error::api_error;
    use crate::web::guard::identify;
    use crate::web::route::Need;
    use crate::wire::Code;
    use leptos::prelude::use_context;
    let missing = || ApiError::new(Code::Internal, "the server function was called outside of a request");
    let parts = use_context::<http::request::Parts>().ok_or_else(missing)?;
    let app = use_context::<App>().ok_or_else(missing)?;
    let visitor = identify(&app, &parts, Need::Project(act), Some(slug))
        .await
        .map_err(|refusal| api_error(refusal.into()))?;
    let actor = *visitor.actor().map_err(api_error)?;
    let project = visitor.project().map_err(api_error)?.id;
    Ok((app.instance, actor, project))
}
