//! Servers that are killed in the middle of work, on both databases.

use anyhow::Result;

use super::Section;
use super::options::Options;
use super::programs::{Programs, told};
use super::table::{Table, number};
use crate::place::Place;
use crate::postgres::Cluster;
use crate::step::step;

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let programs = Programs::build(place, options)?;
    let kills = options.count("kills", 50)?;
    let said = kills.to_string();
    let words = ["kills", "--kills", said.as_str()];
    // A lost answer or a broken promise ends the measurement with an error.
    let sqlite = step("killing, on SQLite", || programs.measure(None, &words))?;
    let cluster = step("a PostgreSQL that keeps what it says", || Cluster::start_durable(place))?;
    let postgres = step("killing, on PostgreSQL", || programs.measure(Some(&cluster), &words))?;
    let mut table = Table::new(&["", "kills", "answers confirmed", "of these lost", "promises broken"]);
    for value in [&sqlite, &postgres] {
        let engine = value["engine"].as_str().unwrap_or_default();
        table.row([engine, &number(kills as f64), &number(told(value, "/confirmed")), "0", "0"]);
    }
    let text = format!(
        "## Killed in the middle of work\n\n\
         Eight people answer over HTTP, overlap 2; the server is ended with `kill -9` at a drawn moment and started \
         again on the same data. At the end every answer that was confirmed is looked up, and `assay doctor --all` \
         holds every promise against the database.\n\n{table}"
    );
    Ok(Section { text, failures: Vec::new() })
}
