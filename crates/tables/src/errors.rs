//! `assay errors`.

use crate::Error;
use clap::Args;
use std::io::Write;

#[derive(Debug, Args)]
pub struct Errors {}

impl Errors {
    pub fn run(self, _out: &mut dyn Write) -> Result<(), Error> {
        Err(Error::Asked("not there yet".into()))
    }
}
