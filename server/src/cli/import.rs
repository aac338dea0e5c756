//! `assay import`: a file into a project, from the machine itself, also while it is served.

use super::Place;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use domain::permission::Actor;
use domain::source::{Format, LabelColumn, LabelUse, Mapping, SourceState};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{Read, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::sources::Source;
use workflow::import::{self, Bring, Brought, Notice, Opener, Progress, Sample};

#[derive(Debug, Args)]
pub struct Import {
    /// The project's short name, as in its address
    project: String,
    /// A table with a header (CSV, TSV, …), or JSON Lines
    file: PathBuf,
    /// Column that holds the text [default: guessed]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// Column of stable ids [default: guessed; without one, ids are made from the content]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Column that says when it happened [default: guessed]
    #[arg(long, value_name = "COLUMN")]
    event_time: Option<String>,
    /// Column of what must not straddle train and test: a customer, a conversation [default: guessed]
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Column that holds labels
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// What the label column becomes
    #[arg(long, value_name = "WHAT", default_value = "field")]
    label_as: LabelAs,
    /// Whose answers the label column holds [default: the file's name]
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Columns to leave out
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// The format [default: told from the file]
    #[arg(long)]
    format: Option<FileFormat>,
    #[command(flatten)]
    place: Place,
    /// Print what came of it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LabelAs {
    /// Existing answers of whoever gave them
    Answers,
    /// A field like any other
    Field,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    Csv,
    Tsv,
    Jsonl,
}

impl Import {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let house = self.place.open_existing().await?;
        let no_project = || format!("there is no project “{}” here", self.project);
        let project = house.store.project_by_slug(&self.project).await?.with_context(no_project)?;
        if project.archived_at.is_some() {
            bail!("the project “{}” is archived", self.project);
        }
        let cant = || format!("{} can't be read", self.file.display());
        let bytes = std::fs::metadata(&self.file).with_context(cant)?.len();
        let format = self.format.map(|format| match format {
            FileFormat::Csv => Format::Csv,
            FileFormat::Tsv => Format::Tsv,
            FileFormat::Jsonl => Format::Jsonl,
        });
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let said = format.or_else(|| Format::from_file_name(&name));
        let sample = import::look(File::open(&self.file).with_context(cant)?, said)?;
        tell(&sample.notices);
        let path = self.file.clone();
        let open: Opener = Arc::new(move || Ok(Box::new(File::open(&path)?) as Box<dyn Read + Send>));
        let mapping = self.mapping(&sample, &name);
        let bring =
            Bring { project: project.id, name, format: sample.format, mapping, open, bytes: Some(bytes) };
        let stop = Arc::new(AtomicBool::new(false));
        stop_on_ctrl_c(stop.clone());
        let bar = bar(bytes, self.json);
        let count = |at: Progress| {
            bar.set_position(at.bytes);
            bar.set_message(format!("{} rows", at.counts.read));
        };
        let brought = import::bring(&house, &Actor::OPERATOR, bring, &sample, stop, count).await;
        bar.finish_and_clear();
        let Brought { source, notices } = brought?;
        // The start of a file doesn't show all.
        let later: Vec<Notice> = notices.iter().filter(|n| !sample.notices.contains(n)).cloned().collect();
        tell(&later);
        if self.json {
            print_json(&source, &notices)?
        } else {
            print_words(&source, &self.project)?
        }
        house.store.close().await;
        Ok(if source.state == SourceState::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// What was said, and where nothing was, what is likely. A column that was said for one thing is not guessed for
    /// another.
    fn mapping(&self, sample: &Sample, name: &str) -> Mapping {
        let guess = sample.guess();
        let said = [&self.text, &self.id, &self.event_time, &self.group, &self.label];
        let free = |column: &String| !said.contains(&&Some(column.clone())) && !self.ignore.contains(column);
        let or =
            |said: &Option<String>, guessed: Option<String>| said.clone().or_else(|| guessed.filter(free));
        let label = self.label.clone().map(|column| {
            let person = self.person.clone().unwrap_or_else(|| name.to_owned());
            let becomes = match self.label_as {
                LabelAs::Answers => LabelUse::Answers { person },
                LabelAs::Field => LabelUse::Field,
            };
            LabelColumn { column, becomes }
        });
        Mapping {
            text: or(&self.text, Some(guess.text)).unwrap_or_default(),
            id: or(&self.id, guess.id),
            event_time: or(&self.event_time, guess.event_time),
            group: or(&self.group, guess.group),
            label,
            ignore: self.ignore.clone(),
        }
    }
}

/// The first Ctrl-C ends the import after the rows under way.
fn stop_on_ctrl_c(stop: Arc<AtomicBool>) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.store(true, Ordering::SeqCst);
        }
    });
}

fn bar(bytes: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template(
        "{bar:30} {bytes}/{total_bytes}  {msg}  {binary_bytes_per_sec}  {eta} left",
    ) {
        bar.set_style(style);
    }
    bar
}

/// What was noticed about the file. On standard error, so that JSON stays JSON.
fn tell(notices: &[Notice]) {
    for notice in notices {
        eprintln!("{notice}");
    }
}

fn print_json(source: &Source, notices: &[Notice]) -> anyhow::Result<()> {
    let report = serde_json::json!({
        "source": source.id,
        "name": source.name,
        "state": source.state,
        "columns": source.mapping,
        "counts": source.counts,
        "notices": import::noticed(notices),
    });
    writeln!(stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}

fn print_words(source: &Source, project: &str) -> std::io::Result<()> {
    writeln!(stdout(), "{}", import::in_words(&source.counts))?;
    if source.counts.rejected > 0 {
        writeln!(
            stdout(),
            "The refused rows, with line and reason, are on the page /p/{project}/data/{}",
            source.id
        )?;
    }
    if source.state == SourceState::Cancelled {
        writeln!(stdout(), "Stopped before the end. Import the same file again: what is in is passed over.")?;
    }
    Ok(())
}
