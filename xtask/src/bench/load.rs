//! People who answer over HTTP, alone and many, on both databases.

use anyhow::Result;
use serde_json::Value;

use super::Section;
use super::options::Options;
use super::programs::{Programs, told};
use super::table::{Table, number};
use crate::place::Place;
use crate::postgres::Cluster;
use crate::step::step;

pub fn run(place: &Place, options: &Options) -> Result<Section> {
    let programs = Programs::build(place, options)?;
    let (people, rows) = (options.count("people", 64)?, options.count("beside", 200_000)?);
    let sizes = [
        people.to_string(),
        options.size("seconds", "20"),
        options.size("items", "200000"),
        rows.to_string(),
    ];
    let [people_said, seconds, items, beside] = sizes.each_ref();
    let words = ["load", "--people", people_said, "--seconds", seconds, "--items", items, "--beside", beside];
    let sqlite = programs.measure(None, &words)?;
    let cluster = step("a PostgreSQL that keeps what it says", || Cluster::start_durable(place))?;
    let postgres = programs.measure(Some(&cluster), &words)?;
    drop(cluster);

    let both = [&sqlite, &postgres];
    let mut table = Table::new(&["", "SQLite", "PostgreSQL", "to reach"]);
    let many = format!("{people} people at once");
    let mut row = |what: &str, unit: &str, figure: &dyn Fn(&Value) -> f64, goal: &str| {
        let figures = both.map(|value| format!("{}{unit}", number(figure(value))));
        table.row([what.to_owned(), figures[0].clone(), figures[1].clone(), goal.to_owned()]);
    };
    let at = |path: &'static str| move |value: &Value| told(value, path);
    row(
        &format!("{many}, as fast as they can: answers a second"),
        "",
        &at("/all/per_second"),
        "at least 1,000",
    );
    row("… answer and next item, p50", " ms", &at("/all/p50_ms"), "");
    row("… p99", " ms", &at("/all/p99_ms"), "");
    let pace = format!("{} answers a second", number(told(&sqlite, "/pace")));
    row(&format!("{many}, {pace} come in: answers a second"), "", &at("/paced/per_second"), "1,000");
    row("… answer and next item, p50", " ms", &at("/paced/p50_ms"), "");
    row("… p95", " ms", &at("/paced/p95_ms"), "");
    row("… p99", " ms", &at("/paced/p99_ms"), "under 20 ms");
    row("… the slowest", " ms", &at("/paced/worst_ms"), "");
    if rows > 0 {
        row("the same beside an import and releases: answers a second", "", &at("/beside/per_second"), "");
        row("… p50", " ms", &at("/beside/p50_ms"), "");
        row("… p99", " ms", &at("/beside/p99_ms"), "under 50 ms");
        row("… the slowest", " ms", &at("/beside/worst_ms"), "");
        row(
            &format!("… the import of {} rows", number(rows as f64)),
            " s",
            &at("/beside/import_seconds"),
            "",
        );
        row("… releases meanwhile", "", &|value| releases(value).0, "");
        row("… rows in the last of them", "", &|value| releases(value).1, "");
    }
    row("one person alone, p50", " ms", &at("/alone/p50_ms"), "under 3 ms");
    row("… p99", " ms", &at("/alone/p99_ms"), "");
    row("start to first answer, the middle of five", " ms", &at("/start_ms/2"), "under 300 ms");
    row("memory, idle", " MB", &at("/idle_mb"), "under 80 MB");
    row("memory, at most", " MB", &at("/peak_mb"), "");
    row("promises broken afterwards", "", &at("/promises_broken"), "0");
    let mut text = format!(
        "## Labeling over HTTP\n\n\
         {} items, overlap 1; each of {people} people sends an answer and gets the next item in the same request: first \
         as fast as they can, each asking again as soon as the next item is there; then at an even pace, three times as \
         long, where the time of an answer counts from the moment at which it was due, so that no wait is hidden. Both databases write to disk and sync: SQLite with `synchronous=FULL`, \
         PostgreSQL with the settings that `docs/operators.md` names, and a checkpoint when the items are in and before \
         each part at the even pace: a server that was made a moment before writes each file of its log for the first time, and everybody waits for that. Memory is that \
         of the server program, without PostgreSQL's own processes. \
         Afterwards `assay doctor --all` holds every promise against the database.\n\n{table}",
        number(told(&sqlite, "/items"))
    );
    for value in both.into_iter().filter(|value| value["beside"]["outlasted"] == true) {
        text.push_str(&format!(
            "\nOn {}, import and releases were not done when people had answered for {} s, and went on alone: they wait \
             behind whoever answers.\n",
            value["engine"].as_str().unwrap_or_default(),
            number(told(value, "/beside/seconds"))
        ));
    }
    let mut wrong: Vec<String> = both.into_iter().flat_map(failures).collect();
    for (value, part) in
        both.into_iter().flat_map(|value| ["all", "paced", "beside"].map(|part| (value, part)))
    {
        if value[part]["ran_out"] == true {
            wrong.push(format!(
                "{}, {part}: nothing was left to answer before the end; give more --items",
                value["engine"]
            ));
        }
    }
    Ok(Section { text, failures: wrong })
}

/// How many were cut, and the rows of the last.
fn releases(value: &Value) -> (f64, f64) {
    let cut = value.pointer("/beside/releases").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    (cut.len() as f64, cut.last().map_or(f64::NAN, |last| told(last, "/rows")))
}

/// What must not be in any measurement of answers.
pub fn failures(value: &Value) -> Vec<String> {
    let engine = value["engine"].as_str().unwrap_or_default();
    let mut failures = Vec::new();
    if told(value, "/promises_broken") > 0.0 {
        failures.push(format!("{engine}: {} promises are broken", value["promises_broken"]));
    }
    for part in ["alone", "all", "paced", "beside"] {
        let errors = told(value, &format!("/{part}/errors"));
        if errors > 0.0 {
            failures.push(format!("{engine}, {part}: {errors} answers failed"));
        }
    }
    failures
}
