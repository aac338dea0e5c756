//! The numbers on plain files: what `assay agreement`, `consensus`, `cluster`, `train`, `errors` and `simulate` do. Tables
//! in; a table for people, JSON for programs, or files out. Knows no project and no database.
// It panics when the reader of a pipe goes away: writeln!(stdout(), …)? instead.
#![deny(clippy::print_stdout)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agreement;
mod cluster;
mod consensus;
mod error;
mod errors;
mod grid;
mod out;
mod progress;
mod ratings;
mod read;
mod simulate;
mod train;
mod vectors;

pub use error::Error;
pub use vectors::npy;

use clap::Subcommand;
use std::io::Write;

/// The subcommands of `assay` that need no installation.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How much the people in a table of answers agree
    Agreement(agreement::Agreement),
    /// One label for each item in a table of answers
    Consensus(consensus::Consensus),
    /// Groups in a file of texts
    Cluster(cluster::Cluster),
    /// Train on a labeled file and say how well that goes
    Train(train::Train),
    /// Labels of a file that are probably wrong
    Errors(errors::Errors),
    /// Replay labeling with known labels: what each strategy would have saved
    Simulate(simulate::Simulate),
}

impl Command {
    /// Does it and prints the result to `out`; progress goes to the terminal, if there is one.
    ///
    /// # Errors
    /// [`Error`], with file, line and column where there are any.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Error> {
        match self {
            Command::Agreement(command) => command.run(out),
            Command::Consensus(command) => command.run(out),
            Command::Cluster(command) => command.run(out),
            Command::Train(command) => command.run(out),
            Command::Errors(command) => command.run(out),
            Command::Simulate(command) => command.run(out),
        }
    }
}
