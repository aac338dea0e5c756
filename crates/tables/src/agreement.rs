//! `assay agreement`.

use crate::Error;
use clap::Args;
use std::io::Write;

#[derive(Debug, Args)]
pub struct Agreement {}

impl Agreement {
    pub fn run(self, _out: &mut dyn Write) -> Result<(), Error> {
        Err(Error::Asked("not there yet".into()))
    }
}
