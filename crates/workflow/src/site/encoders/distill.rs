//! A static encoder made of a sentence model, and installed.

use super::{EncoderRow, copy, free_name, install};
use crate::data::blob_files;
use crate::{Error, Instance, Result, allow};
use domain::permission::{Act, Actor};
use learn::encoder::{Encoder, EncoderError, Model, StaticEncoder};
use std::path::Path;

/// Makes a static encoder of so many dimensions at most and installs it. `from` is the name of an installed sentence
/// model, else a folder with one. `done` hears from any thread how many more of its tokens are finished.
pub async fn distill(
    instance: &Instance,
    actor: &Actor,
    name: &str,
    from: &str,
    dims: usize,
    done: impl Fn(usize) + Send + Sync + 'static,
) -> Result<EncoderRow> {
    allow(actor, Act::ManageEncoders)?;
    let name = free_name(instance, name).await?;
    if dims == 0 {
        return Err(Error::invalid("dims", "A vector has one dimension at least."));
    }
    let installed = instance.store.encoders().await?.into_iter().find(|encoder| encoder.name == from.trim());
    let folder = match installed {
        Some(encoder) => copy::folder(instance, encoder.id).await?,
        None if Path::new(from).is_dir() => Path::new(from).to_owned(),
        None => {
            let what = format!("“{from}” is neither an installed encoder nor a folder.");
            return Err(Error::invalid("from", what));
        }
    };
    let made = blob_files::passing_folder(instance)?;
    let made = blob_files::blocking(move || {
        let wrong = |error: EncoderError| Error::invalid("from", format!("It can’t be distilled: {error}."));
        if Model::kind_of(&folder).map_err(wrong)? != "sentence" {
            return Err(Error::invalid("from", "It is a static encoder already: distill a sentence model."));
        }
        let encoder = Encoder::open(&folder).map_err(wrong)?;
        let distilled = StaticEncoder::distill(&encoder, dims.min(encoder.dims()), done).map_err(wrong)?;
        distilled.save(made.path()).map_err(wrong)?;
        Ok(made)
    })
    .await?;
    install(instance, actor, name, made.path(), &format!("distilled from {from}")).await
}
