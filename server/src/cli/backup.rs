//! `assay backup` and `assay restore`: one archive format for both engines.

use super::Place;
use crate::serve::only_one;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use workflow::care::backup::Summary;

#[derive(Debug, Args)]
pub struct Backup {
    /// The archive to write; it must not be there yet
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// An archive that `assay backup` has written
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Print what was read as JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_to_read().await?;
        let bar = spinner();
        let tell = |table: &str, n: i64| bar.set_message(format!("{table} {n}"));
        let summary = workflow::care::backup::backup_file(&instance, &self.file, tell).await?;
        bar.finish_and_clear();
        say(&summary, self.json, "written")?;
        for key in &summary.missing {
            eprintln!(
                "assay: the bytes of blob {key} are missing and are not in the archive: see assay doctor"
            );
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open().await?;
        let _lock = only_one(&instance.data)?;
        let bar = spinner();
        let tell = |table: &str, n: i64| bar.set_message(format!("{table} {n}"));
        let summary = workflow::care::backup::restore_file(&instance, &self.file, tell).await?;
        bar.finish_and_clear();
        say(&summary, self.json, "restored")?;
        for (table, n) in &summary.repaired {
            eprintln!(
                "assay: {n} texts of “{table}” held a zero byte, which can't be kept: � stands in its place"
            );
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows what goes on, where a person watches.
pub(super) fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn say(summary: &Summary, json: bool, done: &str) -> std::io::Result<()> {
    if json {
        let said = serde_json::json!({
            "rows": summary.rows,
            "blobs": summary.blobs,
            "blob_bytes": summary.blob_bytes,
            "missing_blobs": summary.missing,
            "repaired_texts": summary.repaired,
        });
        writeln!(stdout(), "{said}")
    } else {
        let (rows, blobs) = (summary.n_rows(), summary.blobs);
        writeln!(
            stdout(),
            "{rows} rows and {blobs} blobs {done}. Sessions are not in it: everyone signs in again."
        )
    }
}
