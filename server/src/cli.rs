//! The command line: one file a subcommand. `--data` and `--database-url` say which installation is meant.

pub mod backup;
pub mod demo;
pub mod doctor;
pub mod encoder;
pub mod import;
pub mod person;
pub mod project;
pub mod release;
pub mod serve;
pub mod token;
pub mod vectors;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::{Clock, Store};
use workflow::Instance;

#[derive(Debug, Parser)]
#[command(
    name = "assay",
    version,
    about = "Turn a pile of text into a labeled dataset, with people in the loop."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a project that looks lived in, once, and serve it
    Demo(demo::DemoArgs),
    /// Serve an installation to browsers and programs
    Serve(serve::Serve),
    /// People: add, list, set roles, make a password link
    Person(person::Person),
    /// Projects: make one, list them
    Project(project::Project),
    /// Tokens for programs: make, list, revoke
    Token(token::Token),
    /// Take a file of texts into a project
    Import(import::Import),
    /// Models that make vectors of texts: install, list, remove, distill
    Encoder(encoder::Encoder),
    /// Vectors of a project's items that were made elsewhere: bring, list, remove
    Vectors(vectors::Vectors),
    /// Cut a release of the labeled items, list them, write one into a folder
    Release(release::Release),
    /// Write everything into one archive, also while it is served
    Backup(backup::Backup),
    /// Read an archive into an empty installation, on SQLite or PostgreSQL
    Restore(backup::Restore),
    /// Make what is derived again: search index, counts, consensus
    Rebuild(doctor::Rebuild),
    /// Hold the promises against the database and say what is wrong
    Doctor(doctor::Doctor),
    #[command(flatten)]
    Tables(tables::Command),
}

/// Which installation.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The folder that holds the installation: database, blobs, search index
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA", default_value = "assay-data")]
    pub data: PathBuf,
    /// Use this PostgreSQL database instead of the SQLite file in the folder
    #[arg(long, value_name = "URL", env = "ASSAY_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

impl Place {
    /// Opens the installation, and makes it if the folder is empty.
    pub async fn open(&self) -> anyhow::Result<Instance> {
        let create = || format!("the data folder {} can't be made", self.data.display());
        store::engine::private::create_folder(&self.data).with_context(create)?;
        let store = match &self.database_url {
            Some(url) => Store::open_postgres(url, Clock::System)
                .await
                .context("the PostgreSQL database can't be opened")?,
            None => {
                let file = self.data.join("assay.db");
                let say = || format!("{} can't be opened as Assay's database", file.display());
                Store::open_sqlite(&file, Clock::System).await.with_context(say)?
            }
        };
        Ok(Instance::new(store, &self.data))
    }

    /// The same for commands that make no sense on an installation that is not there.
    pub async fn open_existing(&self) -> anyhow::Result<Instance> {
        self.must_exist()?;
        self.open().await
    }

    /// The same for commands that only read: they also work where the disk is full or may only be read.
    pub async fn open_to_read(&self) -> anyhow::Result<Instance> {
        self.must_exist()?;
        let cause = match self.open().await {
            Ok(instance) if self.database_url.is_some() || instance.store.try_to_write().await.is_ok() => {
                return Ok(instance);
            }
            Ok(instance) => {
                instance.store.close().await;
                anyhow::anyhow!("the database can't be written")
            }
            Err(cause) => cause,
        };
        let file = self.data.join("assay.db");
        match Store::open_sqlite_to_read(&file, Clock::System).await {
            Ok(store) if self.database_url.is_none() => {
                eprintln!("assay: {cause:#}. It is opened to be read, and nothing is written to it.");
                Ok(Instance::new(store, &self.data))
            }
            _ => Err(cause),
        }
    }

    fn must_exist(&self) -> anyhow::Result<()> {
        if self.database_url.is_none() && !self.data.join("assay.db").exists() {
            anyhow::bail!("{} holds no installation: name its folder with --data", show(&self.data));
        }
        Ok(())
    }
}

fn show(path: &Path) -> std::path::Display<'_> {
    path.display()
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = tracing_subscriber::EnvFilter::try_from_env("ASSAY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn,tantivy=warn"));
    // Colours are for people: a log file or a journal would keep their codes.
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(level).with_ansi(colours).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("assay: the runtime can't be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli.command)) {
        Ok(code) => code,
        // Whoever reads what we print has read enough: `assay … | head`.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain in one line each, most general first.
            eprintln!("assay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let is_it = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_it))
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => args.run().await,
        Command::Person(args) => args.run().await,
        Command::Project(args) => args.run().await,
        Command::Token(args) => args.run().await,
        Command::Import(args) => args.run().await,
        Command::Encoder(args) => args.run().await,
        Command::Vectors(args) => args.run().await,
        Command::Release(args) => args.run().await,
        Command::Backup(args) => args.run().await,
        Command::Restore(args) => args.run().await,
        Command::Rebuild(args) => args.run().await,
        Command::Doctor(args) => args.run().await,
        Command::Demo(args) => args.run().await,
        // Numbers on a file: nothing to wait for, and nobody else waits.
        Command::Tables(command) => {
            tokio::task::block_in_place(|| command.run(&mut std::io::stdout().lock()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
