//! Files of a form that are looked at before anything is kept of them: into files beside the database, as they come.

use super::{Around, MOST_BESIDE, MOST_PARTS, NotTaken, UPLOAD_LIMIT, cause, piece_by_piece};
use crate::web::forms::Form;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use workflow::data::blob_files::{Received, Receiving};
use workflow::{Error, Instance};

/// A form with files in it.
#[derive(Debug, Default)]
pub struct FilesForm {
    /// Its other fields.
    pub form: Form,
    /// By the name of their fields. They are gone when this value is.
    files: Vec<(String, Received)>,
}

impl FilesForm {
    /// The file of a field.
    ///
    /// # Errors
    /// Where none was chosen.
    pub fn file(&self, name: &str) -> Result<&Received, Error> {
        let found = self.files.iter().find(|(of, _)| of == name).map(|(_, file)| file);
        found.ok_or_else(|| Error::invalid(name, "Choose a file first."))
    }
}

/// Reads a form whose fields of these names are files. What was typed is given back with an error, so that it need not
/// be typed again. Together the files are no larger than the one limit.
pub async fn files_of_form(
    instance: &Instance,
    request: Request,
    files: &[&str],
) -> (FilesForm, Result<(), NotTaken>) {
    let mut taken = FilesForm::default();
    let outcome = take(instance, request, files, &mut taken).await;
    (taken, outcome)
}

fn broken(field: &str, error: &MultipartError) -> Error {
    Error::invalid(field, format!("The file did not arrive whole: {}. Try again.", cause(error)))
}

async fn take(
    instance: &Instance,
    request: Request,
    files: &[&str],
    taken: &mut FilesForm,
) -> Result<(), NotTaken> {
    let first = files.first().copied().unwrap_or_default();
    let (request, around) = piece_by_piece(request);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|e| Error::invalid(first, format!("The form could not be read: {}.", e.body_text())))?;
    let mut left = UPLOAD_LIMIT;
    for _ in 0..MOST_PARTS {
        let Some(part) = next(&mut parts, &around, first).await? else { return Ok(()) };
        let name = part.name().unwrap_or_default().to_owned();
        if files.contains(&name.as_str()) {
            // A field without a file comes as an empty one without a name.
            if part.file_name().is_some_and(|file| !file.is_empty()) {
                let file = receive(instance, part, &name, &mut left).await?;
                taken.files.push((name, file));
            }
        } else {
            let text = text(part).await?;
            taken.form.0.push((name, text));
        }
    }
    Err(too_much().into())
}

async fn next<'p>(
    parts: &'p mut Multipart,
    around: &Around,
    first: &str,
) -> Result<Option<Field<'p>>, NotTaken> {
    around.begins();
    let part = parts.next_field().await.map_err(|e| broken(first, &e))?;
    around.ends();
    Ok(part)
}

async fn receive(
    instance: &Instance,
    mut part: Field<'_>,
    name: &str,
    left: &mut i64,
) -> Result<Received, NotTaken> {
    let mut file = Receiving::begin(instance)?;
    while let Some(piece) = part.chunk().await.map_err(|e| broken(name, &e))? {
        *left -= piece.len() as i64;
        if *left < 0 {
            return Err(NotTaken::TooLarge);
        }
        file.write(&piece).await?;
    }
    Ok(file.finish().await?)
}

async fn text(mut part: Field<'_>) -> Result<String, NotTaken> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|e| broken("", &e))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MOST_BESIDE {
            return Err(too_much().into());
        }
    }
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    Ok(text.ok_or_else(|| Error::invalid("", "A text of the form is not UTF-8, or holds a zero byte."))?)
}

fn too_much() -> Error {
    Error::invalid("", "The form has too much in it beside the files.")
}
