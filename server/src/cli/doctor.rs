//! `assay doctor` and `assay rebuild`: is everything as promised, and what is derived made again.

use super::Place;
use super::backup::spinner;
use clap::Args;
use std::io::{Write, stdout};
use std::process::ExitCode;
use workflow::care::doctor::{Depth, Finding, examine};

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    place: Place,
    /// Resolve every labeled item again, not only some thousand
    #[arg(long)]
    all: bool,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Rebuild {
    #[command(flatten)]
    place: Place,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Ends with 1 when something is wrong.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_to_read().await?;
        let bar = spinner();
        let depth = if self.all { Depth::All } else { Depth::Sample };
        let findings = examine(&instance, depth, |what| bar.set_message(what.to_owned())).await?;
        bar.finish_and_clear();
        instance.store.close().await;
        if self.json {
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&findings)?)?;
        } else if findings.is_empty() {
            writeln!(stdout(), "Nothing is wrong: every promise that can be checked is kept.")?;
        } else {
            findings.iter().try_for_each(print)?;
        }
        Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print(finding: &Finding) -> std::io::Result<()> {
    writeln!(stdout(), "{} {}", finding.n, finding.what)?;
    writeln!(stdout(), "  promised: {}", finding.promise)?;
    for example in &finding.examples {
        writeln!(stdout(), "  - {example}")?;
    }
    writeln!(stdout(), "  {}\n", finding.cure)
}

impl Rebuild {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let bar = spinner();
        let shown = bar.clone();
        let tell = move |what: &str, n: i64| shown.set_message(format!("{what} {n}"));
        let made = workflow::care::rebuild::rebuild(&instance, tell).await?;
        bar.finish_and_clear();
        instance.store.close().await;
        if self.json {
            let said = serde_json::json!({
                "indexed": made.n_indexed,
                "vectors": made.n_vectors,
                "resolved": made.n_resolved,
                "refilled": made.n_refilled,
                "recounted": made.n_recounted,
                "removed": made.n_removed,
            });
            writeln!(stdout(), "{said}")?;
        } else {
            writeln!(stdout(), "{} texts can be searched.", made.n_indexed)?;
            if made.n_vectors > 0 {
                writeln!(stdout(), "Vectors of {} runs were computed again.", made.n_vectors)?;
            }
            writeln!(
                stdout(),
                "Corrected: {} resolved items, {} members or people of queues, {} counts; {} blobs removed.",
                made.n_resolved,
                made.n_refilled,
                made.n_recounted,
                made.n_removed
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
