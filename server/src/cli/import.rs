//! `assay import`: a file into a project, from the machine itself, also while it is served.

mod columns;

use super::Place;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use columns::Columns;
use domain::permission::Actor;
use domain::source::{DateOrder, Format, LabelColumn, LabelUse, Mapping, SourceState};
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufWriter, Read, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::data::sources::{Reject, Source};
use workflow::Instance;
use workflow::data::import::{self, Bring, Opener, Progress, Sample};

/// Refused rows that are shown.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub struct Import {
    /// The project's short name, as in its address
    project: String,
    /// CSV or TSV with a header, or JSON Lines, in UTF-8
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
    /// What comes first in dates such as 03/04/2025 [default: told from the column, where one of its dates says it]
    #[arg(long, value_name = "ORDER")]
    dates: Option<Dates>,
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
    /// Write all refused rows into this CSV file, with line and reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Import without asking, however the columns were guessed
    #[arg(long, short)]
    yes: bool,
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
enum Dates {
    /// 03/04/2025 is the third of April
    DayFirst,
    /// 03/04/2025 is the fourth of March
    MonthFirst,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    Csv,
    Tsv,
    Jsonl,
}

impl Import {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let no_project = || format!("there is no project “{}” here", self.project);
        let project = instance.store.project_by_slug(&self.project).await?.with_context(no_project)?;
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
        let path = self.file.clone();
        let open: Opener = Arc::new(move || Ok(Box::new(File::open(&path)?) as Box<dyn Read + Send>));
        let mapping = sample.completed(self.mapping(&sample, &name));
        let cautions = import::cautions(&instance, &Actor::OPERATOR, project.id, &mapping, &sample).await?;
        let columns = Columns::of(&sample, &mapping, &self.said(), cautions);
        let taken = columns.json();
        if !self.json || !self.yes {
            columns.print(&name)?;
        }
        import::fits(&instance, &Actor::OPERATOR, project.id, &mapping, &sample).await?;
        if !self.yes && !columns.confirm()? {
            bail!("nothing was imported: name the columns, as in --text COLUMN (see assay import --help)");
        }
        let mut rejects = self.rejects.as_deref().map(|path| create(path, &self.file)).transpose()?;
        let bring =
            Bring { project: project.id, name, format: sample.format, mapping, open, bytes: Some(bytes) };
        let stop = Arc::new(AtomicBool::new(false));
        stop_on_ctrl_c(stop.clone());
        let bar = bar(bytes, self.json);
        let tell = |at: Progress| {
            bar.set_position(at.bytes);
            bar.set_message(format!("{} rows", at.counts.read));
        };
        let source = import::bring(&instance, &Actor::OPERATOR, bring, &sample, stop, tell).await;
        bar.finish_and_clear();
        let source = source?;
        let refused = instance.store.rejects(source.id, 0, SHOWN as i64).await?;
        if let Some(out) = &mut rejects {
            write_rejects(&instance, &source, out).await?;
        }
        if self.json {
            print_json(&source, taken, &refused)?
        } else {
            print_words(&source, &self.project, &refused, self.rejects.as_deref())?
        }
        instance.store.close().await;
        Ok(if source.state == SourceState::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The roles that were given to columns.
    fn said(&self) -> Vec<&'static str> {
        let roles = [
            ("text", self.text.is_some()),
            ("id", self.id.is_some()),
            ("event_time", self.event_time.is_some()),
            ("group", self.group.is_some()),
            ("label", self.label.is_some()),
        ];
        roles.into_iter().filter_map(|(role, said)| said.then_some(role)).collect()
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
            dates: self.dates.map(|dates| match dates {
                Dates::DayFirst => DateOrder::DayFirst,
                Dates::MonthFirst => DateOrder::MonthFirst,
            }),
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

/// Made before the import, so that a name that can't be written costs nothing.
fn create(path: &Path, file: &Path) -> anyhow::Result<BufWriter<File>> {
    if let (Ok(path), Ok(file)) = (path.canonicalize(), file.canonicalize())
        && path == file
    {
        bail!("--rejects names the file that is imported: choose another one");
    }
    let cant = || format!("{} can't be written", path.display());
    Ok(BufWriter::new(File::create(path).with_context(cant)?))
}

async fn write_rejects(instance: &Instance, source: &Source, out: &mut impl Write) -> anyhow::Result<()> {
    let rows = import::rejects_csv(instance, &Actor::OPERATOR, source.project, source.id).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(piece) = rows.next().await {
        out.write_all(&piece?)?;
    }
    Ok(out.flush()?)
}

fn print_json(source: &Source, taken: serde_json::Value, refused: &[Reject]) -> anyhow::Result<()> {
    let row = |r: &Reject| serde_json::json!({ "line": r.line, "reason": r.reason, "row": r.raw });
    let report = serde_json::json!({
        "source": source.id,
        "name": source.name,
        "state": source.state,
        "columns": source.mapping,
        "taken": taken,
        "counts": source.counts,
        "notes": source.notes,
        "rejects": refused.iter().map(row).collect::<Vec<_>>(),
    });
    writeln!(stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}

fn print_words(
    source: &Source,
    project: &str,
    refused: &[Reject],
    rejects: Option<&Path>,
) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", import::in_words(&source.counts))?;
    for note in &source.notes {
        writeln!(out, "! {}", visible(note))?;
    }
    for row in refused {
        let raw: String = visible(&row.raw).chars().take(120).collect();
        writeln!(out, "  line {}: {}: {raw}", row.line, visible(&row.reason))?;
    }
    let n = source.counts.rejected;
    match rejects {
        Some(path) => writeln!(out, "The refused rows ({n}) are in {}", path.display())?,
        None if n > refused.len() as i64 => {
            let all = format!("/p/{project}/data/{}", source.id);
            writeln!(
                out,
                "  … and {} more: all of them are on the page {all}; --rejects FILE writes them",
                n - refused.len() as i64
            )?;
        }
        None => {}
    }
    if source.state == SourceState::Cancelled {
        writeln!(out, "Stopped before the end. Import the same file again: what is in is passed over.")?;
    }
    Ok(())
}

/// Text from a file for a terminal: nothing in it moves the cursor or changes a colour.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
