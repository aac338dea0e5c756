//! A million texts: import, release, and every list over them.

use anyhow::Result;
use serde_json::Value;

use super::Section;
use super::options::Options;
use super::programs::{Programs, told};
use super::table::{Table, number};
use crate::place::Place;

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let programs = Programs::build(place, options)?;
    let items = options.size("items", "1000000");
    let value = programs.measure(None, &["million", "--items", &items])?;
    let n = number(told(&value, "/items"));
    let text = format!(
        "## {n} texts\n\n\
         On SQLite. Texts of a generated support inbox, with ids, times, customers and three fields, through \
         `assay import`: read, checked, normalized, compared with what is there, and written.\n\n{}\n\
         What else is done to all of them:\n\n{}\n\
         Every page and list over {n} items that all have an answer and a label, over HTTP, {REQUESTS} requests each \
         after a first one, milliseconds:\n\n{}",
        imports(&value),
        work(&value),
        pages(&value)
    );
    let mut failures = Vec::new();
    if value.pointer("/doctor/fine") != Some(&Value::Bool(true)) {
        failures.push(format!("doctor found: {}", value["doctor"]["findings"]));
    }
    if told(&value, "/alone/errors") > 0.0 {
        failures.push("answers failed".to_owned());
    }
    Ok(Section { text, failures })
}

/// As the program that measures has it.
const REQUESTS: usize = 20;

fn imports(value: &Value) -> Table {
    let mut table = Table::new(&["import", "file", "seconds", "rows a second", "memory at most"]);
    for import in list(value, "imports") {
        table.row([
            import["what"].as_str().unwrap_or_default().to_owned(),
            format!("{} MB", number(told(import, "/file_mb"))),
            number(told(import, "/seconds")),
            number(told(import, "/rows_per_second")),
            format!("{} MB", number(told(import, "/peak_mb"))),
        ]);
    }
    table.row(["to reach", "", "", "at least 50,000", "under 300 MB"]);
    table
}

fn work(value: &Value) -> Table {
    let mut table = Table::new(&["", "figure", "to reach"]);
    let mut row = |what: &str, path: &str, unit: &str, goal: &str| {
        table.row([what.to_owned(), format!("{} {unit}", number(told(value, path))), goal.to_owned()]);
    };
    row("release of all, as JSON Lines and CSV", "/release/seconds", "s", "under 8 s");
    row("… memory at most", "/release/peak_mb", "MB", "under 300 MB");
    row("search index of all, from nothing", "/index_seconds", "s", "");
    row("a queue over all, until it is open", "/queue_seconds", "s", "");
    row("search, p50 over HTTP", "/search/p50_ms", "ms", "");
    row("… p95", "/search/p95_ms", "ms", "under 10 ms");
    row("one person alone, answer and next item, p50", "/alone/p50_ms", "ms", "under 3 ms");
    row("… p99", "/alone/p99_ms", "ms", "");
    row("start to first answer", "/start_ms", "ms", "under 300 ms");
    row("memory of the server, idle", "/idle_mb", "MB", "under 80 MB");
    row("… at most, after all of this", "/peak_mb", "MB", "");
    row("doctor, on a sample", "/doctor/seconds", "s", "");
    table
}

fn pages(value: &Value) -> Table {
    let mut table = Table::new(&["page or list", "first", "p50", "p95"]);
    for page in list(value, "pages") {
        let what = page["what"].as_str().unwrap_or_default().to_owned();
        let times = ["/first_ms", "/p50_ms", "/p95_ms"].map(|path| number(told(page, path)));
        table.row(std::iter::once(what).chain(times));
    }
    table
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}
