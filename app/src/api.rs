//! Server functions that islands call: extract, call one workflow, return.

pub mod label;

#[cfg(feature = "ssr")]
use crate::wire::ApiError;

/// Who calls a server function, once they may do `act` in the project; and the instance they do it in.
#[cfg(feature = "ssr")]
pub async fn seat(
    slug: &str,
    act: domain::permission::Act,
) -> Result<(crate::web::guard::App, crate::web::guard::Visitor), ApiError> {
    use crate::wire::Code;
    use leptos::prelude::use_context;
    let missing = || ApiError::new(Code::Internal, "the server function was called outside of a request");
    let parts = use_context::<http::request::Parts>().ok_or_else(missing)?;
    let app = use_context::<crate::web::guard::App>().ok_or_else(missing)?;
    match crate::web::guard::identify(&app, &parts, crate::web::guard::Need::Project(act), Some(slug)).await {
        Ok(visitor) => Ok((app, visitor)),
        Err(refusal) => Err(crate::web::error::api_error(refusal.into())),
    }
}
