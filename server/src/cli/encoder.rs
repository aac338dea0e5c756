//! `assay encoder`: models that make vectors of texts, for all projects.

use super::Place;
use anyhow::anyhow;
use clap::{Args, Subcommand};
use domain::permission::Actor;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use workflow::site::encoders::{self, EncoderRow};

const OPERATOR: Actor = Actor::OPERATOR;

#[derive(Debug, Args)]
pub struct Encoder {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Install a model: a folder, or a zip of one
    Add(Add),
    /// List the installed ones with their sizes
    List(List),
    /// Remove one; runs keep its name
    Remove(Remove),
    /// Make a static encoder of a sentence model, some hundred times faster, and install it
    Distill(Distill),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// What people will choose it by
    name: String,
    /// A sentence model in the Hugging Face layout or a static one of Model2Vec: config.json, tokenizer.json and
    /// model.safetensors
    #[arg(value_name = "FOLDER|ZIP")]
    from: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Remove {
    #[command(flatten)]
    place: Place,
    name: String,
}

#[derive(Debug, Args)]
struct Distill {
    #[command(flatten)]
    place: Place,
    /// What people will choose it by
    name: String,
    /// The name of an installed sentence model, or a folder with one
    from: String,
    /// Dimensions of a vector at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    dims: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Encoder {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Add(args) => args.run().await,
            Verb::List(args) => args.run().await,
            Verb::Remove(args) => args.run().await,
            Verb::Distill(args) => args.run().await,
        }
    }
}

fn as_json(encoder: &EncoderRow) -> Value {
    json!({
        "id": encoder.id, "name": encoder.name, "kind": encoder.kind, "dims": encoder.dims, "bytes": encoder.bytes,
        "created_by": encoder.created_by, "created_at_us": encoder.created_at,
    })
}

fn line(encoder: &EncoderRow) -> String {
    let EncoderRow { name, kind, dims, bytes, .. } = encoder;
    format!("{name}\t{kind}\t{dims} dimensions\t{}", app::parts::numbers::bytes(*bytes))
}

fn say(encoder: &EncoderRow, as_document: bool) -> anyhow::Result<()> {
    match as_document {
        true => writeln!(stdout(), "{}", serde_json::to_string_pretty(&as_json(encoder))?)?,
        false => writeln!(stdout(), "{}", line(encoder))?,
    }
    Ok(())
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let added = encoders::add(&instance, &OPERATOR, &self.name, &self.from).await?;
        say(&added, self.json)?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_to_read().await?;
        let known = encoders::list(&instance, &OPERATOR).await?;
        if self.json {
            let known: Vec<Value> = known.iter().map(as_json).collect();
            writeln!(stdout(), "{}", serde_json::to_string_pretty(&known)?)?;
        } else {
            for encoder in &known {
                writeln!(stdout(), "{}", line(encoder))?;
            }
        }
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let missing = |error| match error {
            workflow::Error::NotFound(_) => anyhow!("no encoder is called “{}”", self.name),
            other => other.into(),
        };
        let known = encoders::find(&instance, &OPERATOR, &self.name).await.map_err(missing)?;
        encoders::remove(&instance, &OPERATOR, known.id).await?;
        writeln!(stdout(), "The encoder is removed.")?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Distill {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let instance = self.place.open_existing().await?;
        let bar =
            ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} tokens")?);
        let told = bar.clone();
        let done = move |n: usize| told.inc(n as u64);
        let made = encoders::distill(&instance, &OPERATOR, &self.name, &self.from, self.dims, done).await;
        bar.finish_and_clear();
        say(&made?, self.json)?;
        instance.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
