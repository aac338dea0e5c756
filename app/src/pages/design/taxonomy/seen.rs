//! Which draft a form was made for.

use crate::web::forms::Form;
use workflow::Error;

/// The draft that a form was made for.
pub fn seen(form: &Form) -> Result<i64, Error> {
    form.get("edit").parse().map_err(|_| Error::conflict("The form was not complete. Nothing was changed."))
}
