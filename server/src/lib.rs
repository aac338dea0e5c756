//! Wiring: the `assay` program. Subcommands in [`cli`], the web server in [`serve`], the public API in [`rest`].
// It panics when the reader of a pipe goes away: writeln!(stdout(), …)? instead.
#![deny(clippy::print_stdout)]
#![recursion_limit = "256"]

pub mod assets;
pub mod cli;
pub mod options;
mod refused;
pub mod rest;
pub mod routes;
pub mod security;
pub mod serve;
mod unsaved;
